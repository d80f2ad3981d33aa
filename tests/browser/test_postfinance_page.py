"""A payer goes to PostFinance's page and comes back, as a browser shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hub.service.passwords import Passwords
from hub.service.payment_log import PaymentLog, Search, Severity
from tests.browser.browsing import chromium, go_by, looked_at, opened
from tests.browser.portals import open_portal
from tests.counterparts.portal import open_bill
from tests.counterparts.postfinance import PATH
from tests.hub.service.billing import Fair
from tests.hub.web.portal_people import PASSWORD

if TYPE_CHECKING:
    from playwright.async_api import Page

    from hub.store.store import Store

WORDS = {
    "en": ("Log in", "Pay with PostFinance", "Paid"),
    "de": ("Anmelden", "Mit PostFinance zahlen", "Bezahlt"),
}


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
    async with (
        open_portal(store, charset="iso-8859-1") as portal,
        chromium() as browser,
        opened(browser, size, language) as page,
    ):
        await walk(page, f"{portal.url}/bills/{reference}", f"{language}-{size}")
    assert portal.provider.post_sales == [200, 200, 200]
    entries = await PaymentLog(store).search(Search())
    assert len(entries) == 12, "six calls, by the browser and by the provider"
    assert {entry.severity for entry in entries} == {Severity.INFO}


async def walk(page: Page, bill: str, name: str) -> None:
    log_in, pay, paid = WORDS[name[:2]]
    await enter(page, bill, log_in)
    for decision in ("Decline", "Cancel", "Pay"):
        await go_by(page.get_by_role("button", name=pay))
        await looked_at(page, f"{name}-leaving")
        await go_by(page.locator(f'form[action*="{PATH}"] button'))
        assert await page.inner_text("h1") == "Payment page"
        assert await page.inner_text("#amount") == "EUR 4628"
        await go_by(page.get_by_role("button", name=decision))
        await page.wait_for_url(bill)
        await looked_at(page, f"{name}-{decision.lower()}")
    assert paid in await page.inner_text("h1")
    assert await page.get_by_role("button", name=pay).count() == 0


async def enter(page: Page, bill: str, log_in: str) -> None:
    await page.goto(bill)
    await page.fill("input[name=email]", "ada@example.org")
    await page.fill("input[name=password]", PASSWORD)
    await go_by(page.get_by_role("button", name=log_in))
    await page.wait_for_url(bill)


@pytest.mark.parametrize(
    ("size", "language", "words"),
    [
        ("phone", "en", "a second one could be paid twice"),
        ("desktop", "de", "Eine zweite könnte doppelt bezahlt sein"),
    ],
)
async def test_after_an_uncertain_answer_nobody_can_pay_again(
    store: Store, size: str, language: str, words: str
) -> None:
    reference = await owned_bill(store)
    log_in, pay, _ = WORDS[language]
    async with (
        open_portal(store) as portal,
        chromium() as browser,
        opened(browser, size, language) as page,
    ):
        bill = f"{portal.url}/bills/{reference}"
        await enter(page, bill, log_in)
        await go_by(page.get_by_role("button", name=pay))
        await go_by(page.locator(f'form[action*="{PATH}"] button'))
        await go_by(page.get_by_role("button", name="Uncertain"))
        await page.wait_for_url(bill)
        said = await page.inner_text("main")
        assert said.count(words) == 1
        assert await page.locator(".refusal").count() == 1, "it is said once"
        assert await page.get_by_role("button", name=pay).count() == 0
        await looked_at(page, f"{language}-{size}-uncertain")
