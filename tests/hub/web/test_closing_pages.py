from __future__ import annotations

import re
from typing import TYPE_CHECKING

import httpx
import pypdfium2
import pytest_asyncio

from contract.staff import Right, StaffRole
from hub.service.closing_reports import ClosingReports
from hub.service.office import Office
from hub.service.staff import NewMember, put_member, put_role
from hub.web.closing_pages import closings_section
from hub.web.office import office_app
from tests.counterparts.serving import PATIENCE_S, running
from tests.hub import samples
from tests.hub.hubs import running_parts
from tests.hub.service.test_closing_reports import closed
from tests.hub.service.test_closings import Z
from tests.hub.web.serving import Healths
from tests.hub.web.test_office import PIN, log_in

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from hub.service.context import ContextKeeper
    from hub.store.store import Store
    from tests.hub.hubs import Parts

PAGE = f"/closings/{samples.TILL}/{Z}"


@pytest_asyncio.fixture
async def parts(store: Store, context: ContextKeeper) -> AsyncIterator[Parts]:
    async with running_parts(store, context) as running_services:
        yield running_services


@pytest_asyncio.fixture
async def browser(parts: Parts) -> AsyncIterator[httpx.AsyncClient]:
    event = samples.EVENT.number
    role = StaffRole(name="supervisor", rights=(Right.CLOSE_SHIFTS,))
    await put_role(parts.store, event, role)
    member = NewMember(
        id="sue", name="Sue Fox", uid=samples.uid(1), roles=["supervisor"], pin=PIN
    )
    await put_member(parts.store, event, member)
    await parts.context.refresh()
    section = closings_section(ClosingReports(parts.store, parts.context))
    app = office_app(Office(parts.context), Healths(), [section])
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


def words(page: httpx.Response) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", page.text).split())


async def test_the_office_sees_closings_and_what_differs(
    parts: Parts, browser: httpx.AsyncClient
) -> None:
    page = await log_in(browser, "sue")
    assert "No till was closed yet." in page.text

    await closed(parts, completed=4)
    page = await browser.get("/closings")
    assert PAGE in page.text
    assert f"{samples.TILL} Z {Z}" in words(page)
    assert "The one before is missing" in page.text

    page = await browser.get(PAGE)
    seen = words(page)
    assert "Something differs" in seen
    assert "The till counts 4 orders (completed), the ledger 3." in seen
    assert "Order no. 1 to 4: not signed, the TSE was out of order." in seen
    assert "3 x Sale, cash 9.70" in seen

    german = await browser.get(f"{PAGE}?lang=de")
    assert "Die Kasse zählt 4 Belege" in words(german)
    assert "Z-Bericht 3" in words(german)

    pdf = await browser.get(f"{PAGE}.pdf")
    assert pdf.headers["content-type"] == "application/pdf"
    document = pypdfium2.PdfDocument(pdf.content)
    assert "Z report 3" in document[0].get_textpage().get_text_bounded()
    document.close()

    for nobody in ("/closings/bar-9/1", f"/closings/{samples.TILL}/99", f"{PAGE}0.pdf"):
        assert (await browser.get(nobody)).status_code == 404


async def test_nobody_sees_closings_without_logging_in(
    browser: httpx.AsyncClient,
) -> None:
    for path in ("/closings", PAGE, f"{PAGE}.pdf"):
        assert (await browser.get(path)).url.path == "/login"
