"""A team leader pays start fees on the portal, as a browser shows it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import pytest

from hub.payments.transfer import Creditor
from hub.service.accounts import Accounts
from hub.service.outbox import Outbox
from hub.service.passwords import Passwords
from hub.service.payment_log import PaymentLog
from hub.service.registration import Registration
from hub.service.transfers import Transfers
from hub.web.bill_pages import BillSources
from hub.web.people import People
from hub.web.portal import portal_app
from tests.browser.browsing import chromium, looked_at, opened
from tests.counterparts.serving import listener, running, url_of
from tests.hub import samples
from tests.hub.service.billing import Fair
from tests.hub.web.portal_people import PASSWORD
from tests.hub.web.serving import Healths, Receipts

if TYPE_CHECKING:
    from fastapi import FastAPI
    from playwright.async_api import Page

    from hub.store.store import Store

EMAIL = "ada@example.org"
ACCOUNT = Creditor(
    iban="CH4431999123000889012",
    name="Runners",
    street="Waldweg",
    house_number="7",
    postal_code="8400",
    town="Winterthur",
    country="CH",
)
PICTURES = os.environ.get("KASSENBAND_PICTURES")
"""A folder to keep pictures in, for docs/portal.md."""

WORDS = {
    "en": {
        "log_in": "Log in",
        "unpaid": "Unpaid fees",
        "pay": "Pay",
        "accept": "Accept and make the bill",
        "e_banking": "Show account and code",
        "overview": "Bill overview",
        "paid": "Paid",
        "partly": "Partly paid",
    },
    "de": {
        "log_in": "Anmelden",
        "unpaid": "Offene Startgelder",
        "pay": "Zahlen",
        "accept": "Annehmen und Rechnung erstellen",
        "e_banking": "Konto und Code zeigen",
        "overview": "Rechnungsübersicht",
        "paid": "Bezahlt",
        "partly": "Teilweise bezahlt",
    },
}


def make_app(fair: Fair, url: str) -> FastAPI:
    people = People(
        accounts=Accounts(fair.store, Outbox("portal.example"), url),
        registration=Registration(fair.store, samples.EVENT.number),
        secure=False,
    )
    bills = BillSources(
        billing=fair.billing,
        payments=fair.payments,
        transfers=Transfers(fair.store),
        log=PaymentLog(fair.store),
        portal_url=url,
    )
    return portal_app(Receipts(), Healths(), people=people, bills=bills)


async def prepared(store: Store) -> tuple[Fair, int]:
    """A fair in francs, with somebody who has registered two teams."""
    fair = await Fair.open(store)
    await fair.run("UPDATE event SET currency = 'CHF'")
    await fair.run(
        "UPDATE competition SET creditor = $1", msgspec.json.encode(ACCOUNT).decode()
    )
    user = await fair.user("ada")
    await fair.run(
        "UPDATE portal_user SET verified_at = now(), name = 'Ada Lovelace',"
        " password_hash = $1",
        await Passwords().hash(PASSWORD),
    )
    await fair.team(user, 4500, name="Red Foxes")
    await fair.team(user, 2000, name="Grey Geese")
    return fair, user


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("size", ["phone", "desktop"])
async def test_a_team_leader_pays_start_fees(
    store: Store, size: str, language: str
) -> None:
    fair, user = await prepared(store)
    taken = listener()
    url = url_of(taken)
    async with (
        running(make_app(fair, url), taken),
        chromium() as browser,
        opened(browser, size, language) as page,
    ):
        await walk(page, url, fair, user, f"{language}-{size}")


async def walk(page: Page, url: str, fair: Fair, user: int, name: str) -> None:
    words = WORDS[name[:2]]
    folder = None if PICTURES is None else Path(PICTURES)

    async def look(what: str) -> None:
        await looked_at(page, folder, f"{name}-{what}")

    await page.goto(f"{url}/bills")
    await page.fill("input[name=email]", EMAIL)
    await page.fill("input[name=password]", PASSWORD)
    await page.get_by_role("button", name=words["log_in"]).click()
    await page.wait_for_url("**/bills*")
    await look("no-bills")
    await page.get_by_role("link", name=words["unpaid"]).first.click()
    await look("unpaid")
    await page.get_by_role("link", name=words["pay"], exact=True).click()
    await look("review")
    await page.get_by_role("button", name=words["accept"]).click()
    reference = page.url.rpartition("/")[2].partition("?")[0]
    await look("bill")
    await page.get_by_role("button", name=words["e_banking"]).click()
    assert "/how/ebanking" in page.url
    await look("e-banking")
    attempt = await fair.attempt(user, reference)
    await fair.say(attempt, amount_minor=3000, currency="CHF")
    await page.goto(f"{url}/bills/{reference}")
    assert words["partly"] in await page.inner_text("h1")
    await look("partly-paid")
    attempt = await fair.attempt(user, reference)
    await fair.say(attempt, currency="CHF")
    await page.reload()
    assert words["paid"] in await page.inner_text("h1")
    await look("paid")
    await page.goto(f"{url}/bills?show=paid")
    await look("paid-bills")
