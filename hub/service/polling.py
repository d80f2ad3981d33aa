"""Asks providers what became of attempts until it is known, and then ever more rarely.

Web-hooks only make it faster: a hub that no provider can call learns all the same, also
what is refunded or disputed at the provider's own site weeks after it was paid. What
stays unclear is told to the operator, and again each day.
"""

from __future__ import annotations

import asyncio
import logging
import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from contract.bill_reference import order_id
from contract.money import Currency, Money, plain_amount
from hub.core.bills.attempts import AttemptState
from hub.core.bills.errors import NoSuchBill
from hub.payments.errors import ProviderRefused, ProviderSilent
from hub.payments.method import Ask
from hub.service.bills import hub_time
from hub.store.errors import DatabaseGone

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from hub.payments.method import PaymentMethod
    from hub.service.bills import HubClock
    from hub.service.provider_calls import ProviderCalls
    from hub.store.store import Row, Store

log = logging.getLogger(__name__)

ROUND_S = 5
"""How often attempts are looked at; each is asked about when its turn comes."""

PAUSES_S = (10, 20, 30, 60, 120, 300, 900, 3600)
"""From one question about an attempt to the next; the last one for ever."""

JITTER = 0.2
ASKED_FOR = timedelta(days=7)
"""Longer than any provider's page can be paid on, or a provider be out of reach."""

PAID_PAUSES = (timedelta(hours=1), timedelta(days=7))
"""From one question about a paid attempt to the next: each is twice the one before.

Never so long that a dispute is over before anybody here has heard of it.
"""

PAID_ASKED_FOR = timedelta(days=180)
"""So long PayPal tells of disputes; by card a payer has 120 days to begin one."""

PAID_AT_ONCE = 20
ATTEMPTS_MAX = 500
AT_ONCE = 4
PENDING_TOO_LONG = timedelta(hours=24)
TOLD_AGAIN = timedelta(hours=24)


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubtful:
    """An attempt that nobody knows about; no other one can be made until it's clear."""

    bill: str
    number: int
    payer: str
    method: str
    provider_ref: str
    state: AttemptState
    asked: Money
    """What the payer was asked for."""
    begun_at: datetime
    changed_at: datetime

    @property
    def order_id(self) -> str:
        """Its name at the provider."""
        return order_id(self.bill, self.number)


class Poller:
    """Asks on behalf of the one elected writer; others only look on."""

    def __init__(
        self,
        store: Store,
        event: int,
        methods: Mapping[str, PaymentMethod],
        calls: ProviderCalls,
        *,
        is_writer: Callable[[], bool],
        clock: HubClock = hub_time,
    ) -> None:
        self._store = store
        self._event = event
        self._codes = [code for code, each in methods.items() if each.can_be_asked]
        self._calls = calls
        self._is_writer = is_writer
        self._clock = clock
        self._turns: dict[str, _Turn] = {}
        self._told: dict[str, datetime] = {}

    async def run(self) -> None:
        """Ask until canceled."""
        while True:
            if self._is_writer():
                try:
                    await self.ask_all()
                    await self.ask_paid()
                    await self.tell_doubts()
                except DatabaseGone:
                    log.warning("The database does not answer; asking providers later.")
            await asyncio.sleep(ROUND_S)

    async def ask_all(self) -> int:
        """Ask about each attempt whose turn has come; returns how many."""
        now = self._clock()
        rows = await self._store.fetch(
            "attempts_to_ask",
            self._event,
            self._codes,
            now - ASKED_FOR,
            ATTEMPTS_MAX,
        )
        names = {_name(row): row for row in rows}
        turns = {name: self._turns.get(name) or _Turn(now) for name in names}
        self._turns = turns
        due = [row for name, row in names.items() if turns[name].at <= now]
        gate = asyncio.Semaphore(AT_ONCE)
        for row in due:
            turns[_name(row)] = turns[_name(row)].next(now)
        await asyncio.gather(*(self._ask(row, gate) for row in due))
        return len(due)

    async def ask_paid(self) -> int:
        """Ask about paid attempts whose turn has come, some at once; returns how many.

        That is how a fee is learned that was not known at first, and what was refunded
        or disputed elsewhere.
        """
        now = self._clock()
        rows = await self._store.fetch(
            "paid_attempts_to_ask", self._event, self._codes, now, PAID_AT_ONCE
        )
        gate = asyncio.Semaphore(AT_ONCE)
        for row in rows:
            # Kept before the call: what fails is asked when its turn comes again.
            at = _paid_turn(row["begun_at"], now)
            await self._store.fetch("ask_again_at", row["bill"], row["number"], at)
        await asyncio.gather(
            *(self._ask(row, gate, row["paid_as"] or "") for row in rows)
        )
        return len(rows)

    async def doubtful(self) -> Sequence[Doubtful]:
        """List what is unclear, what has been so for longest first."""
        return await doubtful(self._store, self._event, self._clock())

    async def tell_doubts(self) -> None:
        """Write what is unclear into the hub's log, each once a day."""
        now = self._clock()
        found = [_of_attempt(each) for each in await self.doubtful()]
        rows = await self._store.fetch(
            "doubtful_refunds", self._event, now - PENDING_TOO_LONG, ATTEMPTS_MAX
        )
        found += [_of_refund(row) for row in rows]
        told = {text: at for text, at in self._told.items() if text in found}
        for text in found:
            if text not in told or now - told[text] >= TOLD_AGAIN:
                told[text] = now
                log.warning("%s", text)
        self._told = told

    async def _ask(self, row: Row, gate: asyncio.Semaphore, paid_as: str = "") -> None:
        name = _name(row)
        async with gate:
            try:
                ask = Ask(name, row["provider_ref"], paid_as=paid_as)
                await self._calls.ask(row["method"], ask)
            except (ProviderSilent, ProviderRefused, NoSuchBill) as error:
                log.info("Asked %s about %s: %s", row["method"], name, error)


async def doubtful(store: Store, event: int, now: datetime) -> Sequence[Doubtful]:
    """List the attempts that are uncertain, or of which nothing is heard for a day."""
    before = now - PENDING_TOO_LONG
    rows = await store.fetch("doubtful_attempts", event, before, ATTEMPTS_MAX)
    return [
        Doubtful(
            bill=row["bill"],
            number=row["number"],
            payer=row["payer_name"],
            method=row["method"],
            provider_ref=row["provider_ref"] or "",
            state=AttemptState(row["state"]),
            asked=Money(row["amount_minor"], Currency(row["currency"])),
            begun_at=row["begun_at"],
            changed_at=row["changed_at"],
        )
        for row in rows
    ]


def _of_attempt(each: Doubtful) -> str:
    return (
        f"Payment {each.order_id} by {each.method} is {each.state.value} since "
        f"{_minute(each.changed_at)}. Look it up at the provider."
    )


def _of_refund(row: Row) -> str:
    amount = f"{plain_amount(row['amount_minor'])} {row['currency']}"
    return (
        f"Refund {row['number']} of {amount} by {row['method']} is {row['state']} "
        f"since {_minute(row['changed_at'])}. Look it up at the provider."
    )


def _minute(at: datetime) -> str:
    return at.isoformat(timespec="minutes")


def _paid_turn(begun_at: datetime, now: datetime) -> datetime | None:
    """Say when a paid attempt is asked about next; None when it is too old for that."""
    at = now + min(max(PAID_PAUSES[0], now - begun_at), PAID_PAUSES[1])
    return at if at - begun_at <= PAID_ASKED_FOR else None


@dataclass(frozen=True, slots=True)
class _Turn:
    """When an attempt is asked about next, and how often it was."""

    at: datetime
    asked: int = 0

    def next(self, now: datetime) -> _Turn:
        pause = PAUSES_S[min(self.asked, len(PAUSES_S) - 1)]
        # Not all at once after a restart, nor in step with whoever else asks.
        spread = 1 + random.uniform(-JITTER, JITTER)
        return _Turn(now + timedelta(seconds=pause * spread), self.asked + 1)


def _name(row: Row) -> str:
    return order_id(row["bill"], row["number"])
