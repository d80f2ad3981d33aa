from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest_asyncio

from contract.order import Outcome, Path, make_line
from hub.service import flagged_orders
from hub.web import flag_pages
from tests.hub.hubs import running_parts
from tests.hub.service.shop import BAR, BEER, OTHER, Shop, a_sale
from tests.hub.web.bank_office import open_office

if TYPE_CHECKING:
    import pytest

    from contract.order import Order
    from hub.service.context import ContextKeeper
    from hub.store.store import Store
    from tests.hub.web.bank_office import Staff


@pytest_asyncio.fixture
async def stale(store: Store, context: ContextKeeper) -> list[Order]:
    """Three sales by old prices, two of them at the bar; one that is a loss, too."""
    async with running_parts(store, context) as parts:
        shop = await Shop(parts).open()
        wallet = await shop.band(300)
        sold = [
            a_sale(None, make_line(BEER, 1), catalogue=1, sequence=number, till=till)
            for number, till in enumerate((BAR, OTHER, BAR), start=1)
        ]
        for each in sold:
            await shop.advise(each)
        lossy = a_sale(wallet, make_line(BEER, 1), till=OTHER, sequence=7)
        basis = parts.booking.position[0]
        await shop.advise(lossy, Path.STAND_IN, basis_batch=basis)
        aborted = a_sale(None, make_line(BEER, 1), till=OTHER, sequence=8)
        await shop.advise(aborted, outcome=Outcome.ABORTED)
    return [*sold, lossy]


def fields_of(page: str, number: int = 0) -> dict[str, str]:
    """The hidden fields of one of the page's forms to tick off."""
    forms = re.findall(r'<form[^>]*action="/flags/seen[^>]*>(.*?)</form>', page, re.S)
    hidden = re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', forms[number])
    return {name: value for name, value in hidden if name != "csrf_token"}


async def tick_off(staff: Staff, note: str, number: int = 0) -> str:
    form = fields_of(staff.page.text, number)
    return (await staff.send("/flags/seen", **form, note=note)).text


async def test_staff_see_what_was_odd_and_what_to_do_and_tick_it_off(
    store: Store, context: ContextKeeper, stale: list[Order]
) -> None:
    lossy = stale[-1]
    async with open_office(store, context, "fay", language="de") as (fay,):
        assert "4 auffällige Vorgänge" in await fay.open("/")
        page = await fay.open("/flags")
        assert "Verlust bei stummem Hub." in page
        assert "Davon sind 1,50\N{NO-BREAK SPACE}€ verloren." in page
        assert "Der Rest ist als Verlust der Veranstaltung gebucht." in page
        assert "Nr. 7, Z 1" in page
        assert f'/receipts/{lossy.id}"' in page
        assert page.index("Verlust bei stummem Hub.</strong>") < page.index(
            "Zu alten Preisen verkauft.</strong>"
        )

        page = await tick_off(fay, "Kasse war ohne Netz.")
        assert "3 Vorgänge:" in page
        assert str(lossy.id) not in page
        assert "3 auffällige Vorgänge" in await fay.open("/")

        page = await fay.open("/flags?show=seen")
        assert str(lossy.id) in page
        assert re.search(r"Abgehakt von fay, .+: Kasse war ohne Netz\.", page)
        assert "/flags/seen" not in page


async def test_the_list_is_narrowed_down_and_ticked_off_as_a_whole(
    store: Store, context: ContextKeeper, stale: list[Order]
) -> None:
    async with open_office(store, context, "fay") as (fay,):
        assert "Tick off all" not in await fay.open("/flags")
        page = await fay.open(f"/flags?kind=superseded_catalogue&till={BAR}")
        assert "Tick off all 2" in page
        assert str(stale[1].id) not in page
        page = await tick_off(fay, "New prices at ten.")
        assert "Nothing odd waits here." in page
        assert "2 flagged orders" in await fay.open("/")
        assert "2 orders:" in await fay.open("/flags?show=seen")
        assert str(stale[1].id) in await fay.open("/flags?kind=superseded_catalogue")
        # What nobody has asks for nothing.
        assert "2 orders:" in await fay.open("/flags?kind=x&before=y-z&show=w")
        assert "Nothing odd" in await fay.open("/flags?before=0-00")


async def test_who_is_second_or_says_nothing_is_told(
    store: Store, context: ContextKeeper, stale: list[Order]
) -> None:
    del stale
    async with open_office(store, context, "fay", "ben", language="de") as (fay, ben):
        for each in (fay, ben):
            await each.open("/flags?kind=stand_in_loss")
        page = await tick_off(fay, " ")
        assert fay.page.status_code == 409
        assert "Sagen Sie in ein paar Worten, was unternommen wurde." in page
        await tick_off(ben, "seen")
        assert ben.page.status_code == 200
        await fay.open("/flags")
        form = {"order": "no id", "digest": "no hex", "note": "seen"}
        refused = await fay.send("/flags/seen", **form)
        assert refused.status_code == 409
        assert "Darum hat sich schon jemand gekümmert." in refused.text


async def test_a_long_list_has_pages(
    store: Store,
    context: ContextKeeper,
    stale: list[Order],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(flagged_orders, "ORDERS_PER_PAGE", 3)
    monkeypatch.setattr(flag_pages, "ORDERS_PER_PAGE", 3)
    async with open_office(store, context, "fay") as (fay,):
        page = await fay.open("/flags")
        assert str(stale[0].id) not in page
        [older] = re.findall(r'href="(/flags\?before=[^"]+)"', page)
        page = await fay.open(older)
        assert str(stale[0].id) in page
        assert "Newest orders" in page
        assert "Older orders" not in page
        # Whoever ticks off there stays there.
        page = await tick_off(fay, "seen")
        assert "Newest orders" in page
        assert str(stale[0].id) not in page
