from __future__ import annotations

import asyncio
import gzip
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from contract.messages import (
    OrderBooked,
    OrderRequest,
    WalletChange,
    WalletChanges,
    decode_from_till,
    encode,
)
from contract.topics import MESSAGE_BYTES_MAX
from contract.wallets import decode_snapshot
from hub.service import wallet_news
from hub.service.wallet_news import WalletNews
from hub.service.wallet_snapshot import WalletSnapshots
from hub.store.store import Store
from tests.hub.hubs import request, until
from tests.hub.samples import EVENT, TILL, order

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from hub.service.context import ContextKeeper
    from tests.hub.hubs import Parts

ALLOWANCE = EVENT.stand_in.allowance_minor


@pytest.fixture(autouse=True)
def without_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wallet_news, "INTERVAL_S", 0)


@asynccontextmanager
async def hearing(news: WalletNews) -> AsyncIterator[list[WalletChanges]]:
    """What a connected till hears of wallets."""
    heard: list[WalletChanges] = []

    def tell(message: WalletChanges) -> bool:
        heard.append(message)
        return True

    task = asyncio.create_task(news.run(tell))
    try:
        yield heard
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_a_till_hears_all_it_may_know_of_a_wallet(parts: Parts) -> None:
    async with hearing(parts.news) as heard:
        rich = await parts.wallet(ALLOWANCE + 5000)
        poor = await parts.wallet(100, 2)
        await parts.wristbands.block(poor)
        await until(lambda: any(each.blocked for each in latest(heard).values()))

        assert latest(heard)[rich].available_minor == ALLOWANCE
        assert latest(heard)[poor].available_minor == 100


def latest(heard: list[WalletChanges]) -> dict[int, WalletChange]:
    return {each.wallet: each for message in heard for each in message.changes}


async def test_numbers_have_no_gap_but_where_another_hub_takes_over(
    parts: Parts, store: Store, context: ContextKeeper
) -> None:
    async with hearing(parts.news) as heard:
        for number in range(3):
            before = len(heard)
            await parts.wallet(100, number)
            await until(partial(longer, heard, before))
    first = [each.number for each in heard]
    successor = WalletNews(store, context, parts.booking, parts.orders)
    async with hearing(successor) as heard_next:
        await until(lambda: heard_next)

    assert first == list(range(first[0], first[0] + len(first)))
    assert heard_next[0].number == first[-1] + 2, "tills must see that news was lost"


def longer(heard: list[WalletChanges], before: int) -> bool:
    return len(heard) > before


async def test_news_that_nobody_heard_is_told_again(parts: Parts) -> None:
    heard: list[WalletChanges] = []
    serial = await parts.wallet(100)

    def tell(message: WalletChanges) -> bool:
        heard.append(message)
        return len(heard) > 1

    task = asyncio.create_task(parts.news.run(tell))
    await until(lambda: len(heard) > 1)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)

    assert [change.wallet for change in heard[1].changes] == [serial]


async def test_the_fullest_message_is_within_the_limit(parts: Parts) -> None:
    change = WalletChange(
        wallet=2**32 - 1,
        available_minor=9_999_999,
        blocked=True,
        vouchers=999_999,
        variant=255,
        swapped=True,
    )
    message = WalletChanges(
        id=uuid4(),
        number=2**53,
        anchor=parts.orders.anchor(),
        changes=(change,) * wallet_news.CHANGES_MAX,
    )

    assert len(encode(message)) < MESSAGE_BYTES_MAX


async def test_a_snapshot_says_the_same_as_the_news(
    parts: Parts, store: Store, context: ContextKeeper
) -> None:
    async with hearing(parts.news) as heard:
        wallets = [await parts.wallet(1000 * each, each) for each in range(1, 4)]
        await parts.wristbands.block(wallets[0])
        await until(lambda: any(each.blocked for each in latest(heard).values()))
        await until(lambda: len(latest(heard)) == len(wallets))
        number = heard[-1].number
    made = await WalletSnapshots(store, context).snapshot()

    snapshot = decode_snapshot(made.data)
    assert gzip.decompress(made.packed) == made.data
    assert {each.wallet: each for each in snapshot.changes()} == latest(heard)
    assert snapshot.number == number
    assert snapshot.anchor == parts.orders.anchor()


async def test_a_snapshot_is_made_once_per_news(
    parts: Parts, store: Store, context: ContextKeeper
) -> None:
    snapshots = WalletSnapshots(store, context)
    first = await snapshots.snapshot()
    await parts.wallet(500)
    same = await snapshots.snapshot()
    async with hearing(parts.news) as heard:
        await until(lambda: heard)
    other = await snapshots.snapshot()

    assert same is first, "what changed since is yet to be told"
    assert other is not first
    assert len(decode_snapshot(other.data).wallets) == 1


async def test_an_event_without_wristbands_has_an_empty_snapshot(
    store: Store, context: ContextKeeper
) -> None:
    snapshot = decode_snapshot((await WalletSnapshots(store, context).snapshot()).data)

    assert snapshot.wallets == ()
    assert snapshot.event == EVENT.slug


async def test_no_order_reads_the_context_again(
    parts: Parts, context: ContextKeeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    wallet = await parts.wallet(1000)
    read = count_statements(monkeypatch)

    async def buy() -> bool:
        message = decode_from_till(request(order(1, wallet)))
        assert isinstance(message, OrderRequest)
        return isinstance(await parts.orders.request(message, TILL), OrderBooked)

    assert await buy()
    first = list(read)
    read.clear()
    assert all(await asyncio.gather(*(buy() for _ in range(50))))

    assert set(first) & CONTEXT == set()
    assert read == [], "whatever an order needs is known since the first"
    context.invalidate()
    task = asyncio.create_task(context.run())
    await until(lambda: set(read) >= CONTEXT)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


CONTEXT = {"event_by_slug", "catalogues", "tills", "token_keys"}


def count_statements(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every query by name, apart from the batches themselves, as it is asked."""
    read: list[str] = []
    for name in ("fetch", "fetch_row", "fetch_value"):
        plain = getattr(Store, name)

        async def fetch(
            self: Store, query: str, *values: object, plain: Any = plain
        ) -> object:
            read.append(query)
            return await plain(self, query, *values)

        monkeypatch.setattr(Store, name, fetch)
    return read
