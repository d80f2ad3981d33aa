"""A portal that takes providers' calls for real: pages, services, database."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import asyncpg
import httpx

from contract.bill_reference import make_reference
from hub.payments.performing import Limits, Performer, provider_client
from hub.payments.registry import registered
from hub.payments.routes import return_urls
from hub.service.bill_payments import BillPayments, Leaving
from hub.service.bill_viewers import OfStaff
from hub.service.payment_log import PaymentLog, Search
from hub.service.provider_calls import ProviderCalls
from hub.store.bills import read_bill
from hub.web.portal import portal_app
from tests.counterparts.serving import PATIENCE_S, listener, running, url_of
from tests.hub import samples
from tests.hub.web.serving import Healths, Receipts

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable

    from hub.payments.method import PaymentMethod
    from hub.service.bill_payments import Chosen
    from hub.service.payment_log import Entry
    from hub.service.provider_calls import CallEnded, ProviderCall
    from hub.store.bills import BillRecord
    from hub.store.store import Store

EVENT = samples.EVENT.number
PATIENT = Limits(connect_s=PATIENCE_S, read_s=PATIENCE_S, total_s=2 * PATIENCE_S)
CODES = ("postfinance", "paypal", "stripe")
SECRETS = ("Mysecretsig1875!?in", "Mysecretsig1875!?out")
FIRST = 123456789012345678901

COMPETITION = """\
INSERT INTO competition (event, slug, name, organizer)
VALUES ($1, 'fox-run', 'Fox Run', 'Fox Run e. V.')
ON CONFLICT (slug) DO UPDATE SET name = excluded.name RETURNING id
"""
METHOD = """\
INSERT INTO competition_method (competition, method) VALUES ($1, $2)
ON CONFLICT DO NOTHING
"""
BILL = """\
INSERT INTO bill (reference, event, competition, currency, total_minor, payer_name,
                  street, house_number, postal_code, town, country, email)
VALUES ($1, $2, $3, 'EUR', $4, 'Jörg Müller', 'Marktgasse', '28', '9400', 'Rorschach',
        'CH', 'joerg@example.org')
"""
LINE = """\
INSERT INTO bill_line (bill, position, kind, label, amount_minor)
VALUES ($1, 1, 'start_fee', 'Red Foxes', $2)
"""


class RecordedCalls(ProviderCalls):
    """Remembers calls as they came: the payment log masks what is secret in them."""

    def __init__(self, *parts: Any) -> None:
        super().__init__(*parts)
        self.came: list[ProviderCall] = []

    async def take(self, call: ProviderCall) -> CallEnded:
        self.came.append(call)
        return await super().take(call)


@dataclass
class Portal:
    """A running portal and what a test asks it about."""

    url: str
    store: Store
    payments: BillPayments
    calls: RecordedCalls
    performer: Performer
    log: PaymentLog
    browser: httpx.AsyncClient
    """Follows no redirect by itself."""

    async def choose(self, reference: str, method: str) -> Chosen:
        """Begin to pay a bill, as its page does."""
        leaving = Leaving(
            urls=return_urls(self.url, method, reference),
            language="de",
            subject="Fox Run",
        )
        return await self.payments.choose(OfStaff(), reference, method, leaving)

    async def record(self, reference: str) -> BillRecord:
        """Read a bill as it is now."""
        found = await read_bill(self.store, reference)
        assert found is not None
        return found

    async def heard(self, text: str) -> None:
        """Wait until a call with this text was worked on."""
        while True:
            entries = await self.entries()
            calls = {each.number for each in entries if text in each.message}
            if any(each.regarding in calls for each in entries):
                return
            await asyncio.sleep(0.2)

    async def entries(self) -> list[Entry]:
        """Read the payment log, oldest first."""
        return list(reversed(await self.log.search(Search(entries_max=500))))


@asynccontextmanager
async def running_portal(
    store: Store,
    with_contract: Iterable[PaymentMethod],
    client: httpx.AsyncClient | None = None,
    limits: Limits = PATIENT,
) -> AsyncIterator[Portal]:
    """Run a portal with contracts; `client` leads to the providers' fakes."""
    methods = registered(with_contract)
    log = PaymentLog(store, SECRETS)
    async with client or provider_client(limits) as providers:
        performer = Performer(providers, limits)
        payments = BillPayments(store, methods, performer)
        calls = RecordedCalls(store, methods, log, payments, performer)
        app = portal_app(Receipts(), Healths(), calls=calls)
        taken = listener()
        async with (
            httpx.AsyncClient(
                base_url=url_of(taken), trust_env=False, timeout=PATIENCE_S
            ) as browser,
            running(app, taken) as url,
        ):
            yield Portal(url, store, payments, calls, performer, log, browser)


async def open_bill(store: Store, total_minor: int = 4628, number: int = FIRST) -> str:
    """Make a bill that can be paid by every method with a provider."""
    reference = make_reference(number)
    connection = await asyncpg.connect(store.dsn)
    try:
        competition = await connection.fetchval(COMPETITION, EVENT)
        for code in CODES:
            await connection.execute(METHOD, competition, code)
        await connection.execute(BILL, reference, EVENT, competition, total_minor)
        await connection.execute(LINE, reference, total_minor)
    finally:
        await connection.close()
    return reference
