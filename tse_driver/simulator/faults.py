"""What can go wrong with a TSE, to be switched on by name."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING
from uuid import uuid4

from tse_driver.commands import FinishEnd, StartEnd, StartInit, UpdateEnd
from tse_driver.framing import STATUS_FRAME, Request

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tse_driver.simulator.module import SimulatedTse

SLOW_S = 1.5  # slower than any real one, but within the driver's time-out
PIECE_BYTES = 7
STARTS_UNTIL_TIME_IS_LOST = 3
NOISE = STATUS_FRAME + b"\x10\x00\x00\x0f"

_SIGNING = {StartEnd.NUMBER, UpdateEnd.NUMBER, FinishEnd.NUMBER}


class Fault(StrEnum):
    """A fault of the simulated TSE."""

    SLOW = "slow"
    """Signing takes 1.5 s longer."""
    FULL = "full"
    """The memory is full."""
    UNPLUG = "unplug"
    """It is pulled out during the first finish and comes back after a while."""
    SILENT = "silent"
    """It never answers."""
    WRONG_UUID = "wrong-uuid"
    """Its answers carry another request's id."""
    SPLIT = "split"
    """Its answers arrive in small pieces."""
    ASB = "asb"
    """Status frames nobody asked for stand between its answers."""
    TIME_LOST = "time-lost"
    """At the third start it loses power for a moment: time and self test are gone."""
    PIN_BLOCKED = "pin-blocked"
    """Somebody has blocked its PINs."""
    EXPIRED = "expired"
    """Its certificate has expired (only for a new state)."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the line does about one request."""

    pieces: tuple[bytes, ...] = ()
    delay_s: float = 0.0
    unplugged: bool = False


class FaultyTse:
    """A simulated TSE with its faults and its slowness."""

    def __init__(
        self,
        module: SimulatedTse,
        faults: Iterable[Fault] = (),
        *,
        latency_s: float = 0.0,
    ) -> None:
        """Give the module faults; latency_s is added to each signature."""
        self.module = module
        self.faults = set(faults)
        self.latency_s = latency_s
        self._starts = 0
        if Fault.FULL in self.faults:
            module.device.storage_full = True
        if Fault.PIN_BLOCKED in self.faults:
            module.device.users.block_all()

    def receive(self, request: Request) -> Outcome:
        """Carry a request out as far as the faults allow."""
        self._lose_time(request)
        if Fault.UNPLUG in self.faults and request.command == FinishEnd.NUMBER:
            self.faults.discard(Fault.UNPLUG)
            self.module.lose_power()
            return Outcome(unplugged=True)
        asked = request
        if Fault.WRONG_UUID in self.faults:
            asked = replace(request, request_id=str(uuid4()))
        frame = self.module.handle(asked)
        if frame is None or Fault.SILENT in self.faults:
            return Outcome()
        return Outcome(self._pieces(frame), self._delay_s(request))

    def _lose_time(self, request: Request) -> None:
        if request.command != StartInit.NUMBER or Fault.TIME_LOST not in self.faults:
            return
        self._starts += 1
        if self._starts == STARTS_UNTIL_TIME_IS_LOST:
            client = self.module.device.client
            self.module.lose_power()
            self.module.device.client = client

    def _pieces(self, frame: bytes) -> tuple[bytes, ...]:
        if Fault.ASB in self.faults:
            frame = NOISE + frame + NOISE
        if Fault.SPLIT in self.faults:
            starts = range(0, len(frame), PIECE_BYTES)
            return tuple(frame[at : at + PIECE_BYTES] for at in starts)
        return (frame,)

    def _delay_s(self, request: Request) -> float:
        if request.command not in _SIGNING:
            return 0.0
        return self.latency_s + SLOW_S * (Fault.SLOW in self.faults)
