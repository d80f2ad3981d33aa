from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from hub.core.bills.errors import NotAllowed
from hub.service.slips import Slips
from hub.service.transfers import Transfers
from tests.hub.service.bank_desk import EVENT, add_bill, run, steps

if TYPE_CHECKING:
    from hub.store.store import Store


def slips_of(store: Store) -> Slips:
    return Slips(store, EVENT, Transfers(store))


async def charge_for_slips(store: Store) -> None:
    await run(
        store,
        "INSERT INTO competition_method (competition, method, fixed_minor) "
        "SELECT id, 'slip', 200 FROM competition",
    )


async def test_staff_see_what_is_to_be_posted_first(store: Store) -> None:
    first = await add_bill(store, locked_to="slip")
    second = await add_bill(store, 1, locked_to="slip", payer="Otto Anders")
    await add_bill(store, 2)
    slips = slips_of(store)

    assert await slips.mark_sent(first, "ann")

    assert [each.reference for each in await slips.all()] == [second, first]
    (waiting, sent) = await slips.all()
    assert (waiting.sent_at, waiting.payer_name) == (None, "Otto Anders")
    assert (waiting.street, waiting.town) == ("Marktgasse 28", "CH-9400 Rorschach")
    assert sent.sent_by == "ann"


async def test_each_posted_slip_costs_its_fee_once(store: Store) -> None:
    bill = await add_bill(store, locked_to="slip")
    await charge_for_slips(store)
    slips = slips_of(store)

    said = await asyncio.gather(*(slips.mark_sent(bill, "ann") for _ in range(3)))

    assert sorted(said) == [False, False, True]
    assert await steps(store, bill) == ["fee"]


async def test_a_slip_can_be_taken_back_until_it_is_posted(store: Store) -> None:
    bill, other = [await add_bill(store, at, locked_to="slip") for at in range(2)]
    slips = slips_of(store)
    await slips.mark_sent(bill, "ann")

    with pytest.raises(NotAllowed, match="was posted"):
        await slips.unlock(bill)
    await slips.unlock(other)

    assert [each.reference for each in await slips.all()] == [bill]
    with pytest.raises(NotAllowed, match="not paid by slip"):
        await slips.mark_sent(other, "ann")
    with pytest.raises(NotAllowed, match="no bill"):
        await slips.mark_sent("0" * 27, "ann")
