from __future__ import annotations

from typing import TYPE_CHECKING

import pytest_asyncio

from tests.hub.web.portal_people import PASSWORD, Browser, Portal, browser, make_portal

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from hub.store.store import Store

EMAIL = "ada@example.org"
NAME = "Ada Lovelace"
HOME = {
    "name": NAME,
    "street": "Bahnhofstrasse",
    "house_number": "1a",
    "postal_code": "3011",
    "town": "Bern",
    "country": "CH",
}


@pytest_asyncio.fixture
async def portal(store: Store) -> Portal:
    return make_portal(store)


@pytest_asyncio.fixture
async def ada(portal: Portal) -> AsyncIterator[Browser]:
    async with browser(portal) as hers:
        yield hers


async def test_an_account_is_made_by_mail_and_then_opens_the_portal(
    portal: Portal, ada: Browser
) -> None:
    await ada.open("/register")
    await ada.send("/register", {"email": EMAIL, "name": NAME})
    assert EMAIL in ada.text
    path = await portal.link(EMAIL)
    await ada.open(path)
    assert "Choose a password" in ada.text
    await ada.send(path, {"password": PASSWORD})
    assert ada.page is not None
    assert ada.page.url.path == "/address"
    assert NAME in ada.text
    await ada.send("/logout", {})
    assert "You are logged out." in ada.text
    await ada.log_in(EMAIL.upper())
    assert ada.page.status_code != 401


async def test_the_postal_address_is_kept(portal: Portal, ada: Browser) -> None:
    await ada.register(portal, EMAIL, NAME)
    await ada.open("/address")
    await ada.send("/address", HOME)
    assert "Your address is saved." in ada.text
    for value in HOME.values():
        assert value in ada.text


async def test_what_lacks_of_an_address_is_said_beside_its_field(
    portal: Portal, ada: Browser
) -> None:
    await ada.register(portal, EMAIL, NAME)
    await ada.open("/address")
    await ada.send("/address", HOME | {"town": " ", "country": "XX"})
    assert ada.page is not None
    assert ada.page.status_code == 422
    assert 'id="town-wrong"' in ada.text
    assert 'id="country-wrong"' in ada.text
    assert 'id="street-wrong"' not in ada.text
    assert "Bahnhofstrasse" in ada.text
