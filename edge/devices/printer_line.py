"""The wire to a receipt printer: a device file or a TCP port, never waiting for good.

A USB printer is a file, too (/dev/usb/lp0, the kernel's usblp). What the printer says
of itself are the real-time answers of ESC/POS (DLE EOT) and GS r, which it gives when
everything before it is printed.
"""

from __future__ import annotations

import contextlib
import os
import select
import socket
import termios
import time
import tty
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from edge.core.errors import PrinterDown, PrinterTorn

if TYPE_CHECKING:
    from collections.abc import Callable

TCP = "tcp:"
TCP_PORT = 9100  # what network printers listen on for raw bytes
CONNECT_TIMEOUT_S = 3.0
STATUS_TIMEOUT_S = 1.0
WRITE_TIMEOUT_S = 10.0  # without any progress: paper out, cover open, cable gone
DONE_TIMEOUT_S = 15.0  # a long receipt at 9600 baud takes as long
CHUNK = 512

OFFLINE, CAUSE, PAPER = (b"\x10\x04" + bytes([which]) for which in (1, 2, 4))
DONE = b"\x1dr1"
_IS_OFFLINE = 0x08
_COVER_OPEN, _PAPER_END_STOP = 0x04, 0x20
_NEAR_END, _PAPER_END = 0x0C, 0x60


@dataclass(frozen=True, slots=True)
class PrinterStatus:
    """What a printer says of itself."""

    paper_out: bool = False
    cover_open: bool = False
    offline: bool = False
    nearly_out: bool = False


class PrinterLine:
    """An open wire; its errors name the printer and what to do about it."""

    def __init__(self, device: str, fd: int, close: Callable[[], None]) -> None:
        self._device = device
        self._fd = fd
        self._close = close

    @classmethod
    def open(cls, device: str, baud: int = 0) -> Self:
        """Open a wire; raises PrinterDown saying why not."""
        try:
            if device.startswith(TCP):
                return cls._connect(device)
            return cls._open_file(device, baud)
        except (OSError, ValueError, termios.error) as error:
            why = getattr(error, "strerror", None) or str(error)
            raise PrinterDown(
                f"The receipt printer at {device} can't be reached ({why}). Switch it"
                " on and check its cable."
            ) from error

    @classmethod
    def _connect(cls, device: str) -> Self:
        address, _, port = device.removeprefix(TCP).rpartition(":")
        where = (address, int(port)) if address else (port, TCP_PORT)
        wire = socket.create_connection(where, CONNECT_TIMEOUT_S)
        wire.setblocking(False)  # noqa: FBT003 - the library's own form
        wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return cls(device, wire.fileno(), wire.close)

    @classmethod
    def _open_file(cls, device: str, baud: int) -> Self:
        flags = os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK | os.O_APPEND
        fd = os.open(device, flags)
        try:
            if os.isatty(fd):
                tty.setraw(fd)
                _set_speed(fd, baud)
                termios.tcflush(fd, termios.TCIFLUSH)
        except BaseException:
            os.close(fd)
            raise
        return cls(device, fd, lambda: os.close(fd))

    def close(self) -> None:
        """Let go of the wire."""
        with contextlib.suppress(OSError):
            self._close()

    def status(self) -> PrinterStatus:
        """Ask how the printer is; raises PrinterDown when it does not answer."""
        offline = self._ask(OFFLINE)
        cause = self._ask(CAUSE) if offline & _IS_OFFLINE else 0
        paper = self._ask(PAPER)
        return PrinterStatus(
            paper_out=bool(cause & _PAPER_END_STOP or paper & _PAPER_END),
            cover_open=bool(cause & _COVER_OPEN),
            offline=bool(offline & _IS_OFFLINE),
            nearly_out=bool(paper & _NEAR_END),
        )

    def send(self, data: bytes, timeout_s: float = WRITE_TIMEOUT_S) -> None:
        """Write it all; raises PrinterDown, or PrinterTorn once a part is written."""
        left = memoryview(data)
        while left:
            _, ready, _ = select.select([], [self._fd], [], timeout_s)
            try:
                written = os.write(self._fd, left[:CHUNK]) if ready else 0
            except BlockingIOError:
                continue
            except OSError as error:
                raise self._gone(error, begun=len(left) < len(data)) from error
            if not written:
                raise self._stuck(begun=len(left) < len(data))
            left = left[written:]

    def await_done(self) -> None:
        """Wait until everything sent is printed; raises PrinterTorn if it isn't."""
        self.send(DONE)
        try:
            self._read(DONE_TIMEOUT_S)
        except PrinterDown as error:
            raise PrinterTorn(str(error)) from error

    def _ask(self, question: bytes) -> int:
        self.send(question, STATUS_TIMEOUT_S)
        return self._read(STATUS_TIMEOUT_S)

    def _read(self, timeout_s: float) -> int:
        """Read one byte of an answer."""
        until = time.monotonic() + timeout_s
        while True:
            left_s = max(0.0, until - time.monotonic())
            ready, _, _ = select.select([self._fd], [], [], left_s)
            if not ready:
                raise self._silent()
            try:
                data = os.read(self._fd, 1)
            except BlockingIOError:
                continue
            except OSError as error:
                raise self._gone(error, begun=False) from error
            if not data:
                raise self._silent()
            return data[0]

    def _silent(self) -> PrinterDown:
        return PrinterDown(
            f"The receipt printer at {self._device} does not answer. Switch it on and"
            " check its cable. If it never answers, set printer.answers = false."
        )

    def _gone(self, error: OSError, *, begun: bool) -> PrinterDown:
        kind = PrinterTorn if begun else PrinterDown
        why = error.strerror or str(error)
        return kind(
            f"The receipt printer at {self._device} is gone ({why}). Switch it on and"
            " check its cable."
        )

    def _stuck(self, *, begun: bool) -> PrinterDown:
        kind = PrinterTorn if begun else PrinterDown
        return kind(
            f"The receipt printer at {self._device} takes no more. Look at its paper,"
            " its cover and its cable."
        )


def _set_speed(fd: int, baud: int) -> None:
    if not baud:
        return
    speed = getattr(termios, f"B{baud}")
    settings = termios.tcgetattr(fd)
    settings[4] = settings[5] = speed
    termios.tcsetattr(fd, termios.TCSANOW, settings)
