from __future__ import annotations

import re
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import httpx
import pytest
import pytest_asyncio

from contract.staff import Right, StaffRole
from hub.service.office import SESSION_LASTS_S, Office
from hub.service.payment_log import Note, PaymentLog, Severity
from hub.service.staff import NewMember, block_member, put_member, put_role
from hub.web.office import office_app
from hub.web.payment_log_pages import payment_log_section
from tests.counterparts.serving import PATIENCE_S, running
from tests.hub import samples
from tests.hub.web.serving import Healths

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from hub.service.context import ContextKeeper
    from hub.store.store import Store

EVENT = samples.EVENT.number
ZONE = ZoneInfo("Europe/Berlin")
ROLES = {
    "finance": Right.FINANCE,
    "supervisor": Right.CLOSE_SHIFTS,
    "cashier": Right.SELL,
}
PIN = "271828"


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest_asyncio.fixture
async def log(store: Store) -> PaymentLog:
    for name, right in ROLES.items():
        await put_role(store, EVENT, StaffRole(name=name, rights=(right,)))
    for number, (who, role) in enumerate(
        [
            ("fay", "finance"),
            ("carl", "cashier"),
            ("nopin", "finance"),
            ("sue", "supervisor"),
        ],
        start=1,
    ):
        member = NewMember(
            id=who,
            name=f"{who.title()} Fox",
            uid=samples.uid(200 + number),
            roles=[role],
            pin="" if who == "nopin" else PIN,
        )
        await put_member(store, EVENT, member)
    return PaymentLog(store)


@pytest_asyncio.fixture
async def browser(
    log: PaymentLog, context: ContextKeeper, clock: Clock
) -> AsyncIterator[httpx.AsyncClient]:
    await context.refresh()
    async with opened(log, context, clock) as client:
        yield client


@asynccontextmanager
async def opened(
    log: PaymentLog, context: ContextKeeper, clock: Clock
) -> AsyncIterator[httpx.AsyncClient]:
    sections = [payment_log_section(log, ZONE)]
    app = office_app(Office(context, clock), Healths(), sections)
    async with (
        running(app) as url,
        httpx.AsyncClient(
            base_url=url,
            trust_env=False,
            timeout=PATIENCE_S,
            follow_redirects=True,
            headers={"Accept-Language": "en"},
        ) as client,
    ):
        yield client


def csrf(page: httpx.Response) -> str:
    found = re.search(r'name="csrf_token" value="(\w+)"', page.text)
    assert found is not None
    return found[1]


async def log_in(
    browser: httpx.AsyncClient, name: str = "fay", pin: str = PIN
) -> httpx.Response:
    form = {
        "csrf_token": csrf(await browser.get("/login")),
        "name": name,
        "pin": pin,
    }
    return await browser.post("/login", data=form)


@pytest.mark.parametrize("name", ["fay", "Fay Fox", " FAY "])
async def test_finance_staff_are_let_in(browser: httpx.AsyncClient, name: str) -> None:
    page = await log_in(browser, name)
    assert page.url.path == "/payment-log"
    assert page.status_code == 200
    assert "Fay Fox" in page.text
    out = await browser.post("/logout", data={"csrf_token": csrf(page)})
    assert out.url.path == "/login"
    assert (await browser.get("/payment-log")).url.path == "/login"


async def test_who_closes_shifts_gets_in_but_not_to_the_money(
    browser: httpx.AsyncClient,
) -> None:
    page = await log_in(browser, "sue")
    assert page.status_code == 403
    assert "Not for your role" in page.text
    assert "Sue Fox" in page.text
    refused = await browser.get("/payment-log")
    assert refused.status_code == 403
    assert 'href="/payment-log"' not in refused.text


@pytest.mark.parametrize(
    ("name", "pin"),
    [("fay", "271829"), ("fay", ""), ("carl", PIN), ("nopin", ""), ("ghost", PIN)],
)
async def test_nobody_else_is(browser: httpx.AsyncClient, name: str, pin: str) -> None:
    page = await log_in(browser, name, pin)
    assert page.status_code == 401
    assert 'role="alert"' in page.text
    assert (await browser.get("/payment-log")).url.path == "/login"


@pytest.mark.parametrize(
    ("language", "said"),
    [("en", "no such page in the office"), ("de", "gibt es im Büro nicht")],
)
async def test_an_office_page_that_is_not_there_sends_nobody_to_a_till(
    browser: httpx.AsyncClient, language: str, said: str
) -> None:
    browser.headers["Accept-Language"] = language
    page = await browser.get("/bank/nothing-here")
    assert page.status_code == 404
    assert said in page.text
    assert "QR" not in page.text


async def test_who_tries_too_often_has_to_wait(browser: httpx.AsyncClient) -> None:
    tried = [(await log_in(browser, "fay", "0000")).status_code for _ in range(12)]
    assert tried == [401] * 10 + [429] * 2
    assert (await log_in(browser)).status_code == 429


async def test_a_session_ends_by_itself(
    browser: httpx.AsyncClient, clock: Clock
) -> None:
    await log_in(browser)
    clock.now += SESSION_LASTS_S - 1
    assert (await browser.get("/payment-log")).url.path == "/payment-log"
    clock.now += 1
    assert (await browser.get("/payment-log")).url.path == "/login"


async def test_whoever_is_blocked_is_out_at_once(
    browser: httpx.AsyncClient, store: Store, context: ContextKeeper
) -> None:
    await log_in(browser)
    await block_member(store, EVENT, "fay")
    await context.refresh()
    assert (await browser.get("/payment-log")).url.path == "/login"


async def test_a_form_of_another_site_is_refused(browser: httpx.AsyncClient) -> None:
    page = await log_in(browser)
    for token in ("", "0" * 64, csrf(page)[:-1]):
        refused = await browser.post("/logout", data={"csrf_token": token})
        assert refused.status_code == 403
        assert "too old" in refused.text
    assert (await browser.get("/payment-log")).url.path == "/payment-log"


async def test_the_payment_log_is_searched_and_paged(
    browser: httpx.AsyncClient, log: PaymentLog
) -> None:
    for number in range(60):
        severity = Severity.ERROR if number % 20 == 0 else Severity.INFO
        await log.note(
            Note(
                severity=severity,
                controller_name="PostFinanceController",
                action="post_sale",
                message=f"call {number} <script>alert(1)</script>",
                ip_address="192.0.2.7",
            )
        )
    page = await log_in(browser)
    assert "<script" not in page.text
    assert page.text.count('id="entry-') == 50
    assert "call 59 " in page.text
    older = re.search(r'href="(/payment-log\?[^"]*before=\d+)"', page.text)
    assert older is not None
    last = await browser.get(older[1].replace("&amp;", "&"))
    assert last.text.count('id="entry-') == 10
    assert "call 0 " in last.text

    for query, count in (
        ("severity=3", 3),
        ("text=CALL+7+", 1),
        ("controller=PaypalController", 0),
        ("severity=x&before=y&since=z&until=&text=%00", 50),
        ("since=2020-01-01&until=2020-01-02", 0),
        ("before=99999999999999999999", 50),
        ("payment=12", 0),
    ):
        found = await browser.get(f"/payment-log?{query}")
        assert found.status_code == 200
        assert found.text.count('id="entry-') == count, query


async def test_pages_need_neither_inline_styles_nor_scripts(
    browser: httpx.AsyncClient,
) -> None:
    for page in (await browser.get("/login"), await log_in(browser)):
        assert not re.search(r"<script|<style|\sstyle=|\son\w+=|https?://", page.text)
        assert "default-src 'none'" in page.headers["Content-Security-Policy"]


@pytest.mark.parametrize("day", ["9999-12-31", "0001-01-01", "soon"])
async def test_a_day_at_the_end_of_the_calendar_is_searched_like_any(
    browser: httpx.AsyncClient, day: str
) -> None:
    await log_in(browser)
    page = await browser.get("/payment-log", params={"since": day, "until": day})
    assert page.status_code == 200
