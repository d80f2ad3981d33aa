"""A receipt printer on a pseudo terminal: takes ESC/POS, lays slips into a folder.

python -m edge.simulator.printer --out FOLDER [--link PATH] [--columns N]

Each slip is a text and a picture. A printer has troubles, too: `paper_out`,
`cover_open`, `off` and `runs_out_inside` can be set at any time.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import select
import signal
import sys
import threading
import tty
from pathlib import Path
from typing import TYPE_CHECKING, Self

from edge.simulator.drawing import draw
from edge.simulator.paper import PaperReader

if TYPE_CHECKING:
    from collections.abc import Callable

    from edge.simulator.paper import Slip

COLUMNS = 42
READ_BYTES = 4096
BUFFER_BYTES = 4096  # what a printer takes in while it can't print
_STATUS = b"\x10\x04"
_READY, _OFFLINE = 0x12, 0x1A
_COVER, _PAPER_END, _NO_PAPER = 0x16, 0x32, 0x72
_DONE = b"\x00"


class SimulatedPrinter:
    """One thread between a pty and a roll of paper; a context manager."""

    def __init__(
        self,
        cut: Callable[[Slip], None] | None = None,
        *,
        link: Path | None = None,
    ) -> None:
        self.slips: list[Slip] = []
        self.paper_out = False
        self.cover_open = False
        self.off = False
        self.runs_out_inside = False
        """Whether the paper ends while the next slip is printed."""
        self.reader = PaperReader()
        self.path = ""
        """Where the pty is."""
        self._cut = cut
        self._link = link
        self._pending = b""
        self._wake_read, self._wake_write = os.pipe()
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        self._master, self._slave = os.openpty()
        tty.setraw(self._slave)
        os.set_blocking(self._master, False)
        self.path = os.ttyname(self._slave)
        if self._link is not None:
            fresh = self._link.with_name(f".{self._link.name}.new")
            fresh.unlink(missing_ok=True)
            fresh.symlink_to(self.path)
            fresh.replace(self._link)
        self._thread = threading.Thread(target=self._serve, name="paper", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        os.write(self._wake_write, b"x")
        if self._thread is not None:
            self._thread.join()
        if self._link is not None:
            self._link.unlink(missing_ok=True)
        for descriptor in (
            self._master,
            self._slave,
            self._wake_read,
            self._wake_write,
        ):
            with contextlib.suppress(OSError):
                os.close(descriptor)

    @property
    def _can_print(self) -> bool:
        return not (self.paper_out or self.cover_open or self.off)

    def resume(self) -> None:
        """Go on after a trouble was put right."""
        os.write(self._wake_write, b"r")

    def _serve(self) -> None:
        while True:
            full = len(self._pending) >= BUFFER_BYTES
            wanted = [self._wake_read] if full else [self._master, self._wake_read]
            ready, _, _ = select.select(wanted, [], [])
            if self._wake_read in ready and os.read(self._wake_read, 1) == b"x":
                return
            if self._master in ready:
                data = os.read(self._master, READ_BYTES)
                if not self.off:
                    self._pending += self._answered(data)
            if self.runs_out_inside and len(self._pending) > len(_STATUS) + 1:
                self.runs_out_inside, self.paper_out = False, True
            if self._can_print and self._pending:
                data, self._pending = self._pending, b""
                self._print(data)

    def _answered(self, data: bytes) -> bytes:
        """Answer what is asked in real time; the rest waits for its turn."""
        while data.startswith(_STATUS) and len(data) >= 3:
            self._say(bytes([self._status(data[2])]))
            data = data[3:]
        while len(data) >= 3 and data[-3:-1] == _STATUS:  # behind a receipt
            self._say(bytes([self._status(data[-1])]))
            data = data[:-3]
        return data

    def _status(self, which: int) -> int:
        if which == 1:
            return _READY if self._can_print else _OFFLINE
        if which == 2:
            return (_COVER if self.cover_open else _READY) | (
                _PAPER_END if self.paper_out else 0
            )
        return _NO_PAPER if self.paper_out else _READY

    def _print(self, data: bytes) -> None:
        asked = self.reader.asked
        for slip in self.reader.feed(data):
            self.slips.append(slip)
            if self._cut is not None:
                self._cut(slip)
        self._say(_DONE * (self.reader.asked - asked))

    def _say(self, answer: bytes) -> None:
        with contextlib.suppress(OSError):
            os.write(self._master, answer)


def keep_in(folder: Path, columns: int) -> Callable[[Slip], None]:
    """Make a keeper of slips: a text and a picture each, numbered on."""
    folder.mkdir(parents=True, exist_ok=True)
    known = sorted(folder.glob("slip-*.txt"))
    number = int(known[-1].stem.removeprefix("slip-")) if known else 0

    def keep(slip: Slip) -> None:
        nonlocal number
        number += 1
        draw(slip, columns).save(folder / f"slip-{number:04d}.png")
        (folder / f"slip-{number:04d}.txt").write_text(slip.text(), "utf-8")

    return keep


def main(arguments: list[str] | None = None) -> int:
    """Print until ended; the first line of output is the device."""
    parser = argparse.ArgumentParser(prog="python -m edge.simulator.printer")
    parser.add_argument("--out", type=Path, required=True, help="where slips fall")
    parser.add_argument("--link", type=Path, help="a stable name for the device")
    parser.add_argument("--columns", type=int, default=COLUMNS)
    wanted = parser.parse_args(arguments)
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    keep = keep_in(wanted.out, wanted.columns)
    with SimulatedPrinter(keep, link=wanted.link) as printer:
        sys.stdout.write(f"{printer.path}\n")
        sys.stdout.flush()
        ended.wait()
    return 0


if __name__ == "__main__":
    sys.exit(main())
