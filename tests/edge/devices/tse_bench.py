"""A till's TSE with the simulated device behind it, for tests."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from edge.core.events import FiscalLamp, FiscalOpened
from edge.devices.tse import Patience, SerialTse
from edge.devices.tse_line import Conditions
from tse_driver.session import Pins, Session
from tse_driver.simulator.faults import FaultyTse
from tse_driver.simulator.module import SimulatedTse
from tse_driver.simulator.wires import Direct, VirtualClock

if TYPE_CHECKING:
    from datetime import datetime

    from contract.messages import LampState
    from tse_driver.connection import Wire

CLIENT = "bar-3"
WAIT_S = 60.0
PATIENT = Patience(
    look_s=60, start_s=WAIT_S, finish_s=WAIT_S, find_s=WAIT_S, return_s=WAIT_S
)
QUICK = replace(PATIENT, back_off_s_min=0.001, back_off_s_max=0.01)


class Hung(Direct):
    """A line on which `gate` decides when anything comes back."""

    gate = threading.Event()

    def read(self, timeout_s: float) -> bytes:
        assert self.gate.wait(WAIT_S)
        return super().read(timeout_s)


@dataclass
class Bench:
    """One simulated device, and what the adapter posted so far."""

    device: FaultyTse = field(default_factory=lambda: FaultyTse(SimulatedTse()))
    wire: type[Direct] = Direct
    wires: list[Direct] = field(default_factory=list)
    posted: list[object] = field(default_factory=list)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    refusal: str | None = None
    seen: datetime | None = None

    def vouch(self, confirmed: bool, seen: datetime | None) -> str | None:
        self.seen = seen
        return self.refusal if not confirmed else None

    def set_up(self) -> None:
        """Put the device into service, as the technician does once."""
        Session(Direct(self.device, VirtualClock()), CLIENT).setup("demo")

    def tse(self, *, pins: Pins | None = None, patience: Patience = QUICK) -> SerialTse:
        loop = asyncio.get_running_loop()

        def post(event: object) -> None:
            self.posted.append(event)
            loop.call_soon_threadsafe(self.arrived.set)

        return SerialTse(
            port="/dev/demo-tse",
            client=CLIENT,
            post=post,
            conditions=Conditions(pins=pins or Pins(), vouch=self.vouch),
            connect=self.connect,
            patience=patience,
        )

    def connect(self, _: str) -> Wire:
        """Open the line, as the port would."""
        self.wires.append(self.wire(self.device, VirtualClock()))
        return self.wires[-1]

    @property
    def lamps(self) -> list[tuple[LampState, str]]:
        return [
            (event.lamp.state, event.lamp.text)
            for event in self.posted
            if isinstance(event, FiscalLamp)
        ]

    async def brought_back(self) -> FiscalOpened:
        """Wait until the adapter opened the device by itself."""
        async with asyncio.timeout(WAIT_S):
            while True:
                for event in self.posted:
                    if isinstance(event, FiscalOpened):
                        return event
                self.arrived.clear()
                await self.arrived.wait()
