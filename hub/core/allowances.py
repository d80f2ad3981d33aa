"""Whether a till that stood in for the hub went further than it may.

A till relies on a balance as of some batch, which is at most the allowance, less what
it sold to that wristband and does not know to be in a batch up to that one. So what it
sold by stand-in, in later batches or none, never exceeds the allowance. That is what is
checked here; of a till that keeps the rule nothing is ever found.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from contract.ids import TillId
    from contract.messages import StandInLimits
    from contract.order import Order

# A forgotten pair is checked less strictly, never more; some 200 bytes each.
PAIRS_MAX = 20_000
ORDERS_PER_PAIR_MAX = 50


@dataclass(slots=True)
class _Spent:
    minor: int
    batch: int | None
    """Where the ledger first had it; None: not that we know."""


@dataclass(slots=True)
class Allowances:
    """What tills sold to wristbands by stand-in lately, by till and wristband."""

    _spent: OrderedDict[tuple[TillId, int], dict[UUID, _Spent]] = field(
        default_factory=OrderedDict
    )

    def excess(self, order: Order, basis: int | None, limits: StandInLimits) -> int:
        """Say how much of a stand-in order is beyond the limits, and remember it.

        `basis` is the batch of the balance that the till relied on; None: it knew none.
        """
        payment, total = order.payment, order.total_minor
        if payment is None or payment.wallet is None or total <= 0:
            return 0
        others = self._pair(order.till, payment.wallet)
        used = sum(
            each.minor
            for number, each in others.items()
            if number != order.id and _counts(each, basis)
        )
        others.setdefault(order.id, _Spent(total, None))
        while len(others) > ORDERS_PER_PAIR_MAX:
            del others[next(iter(others))]
        allowance = (
            limits.unknown_wallet_minor if basis is None else limits.allowance_minor
        )
        beyond = max(used + total - allowance, total - limits.till_total_minor, 0)
        return min(beyond, total)

    def others(self, order: Order) -> list[UUID]:
        """List the orders that may have been counted with this one.

        The ledger may have them since a request whose verdict came too late: its till
        then heard of that batch, and may have relied on a later balance.
        """
        payment = order.payment
        if payment is None or payment.wallet is None:
            return []
        pair = self._spent.get((order.till, payment.wallet), {})
        return [number for number in pair if number != order.id]

    def place(self, order: Order, batches: Mapping[UUID, int]) -> None:
        """Note in which batches requests booked orders counted with this one."""
        payment = order.payment
        if payment is None or payment.wallet is None:
            return
        for number, each in self._spent.get((order.till, payment.wallet), {}).items():
            if number in batches:
                batch = batches[number]
                each.batch = batch if each.batch is None else min(batch, each.batch)

    def recorded(self, order: Order, batch: int) -> None:
        """Note the batch of an order; a repeat's does not count."""
        payment = order.payment
        if payment is None or payment.wallet is None:
            return
        spent = self._spent.get((order.till, payment.wallet), {}).get(order.id)
        if spent is not None:
            spent.batch = batch if spent.batch is None else min(spent.batch, batch)

    def _pair(self, till: TillId, wallet: int) -> dict[UUID, _Spent]:
        found = self._spent.setdefault((till, wallet), {})
        self._spent.move_to_end((till, wallet))
        while len(self._spent) > PAIRS_MAX:
            self._spent.popitem(last=False)
        return found


def _counts(spent: _Spent, basis: int | None) -> bool:
    # Without a basis only what the ledger did not have yet is sure to be unknown.
    if spent.batch is None:
        return True
    return basis is not None and spent.batch > basis
