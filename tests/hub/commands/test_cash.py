"""Where the cash is, as the operator reads it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest_asyncio

from contract.order import CashMove, OrderKind
from tests.hub import samples
from tests.hub.acts import BAG, cash, register, shift_start
from tests.hub.hubs import running_parts
from tests.hub.people import advise
from tests.hub.samples import order

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from hub.service.context import ContextKeeper
    from hub.store.store import Store
    from tests.hub.commands.conftest import Office
    from tests.hub.hubs import Parts


@pytest_asyncio.fixture
async def parts(store: Store, context: ContextKeeper) -> AsyncIterator[Parts]:
    async with running_parts(store, context) as running:
        yield running


async def test_each_place_is_named_with_its_cash_and_its_holder(
    parts: Parts, new_hub: Office
) -> None:
    await advise(parts, shift_start(150_00, "ann", z_number=4))
    await advise(parts, order(4_50))
    move = CashMove(source=register(), target=BAG, amount_minor=40_00)
    await advise(parts, cash(OrderKind.CASH_MOVEMENT, move))

    said = await asyncio.to_thread(new_hub, "cash")

    assert said.code == 0
    assert sorted(said.out.splitlines()[1:-1]) == [
        "bag       bag-1  40.00 EUR",
        "register  bar-1  114.50 EUR   ann      bar-1, Z 4",
        "vault     main   -150.00 EUR",
    ]
    assert said.out.splitlines()[-1] == "All: 4.50 EUR"
    figures = await asyncio.to_thread(new_hub.figures, "cash")
    [drawer] = [each for each in figures["places"] if each["place"] == "register"]
    assert drawer == {
        "place": "register",
        "key": samples.TILL,
        "held_minor": 114_50,
        "holder": "ann",
        "till": samples.TILL,
        "z_number": 4,
    }
    assert "sums" not in figures


async def test_a_register_s_z_number_is_that_of_the_till_it_was_handed_over_at(
    parts: Parts, new_hub: Office
) -> None:
    await advise(parts, shift_start(150_00, "ann", z_number=4))
    elsewhere = {"till": samples.TILLS[1], "register": samples.TILL, "z_number": 9}
    await advise(parts, shift_start(50_00, "ben", **elsewhere))

    said = await asyncio.to_thread(new_hub, "cash")

    assert "register  bar-1  200.00 EUR   ben      bar-2, Z 9" in said.out


async def test_all_money_adds_up_to_nothing(parts: Parts, new_hub: Office) -> None:
    await parts.wallet(20_00)
    await advise(parts, shift_start(150_00, "ann"))
    await advise(parts, order(4_50))

    said = await asyncio.to_thread(new_hub, "cash", "--overview")
    assert said.code == 0
    assert "\nwallet             20.00\n" in said.out
    assert "\ncash_register      -154.50\n" in said.out
    assert said.out.endswith("It adds up to nothing, as it should.\n")
    figures = await asyncio.to_thread(new_hub.figures, "cash", "--overview")
    assert figures["imbalance"] == 0
    assert sum(each["minor"] for each in figures["sums"]) == 0


def test_where_no_cash_is_it_says_so(hub: Office) -> None:
    assert hub("cash").out == "No cash was ever moved or taken.\n"
