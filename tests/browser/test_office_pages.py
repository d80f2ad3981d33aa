"""The office as a browser shows it: payment log, doubts, flagged orders."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from contract.order import Path, make_line
from contract.staff import Right, StaffRole
from hub.core.bills.reports import Report, Said
from hub.payments.postfinance import PostFinance, Settings
from hub.service.bill_booker import BillBooker
from hub.service.bill_payments import BillPayments
from hub.service.office import Office
from hub.service.payment_log import PaymentLog, Search
from hub.service.staff import NewMember, put_member, put_role
from hub.web.doubt_pages import doubt_section
from hub.web.office import office_app
from hub.web.payment_log_pages import payment_log_section
from tests.browser.browsing import chromium, go_by, looked_at, opened
from tests.counterparts.portal import SECRETS, open_bill, running_portal
from tests.counterparts.serving import running
from tests.hub import samples
from tests.hub.hubs import running_parts
from tests.hub.service.billing import METHODS, Fair, Here
from tests.hub.service.shop import BAR, BEER, OTHER, Shop, a_sale
from tests.hub.service.test_bill_booker import topped_up
from tests.hub.web.bank_office import bank_app
from tests.hub.web.serving import Healths

if TYPE_CHECKING:
    from playwright.async_api import Page

    from hub.service.context import ContextKeeper
    from hub.store.store import Store

PIN = "271828"
EVENT = samples.EVENT.number


async def hire(store: Store, context: ContextKeeper) -> None:
    """Let Fay work in the office."""
    await put_role(store, EVENT, StaffRole(name="fin", rights=(Right.FINANCE,)))
    fay = NewMember(
        id="fay", name="Fay Fox", uid=samples.uid(201), roles=["fin"], pin=PIN
    )
    await put_member(store, EVENT, fay)
    await context.refresh()


async def log_in(page: Page, url: str) -> None:
    await page.goto(url)
    await page.fill("input[name=name]", "Fay Fox")
    await page.fill("input[name=pin]", PIN)
    await go_by(page.locator("main button"))


async def prepared(store: Store, context: ContextKeeper) -> str:
    """Fay may enter the office; one payment is uncertain, one call was forged."""
    await hire(store, context)
    method = PostFinance(Settings(pspid="x", pass_in=SECRETS[0], pass_out=SECRETS[1]))
    async with running_portal(store, [method]) as portal:
        reference = await open_bill(store)
        await portal.choose(reference, "postfinance")
        await portal.browser.get("/post_finance/payment_accepted?orderID=1&STATUS=9")
        doubt = Report(
            order_id=f"{reference[:26]}-1",
            said=Said.UNCERTAIN,
            status="STATUS 92",
            alarm="PostFinance does not know whether it was paid.",
        )
        await portal.payments.report("postfinance", doubt)
    return reference


@pytest.mark.parametrize(("size", "language"), [("phone", "de"), ("desktop", "en")])
async def test_staff_look_at_calls_and_doubts(
    store: Store, context: ContextKeeper, size: str, language: str
) -> None:
    reference = await prepared(store, context)
    log = PaymentLog(store)
    payments = BillPayments(store, METHODS, Here())
    sections = [
        payment_log_section(log, ZoneInfo("Europe/Berlin")),
        doubt_section(store, context, payments, log),
    ]
    app = office_app(Office(context), Healths(), sections)
    async with (
        running(app) as url,
        chromium() as browser,
        opened(browser, size, language) as page,
    ):
        await page.goto(url)
        await looked_at(page, f"office-{size}-login")
        await log_in(page, url)
        await page.wait_for_url("**/payment-log*")
        await page.locator("summary").first.click()
        await page.locator("pre").first.wait_for()
        assert await page.locator(".severity-3").count() == 1
        await looked_at(page, f"office-{size}-log")
        await page.select_option("#severity", "3")
        await go_by(page.locator("main form button"))
        assert await page.locator("ol.log > li").count() == 1
        await go_by(page.locator('nav a[href*="/doubts"]'))
        assert f"{reference[:26]}-1" in await page.inner_text("main")
        assert "does not know whether it was paid" in await page.inner_text("main")
        await looked_at(page, f"office-{size}-doubts")
        await page.locator("summary").first.click()
        await page.locator("#reason-1").wait_for()
        await looked_at(page, f"office-{size}-doubts-open")
        await page.fill("#reason-1", "STATUS 2 in the back office")
        await go_by(page.locator("details[open] button"))
        await page.wait_for_url("**/doubts*")
        assert await page.locator("#reason-1").count() == 0
        done, asked = await log.search(Search(text="as not paid, by fay"))
        assert done.controller_name == "OfficeController"
        assert done.message.startswith("Done: ")
        assert asked.message.startswith("POST /doubts/close")


async def odd(store: Store, context: ContextKeeper) -> None:
    """The ledger refused a top-up, and booked four orders although they were odd."""
    async with running_parts(store, context) as parts:
        shop = await Shop(parts).open()
        wallet, basis = await shop.band(1000), parts.booking.position[0]
        beer = make_line(BEER, 4)
        await shop.advise(
            a_sale(wallet, beer, sequence=41), Path.STAND_IN, basis_batch=basis
        )
        for number, till in ((42, BAR), (7, OTHER), (8, OTHER)):
            sale = a_sale(None, beer, catalogue=1, sequence=number, till=till)
            await shop.advise(sale)
        fair = await Fair.open(store)
        attempt = await topped_up(fair, wallet, 2500)
        await fair.run("UPDATE bill_line SET wallet = 4000000")
        await fair.say(attempt)
        await BillBooker(store, parts.booking, EVENT).book()


@pytest.mark.parametrize(("size", "language"), [("phone", "de"), ("desktop", "en")])
async def test_staff_tick_off_what_was_odd_or_refused(
    store: Store, context: ContextKeeper, size: str, language: str
) -> None:
    await hire(store, context)
    await odd(store, context)
    async with (
        running(bank_app(store, context)) as url,
        chromium() as browser,
        opened(browser, size, language) as page,
    ):
        await log_in(page, url)
        await looked_at(page, f"office-{size}-overview")
        await go_by(page.locator('.tasks a[href^="/flags"]'))
        assert await page.locator("ol.log > li").count() == 4
        await page.locator("ol.log summary").first.click()
        await page.locator("#note-1").wait_for()
        await looked_at(page, f"office-{size}-flags")
        await page.fill("#note-1", "The price list was changed at ten.")
        await go_by(page.locator("ol.log details[open] button"))
        assert await page.locator("ol.log > li").count() == 3

        await page.select_option("#till", OTHER)
        await go_by(page.locator("main form[role=search] button"))
        assert await page.locator("ol.log > li").count() == 1
        await page.select_option("#till", "")
        await page.select_option("#kind", "superseded_catalogue")
        await go_by(page.locator("main form[role=search] button"))
        await page.locator("section.card summary").click()
        await page.locator("#note-all").wait_for()
        await looked_at(page, f"office-{size}-flags-all")
        await page.fill("#note-all", "The same.")
        await go_by(page.locator("section.card button"))
        await page.goto(f"{url}/flags?show=seen")
        assert await page.locator("ol.log > li").count() == 3
        await looked_at(page, f"office-{size}-flags-seen")

        await go_by(page.locator('nav a[href*="/doubts"]'))
        await page.locator("ol.log summary").first.click()
        await page.locator("ol.log details[open] input[name=note]").wait_for()
        await looked_at(page, f"office-{size}-refused")
        await page.fill("ol.log details[open] input[name=note]", "Given back in cash.")
        await go_by(page.locator("ol.log details[open] button"))
        assert await page.locator("ol.log > li").count() == 0
        await go_by(page.locator('main a[href*="/doubts/seen"]'))
        assert "Given back in cash." in await page.inner_text("main")
        await looked_at(page, f"office-{size}-refused-seen")
