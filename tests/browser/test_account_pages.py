"""Somebody makes an account and registers a team, as browser and mailbox show it."""

from __future__ import annotations

import os
import re
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from hub.service.accounts import Accounts
from hub.service.competitions import add_officer
from hub.service.outbox import Outbox, Postman
from hub.service.registration import Registration
from hub.web.people import People
from hub.web.portal import portal_app
from tests.browser.browsing import chromium, looked_at, opened
from tests.counterparts.serving import listener, running, url_of
from tests.hub import samples
from tests.hub.competitions import CLUB, open_night_run
from tests.hub.post import Post, mail_server
from tests.hub.web.portal_people import PASSWORD
from tests.hub.web.serving import Healths, Receipts

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from playwright.async_api import Page

    from hub.store.store import Store

EMAIL = "ada@example.org"
PICTURES = os.environ.get("KASSENBAND_PICTURES")
"""A folder to keep pictures in, for docs/portal.md."""

WORDS = {
    "en": {
        "register": "Register",
        "name": "First and last name",
        "email": "E-mail address",
        "sent": "Look into your mail",
        "password": "New password",
        "save_password": "Save the password",
        "welcome": "Your password is set. Welcome!",
        "log_out": "Log out",
        "log_in": "Log in",
        "street": "Street",
        "house_number": "House number",
        "postal_code": "Postal code",
        "town": "Town",
        "country": "Country",
        "switzerland": "Switzerland",
        "save": "Save",
        "saved": "Your address is saved.",
        "teams": "My teams",
        "register_team": "Register a team for Night Run 2026",
        "team_name": "Name of the team",
        "category": "Category",
        "members": "Members",
        "club": "Club",
        "paid_by_club": "The club pays",
        "submit": "Register the team",
        "registered": "The team is registered.",
        "withdraw": "Withdraw: The Night Wolves",
        "keep": "Keep it",
        "club_page": "Club: OL Norska",
    },
    "de": {
        "register": "Konto anlegen",
        "name": "Vor- und Nachname",
        "email": "E-Mail-Adresse",
        "sent": "Sehen Sie in Ihre Mails",
        "password": "Neues Passwort",
        "save_password": "Passwort speichern",
        "welcome": "Ihr Passwort ist gespeichert. Willkommen!",
        "log_out": "Abmelden",
        "log_in": "Anmelden",
        "street": "Straße",
        "house_number": "Hausnummer",
        "postal_code": "Postleitzahl",
        "town": "Ort",
        "country": "Land",
        "switzerland": "Schweiz",
        "save": "Speichern",
        "saved": "Ihre Adresse ist gespeichert.",
        "teams": "Meine Teams",
        "register_team": "Team anmelden für Night Run 2026",
        "team_name": "Name des Teams",
        "category": "Kategorie",
        "members": "Mitglieder",
        "club": "Verein",
        "paid_by_club": "Der Verein bezahlt",
        "submit": "Team anmelden",
        "registered": "Das Team ist angemeldet.",
        "withdraw": "Zurückziehen: The Night Wolves",
        "keep": "Behalten",
        "club_page": "Verein: OL Norska",
    },
}


class Walk:
    """One walk through the portal, with a look at every page on the way."""

    def __init__(self, page: Page, url: str, language: str, name: str) -> None:
        self.page = page
        self.url = url
        self.words = WORDS[language]
        self._name = name
        self._step = 0

    async def look(self) -> None:
        self._step += 1
        folder = Path(PICTURES) if PICTURES else None
        await looked_at(self.page, folder, f"account-{self._name}-{self._step:02d}")

    async def fill(self, **values: str) -> None:
        for field, value in values.items():
            await self.page.get_by_label(self.words[field], exact=True).fill(value)

    async def press(self, word: str) -> None:
        name = self.words[word]
        await self.page.get_by_role("button", name=name, exact=True).click()

    async def follow(self, word: str) -> None:
        name = self.words[word]
        await self.page.get_by_role("link", name=name, exact=True).first.click()

    async def sees(self, word: str) -> None:
        await self.page.get_by_text(self.words[word]).first.wait_for()
        await self.look()


@asynccontextmanager
async def a_portal(store: Store) -> AsyncIterator[tuple[str, Post, Postman]]:
    """A portal on a loopback port whose mail is caught."""
    await open_night_run(store)
    taken = listener()
    url, post = url_of(taken), Post()
    people = People(
        accounts=Accounts(store, Outbox("portal.example"), url),
        registration=Registration(store, samples.EVENT.number),
        secure=False,
    )
    app = portal_app(Receipts(), Healths(), people=people)
    async with running(app, taken), mail_server(post) as server:
        yield url, post, Postman(store, server)


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("size", ["phone", "desktop"])
async def test_somebody_makes_an_account_and_registers_a_team(
    store: Store, size: str, language: str
) -> None:
    async with (
        a_portal(store) as (url, post, postman),
        chromium() as browser,
        opened(browser, size, language) as page,
    ):
        walk = Walk(page, url, language, f"{size}-{language}")
        await make_account(walk, post, postman)
        await come_back(walk)
        await give_address(walk)
        await register_team(walk)
        await add_officer(store, CLUB, EMAIL)
        await page.reload()
        await walk.follow("club_page")
        await page.get_by_text("The Night Wolves").wait_for()
        await walk.look()


async def make_account(walk: Walk, post: Post, postman: Postman) -> None:
    await walk.page.goto(f"{walk.url}/")
    await walk.look()
    await walk.follow("register")
    await walk.look()
    await walk.fill(name="Ada Lovelace", email=EMAIL)
    await walk.press("register")
    await walk.sees("sent")
    assert await postman.send_due() == 1
    text = post.taken[0].get_content()
    link = re.search(r"http://\S+", text)
    assert link is not None
    await walk.page.goto(link[0])
    await walk.look()
    await walk.fill(password=PASSWORD)
    await walk.press("save_password")
    await walk.sees("welcome")


async def come_back(walk: Walk) -> None:
    await walk.press("log_out")
    await walk.look()
    await walk.page.goto(f"{walk.url}/address")
    await walk.fill(email=EMAIL)
    await walk.page.locator("#password").fill(PASSWORD)
    await walk.press("log_in")
    await walk.page.wait_for_url("**/address")


async def give_address(walk: Walk) -> None:
    await walk.fill(
        street="Bahnhofstrasse", house_number="1a", postal_code="3011", town="Bern"
    )
    country = walk.page.get_by_label(walk.words["country"], exact=True)
    await country.select_option(label=walk.words["switzerland"])
    await walk.press("save")
    await walk.sees("saved")


async def register_team(walk: Walk) -> None:
    await walk.follow("teams")
    await walk.look()
    await walk.follow("register_team")
    await walk.look()
    await walk.fill(team_name="The Night Wolves", members="Ada Lovelace\nGrace Hopper")
    words = walk.words
    club = walk.page.get_by_label(words["club"], exact=True)
    await club.select_option(label="OL Norska")
    await walk.page.get_by_label(words["paid_by_club"], exact=True).check()
    await walk.look()
    await walk.press("submit")
    await walk.sees("registered")
    await walk.follow("withdraw")
    await walk.look()
    await walk.follow("keep")
