"""Cash and shifts: whose the registers are, what is where, what it all adds up to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from contract.money import Money
from hub.core.ledger import Role, Unit

if TYPE_CHECKING:
    from hub.service.context import ContextKeeper
    from hub.store.store import Store


@dataclass(frozen=True, slots=True)
class CashHeld:
    """A cash register, bag or vault, with what it holds and whose it is."""

    role: Role
    key: str
    held: Money
    holder: str | None = None
    till: str | None = None
    """The till by which the register last changed hands."""
    z_number: int | None = None
    """The Z number of that till then."""


@dataclass(frozen=True, slots=True)
class RoleSum:
    """What all accounts of one role add up to, as the ledger counts."""

    role: Role
    unit: Unit
    minor: int


@dataclass(frozen=True, slots=True)
class MoneyOverview:
    """An event's money by what it is for; in each unit it adds up to nothing."""

    sums: tuple[RoleSum, ...]

    def of(self, role: Role, unit: Unit = Unit.MONEY) -> int:
        """Return a role's sum in minor units or vouchers; positive is a credit."""
        return sum(
            each.minor for each in self.sums if (each.role, each.unit) == (role, unit)
        )

    @property
    def imbalance(self) -> int:
        """What does not add up, in all units; anything but 0 is an alarm."""
        return sum(
            abs(sum(each.minor for each in self.sums if each.unit is unit))
            for unit in Unit
        )


class Shifts:
    """Tells where an event's cash is; raises DatabaseGone."""

    def __init__(self, store: Store, context: ContextKeeper) -> None:
        self._store = store
        self._context = context

    async def cash(self) -> tuple[CashHeld, ...]:
        """List every register, bag and vault with what it holds."""
        agreed = self._context.current.agreed
        rows = await self._store.fetch("register_holders", agreed.number)
        shifts = {row["register"]: row for row in rows}
        found = []
        for row in await self._store.fetch("held_cash", agreed.number):
            role, held = Role(row["role"]), Money(row["held_minor"], agreed.currency)
            shift = shifts.get(row["key"]) if role is Role.CASH_REGISTER else None
            if shift is None:
                found.append(CashHeld(role, row["key"], held))
                continue
            whose = (shift["holder"], shift["till"], shift["z_number"])
            found.append(CashHeld(role, row["key"], held, *whose))
        return tuple(found)

    async def money_overview(self) -> MoneyOverview:
        """Add all that was ever posted up by role; takes seconds in a large ledger."""
        rows = await self._store.fetch("money_overview", self._context.current.number)
        return MoneyOverview(
            tuple(
                RoleSum(Role(row["role"]), Unit(row["unit"]), row["minor"])
                for row in rows
            )
        )
