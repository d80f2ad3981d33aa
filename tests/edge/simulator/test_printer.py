from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from contract.sheet import Sheet, Text
from edge.core.settings import PrinterSection
from edge.devices.printer_line import PrinterLine, PrinterStatus
from edge.devices.receipt_printer import Composer
from edge.simulator.printer import SimulatedPrinter, keep_in
from tests.patience import PATIENCE_S, be_patient

if TYPE_CHECKING:
    from pathlib import Path

DATA = Composer(PrinterSection()).compose(Sheet("x", (Text("Grüße"),)))


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    be_patient(monkeypatch)


def test_it_answers_like_a_printer() -> None:
    with SimulatedPrinter() as printer:
        line = PrinterLine.open(printer.path)
        status = line.status()
        assert status == PrinterStatus()
        printer.paper_out = printer.cover_open = True
        status = line.status()
        assert status.paper_out
        assert status.cover_open
        assert status.offline
        line.close()


def test_what_it_was_sent_while_empty_is_printed_later() -> None:
    with SimulatedPrinter() as printer:
        printer.paper_out = True
        line = PrinterLine.open(printer.path)
        line.send(DATA)
        assert line.status().paper_out
        assert printer.slips == []
        printer.paper_out = False
        printer.resume()
        line.await_done()
        assert len(printer.slips) == 1
        line.close()


def test_slips_are_kept_and_numbered_on(tmp_path: Path) -> None:
    for _ in range(2):
        with SimulatedPrinter(keep_in(tmp_path, 42)) as printer:
            line = PrinterLine.open(printer.path)
            line.send(DATA)
            line.await_done()
            line.close()
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["slip-0001.png", "slip-0001.txt", "slip-0002.png", "slip-0002.txt"]
    assert "Grüße" in (tmp_path / names[1]).read_text("utf-8")
    with Image.open(tmp_path / names[0]) as picture:
        assert picture.width > 42 * 12


def test_it_runs_as_a_program(tmp_path: Path) -> None:
    link = tmp_path / "printer"
    command = ["-m", "edge.simulator.printer", "--out", tmp_path, "--link", link]
    program = subprocess.Popen(
        [sys.executable, *map(str, command)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert program.stdout is not None
        assert program.stdout.readline().startswith("/dev/pts/")
        line = PrinterLine.open(str(link))
        line.send(DATA)
        line.await_done()
        line.close()
        assert (tmp_path / "slip-0001.txt").exists()
    finally:
        os.kill(program.pid, signal.SIGTERM)
        program.communicate(timeout=PATIENCE_S)
    assert program.returncode == 0
    assert not link.exists()
