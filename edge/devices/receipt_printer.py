"""The receipt printer: ESC/POS by python-escpos, one thread that prints and looks.

A sale never waits for it. Between two receipts it asks the printer how it is, so that
the lamp shows an empty roll before a guest stands there.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import queue
import threading
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from contract.messages import Lamp, LampState
from contract.sheet import Code, Style
from contract.sheet_words import SheetLanguage
from edge.core.errors import PrinterDown, PrinterTorn
from edge.core.events import PrinterLamp
from edge.core.settings import PAPER_MM
from edge.core.typesetting import typeset
from edge.devices.printer_line import PrinterLine, PrinterStatus

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import tzinfo

    from contract.sheet import Sheet
    from edge.core.settings import PrinterSection

LOOK_INTERVAL_S = 3.0
STOP_TIMEOUT_S = 20.0
NARROW_COLUMNS = 32  # font A on paper of 58 mm
WIDE_COLUMNS = 42
CODE_MODULE_DOTS = {58: 4, 80: 5}
PREFERRED_PAGES = ("CP858", "CP1252")  # with umlauts and the euro sign
READY = "The receipt printer is ready."
NEARLY_OUT = "The paper of the receipt printer runs low. Have a new roll at hand."

logger = logging.getLogger(__name__)


class Composer:
    """Turns sheets into the bytes of one kind of printer."""

    def __init__(self, settings: PrinterSection) -> None:
        # Late: it takes half a second, and only tills with a printer need it.
        from escpos.printer import Dummy  # noqa: PLC0415

        # It complains of each code that it can't center; the printer centers it.
        logging.getLogger("escpos").setLevel(logging.ERROR)
        self._settings = settings
        try:
            self._dummy: Any = Dummy(profile=settings.profile)
        except KeyError:
            raise PrinterDown(
                f"printer.profile is {settings.profile!r}, which python-escpos does"
                " not know. Correct it in the till's settings, or leave it out."
            ) from None
        profile = self._dummy.profile
        columns = profile.get_columns("a") or WIDE_COLUMNS
        narrow = settings.paper_mm == min(PAPER_MM)
        self.columns: int = min(columns, NARROW_COLUMNS) if narrow else columns
        self._native = settings.qr == "printer" or (
            not settings.qr and profile.supports("qrCode")
        )
        self._pages = profile.get_code_pages()
        if settings.code_page and settings.code_page not in self._pages:
            raise PrinterDown(
                f"The printer has no code page {settings.code_page!r}, only"
                f" {', '.join(self._pages)}. Correct printer.code_page in the till's"
                " settings, or leave it out."
            )

    def compose(self, sheet: Sheet) -> bytes:
        """Write a sheet's bytes, from waking the printer up to cutting it off."""
        printer = self._dummy
        printer.clear()
        printer.hw("INIT")
        printer.magic.encoding = None  # INIT has forgotten it
        self._choose_page(printer)
        for each in typeset(sheet, self.columns):
            if isinstance(each, Code):
                self._print_code(printer, each)
                continue
            big = each.style is Style.BIG
            printer.set(
                align="left",
                bold=each.style in {Style.BOLD, Style.BIG},
                normal_textsize=not big,
                double_width=big,
                double_height=big,
            )
            printer.textln(each.text)
        if self._settings.cuts:
            printer.cut()
        else:
            printer.print_and_feed(4)
        output: bytes = printer.output
        return output

    def _choose_page(self, printer: Any) -> None:
        if self._settings.code_page:
            printer.charcode(self._settings.code_page)
            return
        for page in PREFERRED_PAGES:
            if page in self._pages:
                printer.magic.encoder.used_encodings.add(page)
                break

    def _print_code(self, printer: Any, code: Code) -> None:
        printer.set(align="center")
        printer.qr(
            code.text,
            ec=1,  # level M: thermal paper fades and creases
            size=CODE_MODULE_DOTS[self._settings.paper_mm],
            native=self._native,
        )
        printer.set(align="left")


@dataclass(frozen=True, slots=True)
class _Job:
    sheet: Sheet
    done: Future[None]


class ReceiptPrinter:
    """Prints sheets in a thread of its own; `post` gets its lamp, from there."""

    def __init__(
        self, settings: PrinterSection, post: Callable[[object], None]
    ) -> None:
        self._settings = settings
        self._post = post
        self._jobs: queue.Queue[_Job | None] = queue.Queue()
        self._thread: threading.Thread | None = None
        self._line: PrinterLine | None = None
        self._composer: Composer | None = None
        self._lamp = Lamp(state=LampState.UNKNOWN)

    @property
    def language(self) -> SheetLanguage:
        """What its sheets are written in."""
        return SheetLanguage(self._settings.language)

    @property
    def zone(self) -> tzinfo:
        """Whose time its sheets tell."""
        return ZoneInfo(self._settings.zone)

    def start(self) -> None:
        """Begin to look after the printer."""
        assert self._thread is None
        self._thread = threading.Thread(target=self._run, name="printer", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the work; returns when the thread has ended."""
        if self._thread is None:
            return
        self._jobs.put(None)
        self._thread.join(STOP_TIMEOUT_S)
        if self._thread.is_alive():
            logger.error("The printer's thread hangs; it is left behind.")
        self._thread = None

    async def print(self, sheet: Sheet) -> None:
        """Print and cut off a sheet; raises PrinterDown or PrinterTorn."""
        job = _Job(sheet, Future())
        self._jobs.put(job)
        await asyncio.wrap_future(job.done)

    def _run(self) -> None:
        wait_s = 0.0
        while True:
            try:
                job = self._jobs.get(timeout=wait_s)
            except queue.Empty:
                wait_s = LOOK_INTERVAL_S
                self._look()
                continue
            if job is None:
                break
            self._do(job)
        self._hang_up()

    def _do(self, job: _Job) -> None:
        if not job.done.set_running_or_notify_cancel():
            return
        try:
            self._print(job.sheet)
        except PrinterDown as error:
            self._fail(error)
            job.done.set_exception(error)
        except Exception as error:
            # Whatever the library could not digest must not end the thread.
            logger.exception("A receipt could not be printed.")
            self._hang_up()
            job.done.set_exception(
                PrinterTorn(f"The receipt could not be printed ({error}).")
            )
        else:
            job.done.set_result(None)

    def _print(self, sheet: Sheet) -> None:
        data = self._ready_composer().compose(sheet)
        line = self._opened()
        if not self._settings.answers:
            line.send(data)
            self._show(LampState.GOOD, READY)
            return
        self._check(line)
        try:
            line.send(data)
            line.await_done()
        except PrinterTorn as error:
            raise PrinterTorn(self._cause(line) or str(error)) from error
        self._check_paper(line)

    def _look(self) -> None:
        try:
            self._ready_composer()
            line = self._opened()
            if self._settings.answers:
                self._check(line)
            else:
                self._show(LampState.GOOD, READY)
        except PrinterDown as error:
            self._fail(error)

    def _ready_composer(self) -> Composer:
        if self._composer is None:
            self._composer = Composer(self._settings)
        return self._composer

    def _opened(self) -> PrinterLine:
        if self._line is None:
            self._line = PrinterLine.open(self._settings.device, self._settings.baud)
        return self._line

    def _check(self, line: PrinterLine) -> None:
        """Show how the printer is; raises PrinterDown when it can't print."""
        status = line.status()
        trouble = _trouble(status)
        if trouble:
            raise PrinterDown(trouble)
        if status.nearly_out:
            self._show(LampState.WARN, NEARLY_OUT)
        else:
            self._show(LampState.GOOD, READY)

    def _check_paper(self, line: PrinterLine) -> None:
        # The receipt is out: an empty roll from here on is the next one's trouble.
        try:
            self._check(line)
        except PrinterDown as error:
            self._show(LampState.BAD, str(error))

    def _cause(self, line: PrinterLine) -> str:
        try:
            trouble = _trouble(line.status())
        except PrinterDown:
            return ""
        return f"{trouble} The receipt may be incomplete." if trouble else ""

    def _fail(self, error: PrinterDown) -> None:
        self._show(LampState.BAD, str(error))
        self._hang_up()

    def _hang_up(self) -> None:
        if self._line is not None:
            self._line.close()
            self._line = None

    def _show(self, state: LampState, text: str) -> None:
        lamp = Lamp(state=state, text=text)
        if lamp == self._lamp:
            return
        self._lamp = lamp
        with contextlib.suppress(RuntimeError):  # the till's loop has ended
            self._post(PrinterLamp(lamp))


def _trouble(status: PrinterStatus) -> str:
    if status.cover_open:
        return "The receipt printer's cover is open. Close it."
    if status.paper_out:
        return "The receipt printer is out of paper. Put in a new roll."
    if status.offline:
        return (
            "The receipt printer is offline. Press its feed key, or switch it off and"
            " on again."
        )
    return ""
