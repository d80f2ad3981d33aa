from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest_asyncio

from hub.service.bill_viewers import OfUser
from hub.service.outbox import Outbox
from hub.service.reminders import Reminders
from tests.hub.service.billing import EVENT, Fair

if TYPE_CHECKING:
    from hub.store.store import Store

URL = "https://portal.example"
DAY = timedelta(days=1)


class Calendar:
    """A day that a test turns to; mail is written on that day, too."""

    def __init__(self, fair: Fair) -> None:
        self.fair = fair
        self.now = datetime.now(UTC)
        self.reminders = Reminders(
            fair.store,
            Outbox("portal.example"),
            EVENT,
            portal_url=URL,
            now=lambda: self.now,
        )

    async def on_day(self, day: int) -> list[str]:
        """The subjects of what is written so many days after the bills were made."""
        self.now = datetime.now(UTC) + day * DAY
        before = len(await self.letters())
        await self.reminders.write_due()
        await self.fair.run(
            "UPDATE mail_outbox SET created_at = $1 WHERE id IN"
            " (SELECT id FROM mail_outbox ORDER BY id OFFSET $2)",
            self.now,
            before,
        )
        return [subject for subject, _ in (await self.letters())[before:]]

    async def letters(self) -> list[tuple[str, str]]:
        rows = await self.fair.run("SELECT subject, body FROM mail_outbox ORDER BY id")
        return [(row["subject"], row["body"]) for row in rows]


@pytest_asyncio.fixture
async def calendar(store: Store) -> Calendar:
    return Calendar(await Fair.open(store))


async def test_who_does_not_pay_is_reminded_twice(calendar: Calendar) -> None:
    user = await calendar.fair.user()
    reference = await calendar.fair.bill(user)
    assert await calendar.on_day(10) == []
    assert len(await calendar.on_day(11)) == 1
    assert await calendar.on_day(12) == []
    assert len(await calendar.on_day(20)) == 1
    assert await calendar.on_day(60) == []
    subject, body = (await calendar.letters())[0]
    assert subject == "Reminder: EUR 55.00 are still open for Run 2026"
    assert f"{URL}/bills/{reference}" in body
    assert "Hello pia," in body


async def test_nobody_is_reminded_of_what_is_paid_or_gone(calendar: Calendar) -> None:
    fair = calendar.fair
    user = await fair.user()
    paid = await fair.bill(user)
    await fair.say(await fair.attempt(user, paid))
    canceled = await fair.bill(user)
    await fair.billing.cancel(OfUser(user), canceled)
    assert await calendar.on_day(30) == []


async def test_while_money_is_on_its_way_nobody_is_reminded(
    calendar: Calendar,
) -> None:
    fair = calendar.fair
    user = await fair.user()
    reference = await fair.bill(user)
    attempt = await fair.attempt(user, reference)
    await fair.run("UPDATE payment_attempt SET state = 'pending'")
    assert await calendar.on_day(30) == []
    await fair.say(attempt, amount_minor=5000)
    assert await calendar.on_day(30) == [
        "Reminder: EUR 5.00 are still open for Run 2026"
    ]


async def test_two_hubs_write_one_reminder(calendar: Calendar) -> None:
    user = await calendar.fair.user()
    await calendar.fair.run("UPDATE portal_user SET language = 'de'")
    await calendar.fair.bill(user)
    calendar.now = datetime.now(UTC) + 11 * DAY
    counts = await asyncio.gather(*(calendar.reminders.write_due() for _ in range(4)))
    assert sum(counts) == 1
    ((subject, _),) = await calendar.letters()
    assert subject == "Erinnerung: EUR 55.00 für Run 2026 sind noch offen"
