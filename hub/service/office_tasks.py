"""What waits for somebody in the office: counted for its first page."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from hub.service.polling import doubtful

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from hub.service.refunds import Refunds
    from hub.service.settlements import Settlements
    from hub.store.store import Store

UNCLOSED_TOO_LONG = timedelta(hours=24)


class Task(enum.Enum):
    """Something that somebody has to do; what is urgent comes first."""

    REFUSED = "refused"
    DOUBTS = "doubts"
    CLAIMS = "claims"
    ALARMS = "alarms"
    FLAGGED = "flagged"
    CREDITS = "credits"
    OVERPAID = "overpaid"
    REFUNDS = "refunds"
    SETTLE = "settle"
    SETTLEMENTS = "settlements"
    PAYOUTS = "payouts"
    SLIPS = "slips"
    CLOSINGS = "closings"


@dataclass(frozen=True, slots=True)
class Waiting:
    """How much of it there is to do; never nothing."""

    task: Task
    count: int


class OfficeTasks:
    """Counts what waits at one event."""

    def __init__(
        self,
        store: Store,
        event: int,
        refunds: Refunds,
        settlements: Settlements,
        now: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._event = event
        self._refunds = refunds
        self._settlements = settlements
        self._now = now

    async def waiting(self) -> tuple[Waiting, ...]:
        """Count all of it, what is urgent first."""
        counts = await self._counts()
        return tuple(Waiting(task, counts[task]) for task in Task if counts[task])

    async def _counts(self) -> dict[Task, int]:
        now = self._now()
        row = await self._store.fetch_row("office_counts", self._event)
        assert row is not None, "it has one row"
        unclosed = await self._store.fetch_value(
            "tills_not_closed", self._event, now - UNCLOSED_TOO_LONG
        )
        due = await self._settlements.due()
        return {
            Task.REFUSED: row["refused"],
            Task.DOUBTS: len(await doubtful(self._store, self._event, now)),
            Task.CLAIMS: row["claims"],
            Task.ALARMS: row["alarms"],
            Task.FLAGGED: row["flagged"],
            Task.CREDITS: row["credits"],
            Task.OVERPAID: len(await self._refunds.overpaid()),
            Task.REFUNDS: row["refunds"],
            Task.SETTLE: sum(each.settlement is not None for each in due),
            Task.SETTLEMENTS: row["settlements"],
            Task.PAYOUTS: row["payouts"],
            Task.SLIPS: row["slips"],
            Task.CLOSINGS: unclosed,
        }
