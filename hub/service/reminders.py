"""Reminders: payers of bills that fell due get a mail, a few times, never in doubt.

The bill is locked while it is looked at: money that comes at the same moment comes
before or after, and two hubs that look at once write one mail.
"""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from contract.bill_reference import grouped
from contract.money import plain_amount
from hub.core.bills.reminders import Schedule, due_date, reminder_due
from hub.service.outbox import Mail
from hub.store.bills import lock_bill

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime, tzinfo

    from hub.core.bills.reminders import Reminder
    from hub.service.accounts import Accounts
    from hub.service.outbox import Outbox
    from hub.store.bills import BillRecord
    from hub.store.store import Row, Store, UnitOfWork

log = logging.getLogger(__name__)

PAUSE_S = 60 * 60
_DATES = {"de": "%d.%m.%Y", "en": "%Y-%m-%d"}


class Reminders:
    """Looks for bills to remind of, once an hour."""

    def __init__(
        self,
        store: Store,
        outbox: Outbox,
        event: int,
        *,
        portal_url: str,
        now: Callable[[], datetime],
        schedule: Schedule | None = None,
    ) -> None:
        self._store = store
        self._outbox = outbox
        self._event = event
        self._portal = portal_url.rstrip("/")
        self._now = now
        self._schedule = schedule or Schedule()

    async def run(self, accounts: Accounts) -> None:
        """Remind, and sweep accounts, for ever; DatabaseGone ends it."""
        while True:
            await accounts.sweep()
            written = await self.write_due()
            if written:
                log.info("%s reminders were written.", written)
            await asyncio.sleep(PAUSE_S)

    async def write_due(self) -> int:
        """Write the reminders that are due; returns how many."""
        schedule = self._schedule
        first = timedelta(days=schedule.term_days + min(schedule.days_late, default=0))
        levels = len(schedule.days_late)
        if not levels:
            return 0
        rows = await self._store.fetch(
            "bills_to_remind", self._event, self._now() - first, levels
        )
        written = 0
        for row in rows:
            async with self._store.unit_of_work() as work:
                written += await self._remind(work, row)
        return written

    async def _remind(self, work: UnitOfWork, row: Row) -> bool:
        record = await lock_bill(work, row["reference"])
        assert record is not None, "bills are never removed"
        levels = len(self._schedule.days_late)
        sent = await work.fetch("reminders_sent", row["reference"], levels)
        reminder = reminder_due(
            record.bill,
            record.standing,
            attempts=record.attempts,
            sent=[each["created_at"] for each in sent],
            schedule=self._schedule,
            now=self._now(),
        )
        if reminder is None:
            return False
        return await self._outbox.put(work, self._mail(record, row, reminder))

    def _mail(self, record: BillRecord, row: Row, reminder: Reminder) -> Mail:
        bill, language = record.bill, row["language"] or "en"
        due = due_date(bill, self._schedule).astimezone(_zone(row["zone"]))
        return Mail(
            letter="reminder",
            to=row["email"],
            language=language,
            occasion=f"reminder-{bill.reference}-{reminder.level}",
            blanks={
                "name": row["name"],
                "reference": grouped(bill.reference),
                "competition": row["competition"],
                "due": due.strftime(_DATES[language]),
                "amount": f"{bill.currency.value} {plain_amount(reminder.open_minor)}",
                "link": f"{self._portal}/bills/{bill.reference}",
            },
        )


def _zone(name: str) -> tzinfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")
