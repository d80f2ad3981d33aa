"""What tills reported as sold, counted: the ledger has posted just that."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest_asyncio

from contract.order import Outcome, make_line
from hub.core.statistics import OrderSum
from hub.service.events import revoke_till
from hub.service.statistics import Wanted, count
from tests.hub import samples
from tests.hub.service.shop import (
    BAR,
    BEER,
    OTHER,
    PRETZEL,
    Shop,
    a_sale,
    canceling,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from hub.core.statistics import Statistics
    from tests.hub.hubs import Parts

NUMBER = samples.EVENT.number
ZONE = ZoneInfo("Europe/Berlin")
HOUR = timedelta(hours=1)


@pytest_asyncio.fixture
async def shop(parts: Parts) -> AsyncIterator[Shop]:
    yield await Shop(parts).open()


async def counted(shop: Shop, **wanted: object) -> Statistics:
    return await count(
        shop.parts.store,
        NUMBER,
        Wanted(ZONE, **wanted),  # type: ignore[arg-type]
    )


async def test_the_statistics_are_what_the_ledger_has(shop: Shop) -> None:
    wallet = await shop.band(5000)
    sale = a_sale(wallet, make_line(BEER, 3), make_line(PRETZEL, 2))
    await shop.booked(sale)
    await shop.advise(sale)
    await shop.advise(canceling(sale, (2,)))
    await shop.advise(a_sale(None, make_line(PRETZEL, 1), till=OTHER))

    statistics = await counted(shop)
    revenue = sum(
        [await shop.posted(role, code) for role in ("revenue", "tax") for code in "12"]
    )
    assert statistics.all_sold == OrderSum(2, 1, revenue, revenue)
    assert revenue == 3 * 450 + 220


async def test_only_what_tills_completed_counts(shop: Shop) -> None:
    wallet = await shop.band(5000)
    asked = a_sale(wallet, make_line(BEER, 1))
    await shop.booked(asked)
    given_up = a_sale(None, make_line(BEER, 2))
    await shop.advise(given_up, outcome=Outcome.ABORTED)
    await revoke_till(shop.parts.store, NUMBER, OTHER)
    await shop.parts.context.refresh()
    await shop.advise(a_sale(None, make_line(BEER, 4), till=OTHER))  # is set aside

    assert (await counted(shop)).all_sold == OrderSum()
    await shop.advise(asked)
    assert (await counted(shop)).all_sold == OrderSum(1, 0, 450, 450)


async def test_a_till_and_a_time_are_chosen(shop: Shop) -> None:
    beer, later = make_line(BEER, 1), samples.NOW + 2 * HOUR
    await shop.advise(a_sale(None, beer))
    await shop.advise(a_sale(None, beer, till=OTHER))
    await shop.advise(a_sale(None, beer), decided_at=later)

    assert (await counted(shop)).all_sold.orders == 3
    assert (await counted(shop, till=BAR)).all_sold.orders == 2
    assert (await counted(shop, since=later)).all_sold.orders == 1
    assert (await counted(shop, until=later)).all_sold.orders == 2
    assert (await counted(shop, since=later + HOUR)).all_sold.orders == 0
    hours = {at.hour for at in (await counted(shop, till=BAR)).orders}
    assert {hour.tzinfo for hour in hours} == {ZONE}
    assert len(hours) == 2
