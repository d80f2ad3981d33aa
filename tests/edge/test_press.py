from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec
import pytest

from contract.closing_sheet import ClosedShift
from contract.ids import OrderId
from contract.messages import OrderAdvice, encode_advice
from contract.order import Outcome, encode_order
from contract.sheet_words import SheetLanguage
from edge.core import effects, events
from edge.core.errors import JournalBroken, PrinterDown, PrinterTorn
from edge.core.events import Event, Printed, PrintFailed
from edge.journal.memory import MemoryJournal
from edge.press import Press
from tests.contract.closed_receipts import BERLIN, CLOSED
from tests.contract.samples import AT, CLOSING, SELLER
from tests.edge.parts import CONFIG
from tests.patience import PATIENCE_S

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import tzinfo

    from contract.sheet import Sheet

RECEIPT = CLOSED["sale"]
ORDER = OrderId(RECEIPT.order.id)


@dataclass
class FakePrinter:
    """A Printer that keeps sheets, or fails with what is set."""

    language: SheetLanguage = SheetLanguage.DE
    zone: tzinfo = BERLIN
    sheets: list[Sheet] = field(default_factory=list)
    trouble: PrinterDown | None = None

    async def print(self, sheet: Sheet) -> None:
        if self.trouble is not None:
            raise self.trouble
        self.sheets.append(sheet)


class Archive(MemoryJournal):
    """A journal that holds one sealed order."""

    async def advices(self, orders: Sequence[OrderId]) -> dict[OrderId, bytes]:
        return {ORDER: sealed()} if ORDER in orders else {}


class BrokenJournal(MemoryJournal):
    async def advices(self, orders: Sequence[OrderId]) -> dict[OrderId, bytes]:
        raise JournalBroken(f"The disk is full; {len(orders)} can't be read.")


def sealed() -> bytes:
    return encode_advice(
        OrderAdvice(
            order=msgspec.Raw(encode_order(RECEIPT.order)),
            outcome=Outcome.COMPLETED,
            decided_at=AT,
            signature=RECEIPT.signature,
        )
    )


def job(order: OrderId = ORDER, *, is_copy: bool = False) -> effects.PrintReceipt:
    return effects.PrintReceipt(order, CONFIG, is_copy)


async def after(
    printer: FakePrinter | None,
    *jobs: effects.ForPress,
    journal: MemoryJournal | None = None,
) -> list[Event]:
    """What the press reports of these jobs."""
    reports: asyncio.Queue[Event] = asyncio.Queue()
    press = Press(journal or Archive(), printer, reports.put_nowait)
    running = asyncio.create_task(press.run())
    for each in jobs:
        press.put(each)
    heard = [await asyncio.wait_for(reports.get(), PATIENCE_S) for _ in jobs]
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    return heard


async def test_a_sealed_order_is_printed_with_the_seller_s_name() -> None:
    printer = FakePrinter()
    assert await after(printer, job(), job(is_copy=True)) == [
        Printed(ORDER),
        Printed(ORDER),
    ]
    first, second = ("\n".join(each.texts()) for each in printer.sheets)
    assert "Sommerfest e. V." in first
    assert "3 x Beer" in first
    assert "KOPIE" not in first
    assert "KOPIE" in second
    assert printer.sheets[0].codes()


async def test_it_is_printed_in_the_printer_s_language() -> None:
    printer = FakePrinter(language=SheetLanguage.EN)
    await after(printer, job())
    assert "Paid by wristband 13.50" in "\n".join(printer.sheets[0].texts())


async def test_a_z_report_is_printed() -> None:
    printer = FakePrinter()
    shift = ClosedShift(report=CLOSING, seller=SELLER, event_name="Summer")
    assert await after(printer, effects.PrintClosing(shift, is_copy=False)) == [
        Printed(None)
    ]
    assert printer.sheets[0].title == f"Z-Bericht {CLOSING.z_number}"


@pytest.mark.parametrize(
    ("trouble", "begun"),
    [(PrinterDown("No paper."), False), (PrinterTorn("No paper."), True)],
)
async def test_what_the_printer_can_t_do_is_told(
    trouble: PrinterDown, *, begun: bool
) -> None:
    heard = await after(FakePrinter(trouble=trouble), job())
    assert heard == [PrintFailed(ORDER, "No paper.", begun=begun)]


async def test_after_a_failure_the_next_is_printed() -> None:
    printer = FakePrinter()
    first, second = await after(printer, job(OrderId(UUID(int=7))), job())
    assert isinstance(first, events.PrintFailed)
    assert "no signed order" in first.text
    assert second == Printed(ORDER)


async def test_a_journal_that_can_t_be_read_stops_no_press() -> None:
    (heard,) = await after(FakePrinter(), job(), journal=BrokenJournal())
    assert isinstance(heard, events.PrintFailed)
    assert "disk is full" in heard.text


async def test_without_a_printer_the_press_says_so() -> None:
    (heard,) = await after(None, job())
    assert isinstance(heard, events.PrintFailed)
    assert "no receipt printer" in heard.text
