"""How many calls of a payment provider the portal works on in a second.

Each bill is told to be paid three times: once by the provider, and again by it and by
the payer's browser, as happens. One process works on it. The calls go through the
whole application, but not through a socket.
"""

from __future__ import annotations

import asyncio
import math
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import uvloop

from contract.bill_reference import order_id
from hub.payments.performing import Performer, provider_client
from hub.payments.postfinance import CODE, PostFinance, Settings
from hub.payments.postfinance_sha import sha_out
from hub.payments.registry import registered
from hub.service.bill_payments import BillPayments
from hub.service.payment_log import PaymentLog
from hub.service.provider_calls import ProviderCalls
from hub.store.queries import load_queries
from hub.store.store import Store
from hub.web.portal import portal_app
from provisioning.bench.figures import Figures, Sample, Target
from provisioning.bench.portal import Nothing, bills_database

if TYPE_CHECKING:
    from collections.abc import Callable, MutableMapping

    from fastapi import FastAPI

    from provisioning.bench.baseline import Pace, Servers

CALLS_PER_S = 200
AT_ONCE = 16
TOLD_TIMES = 3
BILLS_PER_S = 100
"""Bills per second of a point's pace; each is told of several times."""

POINT = "post-sale calls"
TOTAL = "135.00"
PASSPHRASE = "bench-passphrase"
HEADERS = (
    (b"host", b"portal.example"),
    (b"user-agent", b"Provider"),
    (b"content-type", b"application/x-www-form-urlencoded"),
)
QUERIES = load_queries(Path(__file__).parent / "callbacks.sql")


def measure_callbacks(
    figures: Figures, servers: Servers, pace: Pace, say: Callable[[str], object]
) -> list[Target]:
    """Call the portal as a provider does, many times at once."""
    bills = pace.seconds * BILLS_PER_S
    for repetition in range(1, pace.repetitions + 1):
        say(f"callbacks: repetition {repetition} of {pace.repetitions}\n")
        name = f"callbacks_{repetition}"
        dsn, filled = bills_database(
            servers, name, bills, QUERIES["fill_attempts"], CODE
        )
        sample = uvloop.run(_measure(dsn, filled.references))
        figures.add(POINT, sample, unit="calls/s")
    return [
        Target(
            name=f"{POINT} by one process, per second",
            bound="at least",
            limit=CALLS_PER_S,
            value=figures.median(POINT),
        )
    ]


async def _measure(dsn: str, references: list[str]) -> Sample:
    store = await Store.open(dsn)
    try:
        async with provider_client() as providers:
            return await _call(_app(store, Performer(providers)), references)
    finally:
        await store.close()


def _app(store: Store, performer: Performer) -> FastAPI:
    settings = Settings(pspid="bench", pass_in=PASSPHRASE, pass_out=PASSPHRASE)
    methods = registered([PostFinance(settings)])
    payments = BillPayments(store, methods, performer)
    calls = ProviderCalls(
        store, methods, PaymentLog(store, [PASSPHRASE]), payments, performer
    )
    return portal_app(Nothing(), Nothing(), calls=calls)


async def _call(app: FastAPI, references: list[str]) -> Sample:
    waiting = [
        (action, feedback)
        for number, reference in enumerate(references)
        for feedback in [_feedback(reference, number)]
        for action in ("post_sale", "payment_accepted", "post_sale")
    ]
    calls = len(waiting)
    assert calls == TOLD_TIMES * len(references)
    waiting.reverse()
    times_ms: list[float] = []
    begun_s, cpu_s = time.perf_counter(), time.process_time()
    await asyncio.gather(*(_caller(app, waiting, times_ms) for _ in range(AT_ONCE)))
    took_s = time.perf_counter() - begun_s
    times_ms.sort()
    return Sample(
        calls / took_s,
        p50_ms=times_ms[calls // 2],
        p99_ms=times_ms[math.ceil(calls * 0.99) - 1],
        details={"cpu_ms": (time.process_time() - cpu_s) / calls * 1000},
    )


async def _caller(
    app: FastAPI, waiting: list[tuple[str, bytes]], times_ms: list[float]
) -> None:
    while waiting:
        action, feedback = waiting.pop()
        begun_s = time.perf_counter()
        status = await _post(app, f"/post_finance/{action}", feedback)
        times_ms.append((time.perf_counter() - begun_s) * 1000)
        assert status in {200, 303}, status


async def _post(app: FastAPI, path: str, body: bytes) -> int:
    """Call the application as a server does; a client's own work is not measured."""
    statuses: list[int] = []

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "https",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": b"",
        "headers": HEADERS,
        "client": ("192.0.2.1", 4711),
        "server": ("portal.example", 443),
    }
    await app(scope, receive, send)
    return statuses[0]


def _feedback(reference: str, number: int) -> bytes:
    fields = {
        "orderID": order_id(reference, 1),
        "currency": "EUR",
        "amount": TOTAL,
        "PM": "CreditCard",
        "ACCEPTANCE": "test123",
        "STATUS": "9",
        "CARDNO": "XXXXXXXXXXXX1111",
        "TRXDATE": "05/04/26",
        "PAYID": str(30_000_000 + number),
        "NCERROR": "0",
        "BRAND": "VISA",
    }
    fields["SHASIGN"] = sha_out(fields, PASSPHRASE)
    return urlencode(fields).encode()
