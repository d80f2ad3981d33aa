"""Limits, as the database itself sees them: it trusts no writer's word on them."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import TYPE_CHECKING
from uuid import uuid4

import asyncpg
import msgspec
import pytest
import pytest_asyncio

from contract.catalogue import Product, ProductKind
from contract.messages import EventLimits
from contract.order import make_line, sum_taxes
from hub.core import limits
from hub.core.booking import credit_item
from hub.service.events import set_limits
from hub.store.errors import BookingRefused
from hub.store.ledger import Ledger
from tests.hub import samples
from tests.hub.samples import order
from tests.hub.store.ledgers import EVENT, Bench, asked, completed, told

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from hub.core.booking import Item

BOOKED = ("booked", None, ())


@pytest_asyncio.fixture
async def bench(database: str) -> AsyncIterator[Bench]:
    async with AsyncExitStack() as stack:
        opened = await Bench.open(database, stack)
        yield opened
        report = await opened.verify()
        assert report.ok, report.findings


def careless(monkeypatch: pytest.MonkeyPatch) -> None:
    """A writer that has forgotten every limit."""
    monkeypatch.setattr(limits, "shortage", lambda *_: None)


async def refused(bench: Bench, item: Item) -> str:
    """Book what the database refuses; what it says."""
    bench.ledger.forget()
    with pytest.raises(BookingRefused) as error:
        await bench.book(item)
    return str(error.value)


async def test_only_what_is_done_already_overdraws_a_wallet(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    careless(monkeypatch)
    wallet, other = await bench.wallet(500), await bench.wallet(500)

    said = await refused(bench, asked(order(501, wallet)))
    assert "passed by what was only asked for" in said
    # Somebody else's advice in the same batch is no excuse.
    bench.ledger.forget()
    with pytest.raises(BookingRefused, match="only asked for"):
        await bench.book(asked(order(501, wallet)), completed(order(600, other)))
    assert await bench.balance(wallet) == (500, 0)

    await bench.book(completed(order(501, wallet)))
    await bench.book(asked(order(0, wallet)))  # overdrawn no further
    assert await bench.balance(wallet) == (-1, 1)
    assert "only asked for" in await refused(bench, asked(order(1, wallet)))


async def test_who_was_slower_than_another_writer_passes_no_limit(bench: Bench) -> None:
    wallet = await bench.wallet(500)
    slow = await Ledger.beside(bench.store, EVENT)
    await slow.book([completed(order(600, wallet))])  # so far it is overdrawn
    await bench.book(credit_item(uuid4(), wallet, 300, "test"))

    booked = await slow.book([asked(order(-50, wallet))])

    await slow.close()
    assert [told(each) for each in booked.results] == [BOOKED]
    assert await bench.balance(wallet) == (250, 0)


async def test_only_what_is_done_already_passes_the_limits_of_what_is_held(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    careless(monkeypatch)
    wallet = await bench.wallet(900)
    sums = EventLimits(max_balance_minor=1000, event_cap_minor=5000)
    await set_limits(bench.store, EVENT, sums)

    assert "limit of wallet" in await refused(bench, asked(order(-101, wallet)))
    sums = EventLimits(max_balance_minor=5000, event_cap_minor=1000)
    await set_limits(bench.store, EVENT, sums)
    assert "limit of the event" in await refused(bench, asked(order(-101, wallet)))

    bench.ledger.forget()
    await bench.book(asked(order(-100, wallet)))
    await bench.book(completed(order(-100, wallet)))
    await bench.book(credit_item(uuid4(), wallet, 100, "test"))
    assert await bench.balance(wallet) == (1200, 0)


async def test_a_limit_raised_while_a_batch_is_on_its_way_leaves_nothing_above_it(
    bench: Bench,
) -> None:
    """Verify would else report an honest ledger, for as long as nobody buys."""
    wallet = await bench.wallet(900)
    low = EventLimits(max_balance_minor=1000, event_cap_minor=1000)
    await set_limits(bench.store, EVENT, low)
    bench.ledger.forget()
    await bench.book(completed(order(-300, wallet)))
    assert await above(bench) == (200, 200)

    for limit in (5000, None):
        high = EventLimits(max_balance_minor=limit, event_cap_minor=limit)
        await set_limits(bench.store, EVENT, high)  # the writer has not heard of it
        await bench.book(completed(order(-100, wallet)))
        assert await above(bench) == (0, 0)
        assert (await bench.verify()).ok

    bench.ledger.forget()
    await bench.book(completed(order(-100, wallet)))
    await set_limits(bench.store, EVENT, low)
    with pytest.raises(BookingRefused, match="never_above_excess"):
        await bench.book(completed(order(-100, wallet)))
    await bench.book(completed(order(-100, wallet)))  # by what it has read again
    assert await above(bench) == (600, 600)


async def above(bench: Bench) -> tuple[int, int]:
    """What the one wallet holds above its limit, and all above the event's."""
    owner = await asyncpg.connect(bench.dsn)
    row = await owner.fetchrow(
        "SELECT w.excess_minor AS own, g.excess_minor AS together"
        " FROM wallet AS w JOIN guests_money AS g USING (event)"
    )
    await owner.close()
    return row["own"], row["together"]


async def test_deposits_are_given_back_above_all_limits(bench: Bench) -> None:
    wallet = await bench.wallet(900)
    sums = EventLimits(max_balance_minor=1000, event_cap_minor=1000)
    await set_limits(bench.store, EVENT, sums)
    bench.ledger.forget()
    cup = Product(
        id=4,
        name="Cup",
        label="Cup",
        price_minor=200,
        tax_code=1,
        group=1,
        kind=ProductKind.DEPOSIT,
    )
    lines = (make_line(cup, -2),)
    taxes = sum_taxes(lines, samples.CATALOGUE.tax_rates())
    back = msgspec.structs.replace(order(-400, wallet), lines=lines, taxes=taxes)

    assert told(*await bench.book(asked(back))) == BOOKED
    assert await bench.balance(wallet) == (1300, 0)


async def test_the_wallets_gain_together_what_each_of_them_gains(bench: Bench) -> None:
    wallet = await bench.wallet(900)
    draft = await bench.ledger.ready([item := asked(order(100, wallet))])
    draft.take(item)
    draft.close()
    draft.held += 1

    with pytest.raises(BookingRefused, match="gain together"):
        await bench.ledger.write(draft)
