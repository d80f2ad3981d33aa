"""Bills as the database has them: read whole, and what moved written down."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol
from uuid import UUID

from contract.ids import new_uuid7
from contract.money import Currency
from hub.core.bills.attempts import Attempt, AttemptState
from hub.core.bills.bill import (
    Bill,
    Line,
    LineKind,
    Movement,
    MovementKind,
    Payer,
    Standing,
    standing,
)
from hub.core.bills.steps import BillStep, encode_step, passed_after

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

    from hub.store.store import Row


class Source(Protocol):
    """Whatever answers named queries: the store, or a unit of work."""

    async def fetch(self, query: str, *values: Any) -> list[Row]:
        """Return all rows."""

    async def fetch_row(self, query: str, *values: Any) -> Row | None:
        """Return the first row, if there is one."""

    async def fetch_value(self, query: str, *values: Any) -> Any:
        """Return the first column of the first row; None without a row."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """Money of a bill that moved, as it was written down."""

    id: int
    kind: MovementKind
    method: str
    money_ref: str
    attempt: int | None
    principal_minor: int
    surcharge_minor: int
    fee_minor: int | None
    value_on: date | None
    heard_at: datetime
    order: UUID
    """Under which the ledger has it."""
    till: str | None
    has_fee: bool = False
    """Whether it is booked what bank or provider kept of it, said then or later."""

    @property
    def amount_minor(self) -> int:
        """What moved in all."""
        return self.principal_minor + self.surcharge_minor

    @property
    def movement(self) -> Movement:
        """As the rules know it."""
        return Movement(self.kind, self.principal_minor)


@dataclass(frozen=True, slots=True, kw_only=True)
class BillRecord:
    """A bill with all that happened to it."""

    bill: Bill
    event: int
    """Whose ledger it belongs to."""
    title: str
    """What it is about, in the words of its competition or event."""
    competition: int | None
    club: int | None
    portal_user: int | None
    attempts: tuple[Attempt, ...]
    payments: tuple[Payment, ...]
    passed_minor: int
    """How much of what is due is passed on, as the last step says."""

    @property
    def standing(self) -> Standing:
        """How it stands."""
        return standing(self.bill, (each.movement for each in self.payments))

    @property
    def organizer(self) -> str:
        """The key of the organizer's account: the competition's short name."""
        return self.bill.event


_PARTS = {
    "lines": ("kind", "label", "amount_minor", "team", "wallet"),
    "attempts": (
        "number",
        "method",
        "principal_minor",
        "surcharge_minor",
        "state",
        "provider_ref",
    ),
    "payments": (
        "id",
        "kind",
        "method",
        "money_ref",
        "attempt",
        "principal_minor",
        "surcharge_minor",
        "fee_minor",
        "value_on",
        "heard_at",
        "order_id",
        "till",
        "has_fee",
    ),
}
"""The rows within a bill's row, and their columns as the query names them."""


async def read_bill(source: Source, reference: str) -> BillRecord | None:
    """Read a bill; None if there is none."""
    row = await source.fetch_row("bill", reference)
    if row is None:
        return None
    lines, attempts, payments = (
        [dict(zip(names, each, strict=True)) for each in row[table]]
        for table, names in _PARTS.items()
    )
    return BillRecord(
        bill=_bill(row, lines),
        event=row["event"],
        title=row["title"],
        competition=row["competition"],
        club=row["club"],
        portal_user=row["portal_user"],
        attempts=tuple(_attempt(reference, each) for each in attempts),
        payments=tuple(_payment(each) for each in payments),
        passed_minor=row["passed_minor"],
    )


async def lock_bill(unit: Source, reference: str) -> BillRecord | None:
    """Read a bill that nobody else changes until the unit of work ends."""
    if await unit.fetch_value("lock_bill", reference) is None:
        return None
    return await read_bill(unit, reference)


async def add_bill(unit: Source, record: BillRecord) -> bool:
    """Write a new bill; False if its number, or a team of it, is taken.

    Then the unit of work must not be kept.
    """
    bill, payer = record.bill, record.bill.payer
    added = await unit.fetch_value(
        "add_bill",
        bill.reference,
        record.event,
        record.competition,
        record.club,
        record.portal_user,
        bill.currency.value,
        bill.total_minor,
        payer.name,
        payer.street,
        payer.house_number,
        payer.postal_code,
        payer.town,
        payer.country,
        payer.email,
        bill.created_at,
    )
    if added is None:
        return False
    written = await unit.fetch(
        "add_bill_lines",
        bill.reference,
        [each.kind.value for each in bill.lines],
        [each.label for each in bill.lines],
        [each.amount_minor for each in bill.lines],
        [None if each.team is None else UUID(each.team) for each in bill.lines],
        [each.wallet for each in bill.lines],
    )
    return len(written) == len(bill.lines)


async def add_steps(
    unit: Source,
    record: BillRecord,
    steps: Sequence[tuple[UUID | None, int | None, BillStep]],
) -> None:
    """Have steps booked: each with its order (None: a new one) and its payment."""
    if not steps:
        return
    await unit.fetch(
        "add_bill_entries",
        record.event,
        [order or new_uuid7() for order, _, _ in steps],
        [record.bill.reference] * len(steps),
        [payment for _, payment, _ in steps],
        [step.step.value for _, _, step in steps],
        [encode_step(step) for _, _, step in steps],
        [passed_after(step) for _, _, step in steps],
    )


def payer_of(row: Row) -> Payer:
    """Read a postal address."""
    return Payer(
        name=row["payer_name"] if "payer_name" in row else row["name"],
        street=row["street"],
        house_number=row["house_number"],
        postal_code=row["postal_code"],
        town=row["town"],
        country=row["country"],
        email=row["email"],
    )


def _bill(row: Row, lines: Sequence[Row]) -> Bill:
    return Bill(
        reference=row["reference"],
        event=row["slug"],
        currency=Currency(row["currency"]),
        payer=payer_of(row),
        lines=tuple(
            Line(
                kind=LineKind(each["kind"]),
                label=each["label"],
                amount_minor=each["amount_minor"],
                team=None if each["team"] is None else str(each["team"]),
                wallet=each["wallet"],
            )
            for each in lines
        ),
        created_at=row["created_at"],
        is_canceled=row["canceled_at"] is not None,
        locked_to=row["locked_to"],
        held_by=row["held_by"],
    )


def _attempt(reference: str, row: Row) -> Attempt:
    return Attempt(
        reference=reference,
        number=row["number"],
        method=row["method"],
        principal_minor=row["principal_minor"],
        surcharge_minor=row["surcharge_minor"],
        state=AttemptState(row["state"]),
        provider_ref=row["provider_ref"],
    )


def _payment(row: Row) -> Payment:
    return Payment(
        id=row["id"],
        kind=MovementKind(row["kind"]),
        method=row["method"],
        money_ref=row["money_ref"],
        attempt=row["attempt"],
        principal_minor=row["principal_minor"],
        surcharge_minor=row["surcharge_minor"],
        fee_minor=row["fee_minor"],
        value_on=row["value_on"],
        heard_at=row["heard_at"],
        order=row["order_id"],
        till=row["till"],
        has_fee=row["has_fee"],
    )
