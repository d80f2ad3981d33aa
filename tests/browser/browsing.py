"""A real browser that walks through the portal: phone and desktop, two languages."""

from __future__ import annotations

import os
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import async_playwright

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from playwright.async_api import Browser, Locator, Page

CHROMIUM = Path("/usr/bin/chromium")
PICTURES = os.environ.get("KASSENBAND_PICTURES")
"""A folder to keep pictures in, for docs/portal.md."""
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
SIZES = {"phone": (390, 844), "desktop": (1280, 800)}
LOCALES = {"en": "en-GB", "de": "de-CH"}
SERIOUS = frozenset({"serious", "critical"})


def check_chromium() -> None:
    """Fail with the remedy if there is no browser."""
    if not CHROMIUM.exists():
        pytest.fail(
            "Chromium is missing. Install the Debian package chromium: "
            "apt install chromium"
        )


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """Start Debian's Chromium."""
    check_chromium()
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=CHROMIUM, args=list(ARGUMENTS), timeout=PATIENCE_MS
        )
        yield browser
        await browser.close()


@asynccontextmanager
async def opened(browser: Browser, size: str, language: str) -> AsyncIterator[Page]:
    """Open a window; fails if the browser complained about anything in it."""
    width, height = SIZES[size]
    context = await browser.new_context(
        viewport={"width": width, "height": height}, locale=LOCALES[language]
    )
    context.set_default_timeout(PATIENCE_MS)
    complaints: list[str] = []
    page = await context.new_page()
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    await context.close()
    assert not complaints, f"the browser complained: {complaints}"


async def go_by(target: Locator) -> None:
    """Click what leads to another page, and be there: a click returns before that."""
    async with target.page.expect_navigation():
        await target.click()


async def looked_at_twice(page: Page, name: str, judged: str) -> None:
    """Look at a page on a phone and on a wide screen; its faults on one of them."""
    for size, (width, height) in SIZES.items():
        await page.set_viewport_size({"width": width, "height": height})
        await _fits(page, f"{name}-{size}")
        if size == judged:
            await _has_no_fault(page)


async def looked_at(page: Page, name: str) -> None:
    """Hold a page to what every page keeps: no serious fault, nothing to scroll aside.

    Keeps a picture of it where a folder for them is named.
    """
    await _has_no_fault(page)
    await _fits(page, name)


async def _has_no_fault(page: Page) -> None:
    results = await Axe().run(page)
    faults = [
        f"{each['id']}: {each['nodes'][0]['html']}"
        for each in results.response["violations"]
        if each["impact"] in SERIOUS
    ]
    assert not faults, f"{page.url}: {faults}"


async def _fits(page: Page, name: str) -> None:
    wide = await page.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert wide <= 0, f"{page.url} is {wide} px too wide"
    if PICTURES is not None:
        picture = Path(PICTURES) / f"{name}.png"
        await page.screenshot(path=picture, full_page=True)
