"""Wires from a till to a simulated TSE inside one process: good ones and hostile ones.

All but Pty live in virtual time: a silence costs nothing but the clock's hands.
"""

from __future__ import annotations

import random
from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from tse_driver.clock import SystemClock
from tse_driver.errors import TseGone
from tse_driver.framing import RequestDecoder
from tse_driver.port import Port
from tse_driver.simulator.server import PtyServer

if TYPE_CHECKING:
    from tse_driver.clock import Clock
    from tse_driver.simulator.faults import FaultyTse, Outcome

LOSS = 0.2
LATE_S_MAX = 3.0
EPOCH = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)


@dataclass(slots=True)
class VirtualClock:
    """A clock that moves when it is told to."""

    elapsed_s: float = 0.0
    epoch: datetime = EPOCH

    def now(self) -> datetime:
        """Return the virtual time of day."""
        return self.epoch + timedelta(seconds=self.elapsed_s)

    def monotonic(self) -> float:
        """Return virtual seconds."""
        return self.elapsed_s

    def advance(self, seconds: float) -> None:
        """Move the hands."""
        self.elapsed_s += seconds


@dataclass(slots=True)
class _Piece:
    due_s: float
    data: bytes


@dataclass
class Direct:
    """Delivers everything at once."""

    tse: FaultyTse
    clock: VirtualClock
    seed: int = 1
    name: str = "/dev/demo-tse"
    _decoder: RequestDecoder = field(default_factory=RequestDecoder)
    _pieces: deque[_Piece] = field(default_factory=deque)
    _unplugged: bool = False

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)

    def write(self, data: bytes) -> None:
        """Hand data to the device and keep what it answers."""
        self._require_plug()
        for part in self.cut(data):
            for request in self._decoder.feed(part):
                if not self.loses():
                    self._keep(self.tse.receive(request))

    def read(self, timeout_s: float) -> bytes:
        """Return the next piece that arrives in time; the clock moves with it."""
        self._require_plug()
        now = self.clock.monotonic()
        if not self._pieces or self._pieces[0].due_s > now + timeout_s:
            self.clock.advance(timeout_s)
            return b""
        piece = self._pieces.popleft()
        self.clock.advance(max(0.0, piece.due_s - now))
        return piece.data

    def close(self) -> None:
        """Let go of the line."""
        self._pieces.clear()

    def plug_in(self) -> None:
        """Bring an unplugged device back."""
        self._unplugged = False

    def cut(self, data: bytes) -> tuple[bytes, ...]:
        """Say in which pieces data travels."""
        return (data,)

    def loses(self) -> bool:
        """Say whether a request gets lost."""
        return False

    def damage(self, piece: bytes) -> bytes:
        """Return what arrives of a piece."""
        return piece

    def lateness_s(self) -> float:
        """Return how much later than at once an answer comes."""
        return 0.0

    def _keep(self, outcome: Outcome) -> None:
        self._unplugged = outcome.unplugged
        due_s = self.clock.monotonic() + outcome.delay_s + self.lateness_s()
        if self._pieces:  # a line keeps the order
            due_s = max(due_s, self._pieces[-1].due_s)
        for whole in outcome.pieces:
            for piece in self.cut(self.damage(whole)):
                self._pieces.append(_Piece(due_s, piece))

    def _require_plug(self) -> None:
        if self._unplugged:
            self._pieces.clear()
            raise TseGone(f"The TSE at {self.name}", "the device was unplugged")


class OneByteAtATime(Direct):
    """Delivers single bytes."""

    def cut(self, data: bytes) -> tuple[bytes, ...]:
        """Cut into single bytes."""
        return tuple(data[at : at + 1] for at in range(len(data)))


class Lossy(Direct):
    """Loses a fifth of the requests and damages a fifth of the answers."""

    def loses(self) -> bool:
        """Lose by chance."""
        return self.random.random() < LOSS

    def damage(self, piece: bytes) -> bytes:
        """Lose the whole piece, or its tail."""
        fate = self.random.random()
        if fate < LOSS / 2:
            return b""
        if fate < LOSS:
            return piece[: self.random.randrange(len(piece))]
        return piece

    def cut(self, data: bytes) -> tuple[bytes, ...]:
        """Keep in one piece, if anything is left."""
        return (data,) if data else ()


class Late(Direct):
    """Delivers in order, but up to three seconds late: some answers are too late."""

    def lateness_s(self) -> float:
        """Be late by chance, rarely too late."""
        return LATE_S_MAX * self.random.random() ** 4


class Pty:
    """The real thing: a pseudo terminal, a server thread, pyserial."""

    def __init__(self, tse: FaultyTse, clock: Clock | None = None) -> None:
        self.clock = clock or SystemClock()
        self.server = PtyServer(tse).start()
        self._port = Port(self.server.path)
        self.name = self._port.name

    def write(self, data: bytes) -> None:
        """Write to the port."""
        self._port.write(data)

    def read(self, timeout_s: float) -> bytes:
        """Read from the port."""
        return self._port.read(timeout_s)

    def close(self) -> None:
        """Close port and pty."""
        self._port.close()
        self.server.close()
