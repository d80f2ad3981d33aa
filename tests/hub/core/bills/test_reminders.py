from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from hub.core.bills.attempts import Attempt, AttemptState
from hub.core.bills.bill import Movement, standing
from hub.core.bills.reminders import Reminder, Schedule, due_date, reminder_due
from tests.hub.core.bills.billing import MAY, REFERENCE, bill, paid

SCHEDULE = Schedule(term_days=10, days_late=(1, 10), gap_days=5)


def due(
    days: int,
    moved: tuple[Movement, ...] = (),
    sent: tuple[int, ...] = (),
    state: AttemptState | None = None,
) -> Reminder | None:
    attempts = []
    if state is not None:
        attempts = [
            Attempt(
                reference=REFERENCE,
                number=1,
                method="paypal",
                principal_minor=4500,
                state=state,
            )
        ]
    return reminder_due(
        bill(),
        standing(bill(), moved),
        attempts=attempts,
        sent=[at(day) for day in sent],
        schedule=SCHEDULE,
        now=at(days),
    )


def at(days: int) -> datetime:
    return MAY + timedelta(days=days)


@pytest.mark.parametrize(
    ("days", "sent", "level"),
    [
        (10, (), None),
        (11, (), 1),
        (400, (), 1),
        (12, (11,), None),
        (20, (11,), 2),
        (20, (19,), None),
        (24, (19,), 2),
        (400, (11, 20), None),
    ],
)
def test_reminders_go_out_after_the_due_date_a_few_times(
    days: int, sent: tuple[int, ...], level: int | None
) -> None:
    found = due(days, sent=sent)

    assert (found.level if found else None) == level


def test_a_reminder_names_what_is_still_open() -> None:
    assert due(11, (paid(1500),)) == Reminder(1, 3000)


def test_nobody_is_reminded_of_what_is_paid_or_in_doubt() -> None:
    assert due(11, (paid(4500),)) is None
    assert due(11, state=AttemptState.UNCERTAIN) is None
    assert due(11, state=AttemptState.PENDING) is None
    assert due(11, state=AttemptState.FAILED) is not None


def test_a_bill_falls_due_after_its_term() -> None:
    assert due_date(bill(), SCHEDULE) == at(10)


def test_a_schedule_must_make_sense() -> None:
    with pytest.raises(ValueError, match="ascending"):
        Schedule(days_late=(10, 1))
    with pytest.raises(ValueError, match="gap"):
        Schedule(gap_days=0)
