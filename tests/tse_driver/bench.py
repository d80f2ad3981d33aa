from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tse_driver.clock import SystemClock
from tse_driver.session import Session
from tse_driver.simulator.faults import Fault, FaultyTse
from tse_driver.simulator.module import SimulatedTse
from tse_driver.simulator.wires import (
    Direct,
    Late,
    Lossy,
    OneByteAtATime,
    Pty,
    VirtualClock,
)

VECTORS = Path(__file__).parent / "vectors"
BEER = "Beleg^4.00_0.00_0.00_0.00_0.00^4.00:Bar"
TYPE = "Kassenbeleg-V1"
WIRES = [Direct, OneByteAtATime, Lossy, Late, Pty]


class Bench:
    """A simulated TSE, a wire to it and a session, ready to be used."""

    def __init__(
        self,
        kind: type[Direct | Pty] = Direct,
        *faults: Fault,
        tse: FaultyTse | None = None,
        client: str = "bar-3",
        seed: int = 1,
    ) -> None:
        self.clock = SystemClock() if kind is Pty else VirtualClock()
        days = -1 if Fault.EXPIRED in faults else 2000
        self.tse = tse or FaultyTse(
            SimulatedTse(clock=self.clock, valid_days=days), faults
        )
        self.module = self.tse.module
        self.wire: Direct | Pty
        if kind is Pty:
            self.wire = Pty(self.tse)
        else:
            assert isinstance(self.clock, VirtualClock)
            assert issubclass(kind, Direct)
            self.wire = kind(self.tse, self.clock, seed)
        self.session = Session(self.wire, client, clock=self.clock)

    def sale(self, text: str = BEER) -> int:
        number = self.session.start().transaction_number
        return self.session.finish(number, TYPE, text).signature_counter


def receipts() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((VECTORS / "receipts.json").read_text())
    return found


def log_messages() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((VECTORS / "log_messages.json").read_text())
    return found
