"""A payer goes to PostFinance's page and comes back, as a browser shows it."""

from __future__ import annotations

import os
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from hub.payments.performing import Performer, provider_client
from hub.payments.postfinance import PostFinance, Settings
from hub.payments.registry import registered
from hub.service.accounts import Accounts
from hub.service.bill_payments import BillPayments
from hub.service.bills import Billing
from hub.service.outbox import Outbox
from hub.service.passwords import Passwords
from hub.service.payment_log import PaymentLog, Search, Severity
from hub.service.provider_calls import ProviderCalls
from hub.service.registration import Registration
from hub.service.transfers import Transfers
from hub.web.bill_pages import BillSources
from hub.web.people import People
from hub.web.portal import portal_app
from tests.browser.browsing import chromium, looked_at, opened
from tests.counterparts.portal import SECRETS, open_bill
from tests.counterparts.postfinance import PATH, PaymentPage
from tests.counterparts.serving import listener, running, url_of
from tests.hub import samples
from tests.hub.service.billing import Fair
from tests.hub.web.portal_people import PASSWORD
from tests.hub.web.serving import Healths, Receipts

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from fastapi import FastAPI
    from playwright.async_api import Page

    from hub.store.store import Store

PICTURES = os.environ.get("KASSENBAND_PICTURES")
PASS_IN, PASS_OUT = SECRETS
WORDS = {
    "en": ("Log in", "Pay with PostFinance", "Paid"),
    "de": ("Anmelden", "Mit PostFinance zahlen", "Bezahlt"),
}


@asynccontextmanager
async def portal(store: Store, page_url: str, url: str) -> AsyncIterator[FastAPI]:
    settings = Settings(
        pspid="foxrun", pass_in=PASS_IN, pass_out=PASS_OUT, url=f"{page_url}{PATH}"
    )
    methods = registered([PostFinance(settings)])
    async with provider_client() as client:
        performer = Performer(client)
        payments = BillPayments(store, methods, performer)
        log = PaymentLog(store, SECRETS)
        people = People(
            accounts=Accounts(store, Outbox("portal.example"), url),
            registration=Registration(store, samples.EVENT.number),
            secure=False,
        )
        yield portal_app(
            Receipts(),
            Healths(),
            people=people,
            bills=BillSources(
                billing=Billing(store, methods),
                payments=payments,
                transfers=Transfers(store),
                log=PaymentLog(store),
                portal_url=url,
            ),
            calls=ProviderCalls(store, methods, log, payments, performer),
        )


async def owned_bill(store: Store) -> str:
    """A bill of somebody who can log in."""
    fair = await Fair.open(store)
    user = await fair.user("ada")
    await fair.run(
        "UPDATE portal_user SET verified_at = now(), password_hash = $1",
        await Passwords().hash(PASSWORD),
    )
    reference = await open_bill(store)
    await fair.run("UPDATE bill SET portal_user = $1", user)
    return reference


@pytest.mark.parametrize(("size", "language"), [("phone", "de"), ("desktop", "en")])
async def test_a_payer_clicks_through_the_payment_page(
    store: Store, size: str, language: str
) -> None:
    reference = await owned_bill(store)
    provider = PaymentPage(PASS_IN, PASS_OUT, charset="iso-8859-1")
    taken = listener()
    url = url_of(taken)
    provider.post_sale_url = f"{url}/post_finance/post_sale"
    async with (
        running(provider.app()) as page_url,
        portal(store, page_url, url) as app,
        running(app, taken),
        chromium() as browser,
        opened(browser, size, language) as page,
    ):
        await walk(page, f"{url}/bills/{reference}", f"{language}-{size}")
    assert provider.post_sales == [200, 200, 200]
    entries = await PaymentLog(store).search(Search())
    assert len(entries) == 12, "six calls, by the browser and by the provider"
    assert {entry.severity for entry in entries} == {Severity.INFO}


async def walk(page: Page, bill: str, name: str) -> None:
    log_in, pay, paid = WORDS[name[:2]]
    folder = None if PICTURES is None else Path(PICTURES)
    await page.goto(bill)
    await page.fill("input[name=email]", "ada@example.org")
    await page.fill("input[name=password]", PASSWORD)
    await page.get_by_role("button", name=log_in).click()
    await page.wait_for_url(bill)
    for decision in ("Decline", "Cancel", "Pay"):
        await page.get_by_role("button", name=pay).click()
        await looked_at(page, folder, f"{name}-leaving")
        await page.locator(f'form[action*="{PATH}"] button').click()
        assert await page.inner_text("h1") == "Payment page"
        assert await page.inner_text("#amount") == "EUR 4628"
        await page.get_by_role("button", name=decision).click()
        await page.wait_for_url(bill)
        await looked_at(page, folder, f"{name}-{decision.lower()}")
    assert paid in await page.inner_text("h1")
    assert await page.get_by_role("button", name=pay).count() == 0


async def test_after_an_uncertain_answer_nobody_can_pay_again(store: Store) -> None:
    reference = await owned_bill(store)
    provider = PaymentPage(PASS_IN, PASS_OUT)
    taken = listener()
    url = url_of(taken)
    async with (
        running(provider.app()) as page_url,
        portal(store, page_url, url) as app,
        running(app, taken),
        chromium() as browser,
        opened(browser, "phone", "en") as page,
    ):
        await page.goto(f"{url}/bills/{reference}")
        await page.fill("input[name=email]", "ada@example.org")
        await page.fill("input[name=password]", PASSWORD)
        await page.get_by_role("button", name="Log in").click()
        await page.get_by_role("button", name="Pay with PostFinance").click()
        await page.locator(f'form[action*="{PATH}"] button').click()
        await page.get_by_role("button", name="Uncertain").click()
        await page.wait_for_url(f"{url}/bills/{reference}")
        assert "a second one could be paid twice" in await page.inner_text("main")
        assert await page.get_by_role("button", name="Pay with").count() == 0
        await looked_at(page, None if PICTURES is None else Path(PICTURES), "uncertain")
