"""Somebody who was never here registers, bills a team and pays, all in a browser."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from io import BytesIO
from typing import TYPE_CHECKING

import asyncpg
import pypdfium2
import pytest

from hub.core.bills.attempts import AttemptState
from hub.payments.transfer import Creditor
from hub.service.competitions import OfferedMethod, add_officer, put_competition
from hub.service.outbox import Postman
from hub.web.account_texts import account_texts
from hub.web.texts import Language, texts
from tests.browser.browsing import chromium, go_by, looked_at_twice, opened
from tests.browser.portals import open_portal
from tests.counterparts.postfinance import PATH
from tests.hub import samples
from tests.hub.competitions import CLUB, NIGHT_RUN, open_night_run
from tests.hub.post import Post, mail_server
from tests.hub.web.portal_people import PASSWORD

if TYPE_CHECKING:
    from playwright.async_api import Page

    from hub.store.store import Store
    from hub.web.account_texts import AccountTexts
    from hub.web.bill_texts import BillTexts
    from tests.browser.portals import PayPortal

EMAIL = "ada@example.org"
WOLVES = "The Night Wolves"
ACCOUNT = Creditor(
    iban="CH4431999123000889012",
    name="Runners",
    street="Waldweg",
    house_number="7",
    postal_code="8400",
    town="Winterthur",
    country="CH",
)
TOTALS = {
    Language.EN: "CHF\N{NO-BREAK SPACE}50.00",
    Language.DE: "50,00\N{NO-BREAK SPACE}CHF",
}
"""Start fee and map."""


@dataclass
class NewUser:
    """Somebody at a browser, who finds what the pages name."""

    page: Page
    portal: PayPortal
    language: Language
    seen: int = 0

    @property
    def words(self) -> AccountTexts:
        return account_texts(self.language)

    @property
    def bill_words(self) -> BillTexts:
        return texts(self.language).bills

    async def look(self, what: str) -> None:
        self.seen += 1
        name = f"user-{self.language.value}-{self.seen:02d}-{what}"
        judged = "phone" if self.language is Language.DE else "desktop"
        await looked_at_twice(self.page, name, judged)

    async def fill(self, label: str, value: str) -> None:
        await self.page.get_by_label(label, exact=True).fill(value)

    async def press(self, name: str) -> None:
        await go_by(self.page.get_by_role("button", name=name, exact=True))

    async def follow(self, name: str) -> None:
        await go_by(self.page.get_by_role("link", name=name, exact=True).first)

    async def sees(self, sentence: str) -> None:
        await self.page.get_by_text(sentence).first.wait_for()


async def open_competition(store: Store) -> None:
    """A competition in francs whose bills can be paid online or by transfer."""
    owner = await asyncpg.connect(store.dsn)
    try:
        await owner.execute("UPDATE event SET currency = 'CHF'")
    finally:
        await owner.close()
    await open_night_run(store)
    ways = tuple(OfferedMethod(method=each) for each in ("postfinance", "ebanking"))
    payable = replace(NIGHT_RUN, methods=ways, creditor=ACCOUNT)
    await put_competition(store, samples.EVENT.number, payable)


@pytest.mark.parametrize("language", list(Language), ids=lambda each: each.value)
async def test_a_new_user_registers_bills_and_pays(
    store: Store, language: Language
) -> None:
    await open_competition(store)
    post = Post()
    async with (
        open_portal(store) as portal,
        mail_server(post) as server,
        chromium() as browser,
        opened(browser, "phone", language.value) as page,
    ):
        user = NewUser(page, portal, language)
        # The provider's page is not ours, and has no icon.
        await page.route("**/favicon.ico", lambda route: route.fulfill(status=204))
        await make_account(user, post, Postman(store, server))
        await come_back(user)
        await give_address(user)
        await register_teams(user)
        await look_after_the_club(user, store)
        await make_bill(user)
        await pay(user)
        await keep_receipt(user)
    assert portal.provider.post_sales == [200, 200]


async def make_account(user: NewUser, post: Post, postman: Postman) -> None:
    words = user.words.login
    await user.page.goto(f"{user.portal.url}/")
    await user.look("start")
    await user.follow(user.words.navigation.register)
    await user.look("register")
    await user.fill(words.name, "Ada Lovelace")
    await user.fill(words.email, EMAIL)
    await user.press(words.register_submit)
    await user.sees(words.sent_title)
    await user.look("mail-sent")
    assert await postman.send_due() == 1
    link = re.search(r"http://\S+", post.taken[0].get_content())
    assert link is not None
    await user.page.goto(link[0])
    await user.look("choose-password")
    await user.fill(words.choose_password, PASSWORD)
    await user.press(words.choose_submit)
    await user.sees(words.password_set)


async def come_back(user: NewUser) -> None:
    words = user.words.login
    await user.press(user.words.navigation.log_out)
    await user.look("logged-out")
    await user.page.goto(f"{user.portal.url}/address")
    await user.fill(words.email, EMAIL)
    await user.page.locator("#password").fill(PASSWORD)
    await user.press(words.submit)
    await user.page.wait_for_url("**/address")


async def give_address(user: NewUser) -> None:
    words = user.words.address
    for label, value in (
        (words.street, "Bahnhofstrasse"),
        (words.house_number, "1a"),
        (words.postal_code, "3011"),
        (words.town, "Bern"),
    ):
        await user.fill(label, value)
    country = user.page.get_by_label(words.country, exact=True)
    await country.select_option(label=user.words.countries["CH"])
    await user.look("address")
    await user.press(words.submit)
    await user.sees(words.saved)


async def register_teams(user: NewUser) -> None:
    words = user.words.teams
    await user.follow(user.words.navigation.teams)
    await user.look("no-teams")
    register = words.register_for.format(competition=NIGHT_RUN.name)
    await user.follow(register)
    await user.fill(words.name, WOLVES)
    await user.fill(words.members, "Ada Lovelace\nGrace Hopper")
    await user.look("team")
    await user.press(words.submit)
    await user.sees(words.registered)
    await user.follow(register)
    await user.fill(words.name, "Forest Owls")
    club = user.page.get_by_label(words.club, exact=True)
    await club.select_option(label="OL Norska")
    await user.page.get_by_label(words.paid_by_club, exact=True).check()
    await user.press(words.submit)
    await user.sees(words.registered)
    await user.look("teams")
    await user.follow(f"{words.withdraw}: {WOLVES}")
    await user.look("withdraw")
    await user.follow(words.keep)


async def look_after_the_club(user: NewUser, store: Store) -> None:
    await add_officer(store, CLUB, EMAIL)
    await user.page.reload()
    await user.follow(user.words.navigation.club.format(club="OL Norska"))
    await user.sees("Forest Owls")
    await user.look("club")


async def make_bill(user: NewUser) -> None:
    words = user.bill_words
    await user.page.goto(f"{user.portal.url}/bills")
    await user.look("no-bills")
    await user.follow(user.words.navigation.unpaid)
    await user.look("unpaid")
    mine = user.page.locator("section", has_text=WOLVES)
    await go_by(mine.get_by_role("link", name=words.pay, exact=True))
    await user.look("review")
    await user.press(words.accept)
    await user.page.wait_for_url(re.compile(r"/bills/\d{27}"))
    assert TOTALS[user.language] in await user.page.inner_text("main")
    await user.look("bill")
    await user.press(words.methods["ebanking"].button)
    await user.page.wait_for_url("**/how/ebanking*")
    await user.look("e-banking")
    await user.follow(f"← {words.back}")


async def pay(user: NewUser) -> None:
    words, page = user.bill_words, user.page
    bill = page.url
    amount = TOTALS[user.language]
    failed = words.attempts[AttemptState.FAILED]
    for decision in ("Decline", "Pay"):
        await user.press(words.methods["postfinance"].button)
        await user.look("leaving")
        await go_by(page.locator(f'form[action*="{PATH}"] button'))
        assert await page.inner_text("h1") == "Payment page"
        await user.press(decision)
        await page.wait_for_url(bill)
        await user.look(f"after-{decision.lower()}")
        said = failed.format(amount=amount, method="PostFinance")
        assert (said in await page.inner_text("main")) is (decision == "Decline")


async def keep_receipt(user: NewUser) -> None:
    words, page = user.bill_words, user.page
    assert await page.locator("h1 .pill.state-paid").count() == 1
    link = page.get_by_role("link", name=words.receipt, exact=True)
    address = await link.get_attribute("href")
    assert address is not None
    answer = await page.request.get(f"{user.portal.url}{address}")
    [sheet] = pypdfium2.PdfDocument(BytesIO(await answer.body()))
    told = sheet.get_textpage().get_text_range()
    assert WOLVES in told
    assert "Ada Lovelace" in told
    await page.goto(f"{user.portal.url}/bills?show=paid")
    await user.look("paid-bills")
    assert await page.locator(".bill-card").count() == 1
