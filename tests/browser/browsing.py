"""A real browser that walks through the portal: phone and desktop, two languages."""

from __future__ import annotations

from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import async_playwright

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from playwright.async_api import Browser, Page

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
            executable_path=CHROMIUM, args=list(ARGUMENTS)
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
    complaints: list[str] = []
    page = await context.new_page()
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    await context.close()
    assert not complaints, f"the browser complained: {complaints}"


async def looked_at(page: Page, pictures: Path | None, name: str) -> None:
    """Hold a page to what every page keeps: no serious fault, nothing to scroll aside.

    Keeps a picture of it where a folder is given.
    """
    results = await Axe().run(page)
    faults = [
        f"{each['id']}: {each['nodes'][0]['html']}"
        for each in results.response["violations"]
        if each["impact"] in SERIOUS
    ]
    assert not faults, f"{page.url}: {faults}"
    wide = await page.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert wide <= 0, f"{page.url} is {wide} px too wide"
    if pictures is not None:
        await page.screenshot(path=pictures / f"{name}.png", full_page=True)
