"""How long the portal takes to render a bill's page among thousands of bills."""

from __future__ import annotations

import math
import random
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import asyncpg
import httpx
import uvloop

from contract.bill_reference import NUMBER_MIN, make_reference
from hub.payments.performing import Performer, provider_client
from hub.payments.registry import CODES, registered
from hub.service.accounts import Accounts
from hub.service.bill_payments import BillPayments
from hub.service.bills import Billing
from hub.service.outbox import Outbox
from hub.service.payment_log import PaymentLog
from hub.service.registration import Registration
from hub.service.transfers import Transfers
from hub.store.queries import load_queries
from hub.store.store import Store
from hub.web.bill_pages import BillSources
from hub.web.people import People
from hub.web.portal import portal_app
from hub.web.sources import Health
from provisioning.bench.crowd import PORTAL, found_event, till_names
from provisioning.bench.figures import Figures, Sample, Target
from provisioning.demo_event import EVENT_NUMBER

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from uuid import UUID

    from fastapi import FastAPI

    from provisioning.bench.baseline import Pace, Servers

DATABASE = "portal"
BILLS = 10_000
PAGES_PER_S = 40
"""Pages asked for per second of a point's pace."""
P95_MS_MAX = 30.0
PAGE = "bill page"
LIST = "bill overview"
QUERIES = load_queries(Path(__file__).parent / "portal.sql")


@dataclass(frozen=True, slots=True)
class Filled:
    """Bills with whose they are."""

    references: list[str]
    users: list[int]


class Nothing:
    """No receipts, and a hub that is well."""

    async def receipt(self, order: UUID) -> None:
        """There is none."""
        del order

    async def health(self) -> Health:
        """It is well."""
        return Health(ok=True, role="writer")


def measure_portal(
    figures: Figures, servers: Servers, pace: Pace, say: Callable[[str], object]
) -> list[Target]:
    """Ask for bills' pages one after the other, as somebody who is logged in."""
    say(f"portal: filling {BILLS} bills\n")
    dsn, filled = bills_database(servers, DATABASE, BILLS, QUERIES["fill_payments"])
    for repetition in range(1, pace.repetitions + 1):
        say(f"portal: repetition {repetition} of {pace.repetitions}\n")
        samples = uvloop.run(_measure(dsn, filled, pace.seconds * PAGES_PER_S))
        for name, sample in samples.items():
            figures.add(name, sample, unit="p95 ms")
    return [
        Target(
            name=f"{PAGE} among {BILLS} bills: p95, ms",
            bound="at most",
            limit=P95_MS_MAX,
            value=figures.median(PAGE),
        )
    ]


def bills_database(
    servers: Servers, name: str, count: int, then: str, *values: object
) -> tuple[str, Filled]:
    """Make a database of an event with bills, as `fill_bills`; returns its address."""
    dsn = servers.cluster.create_database(name)
    uvloop.run(found_event(dsn, servers.key, till_names(1), guests=1))
    return dsn, uvloop.run(fill_bills(dsn, count, then, *values))


async def fill_bills(dsn: str, count: int, then: str, *values: object) -> Filled:
    """Write a competition's bills, each of three teams and of a user of its own.

    `then` is a query that says what became of them.
    """
    owner = await asyncpg.connect(dsn)
    try:
        competition = await owner.fetchval(
            QUERIES["fill_competition"], EVENT_NUMBER, list(CODES)
        )
        rows = await owner.fetch(QUERIES["fill_users"], count)
        users = [row["id"] for row in rows]
        references = [make_reference(NUMBER_MIN + number) for number in range(count)]
        await owner.execute(QUERIES["fill_teams"], competition, users)
        await owner.execute(
            QUERIES["fill_bills"], EVENT_NUMBER, competition, users, references
        )
        await owner.execute(QUERIES["fill_lines"])
        await owner.execute(then, *values)
        return Filled(references, users)
    finally:
        await owner.close()


async def _measure(dsn: str, filled: Filled, pages: int) -> dict[str, Sample]:
    store = await Store.open(dsn)
    try:
        async with provider_client() as providers:
            accounts = Accounts(store, Outbox("portal.example"), PORTAL)
            methods = registered(())
            performer = Performer(providers)
            app = _app(
                accounts,
                BillSources(
                    billing=Billing(store, methods),
                    payments=BillPayments(store, methods, performer),
                    transfers=Transfers(store),
                    log=PaymentLog(store),
                    portal_url=PORTAL,
                ),
                Registration(store, EVENT_NUMBER),
            )
            return {
                PAGE: await _ask(app, accounts, filled, pages, one=True),
                LIST: await _ask(app, accounts, filled, pages, one=False),
            }
    finally:
        await store.close()


def _app(accounts: Accounts, bills: BillSources, registration: Registration) -> FastAPI:
    people = People(accounts=accounts, registration=registration, secure=False)
    return portal_app(Nothing(), Nothing(), people=people, bills=bills)


async def _ask(
    app: FastAPI, accounts: Accounts, filled: Filled, pages: int, *, one: bool
) -> Sample:
    """Each page is another payer's; the first ones only warm up."""
    chance = random.Random(4)
    times_ms: list[float] = []
    before_s = time.process_time()
    async for client, reference in _payers(app, accounts, filled, pages, chance):
        path = f"/bills/{reference}" if one else "/bills"
        begun_s = time.perf_counter()
        answer = await client.get(path)
        times_ms.append((time.perf_counter() - begun_s) * 1000)
        assert answer.status_code == 200, answer.status_code
    times_ms = sorted(times_ms[pages // 10 :])
    cpu_ms = (time.process_time() - before_s) / pages * 1000
    return Sample(
        times_ms[math.ceil(len(times_ms) * 0.95) - 1],
        p50_ms=times_ms[len(times_ms) // 2],
        p99_ms=times_ms[math.ceil(len(times_ms) * 0.99) - 1],
        details={"hub_cpu_ms": cpu_ms},
    )


async def _payers(
    app: FastAPI,
    accounts: Accounts,
    filled: Filled,
    pages: int,
    chance: random.Random,
) -> AsyncIterator[tuple[httpx.AsyncClient, str]]:
    transport = httpx.ASGITransport(app)
    for _ in range(pages):
        place = chance.randrange(len(filled.users))
        token = await accounts.begin_session(filled.users[place])
        cookies = {"kassenband": token}
        async with httpx.AsyncClient(
            transport=transport, base_url=PORTAL, cookies=cookies
        ) as client:
            yield client, filled.references[place]
