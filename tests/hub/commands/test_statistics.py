"""What was sold, as the operator reads it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest_asyncio

from contract.order import make_line
from tests.hub import samples
from tests.hub.hubs import running_parts
from tests.hub.service.shop import BAR, BEER, OTHER, Shop, a_grant, a_sale, canceling

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from hub.service.context import ContextKeeper
    from hub.store.store import Store
    from tests.hub.commands.conftest import Office


@pytest_asyncio.fixture
async def shop(store: Store, context: ContextKeeper) -> AsyncIterator[Shop]:
    async with running_parts(store, context) as parts:
        yield await Shop(parts).open()


async def test_what_was_sold_is_told_by_till_hour_and_product(
    shop: Shop, new_hub: Office
) -> None:
    sale = a_sale(None, make_line(BEER, 3))
    await shop.advise(sale)
    await shop.advise(canceling(sale))
    await shop.advise(a_sale(None, make_line(BEER, 2)))

    said = await asyncio.to_thread(new_hub, "statistics")
    assert said.code == 0
    blocks = said.out.split("\n\n")
    assert blocks[0] == (
        "Sold for 9.00 EUR, tax included, deposits not. Orders: 2, cancellations: 1."
    )
    assert blocks[1].splitlines()[1:] == [
        "bar-1  2       0         22.50",
        "bar-2  0       1         -13.50",
    ]
    assert blocks[3].splitlines()[1:] == ["Beer     5     3         9.00"]
    assert blocks[4].splitlines()[1:] == ["sale  cash     2       1         9.00"]

    figures = await asyncio.to_thread(new_hub.figures, "statistics", "--till", OTHER)
    assert figures["revenue_minor"] == -1350
    (row,) = figures["sold"]
    assert (row["till"], row["name"], row["quantity"]) == (OTHER, BEER.name, 0)
    assert (row["canceled"], row["amount_minor"]) == (3, -1350)
    assert row["hour"][:13] == figures["orders"][0]["hour"][:13]


async def test_what_was_given_away_is_told_by_who_granted_it(
    shop: Shop, new_hub: Office
) -> None:
    wallet = await shop.band()
    await shop.booked(given := a_grant(wallet, 3, granted_by="lead-1"))
    await shop.advise(given)

    said = await asyncio.to_thread(new_hub, "statistics")
    assert said.out.split("\n\n")[-1].splitlines() == [
        "granted by  free tickets  worth  vouchers  canceled",
        "lead-1      0             0.00   3         0",
    ]
    figures = await asyncio.to_thread(new_hub.figures, "statistics")
    assert figures["granted"] == [
        {
            "by": "lead-1",
            "orders": 1,
            "canceled": 0,
            "free_tickets": 0,
            "worth_minor": 0,
            "vouchers": 3,
        }
    ]


async def test_a_time_without_sales_is_said(shop: Shop, new_hub: Office) -> None:
    await shop.advise(a_sale(None, make_line(BEER, 1)))
    long_ago = ("statistics", "--until", "2001-01-01T06:00")

    said = await asyncio.to_thread(new_hub, *long_ago)
    assert said.out == "No till has reported any order of that time yet.\n"
    assert samples.NOW.year > 2001
    since = ("statistics", "--from", "2001-01-01T06:00", "--till", BAR)
    assert (await asyncio.to_thread(new_hub.figures, *since))["revenue_minor"] == 450


def test_a_time_that_ends_before_it_begins_is_told(new_hub: Office) -> None:
    since, until = "2026-06-02T06:00", "2026-06-01"
    said = new_hub("statistics", "--from", since, "--until", until)
    assert (said.code, said.out) == (2, "")
    assert said.errors == (
        "The period ends before it begins. Exchange --from and --until.\n"
    )


def test_a_till_that_nobody_registered_is_refused(hub: Office) -> None:
    said = hub("statistics", "--till", "bar-77")
    assert said.code == 1
    assert said.errors == ("No till is named bar-77. See 'kassenband-hub till list'.\n")
