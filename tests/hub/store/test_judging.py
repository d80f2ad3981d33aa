"""The short way to judge a batch says what the long one says."""

from __future__ import annotations

import random
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import msgspec
import pytest

from contract.messages import AdviceFlag, DeclineReason
from contract.order import Path
from hub.core.booking import credit_item
from tests.hub.samples import order
from tests.hub.store.ledgers import EVENT, Bench, aborted, asked, completed

if TYPE_CHECKING:
    from hub.core.booking import Item

NOBODY = 4_000_000
KNOWN = 1000


async def ask(bench: Bench, function: str, items: list[Item]) -> Any:
    """Call one of the judging functions; an array comes as text."""
    await bench.ledger._open_missing(items)
    rows = [bench.ledger._row(item) for item in items]
    return await bench.ledger._connection.fetchval(
        f"SELECT {function}($1, $2::booking_item[])::text", EVENT, rows
    )


def words(wallet: int) -> list[Item]:
    """Everything that can be said first of an order, about one wallet."""
    odd = completed(order(450, wallet), Path.STAND_IN)
    return [
        asked(order(450, wallet)),
        asked(order(450, wallet), DeclineReason.WRONG_PRICE),
        completed(order(450, wallet)),
        completed(order(450, wallet), Path.STAND_IN),
        completed(order(450, wallet), refusal=DeclineReason.FORGED_WRISTBAND),
        completed(order(450)),
        msgspec.structs.replace(odd, flags=(AdviceFlag.BAD_SIGNATURE,)),
        aborted(order(450, wallet)),
        credit_item(uuid4(), wallet, 500, "test"),
    ]


async def test_both_ways_judge_alike(database: str) -> None:
    async with AsyncExitStack() as stack:
        bench = await Bench.open(database, stack)
        good, blocked = await bench.wallet(1000), await bench.wallet(blocked=True)
        items = [*words(good), *words(blocked), *words(NOBODY)]
        random.Random(1).shuffle(items)

        assert await ask(bench, "is_fresh_batch_v1", items) == "true"
        short = await ask(bench, "judge_fresh_batch_v1", items)
        assert short == await ask(bench, "judge_batch_v1", items)


@pytest.mark.parametrize("known", ["asked", "advised", "canceled"])
async def test_a_batch_is_not_fresh_if_one_order_is_known(
    database: str, known: str
) -> None:
    async with AsyncExitStack() as stack:
        bench = await Bench.open(database, stack)
        wallet = await bench.wallet(1000)
        sale = order(450, wallet)
        items = [asked(order(100, wallet)), asked(sale)]
        assert await ask(bench, "is_fresh_batch_v1", items) == "true"
        match known:
            case "asked":
                await bench.book(asked(sale))
            case "advised":
                await bench.book(completed(sale))
            case _:
                items[1] = asked(order(-450, wallet, cancels=sale.id))
        assert await ask(bench, "is_fresh_batch_v1", items) == "false"


async def test_a_batch_reads_no_table_whole_although_planned_when_empty(
    database: str,
) -> None:
    async with AsyncExitStack() as stack:
        bench = await Bench.open(database, stack)
        wallet = await bench.wallet(100_000)
        # Each kind of batch is planned now, while there is nothing to read.
        for _ in range(6):
            sale = order(1, wallet)
            await bench.book(asked(sale))
            await bench.book(completed(sale))
        await bench.book(*(asked(order(1, wallet)) for _ in range(KNOWN)))
        sale = order(1, wallet)
        for item in (asked(sale), completed(sale)):
            assert await _rows_read(bench, item) < KNOWN / 10


async def _rows_read(bench: Bench, item: Item) -> int:
    connection = bench.ledger._connection
    async with connection.transaction():
        await bench.ledger.book([item])
        rows = await connection.fetchval(
            "SELECT sum(seq_tup_read + coalesce(idx_tup_fetch, 0))::bigint"
            " FROM pg_stat_xact_user_tables WHERE relname IN"
            " ('attempt', 'verdict', 'outcome', 'entry', 'posting')"
        )
    return int(rows)
