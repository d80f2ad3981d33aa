"""What was sold, read from the ledger as of one moment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from contract.messages import decode_advice
from contract.order import decode_order
from hub.core.statistics import Statistics

if TYPE_CHECKING:
    from datetime import datetime, tzinfo

    from contract.ids import TillId
    from hub.store.store import Store


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which orders are to be counted, by the clock on the wall of a zone.

    From `since` on and before `until`; None: all there are.
    """

    zone: tzinfo
    till: TillId | None = None
    since: datetime | None = None
    until: datetime | None = None

    def takes(self, moment: datetime) -> bool:
        """Whether what happened at this moment counts."""
        return (self.since is None or self.since <= moment) and (
            self.until is None or moment < self.until
        )


async def count(store: Store, event: int, wanted: Wanted) -> Statistics:
    """Count the orders that tills completed; what is in quarantine is not among them.

    What was made for training is not, either. Times are the tills' own clocks: what was
    sold without network counts when it was.
    """
    counted = Statistics()
    async with store.snapshot() as snapshot:
        async for page in snapshot.pages("completed_advices", event, wanted.till):
            for row in page:
                advice = decode_advice(row["advice"])
                order = decode_order(advice.order)
                if wanted.takes(advice.decided_at) and not order.training:
                    counted.take(order, advice.decided_at.astimezone(wanted.zone))
    return counted
