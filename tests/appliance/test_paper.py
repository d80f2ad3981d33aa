"""A whole till with a printer: receipts and Z report on paper, page and PDF."""

from __future__ import annotations

import asyncio
import contextlib
import json
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import httpx
import pypdfium2
import pytest
import zxingcpp
from PIL import Image

from contract.ids import TillId
from contract.receipt import Receipt
from edge.assembly import assemble, read_settings
from edge.core import texts
from edge.core.intents import Dismiss, PayByCash, Pick, PrintReceipt
from edge.core.view import ClosedNumber, Phase, PrintState
from edge.ui.app import TillApp
from edge.ui.screens.closing import ClosingScreen
from edge.ui.screens.status import StatusScreen
from hub.service.context import ContextKeeper
from hub.service.receipts import Receipts
from hub.store.store import Store
from provisioning import demo_event
from provisioning.shop import Shop, ShopPlan, program
from tests.contract.legal_items import missing_items
from tests.patience import be_patient

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from pathlib import Path
    from uuid import UUID

    from textual.pilot import Pilot

    from edge.core.view import TillView
    from edge.till import Till
    from edge.ui.screens.over import OverScreen

BERLIN = ZoneInfo("Europe/Berlin")
PATIENCE_S = 120
AGAIN_S = 10  # then a person presses a key once more
LOOK_AGAIN_S = 0.05


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    be_patient(monkeypatch)


@pytest.fixture
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    plan = ShopPlan(
        (TillId("bar-1"),),
        tse_latency_ms=10,
        guests=lambda _: demo_event.panel_guests(),
        printers=True,
    )
    with Shop(tmp_path_factory.mktemp("shop"), plan) as opened:
        yield opened


class Counter:
    """Somebody at the till, who waits for what it shows."""

    def __init__(self, till: Till) -> None:
        self.till = till
        self._news = asyncio.Event()
        till.watch(lambda _: self._news.set())

    async def until(self, shows: Callable[[TillView], bool]) -> TillView:
        """Wait for a view; fails with what is shown instead."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                while not shows(self.till.view):
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            pytest.fail(f"the till shows {self.till.view}")
        return self.till.view


@asynccontextmanager
async def opened(shop: Shop) -> AsyncIterator[Counter]:
    settings = read_settings(shop.counters[0].config).settings
    with pytest.MonkeyPatch.context() as patch:
        for name, value in shop.pcscd.environment.items():
            patch.setenv(name, value)
        async with await assemble(settings) as assembly:
            yield Counter(assembly.till)


async def sell_print_and_close(shop: Shop) -> UUID:
    """Sell something for cash, print it twice, close the till."""
    async with opened(shop) as counter:
        view = await counter.until(
            lambda v: v.phase is Phase.SELLING and v.catalogue is not None
        )
        assert view.catalogue is not None
        counter.till.submit(Pick(view.catalogue.products[0].id))
        counter.till.submit(PayByCash())
        view = await counter.until(lambda v: v.phase is Phase.APPROVED)
        order = view.receipts[0].order
        for count in (1, 2):
            counter.till.submit(PrintReceipt())
            await fallen(shop, count)
            await counter.until(lambda v: v.receipts[0].state is PrintState.PRINTED)
        counter.till.submit(Dismiss())
        await counter.until(lambda v: v.not_closable is None)
        await press_close(counter)
        await counter.until(lambda v: v.can_print_closing and v.undelivered == 0)
        await fallen(shop, 3)
        whole = ClosedNumber(1, signed=True, printed=True, recorded=True)
        said = texts.closed(whole)
        await counter.until(lambda v: v.closed == whole and v.banner == said)
        await becomes(lambda: bool(closings(shop)))
    return order


async def press_close(counter: Counter) -> None:
    """Close the till as a cashier does: the status, the key, and yes."""
    app = TillApp(counter.till)
    async with app.run_test(size=(72, 21)) as pilot:
        status = partial(shows_screen, app, StatusScreen)
        await press(pilot, "#status", status, offset=(40, 0))
        closing = partial(shows_screen, app, ClosingScreen)
        await press(pilot, "#status-closing", closing)
        # What the last key asks for has been asked once its screen is gone.
        await press(pilot, "#closing-confirm", lambda: not closing())


def shows_screen(app: TillApp, screen: type[OverScreen]) -> bool:
    return isinstance(app.screen, screen)


async def press(
    pilot: Pilot[None],
    key: str,
    is_done: Callable[[], bool],
    offset: tuple[int, int] = (0, 0),
) -> None:
    """Press a key until it has done what it does; a click may end before that."""

    def is_there() -> bool:
        found = pilot.app.screen.query(key)
        return any(each.region.area and not each.disabled for each in found)

    while not is_done():
        await becomes(lambda: is_there() or is_done())
        if not is_done():
            await pilot.click(key, offset=offset)
            with contextlib.suppress(TimeoutError):
                await becomes(is_done, AGAIN_S)


async def fallen(shop: Shop, count: int) -> None:
    """Wait until so many slips lie in the folder."""
    await becomes(lambda: len(slips(shop)) >= count)


async def becomes(is_so: Callable[[], bool], timeout_s: float = PATIENCE_S) -> None:
    async with asyncio.timeout(timeout_s):
        while not is_so():  # noqa: ASYNC110 - nobody tells when a slip has fallen
            await asyncio.sleep(LOOK_AGAIN_S)


def slips(shop: Shop) -> list[Path]:
    return sorted(shop.counters[0].paper.glob("*.txt"))


def closings(shop: Shop) -> list[dict[str, object]]:
    config = shop.directory / "hub.toml"
    command = [*program("hub"), "--config", str(config), "closings", "--json"]
    child = shop.run("closings", command)
    shop.await_end(child, timeout_s=PATIENCE_S)
    found: list[dict[str, object]] = json.loads(child.log.read_text().splitlines()[-1])[
        "closings"
    ]
    return found


def codes(path: Path) -> tuple[str, ...]:
    with Image.open(path.with_suffix(".png")) as picture:
        return tuple(each.text for each in zxingcpp.read_barcodes(picture))


def test_receipts_and_the_z_report_are_printed_and_agree_with_the_hub(
    shop: Shop,
) -> None:
    order = asyncio.run(sell_print_and_close(shop))
    first, copy, closing = slips(shop)
    receipt = asyncio.run(receipt_of(shop, order))
    for slip in (first, copy):
        text = slip.read_text("utf-8")
        assert missing_items(receipt, text, codes(slip), BERLIN) == []
        assert ("KOPIE" in text) == (slip is copy)
    assert "Z-Bericht 1" in closing.read_text("utf-8")
    assert codes(closing)
    (closed,) = closings(shop)
    assert closed["agrees"], closed["findings"]
    assert closed["signed"]
    with httpx.Client(
        base_url=shop.portal_url, timeout=PATIENCE_S, trust_env=False
    ) as client:
        pdf = client.get(f"/receipts/{order}.pdf", headers={"Accept-Language": "de"})
    document = pypdfium2.PdfDocument(pdf.content)
    text = document[0].get_textpage().get_text_bounded()
    picture = document[0].render(scale=3).to_pil()
    read = tuple(each.text for each in zxingcpp.read_barcodes(picture))
    assert missing_items(receipt, text, read, BERLIN) == []
    document.close()


async def receipt_of(shop: Shop, order: UUID) -> Receipt:
    store = await Store.open(shop.dsn)
    try:
        context = ContextKeeper(store, demo_event.EVENT)
        await context.refresh()
        found = await Receipts(store, context).receipt(order)
    finally:
        await store.close()
    assert isinstance(found, Receipt)
    return found
