"""The receipt page as a guest's browser shows it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import segno
from playwright.sync_api import Browser, Page, Request, sync_playwright

from contract.receipt import qr_text
from hub.web.portal import portal_app
from hub.web.qr_code import MASK, QUIET_ZONE
from tests.contract.samples import SIGNATURE
from tests.hub.web import receipts
from tests.hub.web.serving import Healths, Receipts, Site, served

if TYPE_CHECKING:
    from collections.abc import Iterator

    from contract.receipt import Receipt

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
PATIENCE_MS = 120_000
PHONE, DESKTOP = (390, 844), (1280, 800)
SCANNABLE_PX_MIN = 280
SHOWN = [
    receipts.SALE,
    receipts.DEMO,
    receipts.CANCELLATION,
    receipts.LONG,
    receipts.UNTAXED,
    receipts.OUTAGE,
]


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with served(portal_app(Receipts(receipts.ALL), Healths())) as running:
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        pytest.fail(
            "Chromium is missing. Install the Debian package chromium: "
            "apt install chromium"
        )
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=CHROMIUM, args=list(ARGUMENTS), timeout=PATIENCE_MS
        )
        yield chromium
        chromium.close()


@pytest.fixture(params=[PHONE, DESKTOP], ids=["phone", "desktop"])
def page(request: pytest.FixtureRequest, browser: Browser) -> Iterator[Page]:
    width, height = request.param
    context = browser.new_context(
        viewport={"width": width, "height": height}, locale="en-GB"
    )
    context.set_default_timeout(PATIENCE_MS)
    complaints: list[str] = []
    page = context.new_page()
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))

    def failed(request: Request) -> None:
        # What a page still loads when it is left is broken off, its icon for one.
        if request.failure != "net::ERR_ABORTED":
            complaints.append(request.url)

    page.on("requestfailed", failed)
    yield page
    context.close()
    assert not complaints, "the browser complained, perhaps about the security policy"


def open_receipt(page: Page, site: Site, receipt: Receipt) -> None:
    response = page.goto(f"{site.url}/receipts/{receipt.order.id}")
    assert response is not None
    assert response.status == 200


def fits_the_width(page: Page) -> bool:
    return bool(
        page.evaluate(
            "document.documentElement.scrollWidth <= "
            "document.documentElement.clientWidth"
        )
    )


@pytest.mark.parametrize("receipt", SHOWN, ids=lambda each: str(each.order.sequence))
def test_every_receipt_fits_the_screen(
    page: Page, site: Site, receipt: Receipt
) -> None:
    open_receipt(page, site, receipt)
    assert fits_the_width(page)
    assert page.locator(".total strong").is_visible()
    for line in receipt.order.lines:
        assert page.get_by_text(line.name).first.is_visible()


@pytest.mark.parametrize("path", ["/", f"/receipts/{receipts.OUTSTANDING_ID}"])
def test_pages_without_a_receipt_fit_the_screen(
    page: Page, site: Site, path: str
) -> None:
    page.goto(f"{site.url}{path}")
    assert page.locator("h1").is_visible()
    assert fits_the_width(page)


def test_the_total_is_seen_without_scrolling(page: Page, site: Site) -> None:
    open_receipt(page, site, receipts.SALE)
    total = page.locator(".total strong")
    assert total.inner_text() == "€12.00"
    box, viewport = total.bounding_box(), page.viewport_size
    assert box is not None
    assert viewport is not None
    assert box["y"] + box["height"] <= viewport["height"]


def test_the_code_on_the_screen_is_the_receipt_s(page: Page, site: Site) -> None:
    open_receipt(page, site, receipts.SALE)
    code = page.locator("svg.qr")
    box = code.bounding_box()
    assert box is not None
    assert box["width"] >= SCANNABLE_PX_MIN
    assert box["width"] == pytest.approx(box["height"], abs=1)
    drawn = drawn_modules(code.locator("path").nth(1).get_attribute("d") or "")
    expected = segno.make(
        qr_text(SIGNATURE), error="m", micro=False, boost_error=False, mask=MASK
    )
    size = expected.symbol_size(border=QUIET_ZONE)[0]
    assert code.get_attribute("viewBox") == f"0 0 {size} {size}"
    assert drawn == {
        (column + QUIET_ZONE, row + QUIET_ZONE)
        for row, modules in enumerate(expected.matrix)
        for column, dark in enumerate(modules)
        if dark
    }


def test_the_fiscal_data_unfold(page: Page, site: Site) -> None:
    open_receipt(page, site, receipts.SALE)
    serial = page.locator(".groups")
    assert not serial.is_visible()
    page.locator("summary").click()
    serial.wait_for()
    assert serial.text_content() == SIGNATURE.tse_serial
    assert page.locator("#qr-text").text_content() == qr_text(SIGNATURE)
    assert fits_the_width(page)


def test_paper_shows_all_of_it(page: Page, site: Site) -> None:
    open_receipt(page, site, receipts.SALE)
    page.emulate_media(media="print")
    assert page.locator(".groups").is_visible()
    assert page.locator("svg.qr").is_visible()
    assert not page.locator(".bar").is_visible()
    box = page.locator(".paper").first.bounding_box()
    assert box is not None
    assert box["width"] < 300


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_code_is_black_on_white_by_night_too(
    page: Page, site: Site, scheme: str
) -> None:
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    open_receipt(page, site, receipts.SALE)
    paths = page.locator("svg.qr path")
    assert paths.nth(0).evaluate("e => getComputedStyle(e).fill") == (
        "rgb(255, 255, 255)"
    )
    assert paths.nth(1).evaluate("e => getComputedStyle(e).stroke") == "rgb(0, 0, 0)"


def change_language(page: Page, language: str) -> None:
    with page.expect_navigation():
        page.get_by_role("link", name=language).click()


def test_a_guest_may_change_the_language(page: Page, site: Site) -> None:
    open_receipt(page, site, receipts.SALE)
    change_language(page, "Deutsch")
    assert page.locator("h1").inner_text() == "Beleg"
    change_language(page, "English")
    assert page.locator("h1").inner_text() == "Receipt"


def drawn_modules(path: str) -> set[tuple[int, int]]:
    """Read the dark modules out of segno's path: rows of runs, moved relatively."""
    found: set[tuple[int, int]] = set()
    x, doubled_y = 0, 0
    for command, arguments in re.findall(r"([Mmh])([^Mmh]*)", path):
        numbers = re.findall(r"-?\d*\.?\d+", arguments)
        if command == "h":
            found |= {(x + step, doubled_y // 2) for step in range(int(numbers[0]))}
            x += int(numbers[0])
            continue
        across, down = int(numbers[0]), int(2 * float(numbers[1]))
        x = across if command == "M" else x + across
        doubled_y = down if command == "M" else doubled_y + down
    return found
