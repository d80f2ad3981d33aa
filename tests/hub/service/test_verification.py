from __future__ import annotations

from contextlib import AsyncExitStack
from typing import TYPE_CHECKING
from uuid import uuid4

import asyncpg
import pytest
import pytest_asyncio

from contract.order import Path
from hub.core.booking import block_item
from tests.hub.samples import order
from tests.hub.store.ledgers import Bench, asked, completed

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

# What somebody with the owner's password could do, and which check must notice.
TAMPERING = {
    "UPDATE posting SET amount_minor = 1 WHERE amount_minor > 0": "entry",
    "UPDATE posting SET amount_minor = amount_minor * 2": "chain",
    "UPDATE wallet SET balance_minor = balance_minor + 100": "balance",
    "UPDATE wallet SET vouchers = vouchers + 1": "balance",
    "UPDATE attempt SET balance_minor = 0": "chain",
    "UPDATE attempt SET reason = 'blocked_wristband'": "order",
    "UPDATE outcome SET flags = '{}'": "chain",
    "UPDATE outcome SET advice = replace(convert_from(advice, 'UTF8'), 'bar-1',"
    " 'bar-2')::bytea": "digest",
    "UPDATE attempt SET body = 'x'": "digest",
    "UPDATE batch SET chain_head = sha256('x') WHERE number = 2": "chain",
    "DELETE FROM batch WHERE number = 2": "chain",
    "DELETE FROM posting": "chain",
    "DELETE FROM entry WHERE cause = 'advice'": "order",
    "DELETE FROM attempt": "chain",
    "UPDATE wristband_change SET blocked = false": "chain",
}


@pytest_asyncio.fixture
async def bench(one_database: str) -> AsyncIterator[Bench]:
    async with AsyncExitStack() as stack:
        opened = await Bench.open(one_database, stack)
        wallet = await opened.wallet(500)
        sale = order(300, wallet)
        await opened.book(asked(sale), completed(sale))
        await opened.book(completed(order(1190)))
        await opened.book(completed(order(400, wallet), Path.STAND_IN))
        await opened.book(block_item(uuid4(), wallet, blocked=True))
        yield opened


async def test_an_honest_ledger_is_well(bench: Bench) -> None:
    report = await bench.verify()

    assert report.ok, report.findings
    assert (report.orders, report.entries, report.batches) == (3, 5, 6)


@pytest.mark.parametrize("change", TAMPERING, ids=lambda text: text[:40])
async def test_tampering_is_found(bench: Bench, change: str) -> None:
    owner = await asyncpg.connect(bench.dsn)
    await owner.execute("SET session_replication_role = replica")  # no triggers
    await owner.execute(change)
    await owner.close()

    report = await bench.verify()

    assert not report.ok
    assert TAMPERING[change] in {each.check for each in report.findings}
    assert all(each.where and each.text for each in report.findings)
