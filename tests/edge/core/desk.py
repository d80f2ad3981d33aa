"""A till's core on a desk: one event after the other, effects only collected."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from contract.messages import Anchor, HubStatus, WalletChange, WalletChanges
from edge.core import effects, events, intents
from edge.core.checkout import EDGES, step, trigger
from edge.core.records import Recovered
from edge.core.recovery import recover
from edge.core.state import Checking, Moment, Selling, Terms
from edge.core.view import Phase
from tests.contract.samples import AT, CATALOGUE
from tests.edge.parts import CONFIG, IDENTITY, wristband

if TYPE_CHECKING:
    from contract.ids import OrderId
    from contract.messages import FromHub
    from edge.core.effects import Effect
    from edge.core.events import Event
    from edge.core.intents import Intent
    from edge.core.records import Record

MS = 1_000_000
ANCHOR = Anchor(incarnation=UUID(int=77), batch=5, chain_head="ab" * 32)
TERMS = Terms(CONFIG, CATALOGUE, CONFIG.catalogue.digest)


class Desk:
    """Steps a core; `done` are the effects of the last step, `records` all records."""

    def __init__(self, found: Recovered | None = None) -> None:
        self.ns = MS
        self.steps = 0
        self.records: list[Record] = []
        self.edges: set[tuple[Phase, str, Phase]] = set()
        self.state, self.done = recover(IDENTITY, found or Recovered(), self.moment())
        self.note()
        if found is None:
            self.state = replace(self.state, terms=TERMS, counter=Selling())

    def moment(self) -> Moment:
        self.steps += 1
        now = AT + timedelta(microseconds=self.ns // 1000)
        return Moment(now, self.ns, UUID(int=1000 + self.steps))

    def do(self, event: Event | Intent) -> tuple[Effect, ...]:
        before = self.state.counter.phase
        self.ns += MS
        self.state, self.done = step(self.state, event, self.moment())
        after = self.state.counter.phase
        if before is not after:
            edge = (before, trigger(event), after)
            assert edge in EDGES, f"{edge} is not declared"
            self.edges.add(edge)
        self.note()
        return self.done

    def note(self) -> None:
        for effect in self.done:
            if isinstance(effect, effects.Commit):
                self.records += effect.records

    def say(self, message: FromHub) -> tuple[Effect, ...]:
        return self.do(events.HubSaid(message))

    def online(self, available_minor: int = 100_000) -> Desk:
        """Connect, and let the hub say what wallet 1 holds."""
        self.do(events.LinkUp())
        self.say(HubStatus(id=UUID(int=1), online=True, anchor=ANCHOR))
        change = WalletChange(wallet=1, available_minor=available_minor)
        self.say(
            WalletChanges(id=UUID(int=2), number=1, anchor=ANCHOR, changes=(change,))
        )
        return self

    def pick(self, product: int = 1) -> OrderId:
        self.do(intents.Pick(product))
        counter = self.state.counter
        assert isinstance(counter, Selling)
        assert counter.order is not None
        return counter.order.id

    def present(self) -> OrderId:
        order = self.pick()
        self.do(intents.PayByWristband())
        assert self.showing() is Phase.PRESENT
        return order

    def tap(self, serial: int = 1) -> None:
        uid, message = wristband(serial)
        self.do(events.WristbandRead(uid, message, self.ns + 1))

    def check(self) -> Checking:
        """Bring an order as far as the question to the hub."""
        self.present()
        self.tap()
        counter = self.state.counter
        assert isinstance(counter, Checking)
        return counter

    def showing(self) -> Phase:
        return self.state.counter.phase

    def performed(self, kind: type) -> bool:
        return any(isinstance(effect, kind) for effect in self.done)
