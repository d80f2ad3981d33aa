"""What can go wrong with a TSE, to be switched on by name."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING
from uuid import uuid4

from tse_driver.commands import FinishEnd, StartEnd, StartInit, UpdateEnd
from tse_driver.errors import TseCode
from tse_driver.framing import STATUS_FRAME, Request, Response

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tse_driver.simulator.module import SimulatedTse

SLOW_S = 1.5  # slower than any real one, but within the driver's time-out
PIECE_BYTES = 7
STARTS_UNTIL_TIME_IS_LOST = 3
DAMAGED_ANSWER = 7  # every seventh, where answers are damaged at all
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
    POWER_LOST = "power-lost"
    """Its power fails within the first finish, which is not carried out."""
    OFFLINE = "offline"
    """It is pulled out at the first command and never comes back."""
    LOSSY = "lossy"
    """Every seventh answer loses a byte."""
    TORN = "torn"
    """Every seventh answer breaks off."""
    WRONG_SIGNATURE = "wrong-signature"
    """The first finish is answered with a signature that does not verify."""
    SELF_TEST = "self-test-failed"
    """It fails its self test."""
    PIN_BLOCKED = "pin-blocked"
    """Somebody has blocked its PINs."""
    PUK_BLOCKED = "puk-blocked"
    """Somebody has blocked its PINs and its PUKs."""
    EXPIRED = "expired"
    """Its certificate has expired (only for a new state)."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the line does about one request."""

    pieces: tuple[bytes, ...] = ()
    delay_s: float = 0.0
    unplugged: bool = False
    for_good: bool = False
    """It never comes back."""


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
        self._answers = 0
        if Fault.FULL in self.faults:
            module.device.storage_full = True
        if Fault.SELF_TEST in self.faults:
            module.device.defective = True
        if self.faults & {Fault.PIN_BLOCKED, Fault.PUK_BLOCKED}:
            module.device.users.block_all(puks=Fault.PUK_BLOCKED in self.faults)

    def receive(self, request: Request) -> Outcome:
        """Carry a request out as far as the faults allow."""
        if Fault.OFFLINE in self.faults:
            return Outcome(unplugged=True, for_good=True)
        self._lose_time(request)
        if request.command == FinishEnd.NUMBER:
            if self._happens_once(Fault.UNPLUG):
                self.module.lose_power()
                return Outcome(unplugged=True)
            if self._happens_once(Fault.POWER_LOST):
                self.module.lose_power(TseCode.POWER_FAIL)
                return Outcome()
        asked = request
        if Fault.WRONG_UUID in self.faults:
            asked = replace(request, request_id=str(uuid4()))
        frame = self.module.handle(asked)
        if frame is None or Fault.SILENT in self.faults:
            return Outcome()
        if request.command == FinishEnd.NUMBER:
            frame = self._falsified(frame)
        return Outcome(self._pieces(self._damaged(frame)), self._delay_s(request))

    def _happens_once(self, fault: Fault) -> bool:
        happens = fault in self.faults
        self.faults.discard(fault)
        return happens

    def _falsified(self, frame: bytes) -> bytes:
        if not self._happens_once(Fault.WRONG_SIGNATURE):
            return frame
        answer = Response.from_bytes(frame)
        signature = answer.parameters[-1]
        wrong = (b"B" if signature[:1] == b"A" else b"A") + signature[1:]
        parameters = (*answer.parameters[:-1], wrong)
        return replace(answer, parameters=parameters).to_bytes()

    def _damaged(self, frame: bytes) -> bytes:
        self._answers += 1
        if self._answers % DAMAGED_ANSWER:
            return frame
        middle = len(frame) // 2
        if Fault.TORN in self.faults:
            return frame[:middle]
        if Fault.LOSSY in self.faults:
            return frame[:middle] + frame[middle + 1 :]
        return frame

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
