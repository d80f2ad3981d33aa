"""What the writer asks for is found by its key, also in a table nobody analyzed yet."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import asyncpg
import pytest_asyncio

from hub.store.ledger import WANTED_AT_FIRST
from hub.store.queries import QUERIES
from hub.store.store import Store
from tests.hub import samples
from tests.hub.conftest import KINDS, populate

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from tests.hub.conftest import Servers

EVENT = samples.EVENT.number
ORDERS = 20_000
"""So many that the planner would rather read them all, if it were left to guess."""
FILL = (
    "SET session_replication_role = replica",
    f"""
    INSERT INTO entry (event, id, batch, cause, order_id, attempt, accounts, amounts)
    SELECT {EVENT}, n, 1, 'request', gen_random_uuid(), 1, '{{1, 2}}', '{{-400, 400}}'
    FROM generate_series(1, {ORDERS}) AS n
    """,
    """
    INSERT INTO attempt (event, order_id, attempt, digest, till, body, batch)
    SELECT event, order_id, 1, sha256(order_id::text::bytea), 'bar-1', '', 1 FROM entry
    """,
    """
    INSERT INTO outcome (event, order_id, outcome, attempt, digest, till, advice_digest,
                         advice, flags, batch, z_number, sequence)
    SELECT event, order_id, 'completed', 1, digest, till, digest, '', '{}', 1, 1, 1
    FROM attempt
    """,
    f"""
    INSERT INTO wristband (event, serial, wallet, uid_hash, code_hash, variant)
    SELECT {EVENT}, n, n, int4send(n), '', 0 FROM generate_series(1, {ORDERS}) AS n
    """,
    """
    INSERT INTO wallet (event, id) SELECT event, wallet FROM wristband
    """,
    """
    INSERT INTO wristband_change (event, serial, entry, wallet, blocked, registered,
                                  order_id, batch)
    SELECT event, id, id, id, false, false, order_id, 1 FROM entry
    """,
    "SET plan_cache_mode = force_generic_plan",
)
KEYS = {
    "entry": ("order_id = ", "cancels = "),
    "attempt": ("order_id = ",),
    "outcome": ("order_id = ",),
    "wristband": ("serial = ",),
    "wallet": ("(id = ",),
    "wristband_change": ("order_id = ", "serial = "),
}
"""The large tables, and what of a key at least is to be named."""


@pytest_asyncio.fixture
async def young(servers: Servers) -> AsyncIterator[asyncpg.Connection]:
    """A ledger that filled up a moment ago, which is not committed: unanalyzed."""
    dsn = await servers.new_database(KINDS[0])
    store = await Store.open(dsn)
    await populate(store)
    await store.close()
    connection = await asyncpg.connect(dsn)
    work = connection.transaction()
    await work.start()
    for each in FILL:
        await connection.execute(each)
    yield connection
    await work.rollback()
    await connection.close()


async def test_what_judging_needs_is_never_looked_for_in_all_orders(
    young: asyncpg.Connection,
) -> None:
    orders = [
        row[0] for row in await young.fetch("SELECT order_id FROM entry LIMIT 50")
    ]
    wrong = []
    for name in (
        *WANTED_AT_FIRST,
        "load_wallets",
        "load_cancellations",
        "first_booked",
    ):
        keys = [1, 2, 3] if name in {"load_bands", "load_wallets"} else orders
        query = f"EXPLAIN (FORMAT JSON) {QUERIES[name]}"
        (plan,) = json.loads(await young.fetchval(query, EVENT, keys))
        wrong += [
            f"{name} reads {scan['Relation Name']} by {scan.get('Node Type')}: {found}"
            for scan in scans(plan["Plan"])
            for found in (scan.get("Index Cond") or scan.get("Recheck Cond") or "",)
            if not any(key in found for key in KEYS[scan["Relation Name"]])
        ]
    assert not wrong, "\n".join(wrong)


def scans(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Whatever of a plan reads a large table."""
    if plan.get("Relation Name") in KEYS:
        yield plan
    for part in plan.get("Plans", ()):
        yield from scans(part)


async def test_the_postings_of_what_is_live_are_read(
    young: asyncpg.Connection,
) -> None:
    order, entry = await young.fetchrow("SELECT order_id, id FROM entry LIMIT 1")
    query = QUERIES["load_live_postings"]
    rows = await young.fetch(query, EVENT, [order])
    assert [(row["id"], row["account"], row["amount_minor"]) for row in rows] == [
        (entry, 1, -400),
        (entry, 2, 400),
    ]
    await young.execute(
        "INSERT INTO entry (event, id, batch, cause, order_id, attempt, reverses,"
        " accounts, amounts) VALUES ($1, $2, 1, 'reversal', $3, 1, $4, '{}', '{}')",
        *(EVENT, ORDERS + 1, order, entry),
    )
    assert await young.fetch(query, EVENT, [order]) == []
