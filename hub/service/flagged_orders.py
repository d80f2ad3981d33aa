"""Orders that were booked although something was odd about them, for the office.

A second word of a till that contradicts its first is among them: it is kept, unbooked.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from contract.messages import AdviceFlag, decode_advice
from contract.money import Money
from contract.order import Outcome, decode_order
from hub.service.receipts import GUESTS_KINDS
from hub.service.seen import seen_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from contract.order import Order
    from hub.service.seen import Seen
    from hub.store.store import Row, Store

ORDERS_PER_PAGE = 50


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which of them: with a flag, of a till; what nobody has seen to, or what was."""

    flag: AdviceFlag | None = None
    till: str = ""
    seen: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """Where one stands in the ledger: its batch, and the digest of its bytes."""

    batch: int
    digest: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class FlaggedOrder:
    """An order, in the words of its till, and what was odd about it."""

    place: Place
    order: Order
    outcome: Outcome
    flags: tuple[AdviceFlag, ...]
    booked_at: datetime
    lost: Money
    """What no wallet could be charged for."""
    seen: Seen | None

    @property
    def has_receipt(self) -> bool:
        """Whether the portal shows a receipt of it."""
        done = self.outcome is Outcome.COMPLETED
        return done and self.order.acts_as in GUESTS_KINDS


@dataclass(frozen=True, slots=True)
class Counted:
    """How many there are in all, and with each flag, the most frequent first."""

    all: int
    by_flag: Mapping[AdviceFlag, int]


class FlaggedOrders:
    """Lists one event's orders that were booked although something was odd."""

    def __init__(self, store: Store, event: int) -> None:
        self._store = store
        self._event = event

    async def listed(
        self, wanted: Wanted, before: Place | None = None
    ) -> tuple[FlaggedOrder, ...]:
        """List them newest first, a page at a time: those before the last one seen."""
        rows = await self._store.fetch(
            "flagged_orders",
            self._event,
            *_asked(wanted),
            None if before is None else before.batch,
            None if before is None else before.digest,
            ORDERS_PER_PAGE,
        )
        return tuple(_flagged(row) for row in rows)

    async def counted(self, wanted: Wanted) -> Counted:
        """Count all of them."""
        rows = await self._store.fetch("count_flagged", self._event, *_asked(wanted))
        counts = {row["flag"]: row["count"] for row in rows}
        in_all = counts.pop(None, 0)
        return Counted(
            in_all, {AdviceFlag(flag): count for flag, count in counts.items()}
        )


def _asked(wanted: Wanted) -> tuple[bool, str, str]:
    return wanted.seen, "" if wanted.flag is None else wanted.flag.value, wanted.till


def _flagged(row: Row) -> FlaggedOrder:
    advice = decode_advice(row["advice"])
    order = decode_order(bytes(advice.order))
    flags = dict.fromkeys(AdviceFlag(each) for each in row["flags"])
    return FlaggedOrder(
        place=Place(row["batch"], row["digest"]),
        order=order,
        outcome=advice.outcome,
        flags=tuple(flags),
        booked_at=row["booked_at"],
        lost=Money(row["lost_minor"], order.currency),
        seen=seen_of(row),
    )
