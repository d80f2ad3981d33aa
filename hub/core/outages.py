"""How long a till stood in for a silent hub, and for how much in all: flagged, booked.

When the till heard of what the ledger had is not known here. So an order counts only
while the hub had not even received it, by a margin for clocks, when the till decided
about the next one; and an answer of the hub in between ends an outage. A till that
keeps the rule is not blamed.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from contract.messages import AdviceFlag
from contract.order import Path
from hub.core.orders import CLOCK_OFF

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from contract.ids import TillId
    from contract.messages import OrderAdvice, StandInLimits
    from contract.order import Order

# More than any till sells in the longest outage; what is forgotten is not counted.
ORDERS_MAX = 20_000


@dataclass(frozen=True, slots=True)
class _Sold:
    minor: int
    decided_at: datetime
    received_at: datetime


@dataclass(slots=True)
class _Outage:
    """What a till sold by stand-in that the hub had not received, oldest first.

    `unsure` are those of them that are not known to be in the ledger yet.
    """

    sold: OrderedDict[UUID, _Sold] = field(default_factory=OrderedDict)
    unsure: set[UUID] = field(default_factory=set)
    total_minor: int = 0

    def add(self, order: UUID, sold: _Sold) -> None:
        """Count an order, once however often it is said."""
        if order in self.sold:
            return
        self.sold[order] = sold
        self.unsure.add(order)
        self.total_minor += sold.minor
        if len(self.sold) > ORDERS_MAX:
            self._drop_first()

    def reach(self, decided_at: datetime) -> None:
        """Leave out what the hub had received when the till decided again."""
        while self.sold:
            first = next(iter(self.sold.values()))
            if first.received_at > decided_at + CLOCK_OFF:
                break
            self._drop_first()

    def drop(self, order: UUID) -> None:
        """Leave out an order of which the ledger has nothing."""
        if order in self.unsure:
            self.unsure.discard(order)
            self.total_minor -= self.sold.pop(order).minor

    def _drop_first(self) -> None:
        order, sold = self.sold.popitem(last=False)
        self.unsure.discard(order)
        self.total_minor -= sold.minor


@dataclass(slots=True)
class Outages:
    """What tills sold by stand-in lately, till by till."""

    _outages: dict[TillId, _Outage] = field(default_factory=dict)

    def flags(
        self,
        advice: OrderAdvice,
        order: Order,
        received_at: datetime,
        limits: StandInLimits,
    ) -> tuple[AdviceFlag, ...]:
        """Say how a completed order exceeds what its till may do alone.

        It counts with those that follow in its message; `recorded` or `failed` says
        whether with later ones, too.
        """
        payment = order.payment
        if payment is None or payment.wallet is None:
            return ()
        if advice.path is not Path.STAND_IN:
            self._outages.pop(order.till, None)  # the hub was heard of again
            return ()
        outage = self._outages.setdefault(order.till, _Outage())
        outage.reach(advice.decided_at)
        sold = _Sold(max(0, order.total_minor), advice.decided_at, received_at)
        outage.add(order.id, sold)
        first = next(iter(outage.sold.values()))
        lasted_s = (advice.decided_at - first.decided_at).total_seconds()
        checks = (
            (
                AdviceFlag.EXCEEDS_TILL_TOTAL,
                outage.total_minor > limits.till_total_minor,
            ),
            (AdviceFlag.OUTAGE_TOO_LONG, lasted_s > limits.outage_age_s),
        )
        return tuple(flag for flag, holds in checks if holds)

    def recorded(self, order: Order) -> None:
        """Keep counting an order: the ledger has it."""
        outage = self._outages.get(order.till)
        if outage is not None:
            outage.unsure.discard(order.id)

    def failed(self, order: Order) -> None:
        """Count an order no more: its till was not told, and will say it again."""
        outage = self._outages.get(order.till)
        if outage is not None:
            outage.drop(order.id)
