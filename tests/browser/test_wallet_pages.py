"""A guest looks at a wristband and tops it up, as a phone's browser shows it."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from contract.order import make_line
from contract.token import PORTAL_PATH
from hub.service.bill_booker import BillBooker
from tests.browser.browsing import chromium, go_by, looked_at, opened
from tests.browser.portals import open_portal
from tests.hub import samples
from tests.hub.hubs import running_parts
from tests.hub.service.shop import BEER, Shop, a_grant, a_sale, a_top_up

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from playwright.async_api import Page

    from hub.service.context import ContextKeeper
    from hub.store.store import Store
    from tests.hub.hubs import Parts

EVENT = samples.EVENT.number

WORDS = {
    "en": {
        "balance": "€21.50",
        "top_up": "Top up",
        "preset": "€20.00",
        "pay": "Pay with PostFinance",
        "go_on": "Continue to PostFinance",
        "done": "The money is on your wristband",
        "back": "See my wristband",
        "more": "€41.50",
        "pay_out": "Get money back",
        "desk": "Why not online?",
        "mine": "← My wristband",
        "close": "Close on this phone",
        "closed": "Closed",
    },
    "de": {
        "balance": "21,50\N{NO-BREAK SPACE}€",
        "top_up": "Aufladen",
        "preset": "20,00\N{NO-BREAK SPACE}€",
        "pay": "Mit PostFinance zahlen",
        "go_on": "Weiter zu PostFinance",
        "done": "Das Geld ist auf Ihrem Armband",
        "back": "Zu meinem Armband",
        "more": "41,50\N{NO-BREAK SPACE}€",
        "pay_out": "Geld zurück",
        "desk": "Warum nicht online?",
        "mine": "← Mein Armband",
        "close": "Auf diesem Telefon schließen",
        "closed": "Geschlossen",
    },
}


@dataclass
class Site:
    """A portal on which a wristband can be topped up by a provider's page."""

    url: str
    parts: Parts
    shop: Shop
    tag: str
    """What the wristband's tag leads to, on this portal."""
    serial: int

    async def book(self) -> None:
        """Let the ledger's writer book what bills bring."""
        await BillBooker(self.parts.store, self.parts.booking, EVENT).book()


@asynccontextmanager
async def a_festival(store: Store, context: ContextKeeper) -> AsyncIterator[Site]:
    """Run a portal, its ledger, and PostFinance's page."""
    for method in ("postfinance", "ebanking", "cash"):
        await store.fetch("put_top_up_method", EVENT, method, 0, 0, None, False)
    async with (
        running_parts(store, context) as parts,
        open_portal(store, context=context) as portal,
    ):
        shop, tag, serial = await a_wristband(parts, portal.url)
        yield Site(portal.url, parts, shop, tag, serial)


async def a_wristband(parts: Parts, url: str) -> tuple[Shop, str, int]:
    """Somebody topped up, bought beer and was given vouchers."""
    shop = await Shop(parts).open()
    issued = await parts.wristbands.issue(samples.uid(1))
    serial = issued.wallet
    await shop.advise(a_top_up(serial, 3500))
    for beers in (1, 2):
        sale = a_sale(serial, make_line(BEER, beers))
        await shop.booked(sale)
        await shop.advise(sale)
    await shop.booked(a_grant(serial, 2))
    return shop, url + PORTAL_PATH + issued.url.rpartition(PORTAL_PATH)[2], serial


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("size", ["phone", "desktop"])
async def test_a_guest_looks_at_a_wristband_and_tops_it_up(
    store: Store, context: ContextKeeper, size: str, language: str
) -> None:
    async with (
        a_festival(store, context) as site,
        chromium() as browser,
        opened(browser, size, language) as page,
    ):
        await walk(page, site, f"{language}-{size}")
        assert await site.shop.held(site.serial) == (4150, 2)


async def walk(page: Page, site: Site, name: str) -> None:
    words = WORDS[name[:2]]

    async def look(what: str) -> None:
        await looked_at(page, f"wallet-{name}-{what}")

    async def follow(word: str) -> None:
        await go_by(page.get_by_role("link", name=words[word], exact=True).first)

    async def press(word: str) -> None:
        await go_by(page.get_by_role("button", name=words[word], exact=True))

    # The provider's page is not ours, and has no icon.
    await page.route("**/favicon.ico", lambda route: route.fulfill(status=204))
    await page.goto(site.tag)
    assert page.url == f"{site.url}/wallet"
    assert await page.inner_text(".strap-sum") == words["balance"]
    await look("wallet")
    await follow("top_up")
    await look("top-up")
    await press("preset")
    await look("bill")
    await press("pay")
    await look("leaving")
    await press("go_on")
    await go_by(page.get_by_role("button", name="Pay", exact=True))
    await page.wait_for_url(f"{site.url}/wallet/topup/*")
    assert words["done"] in await page.inner_text("[role=status]")
    await look("paid")
    await site.book()
    await site.book()
    await follow("back")
    assert await page.inner_text(".strap-sum") == words["more"]
    await look("wallet-after")
    await follow("pay_out")
    await page.get_by_text(words["desk"]).wait_for()
    await look("pay-out")
    await follow("mine")
    await press("close")
    assert await page.inner_text("h1") == words["closed"]
    await look("closed")


@pytest.mark.parametrize("size", ["phone", "desktop"])
async def test_a_blocked_and_an_unknown_wristband_are_explained(
    store: Store, context: ContextKeeper, size: str
) -> None:
    async with (
        a_festival(store, context) as site,
        chromium() as browser,
        opened(browser, size, "en") as page,
    ):
        await site.parts.wristbands.block(site.serial)  # type: ignore[arg-type]
        await page.goto(site.tag)
        assert await page.inner_text(".strap-sum") == WORDS["en"]["balance"]
        await looked_at(page, f"wallet-{size}-blocked")
        await page.goto(f"{site.url}/wallet/topup")
        await looked_at(page, f"wallet-{size}-stopped")
