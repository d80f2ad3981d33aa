from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from contract.messages import AdviceFlag
from contract.money import Money
from contract.order import (
    LineRole,
    Order,
    OrderKind,
    Outcome,
    Path,
    WristbandChange,
    make_line,
    plain_line,
)
from hub.service import flagged_orders
from hub.service.flagged_orders import FlaggedOrders, Wanted
from hub.service.seen_to import SeenTo
from tests.hub import samples
from tests.hub.service.shop import (
    BAR,
    BEER,
    DESK,
    OTHER,
    YOUTH,
    Shop,
    a_sale,
    an_order,
)

if TYPE_CHECKING:
    from tests.hub.hubs import Parts

EVENT = samples.EVENT.number


@pytest_asyncio.fixture
async def shop(parts: Parts) -> Shop:
    return await Shop(parts).open()


@pytest.fixture
def flagged(shop: Shop) -> FlaggedOrders:
    return FlaggedOrders(shop.parts.store, EVENT)


def stale(till: str = BAR) -> Order:
    """A sale by prices that were superseded."""
    return a_sale(None, make_line(BEER, 1), catalogue=1, till=till)


async def test_what_was_odd_is_listed_newest_first_with_what_it_cost(
    shop: Shop, flagged: FlaggedOrders
) -> None:
    wallet = await shop.band(300)
    await shop.advise(a_sale(None, make_line(BEER, 1)))  # nothing is odd about it
    first, lossy = stale(), a_sale(wallet, make_line(BEER, 1), till=OTHER)
    await shop.advise(first)
    await shop.advise(lossy, Path.STAND_IN, basis_batch=shop.parts.booking.position[0])

    newest, oldest = await flagged.listed(Wanted())
    assert (newest.order, newest.flags) == (lossy, (AdviceFlag.STAND_IN_LOSS,))
    assert (newest.lost, newest.seen) == (Money(150), None)
    assert (oldest.order, oldest.lost) == (first, Money(0))
    assert AdviceFlag.SUPERSEDED_CATALOGUE in oldest.flags
    assert oldest.has_receipt
    assert await flagged.listed(Wanted(AdviceFlag.STAND_IN_LOSS)) == (newest,)
    assert await flagged.listed(Wanted(till=BAR)) == (oldest,)
    assert await flagged.listed(Wanted(AdviceFlag.STAND_IN_LOSS, BAR)) == ()
    assert await FlaggedOrders(shop.parts.store, 99).listed(Wanted()) == ()
    counted = await flagged.counted(Wanted())
    assert counted.all == 2
    assert counted.by_flag[AdviceFlag.STAND_IN_LOSS] == 1
    assert (await flagged.counted(Wanted(till="nobody's"))).all == 0


async def test_a_second_word_of_a_till_is_listed_beside_the_first(
    shop: Shop, flagged: FlaggedOrders
) -> None:
    sale = stale()
    await shop.advise(sale)
    await shop.advise(sale, outcome=Outcome.ABORTED)

    second, first = await flagged.listed(Wanted(till=BAR))
    assert second.flags == (AdviceFlag.CONTRADICTS_ADVICE,)
    assert (second.order.id, second.outcome) == (first.order.id, Outcome.ABORTED)
    assert (first.has_receipt, second.has_receipt) == (True, False)
    # Whoever has seen to the first word has not seen the second one.
    await SeenTo(shop.parts.store, EVENT).flagged_order(
        sale.id, first.place.digest, by="fay", note="seen"
    )
    assert await flagged.listed(Wanted()) == (second,)


async def test_the_staffs_own_orders_have_no_receipt(
    shop: Shop, flagged: FlaggedOrders
) -> None:
    line = plain_line(LineRole.BILL, 4500, "Start fees")
    change = WristbandChange(wristband=await shop.band(), variant=YOUTH)
    for order in (
        an_order(OrderKind.BILL_PAYMENT, (line,), till=DESK, bill="1" * 27),
        an_order(
            OrderKind.ANNOTATE, (), None, catalogue=1, till=DESK, wristband=change
        ),
    ):
        await shop.advise(order)
    found = await flagged.listed(Wanted())
    assert {each.order.kind: each.has_receipt for each in found} == {
        OrderKind.BILL_PAYMENT: True,
        OrderKind.ANNOTATE: False,
    }


async def test_a_long_list_comes_in_pages(
    shop: Shop, flagged: FlaggedOrders, monkeypatch: pytest.MonkeyPatch
) -> None:
    sold = [stale() for _ in range(5)]
    for each in sold:
        await shop.advise(each)
    monkeypatch.setattr(flagged_orders, "ORDERS_PER_PAGE", 2)

    pages: list[int] = []
    seen, last = [], None
    while found := await flagged.listed(Wanted(), last):
        pages.append(len(found))
        seen += [each.order.id for each in found]
        last = found[-1].place
    assert pages == [2, 2, 1]
    assert seen == [each.id for each in reversed(sold)]
