from __future__ import annotations

import re
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest_asyncio

from hub.service.competitions import add_officer
from tests.hub.competitions import CLUB, SLUG, open_night_run
from tests.hub.web.portal_people import Browser, Portal, browser, make_portal

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from hub.store.store import Store

WOLVES = {"name": "Wolves", "category": "Elite", "members": "Ada\n\n Bea "}
FORM = f"/teams/new?event={SLUG}"


@pytest_asyncio.fixture
async def portal(store: Store) -> Portal:
    await open_night_run(store)
    return make_portal(store)


@pytest_asyncio.fixture
async def ada(portal: Portal) -> AsyncIterator[Browser]:
    async with browser(portal) as hers:
        await hers.register(portal, "ada@example.org", "Ada")
        yield hers


async def register(who: Browser, team: dict[str, str]) -> str:
    """Register a team; the path of its page."""
    await who.open(FORM)
    await who.send(FORM, team)
    assert "The team is registered." in who.text
    return str(re.findall(r"/teams/[0-9a-f-]{36}", who.text)[-1])


async def test_a_team_is_registered_at_the_fee_of_now(ada: Browser) -> None:
    await ada.open(FORM)
    assert "€50.00" in ada.text, "45 for the start and 5 for the map"
    assert "later €60.00" in ada.text
    await register(ada, WOLVES)
    assert "Wolves" in ada.text
    assert "Ada, Bea" in ada.text
    assert "€50.00" in ada.text
    assert "Not on a bill yet: €50.00" in ada.text


async def test_another_category_costs_what_it_costs(ada: Browser) -> None:
    path = await register(ada, WOLVES)
    await ada.open(path)
    await ada.send(path, WOLVES | {"category": "Family", "name": "Wolf family"})
    assert "The team is saved." in ada.text
    assert "Wolf family" in ada.text
    assert "€65.00" in ada.text


async def test_a_team_can_be_withdrawn(ada: Browser) -> None:
    path = await register(ada, WOLVES)
    await ada.open(f"{path}/withdraw")
    await ada.send(f"{path}/withdraw", {})
    assert "The team is withdrawn." in ada.text
    assert "Wolves" not in ada.text
    assert (await ada.open(path)).status_code == 404


async def test_what_is_wrong_is_said_beside_its_field(ada: Browser) -> None:
    await ada.open(FORM)
    await ada.send(FORM, {"name": "", "category": "Nobody", "members": "x" * 81})
    assert ada.page is not None
    assert ada.page.status_code == 422
    for name in ("name", "category", "members"):
        assert f'id="{name}-wrong"' in ada.text


async def test_somebody_else_s_team_is_not_found(portal: Portal, ada: Browser) -> None:
    path = await register(ada, WOLVES)
    async with browser(portal) as mallory:
        await mallory.register(portal, "mallory@example.org", "Mallory")
        await mallory.open("/teams")
        for where in (path, f"{path}/withdraw"):
            answer = await mallory.send(where, WOLVES, follow=False)
            assert answer.status_code == 404
            assert (await mallory.client.get(where)).status_code == 404
        assert (await mallory.client.get(f"/teams/{uuid4()}")).status_code == 404
    await ada.open("/teams")
    assert "Wolves" in ada.text


async def test_a_club_sees_what_it_pays_for_and_may_refuse(
    portal: Portal, ada: Browser
) -> None:
    await register(ada, WOLVES | {"club": CLUB, "paid_by_club": "yes"})
    assert "Paid by OL Norska" in ada.text
    async with browser(portal) as olga:
        await olga.register(portal, "olga@example.org", "Olga")
        assert (await olga.open(f"/club/{CLUB}")).status_code == 404
        await add_officer(portal.store, CLUB, "olga@example.org")
        await olga.open(f"/club/{CLUB}")
        assert "Wolves" in olga.text
        assert "Registered by Ada" in olga.text.replace("\n", " ")
        found = re.search(r'name="team" value="([0-9a-f-]{36})"', olga.text)
        assert found is not None
        await olga.send(f"/club/{CLUB}/refuse", {"team": found[1]})
        assert "The club does not pay for this team." in olga.text
        assert "Wolves" not in olga.text
    await ada.open("/teams")
    assert "Not on a bill yet: €50.00" in ada.text


async def test_the_start_page_says_what_is_open(portal: Portal) -> None:
    async with browser(portal, language="de") as anyone:
        await anyone.open("/")
        assert "Night Run 2026" in anyone.text
        assert "Anmelden" in anyone.text
