"""When to remind somebody of a bill: after it fell due, a few times, never in doubt."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import msgspec

from hub.core.bills.attempts import AttemptState
from hub.core.bills.bill import BillState

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from hub.core.bills.attempts import Attempt
    from hub.core.bills.bill import Bill, Standing

_ON_THEIR_WAY = frozenset({AttemptState.PENDING, AttemptState.UNCERTAIN})
_OWING = frozenset({BillState.OPEN, BillState.PARTLY_PAID, BillState.CHARGED_BACK})


class Schedule(msgspec.Struct, frozen=True):
    """The days after the due date on which reminders go out, ascending."""

    term_days: int = 10
    """From the making of a bill to its due date."""
    days_late: tuple[int, ...] = (1, 10)
    gap_days: int = 5
    """At least so long between two, even when the hub stood still."""

    def __post_init__(self) -> None:
        if self.term_days < 0 or self.gap_days < 1:
            raise ValueError("A term can't be negative, a gap is a day or more.")
        if list(self.days_late) != sorted(set(self.days_late)):
            raise ValueError("Reminders must be on different days, ascending.")


class Reminder(msgspec.Struct, frozen=True):
    """The next reminder of a bill, to be sent now."""

    level: int
    """1 for the first."""
    open_minor: int


def due_date(bill: Bill, schedule: Schedule) -> datetime:
    """Say until when the bill is to be paid."""
    return bill.created_at + timedelta(days=schedule.term_days)


def reminder_due(
    bill: Bill,
    at: Standing,
    *,
    attempts: Iterable[Attempt],
    sent: Sequence[datetime],
    schedule: Schedule,
    now: datetime,
) -> Reminder | None:
    """Find the reminder to be sent now, one at most.

    Nobody is reminded while a payment is on its way or in doubt, or who was refunded.
    """
    level = len(sent) + 1
    if at.state not in _OWING or level > len(schedule.days_late):
        return None
    if any(attempt.state in _ON_THEIR_WAY for attempt in attempts):
        return None
    late = timedelta(days=schedule.days_late[level - 1])
    if now < due_date(bill, schedule) + late:
        return None
    if sent and now < max(sent) + timedelta(days=schedule.gap_days):
        return None
    return Reminder(level, at.open_minor)
