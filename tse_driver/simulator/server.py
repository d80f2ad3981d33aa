"""Serves a simulated TSE on a pseudo terminal, where a real one has a serial port."""

from __future__ import annotations

import contextlib
import os
import select
import threading
import tty
from typing import TYPE_CHECKING

from tse_driver.errors import PortBusy
from tse_driver.framing import RequestDecoder

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tse_driver.simulator.faults import FaultyTse

PIECE_PAUSE_S = 0.002
AWAY_S = 3.0  # how long an unplugged TSE stays away
READ_BYTES = 4096


class PtyServer:
    """One thread between a pty and a simulated TSE.

    The slave side stays open here too, so that a till may close and open the port as
    often as it likes: without it, the master would report EIO in a tight loop.
    """

    def __init__(self, tse: FaultyTse, link: Path | None = None) -> None:
        """Prepare; a link is a stable name for a pty whose number changes."""
        self._tse = tse
        self._link = link
        self._stopped = threading.Event()
        self._wake_read, self._wake_write = os.pipe()
        self._master = self._slave = -1
        self._thread: threading.Thread | None = None
        self.path = ""
        """Where the pty is now."""

    def start(self) -> PtyServer:
        """Open the pty and serve it from a thread of its own."""
        self._plug_in()
        self._thread = threading.Thread(target=self.serve, name="tse", daemon=True)
        self._thread.start()
        return self

    def run(self, report: Callable[[str], None]) -> None:
        """Open the pty, report its path, serve it here until stop() is called."""
        self._plug_in()
        report(self.path)
        self.serve()

    def stop(self) -> None:
        """End serving; may be called from a signal handler or another thread."""
        self._stopped.set()
        with contextlib.suppress(OSError):
            os.write(self._wake_write, b"x")

    def close(self) -> None:
        """Stop, wait for the thread, and take pty and link away."""
        self.stop()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        self._pull_out()
        for descriptor in (self._wake_read, self._wake_write):
            with contextlib.suppress(OSError):
                os.close(descriptor)

    def serve(self) -> None:
        """Answer requests until stopped."""
        decoder = RequestDecoder()
        while not self._stopped.is_set():
            ready, _, _ = select.select([self._master, self._wake_read], [], [])
            if self._wake_read in ready:
                return
            for request in decoder.feed(os.read(self._master, READ_BYTES)):
                outcome = self._tse.receive(request)
                if outcome.unplugged:
                    self._go_away(for_good=outcome.for_good)
                    break
                if outcome.delay_s:
                    self._stopped.wait(outcome.delay_s)
                self._write(outcome.pieces)

    def _write(self, pieces: tuple[bytes, ...]) -> None:
        for index, piece in enumerate(pieces):
            if index:
                self._stopped.wait(PIECE_PAUSE_S)
            left = piece
            while left and not self._stopped.is_set():
                # A till that does not read must not hold us for ever.
                _, writable, _ = select.select(
                    [self._wake_read], [self._master], [], AWAY_S
                )
                if self._master not in writable:
                    return
                left = left[os.write(self._master, left) :]

    def _go_away(self, *, for_good: bool) -> None:
        self._pull_out()
        self._stopped.wait(None if for_good else AWAY_S)
        if not self._stopped.is_set():
            self._plug_in()

    def _plug_in(self) -> None:
        self._master, self._slave = os.openpty()
        tty.setraw(self._slave)
        os.set_blocking(self._master, False)
        self.path = os.ttyname(self._slave)
        if self._link is not None:
            if self._link.exists() and not self._link.is_symlink():
                raise PortBusy(f"The link {self._link}", "a file of that name is there")
            fresh = self._link.with_name(f".{self._link.name}.new")
            fresh.unlink(missing_ok=True)
            fresh.symlink_to(self.path)
            fresh.replace(self._link)

    def _pull_out(self) -> None:
        if self._link is not None and self._link.is_symlink():
            self._link.unlink(missing_ok=True)
        for descriptor in (self._slave, self._master):
            if descriptor >= 0:
                with contextlib.suppress(OSError):
                    os.close(descriptor)
        self._master = self._slave = -1
