"""A program on a pseudo-terminal, tapped as a touchscreen would, and watched."""

from __future__ import annotations

import fcntl
import os
import re
import select
import struct
import subprocess
import termios
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Self

from provisioning.bench.watch import cpu_s
from provisioning.processes import ProvisioningError, read_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

CHUNK = 65_536
PAINTED_AFTER_S = 0.3  # silence that says: the picture is complete
START_TIMEOUT_S = 120.0
END_TIMEOUT_S = 10.0
# A terminal that knows synchronized output says so; else the program waits for it.
SYNCHRONIZED_ASKED = b"\x1b[?2026$p"
SYNCHRONIZED_ANSWER = b"\x1b[?2026;2$y"


class Terminal:
    """Runs a program on a pty of a given size; a context manager."""

    def __init__(
        self,
        argv: Sequence[str | Path],
        size: tuple[int, int],
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self._argv = [str(each) for each in argv]
        self._columns, self._rows = size
        self._environment = {**os.environ, **(environment or {})}
        self._master = -1
        self._popen: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self._master, slave = os.openpty()
        geometry = struct.pack("HHHH", self._rows, self._columns, 0, 0)
        fcntl.ioctl(slave, termios.TIOCSWINSZ, geometry)
        self._popen = subprocess.Popen(
            ["setpriv", "--pdeathsig", "TERM", "--", *self._argv],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
            env={
                **self._environment,
                "TERM": "xterm-256color",
                "COLORTERM": "truecolor",
                "LINES": str(self._rows),
                "COLUMNS": str(self._columns),
            },
        )
        os.close(slave)
        return self

    def __exit__(self, *_: object) -> None:
        assert self._popen is not None
        self._popen.terminate()
        deadline = time.monotonic() + END_TIMEOUT_S
        while self._popen.poll() is None and time.monotonic() < deadline:
            with suppress(ProvisioningError):
                self._read(0)  # who writes to a full pty can't end
            with suppress(subprocess.TimeoutExpired):
                self._popen.wait(0.02)
        if self._popen.poll() is None:
            self._popen.kill()
        self._popen.wait()
        os.close(self._master)

    @property
    def pid(self) -> int:
        """The program's process id."""
        assert self._popen is not None
        return self._popen.pid

    def tap(self, column: int, row: int) -> None:
        """Touch a cell and let go (SGR mouse reporting, cells count from 1)."""
        press = f"\x1b[<0;{column + 1};{row + 1}M"
        release = f"\x1b[<0;{column + 1};{row + 1}m"
        os.write(self._master, (press + release).encode())

    def await_text(self, text: str, timeout_s: float = START_TIMEOUT_S) -> None:
        """Read until the program has painted this text in one piece."""
        wanted, seen = text.encode(), b""
        deadline = time.monotonic() + timeout_s
        while wanted not in seen:
            if time.monotonic() > deadline:
                raise ProvisioningError(
                    f"{self._name} did not show {text!r} within {timeout_s:.0f} s."
                    " Start it in a terminal to see why."
                )
            seen = seen[-len(wanted) :] + self._read(PAINTED_AFTER_S / 10)

    def read_until_painted(
        self, timeout_s: float = START_TIMEOUT_S
    ) -> tuple[float, float]:
        """Read until the output falls silent; seconds to its first and last bytes."""
        start_s = time.perf_counter()
        while not self._read(PAINTED_AFTER_S):
            if time.perf_counter() - start_s > timeout_s:
                raise ProvisioningError(
                    f"{self._name} painted nothing within {timeout_s:.0f} s."
                    " Start it in a terminal to see why."
                )
        first_s = last_s = time.perf_counter() - start_s
        while self._read(PAINTED_AFTER_S):
            last_s = time.perf_counter() - start_s
        return first_s, last_s

    def read_until_quiet(self) -> None:
        """Read until the output falls silent, be it at once."""
        while self._read(PAINTED_AFTER_S):
            pass

    def read_for(self, seconds: float) -> None:
        """Read what comes for some time."""
        end_s = time.perf_counter() + seconds
        while time.perf_counter() < end_s:
            self._read(PAINTED_AFTER_S)

    def cpu_s(self) -> float:
        """CPU seconds of the program so far."""
        return cpu_s(self.pid)

    def resident_mib(self) -> float:
        """The program's resident memory in MiB."""
        status = read_text(Path(f"/proc/{self.pid}/status"))
        match = re.search(r"^VmRSS:\s+(\d+) kB", status, re.MULTILINE)
        return int(match[1]) / 1024 if match else 0.0

    def _read(self, timeout_s: float) -> bytes:
        if not select.select([self._master], [], [], timeout_s)[0]:
            return b""
        try:
            data = os.read(self._master, CHUNK)
        except OSError:  # EIO: the program closed its side
            raise ProvisioningError(self._ended()) from None
        if SYNCHRONIZED_ASKED in data:
            os.write(self._master, SYNCHRONIZED_ANSWER)
        return data

    @property
    def _name(self) -> str:
        return " ".join(self._argv)

    def _ended(self) -> str:
        return f"{self._name} ended. Start it in a terminal to see why."
