from __future__ import annotations

import asyncio
import socket
import threading
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
import zxingcpp

from contract.closing_sheet import ClosedShift, closing_sheet
from contract.messages import LampState
from contract.receipt_sheet import receipt_sheet
from contract.sheet import Sheet, Text
from edge.core.errors import PrinterDown, PrinterTorn
from edge.core.events import PrinterLamp
from edge.core.settings import PrinterSection
from edge.devices import printer_line, receipt_printer
from edge.devices.receipt_printer import Composer, ReceiptPrinter
from edge.simulator.drawing import draw
from edge.simulator.paper import PaperReader, Slip
from edge.simulator.printer import SimulatedPrinter
from tests.contract.closed_receipts import BERLIN, CLOSED
from tests.contract.legal_items import missing_items
from tests.contract.samples import CLOSING, SELLER
from tests.patience import PATIENCE_S, be_patient

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from contract.receipt import Receipt

SMALL = Sheet("x", (Text("Käse für 5 € aus Łódź"),))
KINDS = ("sale", "payout", "ticket", "bill_payment", "cancellation", "demo", "outage")


def printed(sheet: Sheet, settings: PrinterSection) -> Slip:
    """Compose a sheet and read it back as a printer would."""
    reader = PaperReader()
    slips = [*reader.feed(Composer(settings).compose(sheet)), *reader.feed(b"\x1dr1")]
    assert reader.unknown == 0
    (slip,) = slips
    return slip


def read(slip: Slip, columns: int) -> tuple[str, ...]:
    return tuple(each.text for each in zxingcpp.read_barcodes(draw(slip, columns)))


def sheet_of(receipt: Receipt) -> Sheet:
    return receipt_sheet(receipt, BERLIN)


@pytest.mark.parametrize("name", KINDS)
def test_every_item_of_the_law_is_on_paper(name: str) -> None:
    receipt = CLOSED[name]
    slip = printed(sheet_of(receipt), PrinterSection())
    assert missing_items(receipt, slip.text(), read(slip, 42), BERLIN) == []


@pytest.mark.parametrize(
    "settings",
    [
        PrinterSection(profile="POS-5890", paper_mm=58),
        PrinterSection(profile="TM-T88V", qr="image"),
        PrinterSection(profile="TM-T20II", code_page="CP858"),
        PrinterSection(cuts=False),
    ],
    ids=["narrow", "image", "page", "uncut"],
)
def test_whatever_the_printer_all_of_it_is_readable(settings: PrinterSection) -> None:
    receipt = CLOSED["sale"]
    slip = printed(sheet_of(receipt), settings)
    columns = Composer(settings).columns
    assert all(len(line) <= columns for line in slip.text().splitlines()[:-9])
    assert missing_items(receipt, slip.text(), read(slip, columns), BERLIN) == []


def test_umlauts_and_the_euro_sign_are_printed() -> None:
    assert "Käse für 5 € aus" in printed(SMALL, PrinterSection()).text()
    fixed = printed(SMALL, PrinterSection(code_page="CP858"))
    assert "Käse für 5 € aus ?ód?" in fixed.text()


def test_a_z_report_can_be_printed() -> None:
    shift = ClosedShift(report=CLOSING, seller=SELLER, event_name="Summer")
    text = printed(closing_sheet(shift, BERLIN), PrinterSection()).text()
    assert f"Z-Bericht {CLOSING.z_number}" in text
    assert "Bargeld" in text


@pytest.mark.parametrize(
    ("settings", "key"),
    [
        (PrinterSection(profile="typewriter"), "printer.profile"),
        (PrinterSection(code_page="CP999"), "printer.code_page"),
    ],
)
def test_wrong_settings_are_named(settings: PrinterSection, key: str) -> None:
    with pytest.raises(PrinterDown, match=key):
        Composer(settings)


# --- on the wire ---------------------------------------------------------------------


class Lamps:
    """What the printer posts, from its thread."""

    def __init__(self) -> None:
        self.seen: list[PrinterLamp] = []
        self._news = threading.Condition()

    def __call__(self, event: object) -> None:
        assert isinstance(event, PrinterLamp)
        with self._news:
            self.seen.append(event)
            self._news.notify_all()

    def await_text(self, part: str) -> LampState:
        """Wait until a lamp says so."""
        with self._news:
            assert self._news.wait_for(lambda: self._says(part), PATIENCE_S), self.seen
            return self.seen[-1].lamp.state

    def _says(self, part: str) -> bool:
        return bool(self.seen) and part in self.seen[-1].lamp.text


@asynccontextmanager
async def ready(
    settings: PrinterSection, lamps: Lamps
) -> AsyncIterator[ReceiptPrinter]:
    printer = ReceiptPrinter(settings, lamps)
    printer.start()
    try:
        yield printer
    finally:
        await asyncio.to_thread(printer.stop)


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """What answers is waited for, however busy the machine is."""
    be_patient(monkeypatch)
    monkeypatch.setattr(receipt_printer, "LOOK_INTERVAL_S", 0.05)


@contextmanager
def hasty(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Wait but shortly for what never answers."""
    with monkeypatch.context() as patched:
        patched.setattr(printer_line, "STATUS_TIMEOUT_S", 0.3)
        yield


async def test_receipts_leave_a_real_wire_one_after_the_other() -> None:
    lamps = Lamps()
    with SimulatedPrinter() as simulated:
        settings = PrinterSection(device=simulated.path)
        async with ready(settings, lamps) as printer:
            first, second = sheet_of(CLOSED["sale"]), sheet_of(CLOSED["outage"])
            await asyncio.gather(printer.print(first), printer.print(second))
        assert [slip.rows[-3:] for slip in simulated.slips]
        assert "TSE ausgefallen" not in simulated.slips[0].text()
        assert "TSE ausgefallen" in simulated.slips[1].text()
    assert lamps.seen[0].lamp.state is LampState.GOOD


async def test_an_empty_roll_is_told_before_a_guest_asks() -> None:
    lamps = Lamps()
    with SimulatedPrinter() as simulated:
        simulated.paper_out = True
        async with ready(PrinterSection(device=simulated.path), lamps) as printer:
            assert lamps.await_text("out of paper. Put in a new roll.") is LampState.BAD
            with pytest.raises(PrinterDown, match="out of paper"):
                await printer.print(SMALL)
            simulated.paper_out = False
            simulated.resume()
            assert lamps.await_text("ready") is LampState.GOOD
            await printer.print(SMALL)
        assert len(simulated.slips) == 1


async def test_paper_that_ends_inside_a_receipt_leaves_it_in_doubt(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lamps = Lamps()
    with SimulatedPrinter() as simulated:
        async with ready(PrinterSection(device=simulated.path), lamps) as printer:
            await printer.print(SMALL)
            simulated.runs_out_inside = True
            monkeypatch.setattr(printer_line, "DONE_TIMEOUT_S", 0.5)
            with pytest.raises(PrinterTorn, match="The receipt may be incomplete"):
                await printer.print(SMALL)


async def test_an_open_cover_is_named() -> None:
    lamps = Lamps()
    with SimulatedPrinter() as simulated:
        simulated.cover_open = True
        async with ready(PrinterSection(device=simulated.path), lamps):
            lamps.await_text("cover is open. Close it.")


async def test_a_printer_that_is_off_is_named_and_works_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lamps = Lamps()
    with SimulatedPrinter() as simulated:
        simulated.off = True
        with ExitStack() as haste:
            haste.enter_context(hasty(monkeypatch))
            async with ready(PrinterSection(device=simulated.path), lamps) as printer:
                state = lamps.await_text("does not answer. Switch it on")
                assert state is LampState.BAD
                simulated.off = False
                lamps.await_text("ready")
                haste.close()
                await printer.print(SMALL)


async def test_a_missing_device_is_named() -> None:
    lamps = Lamps()
    async with ready(PrinterSection(device="/dev/kb-nowhere"), lamps) as printer:
        lamps.await_text("The receipt printer at /dev/kb-nowhere can't be reached")
        with pytest.raises(PrinterDown, match="check its cable"):
            await printer.print(SMALL)


async def test_a_file_is_a_printer_that_never_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, lamps = tmp_path / "printer", Lamps()
    path.touch()
    settings = PrinterSection(device=str(path), answers=False)
    async with ready(settings, lamps) as printer:
        await printer.print(SMALL)
        await printer.print(SMALL)
    assert len(list(PaperReader().feed(path.read_bytes()))) == 2
    with hasty(monkeypatch):
        async with ready(replace(settings, answers=True), lamps):
            lamps.await_text("printer.answers = false")


async def test_a_network_printer_is_reached_by_tcp() -> None:
    lamps = Lamps()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        settings = PrinterSection(device=f"tcp:127.0.0.1:{port}", answers=False)
        async with ready(settings, lamps) as printer:
            await printer.print(SMALL)
            wire, _ = listener.accept()
        with wire:
            data = b""
            while piece := wire.recv(4096):
                data += piece
    assert len(list(PaperReader().feed(data))) == 1


async def test_nothing_the_library_can_t_digest_ends_the_thread(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lamps = Lamps()
    with SimulatedPrinter() as simulated:
        async with ready(PrinterSection(device=simulated.path), lamps) as printer:
            with monkeypatch.context() as patched:
                patched.setattr(Composer, "compose", _broken)
                with pytest.raises(PrinterTorn, match="could not be printed"):
                    await printer.print(SMALL)
            await printer.print(SMALL)
        assert len(simulated.slips) == 1


def _broken(*_: object) -> bytes:
    raise RuntimeError("no such letter")
