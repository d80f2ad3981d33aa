"""A TSE that is slow, silent or dead by seed, and remembers across power cuts."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from contract.fiscal import ABORTED_PROCESS_DATA, Signature, process_type
from edge.core import effects, events
from edge.core.records import FiscalStart
from tests.world.timeline import MS

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from contract.ids import TillId
    from edge.core.effects import ForFiscal
    from edge.core.events import FiscalEvent
    from tests.world.timeline import Timeline


@dataclass
class SimulatedTse:
    """Performs fiscal effects by calling back with events."""

    client: TillId
    timeline: Timeline
    random: Random
    healed: bool = False
    dead: bool = False
    started: dict[int, FiscalStart] = field(default_factory=dict)
    signed: dict[int, Signature] = field(default_factory=dict)
    counter: int = 0
    free_ms: int = 0

    @property
    def public_key(self) -> bytes:
        """As good as any: nobody checks the mathematics here."""
        return self.client.encode().ljust(97, b"\0")

    @property
    def serial(self) -> str:
        """A TSE is called by the digest of its key."""
        return hashlib.sha256(self.public_key).hexdigest()

    def opened(self) -> FiscalEvent:
        open_numbers = tuple(n for n in self.started if n not in self.signed)
        return events.FiscalOpened(self.serial, None, open_numbers)

    def perform(self, effect: ForFiscal, answer: Callable[[FiscalEvent], None]) -> None:
        """Do it after a while, one after the other; some answers are lost."""
        ready_ms = self.timeline.now_ns // MS + self.random.randint(0, 300)
        self.free_ms = max(self.free_ms, ready_ms)
        delay_ms = self.free_ms - self.timeline.now_ns // MS
        self.timeline.after(delay_ms, lambda: self._do(effect, answer))

    def _do(self, effect: ForFiscal, answer: Callable[[FiscalEvent], None]) -> None:
        if isinstance(effect, effects.CloseStray):
            if not self.dead and effect.number not in self.signed:
                self._sign(self.started[effect.number], ABORTED_PROCESS_DATA)
            return
        order = effect.order
        if self.dead:
            answer(events.FiscalFailed(order, "The TSE is dead."))
            return
        silent = not self.healed and self.random.random() < 0.05
        done: FiscalEvent
        match effect:
            case effects.BeginFiscal():
                self.counter += 1
                start = FiscalStart(self.counter, self.counter, self.timeline.now)
                self.started[start.number] = start
                done = events.FiscalStarted(order, start)
            case effects.FinishFiscal(start=start, process_data=process_data):
                assert start.number not in self.signed, "nothing is signed twice"
                signature = self._sign(start, process_data)
                done = events.FiscalFinished(order, signature)
            case effects.FindFiscal(start=start):
                found = self.signed.get(start.number)
                done = (
                    events.FiscalFinished(order, found)
                    if found is not None
                    else events.FiscalNotFound(order)
                )
        if silent:
            done = events.FiscalFailed(order, "The TSE is silent.", silent=True)
        answer(done)

    def _sign(self, start: FiscalStart, process_data: str) -> Signature:
        self.counter += 1
        signature = Signature(
            client=self.client,
            number=start.number,
            start_counter=start.counter,
            counter=self.counter,
            started_at=start.started_at,
            finished_at=self.timeline.now,
            process_type=process_type(process_data),
            process_data=process_data,
            algorithm="none",
            time_format="unixTime",
            value=b"\0" * 96,
            public_key=self.public_key,
            tse_serial=self.serial,
        )
        self.signed[start.number] = signature
        return signature
