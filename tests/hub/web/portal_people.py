"""A portal with accounts over a real database, and browsers that walk through it."""

from __future__ import annotations

import re
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from html import unescape
from typing import TYPE_CHECKING

import httpx

from hub.service.accounts import Accounts
from hub.service.entrants import Entrants
from hub.service.outbox import Outbox
from hub.service.registration import Registration
from hub.web.people import People
from hub.web.portal import portal_app
from tests.hub import samples
from tests.hub.web.serving import Healths, Receipts

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from fastapi import FastAPI

    from hub.store.store import Store
    from hub.web.bill_pages import BillSources

URL = "https://portal.example"
PASSWORD = "correct horse battery"
_CSRF = re.compile(r'name="csrf_token" value="([0-9a-f]{64})"')


@dataclass
class Portal:
    """A portal and what it works with."""

    store: Store
    accounts: Accounts
    registration: Registration
    app: FastAPI

    async def letters(self, to: str) -> list[str]:
        """Read the texts of all mail to somebody, oldest first."""
        connection = await self.store.connect()
        try:
            rows = await connection.fetch(
                "SELECT body FROM mail_outbox WHERE recipient = $1 ORDER BY id", to
            )
        finally:
            await connection.close()
        return [row["body"] for row in rows]

    async def link(self, to: str) -> str:
        """Return the path of the link in somebody's newest mail."""
        found = re.search(rf"{URL}(/\S+)", (await self.letters(to))[-1])
        assert found is not None, "a mail without a link"
        return found[1]


@dataclass
class Browser:
    """Somebody's browser: keeps cookies, fills in forms."""

    client: httpx.AsyncClient
    page: httpx.Response | None = field(default=None)

    async def open(self, path: str, **headers: str) -> httpx.Response:
        """Open a page, following where it leads."""
        self.page = await self.client.get(path, headers=headers, follow_redirects=True)
        return self.page

    async def send(
        self, path: str, values: Mapping[str, str], *, follow: bool = True
    ) -> httpx.Response:
        """Send a form of the page that is open."""
        data = {"csrf_token": self.csrf, **values}
        answer = await self.client.post(path, data=data, follow_redirects=follow)
        if follow:
            self.page = answer
        return answer

    @property
    def csrf(self) -> str:
        assert self.page is not None, "no page is open"
        found = _CSRF.search(self.page.text)
        assert found is not None, "the page has no form"
        return found[1]

    @property
    def text(self) -> str:
        assert self.page is not None, "no page is open"
        return unescape(self.page.text)

    async def register(self, portal: Portal, email: str, name: str) -> None:
        """Make an account and log in, all the way."""
        await self.open("/register")
        await self.send("/register", {"email": email, "name": name})
        path = await portal.link(email)
        await self.open(path)
        await self.send(path, {"password": PASSWORD})

    async def log_in(self, email: str, password: str = PASSWORD) -> httpx.Response:
        await self.open("/login")
        return await self.send("/login", {"email": email, "password": password})


def make_portal(
    store: Store, *, secure: bool = True, bills: BillSources | None = None
) -> Portal:
    accounts = Accounts(store, Outbox("portal.example"), URL)
    registration = Registration(store, samples.EVENT.number)
    people = People(
        accounts=accounts,
        registration=registration,
        entrants=Entrants(store, accounts, registration),
        secure=secure,
    )
    app = portal_app(Receipts(), Healths(), people=people, bills=bills)
    return Portal(store, accounts, registration, app)


@asynccontextmanager
async def browser(
    portal: Portal, *, address: str = "203.0.113.7", language: str = "en"
) -> AsyncIterator[Browser]:
    transport = httpx.ASGITransport(portal.app, client=(address, 4711))
    async with httpx.AsyncClient(
        transport=transport, base_url=URL, headers={"accept-language": language}
    ) as client:
        yield Browser(client)
