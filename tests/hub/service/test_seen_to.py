from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
import pytest_asyncio

from contract.messages import AdviceFlag
from contract.money import Currency, Money
from contract.order import make_line
from hub.core.bills.errors import NotAllowed
from hub.service.bill_booker import BillBooker
from hub.service.bill_office import BillOffice
from hub.service.flagged_orders import FlaggedOrders, Wanted
from hub.service.seen import NOTE_MAX
from hub.service.seen_to import SeenTo
from tests.hub.service.billing import EVENT, Fair, look
from tests.hub.service.shop import BAR, BEER, OTHER, Shop, a_sale
from tests.hub.service.test_bill_booker import topped_up

if TYPE_CHECKING:
    from uuid import UUID

    from hub.store.store import Store
    from tests.hub.hubs import Parts

STALE = AdviceFlag.SUPERSEDED_CATALOGUE


@pytest_asyncio.fixture
async def shop(parts: Parts) -> Shop:
    return await Shop(parts).open()


@pytest.fixture
def seen_to(store: Store) -> SeenTo:
    return SeenTo(store, EVENT)


async def sold(shop: Shop, till: str) -> UUID:
    """Sell by prices that were superseded."""
    sale = a_sale(None, make_line(BEER, 1), catalogue=1, till=till)
    assert STALE in await shop.advise(sale)
    return sale.id


async def test_what_was_seen_to_leaves_the_list_and_stays_to_be_found(
    shop: Shop, seen_to: SeenTo
) -> None:
    order = await sold(shop, BAR)
    flagged = FlaggedOrders(shop.parts.store, EVENT)
    [waiting] = await flagged.listed(Wanted())

    digest = waiting.place.digest
    await seen_to.flagged_order(order, digest, by="fay", note=" Old prices. ")

    assert await flagged.listed(Wanted()) == ()
    [found] = await flagged.listed(Wanted(STALE, BAR, seen=True))
    assert found.order.id == order
    assert found.seen is not None
    assert (found.seen.by, found.seen.note) == ("fay", "Old prices.")
    assert found.seen.at >= found.booked_at
    with pytest.raises(NotAllowed, match="Somebody else has seen to this"):
        await seen_to.flagged_order(order, digest, by="ben", note="me too")


async def test_all_of_a_kind_are_seen_to_at_once_but_what_came_meanwhile(
    shop: Shop, seen_to: SeenTo
) -> None:
    flagged = FlaggedOrders(shop.parts.store, EVENT)
    await sold(shop, OTHER)
    for _ in range(3):
        await sold(shop, BAR)
    here = Wanted(STALE, BAR)
    newest, *_ = await flagged.listed(here)
    later = await sold(shop, BAR)

    assert await seen_to.flagged_orders(here, newest.place, by="fay", note="-") == 3

    assert [each.order.id for each in await flagged.listed(here)] == [later]
    assert (await flagged.counted(Wanted(STALE, OTHER))).all == 1
    assert (await flagged.counted(Wanted(seen=True))).all == 3
    with pytest.raises(NotAllowed, match="Somebody else"):
        await seen_to.flagged_orders(here, newest.place, by="fay", note="-")


async def test_a_note_is_wanted(seen_to: SeenTo) -> None:
    for note, words in (
        ("  ", "Say in a few words"),
        ("\x00", "Say in a few words"),
        ("x" * (NOTE_MAX + 1), "up to 500"),
    ):
        with pytest.raises(NotAllowed, match=words):
            await seen_to.refused_step(uuid4(), by="fay", note=note)


async def test_nobody_sees_to_what_nobody_refused(seen_to: SeenTo) -> None:
    with pytest.raises(NotAllowed):
        await seen_to.refused_step(uuid4(), by="fay", note="gone")
    with pytest.raises(NotAllowed):
        await seen_to.flagged_order(uuid4(), b"", by="fay", note="gone")


async def test_a_refused_step_is_seen_to_and_not_handed_in_again(
    store: Store, parts: Parts, seen_to: SeenTo, caplog: pytest.LogCaptureFixture
) -> None:
    fair = await Fair.open(store)
    wallet = await parts.wallet(0)
    attempt = await topped_up(fair, wallet, 2500)
    await fair.run("UPDATE bill_line SET wallet = 4000000 WHERE wallet = $1", wallet)
    await fair.say(attempt)
    booker, office = BillBooker(store, parts.booking, EVENT), BillOffice(store, EVENT)
    await booker.book()
    [refused] = await office.refused()
    assert refused.amount == Money(2500, Currency.EUR)
    assert refused.step == "release"

    await seen_to.refused_step(refused.order, by="fay", note="Given back in cash.")

    assert await office.refused() == ()
    [found] = await office.refused(seen=True)
    assert (found.order, found.number) == (refused.order, refused.number)
    assert found.seen is not None
    assert (found.seen.by, found.seen.note) == ("fay", "Given back in cash.")
    assert await office.refused(seen=True, before=found.number) == ()
    with pytest.raises(NotAllowed):
        await seen_to.refused_step(refused.order, by="ben", note="again")
    report = await look(parts)
    assert any("(seen to by fay on 20" in each.text for each in report.findings)
    caplog.clear()
    await booker.book()
    assert "does not book" not in caplog.text
