from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio

from hub.service.entrants import add_site
from hub.web.registration_api import BODY_BYTES_MAX, TEAMS_MAX
from tests.hub.competitions import CLUB, SLUG, open_night_run
from tests.hub.web.portal_people import PASSWORD, Portal, browser, make_portal

if TYPE_CHECKING:
    import httpx

    from hub.store.store import Store

PATH = f"/api/competitions/{SLUG}/teams"
WOLVES = {
    "external_id": "T-17",
    "email": "ada@example.org",
    "person": "Ada Lovelace",
    "wish": {"name": "Wolves", "category": "Elite", "members": ["Ada"]},
}


class Site:
    """A registration site."""

    def __init__(self, portal: Portal, token: str) -> None:
        self.portal = portal
        self.token = token

    async def hand_over(self, *teams: dict[str, Any], **more: Any) -> httpx.Response:
        return await self.post({"teams": teams, **more})

    async def post(self, body: Any, path: str = PATH) -> httpx.Response:
        headers = {"authorization": f"Bearer {self.token}"}
        async with browser(self.portal) as client:
            if isinstance(body, bytes):
                return await client.client.post(path, content=body, headers=headers)
            return await client.client.post(path, json=body, headers=headers)


@pytest_asyncio.fixture
async def site(store: Store) -> Site:
    await open_night_run(store)
    portal = make_portal(store)
    found = await portal.registration.competition(SLUG)
    assert found is not None
    return Site(portal, await add_site(store, found.id, "Startklar"))


async def teams_of(site: Site) -> str:
    """What Ada sees after she chose a password by the mail she got."""
    async with browser(site.portal) as ada:
        path = await site.portal.link("ada@example.org")
        await ada.open(path)
        await ada.send(path, {"password": PASSWORD})
        await ada.open("/teams")
        return ada.text


async def test_a_site_s_team_is_there_for_who_it_named(site: Site) -> None:
    answer = await site.hand_over(WOLVES)
    assert answer.status_code == 200, answer.text
    assert answer.json()["added"] == 1
    (letter,) = await site.portal.letters("ada@example.org")
    assert "Startklar has registered" in letter
    shown = await teams_of(site)
    assert "Wolves" in shown
    assert "€50.00" in shown


async def test_said_twice_it_is_one_team_and_one_mail(site: Site) -> None:
    first = (await site.hand_over(WOLVES)).json()
    again = (await site.hand_over(WOLVES)).json()
    assert (first["added"], again["added"]) == (1, 0)
    assert first["teams"][0]["team"] == again["teams"][0]["team"]
    assert len(await site.portal.letters("ada@example.org")) == 1


async def test_said_at_once_by_two_it_is_one_team(site: Site) -> None:
    answers = await asyncio.gather(*(site.hand_over(WOLVES) for _ in range(4)))
    assert [answer.status_code for answer in answers] == [200] * 4
    assert sum(answer.json()["added"] for answer in answers) == 1


async def test_said_differently_nothing_is_taken(site: Site) -> None:
    await site.hand_over(WOLVES)
    other = WOLVES | {"wish": {"name": "Foxes", "category": "Elite"}}
    new = WOLVES | {"external_id": "T-18"}
    answer = await site.hand_over(new, other)
    assert answer.status_code == 409
    (trouble,) = answer.json()["troubles"]
    assert trouble["line"] == 2
    assert "differently" in trouble["text"]
    assert (await teams_of(site)).count("<strong>Wolves</strong>") == 1


async def test_one_bad_team_keeps_all_out(site: Site) -> None:
    bad = {
        "external_id": "T-19",
        "email": "nobody",
        "wish": {"name": "", "category": "Pros"},
    }
    pays = {"name": "Owls", "category": "Elite", "club": "none", "paid_by_club": True}
    answer = await site.hand_over(WOLVES, bad)
    assert answer.status_code == 422
    assert {each["line"] for each in answer.json()["troubles"]} == {2}
    assert len(answer.json()["troubles"]) == 3
    late = WOLVES | {"external_id": "T-20", "wish": pays}
    assert (await site.hand_over(WOLVES, late)).status_code == 422
    assert await site.portal.letters("ada@example.org") == []


async def test_a_club_goes_by_its_name_too(site: Site) -> None:
    for turn, name in enumerate((CLUB, "OL Norska", "ol norska")):
        wish = WOLVES["wish"] | {"club": name, "paid_by_club": True}  # type: ignore[operator]
        answer = await site.hand_over(
            WOLVES | {"external_id": f"T-{turn}", "wish": wish}
        )
        assert answer.status_code == 200, answer.text


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[",
        b'{"teams": 1}',
        b'{"teams": [{}]}',
        b'{"teams": [], "more": 1}',
        b'{"teams": [], "language": "fr"}',
        b" " * (BODY_BYTES_MAX + 1),
    ],
)
async def test_what_makes_no_sense_is_refused_with_words(
    site: Site, body: bytes
) -> None:
    answer = await site.post(body)
    assert answer.status_code == 422
    assert answer.json()["troubles"][0]["text"]


async def test_ids_are_needed_and_come_once(site: Site) -> None:
    nameless = {key: WOLVES[key] for key in ("email", "wish")}
    assert (await site.hand_over(nameless)).status_code == 422
    assert (await site.hand_over(WOLVES, WOLVES)).status_code == 422
    many = [WOLVES | {"external_id": str(n)} for n in range(TEAMS_MAX + 1)]
    assert (await site.hand_over(*many)).status_code == 422


async def test_without_the_token_nothing_is_taken(site: Site) -> None:
    token = site.token
    for wrong in ("", "x", token[:-1], token + "x"):
        site.token = wrong
        assert (await site.hand_over(WOLVES)).status_code == 401
    site.token = token
    other = "/api/competitions/another/teams"
    assert (await site.post({"teams": []}, other)).status_code == 401
    found = await site.portal.registration.competition(SLUG)
    assert found is not None
    await site.portal.store.fetch("revoke_registration_site", found.id, "Startklar")
    assert (await site.hand_over(WOLVES)).status_code == 401
