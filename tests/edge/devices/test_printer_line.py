from __future__ import annotations

import os
import socket
import termios

import pytest

from edge.core.errors import PrinterDown, PrinterTorn
from edge.devices import printer_line
from edge.devices.printer_line import PrinterLine, PrinterStatus
from edge.simulator.printer import SimulatedPrinter
from tests.patience import be_patient


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    be_patient(monkeypatch)


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """For what never answers."""
    monkeypatch.setattr(printer_line, "STATUS_TIMEOUT_S", 0.2)
    monkeypatch.setattr(printer_line, "DONE_TIMEOUT_S", 0.2)


@pytest.mark.parametrize(
    "device", ["/dev/kb-nowhere", "tcp:127.0.0.1:1", "tcp:127.0.0.1:none", "/dev"]
)
def test_what_can_t_be_opened_is_named_with_a_remedy(device: str) -> None:
    with pytest.raises(PrinterDown, match=rf"at {device} .* Switch it on and check"):
        PrinterLine.open(device)


def test_a_serial_port_gets_its_speed() -> None:
    with SimulatedPrinter() as printer:
        line = PrinterLine.open(printer.path, 19_200)
        port = os.open(printer.path, os.O_RDWR | os.O_NOCTTY)
        assert termios.tcgetattr(port)[4:6] == [termios.B19200, termios.B19200]
        os.close(port)
        line.close()


def test_a_printer_tells_how_it_is() -> None:
    with SimulatedPrinter() as printer:
        line = PrinterLine.open(printer.path)
        assert line.status() == PrinterStatus()
        printer.cover_open = True
        assert line.status() == PrinterStatus(cover_open=True, offline=True)
        line.close()


@pytest.mark.usefixtures("hasty")
def test_silence_ends() -> None:
    with SimulatedPrinter() as printer:
        printer.off = True
        line = PrinterLine.open(printer.path)
        with pytest.raises(PrinterDown, match="does not answer"):
            line.status()
        with pytest.raises(PrinterTorn, match="does not answer"):
            line.await_done()
        line.close()


def test_a_printer_that_takes_no_more_is_not_waited_for() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        line = PrinterLine.open(f"tcp:127.0.0.1:{listener.getsockname()[1]}")
        wire, _ = listener.accept()
        with wire, pytest.raises(PrinterTorn, match="takes no more"):
            line.send(bytes(50_000_000), 0.2)
        line.close()


@pytest.mark.usefixtures("hasty")
def test_a_cable_that_is_pulled_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        line = PrinterLine.open(f"tcp:127.0.0.1:{listener.getsockname()[1]}")
        wire, _ = listener.accept()
        wire.close()
        with pytest.raises(PrinterDown, match=r"does not answer|is gone"):
            line.status()
        with pytest.raises(PrinterDown, match="is gone"):
            line.send(bytes(5_000_000), 0.2)
        line.close()
