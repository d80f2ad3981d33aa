"""A till's core with every kind of order, and a hub's answers to what it asks."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar
from uuid import UUID

import msgspec

from contract.catalogue import digest, encode_catalogue
from contract.config import TillProfile
from contract.fiscal import process_data
from contract.ids import WristbandUid
from contract.messages import (
    AdviceRecorded,
    DeclineReason,
    Facts,
    OrderBooked,
    OrderCheck,
    OrderChecked,
    OrderDeclined,
    OrderRequest,
    RecordedOrder,
    WalletChange,
    WalletChanges,
)
from contract.money import Money
from contract.order import (
    CardReceipt,
    OrderKind,
    Outcome,
    PaymentMethod,
    decode_order,
    inconsistency,
)
from edge.core import effects, events, intents
from edge.core.records import Decided
from edge.core.state import Checking, Selling, Starting, Terms
from edge.journal.memory import MemoryJournal
from tests.contract.orders import FESTIVAL
from tests.edge.core.desk import ANCHOR, Desk
from tests.edge.core.issuing import issue
from tests.edge.parts import CONFIG

if TYPE_CHECKING:
    from contract.ids import OrderId
    from contract.order import Order
    from edge.core.acts import Act
    from edge.core.effects import Effect, Question

    Q = TypeVar("Q", bound="Question")

E = TypeVar("E")

EVERYTHING = TillProfile(
    name="everything", kinds=tuple(OrderKind), methods=tuple(PaymentMethod)
)
FESTIVAL_BYTES = encode_catalogue(FESTIVAL)
CONFIGURED = msgspec.structs.replace(
    CONFIG,
    profile=EVERYTHING,
    catalogue=msgspec.structs.replace(
        CONFIG.catalogue, version=FESTIVAL.version, digest=digest(FESTIVAL_BYTES)
    ),
)
RECEIPT = CardReceipt(provider="acme", id="4242", masked_number="************4242")


class Festival(Desk):
    """Checks each order that completes, and keeps all records in a journal."""

    def __init__(self, journal: MemoryJournal | None = None) -> None:
        found = None if journal is None else journal.read()
        self.journal = journal or MemoryJournal()
        super().__init__(found)
        terms = Terms(CONFIGURED, FESTIVAL, CONFIGURED.catalogue.digest)
        counter = self.state.counter
        if isinstance(counter, Starting):
            counter = Selling()
        self.state = replace(self.state, terms=terms, counter=counter)

    def note(self) -> None:
        super().note()
        for effect in self.done:
            if isinstance(effect, effects.Commit):
                self.journal.write(effect.records)
                for record in effect.records:
                    if isinstance(record, Decided):
                        _check(record)

    def profile(self, **changes: object) -> Festival:
        """Give the till another profile."""
        assert self.state.terms is not None
        profile = msgspec.structs.replace(EVERYTHING, **changes)
        config = msgspec.structs.replace(CONFIGURED, profile=profile)
        terms = replace(self.state.terms, config=config)
        self.state = replace(self.state, terms=terms)
        return self

    def wallet(self, serial: int = 1, **known: object) -> Festival:
        """Let the hub tell of a wallet."""
        change = WalletChange(wallet=serial, available_minor=5_000)
        change = msgspec.structs.replace(change, **known)
        self.say(
            WalletChanges(id=UUID(int=2), number=1, anchor=ANCHOR, changes=(change,))
        )
        return self

    def up(self) -> Festival:
        self.online()
        return self

    def pick_all(self, *products: int) -> None:
        for product in products:
            self.do(intents.Pick(product))

    def tap(self, serial: int = 1, variant: int = 2) -> None:
        uid = WristbandUid(bytes([4, 0, 0, 0, 0, 0, serial]))
        message = issue(uid=uid, serial=serial, variant=variant)
        self.do(events.WristbandRead(uid, message, self.ns + 1))

    def begin(self, act: Act) -> tuple[Effect, ...]:
        return self.do(intents.Begin(act))

    def only(self, kind: type[E]) -> E:
        """Return the one effect of this kind that the last step had."""
        (found,) = (each for each in self.done if isinstance(each, kind))
        return found

    def asked(self, kind: type[Q]) -> Q:
        """Return what the last step sent to the hub."""
        request = self.only(effects.SendRequest).request
        assert isinstance(request, kind), request
        return request

    def book(self, balance: int = 500, vouchers: int | None = None) -> Order:
        """Let the hub book what was just requested."""
        request = self.asked(OrderRequest)
        order = decode_order(request.order)
        self.say(
            OrderBooked(
                id=UUID(int=3),
                regarding=request.id,
                order=order.id,
                attempt=order.attempt,
                balance=Money(balance),
                vouchers=vouchers,
                anchor=ANCHOR,
            )
        )
        return order

    def check_passes(self, facts: Facts = Facts()) -> Order:  # noqa: B008
        """Let the hub find nothing against what was just checked."""
        check = self.asked(OrderCheck)
        order = decode_order(check.order)
        self.say(
            OrderChecked(
                id=UUID(int=3),
                regarding=check.id,
                order=order.id,
                attempt=order.attempt,
                anchor=ANCHOR,
                facts=facts,
            )
        )
        return order

    def decline(self, reason: DeclineReason, facts: Facts = Facts()) -> Order:  # noqa: B008
        """Let the hub decline what was just asked."""
        request = self.only(effects.SendRequest).request
        assert isinstance(request, OrderRequest | OrderCheck)
        order = decode_order(request.order)
        self.say(
            OrderDeclined(
                id=UUID(int=3),
                regarding=request.id,
                order=order.id,
                attempt=order.attempt,
                reason=reason,
                text="No.",
                facts=facts,
                anchor=ANCHOR,
            )
        )
        return order

    def last_asked(self) -> tuple[OrderId, int]:
        """Name the attempt that the counter waits for."""
        counter = self.state.counter
        assert isinstance(counter, Checking)
        return counter.order.id, counter.attempt.number

    def lose_hub(self) -> None:
        self.do(events.LinkDown())

    def recorded(self, *orders: OrderId) -> tuple[Effect, ...]:
        """Let the hub record these advices."""
        return self.say(
            AdviceRecorded(
                id=UUID(int=4),
                regarding=UUID(int=5),
                recorded=tuple(RecordedOrder(order=each) for each in orders),
                anchor=ANCHOR,
            )
        )

    def seal_all(self) -> None:
        """Let the TSE fail for every order, so that their advices are sealed."""
        for closed in self.state.signing:
            self.do(events.FiscalFailed(closed.decision.order, "It is dead."))

    def sum_up(self) -> None:
        """Let the journal tell of the Z number that was asked for."""
        z_number = self.only(effects.SumUp).z_number
        self.do(events.SummedUp(z_number, *self.journal.summed(z_number)))

    def decisions(self) -> list[Decided]:
        return [each for each in self.records if isinstance(each, Decided)]

    def last(self) -> Order:
        """Return the order that was decided last, as completed."""
        decision = self.decisions()[-1]
        assert decision.outcome is Outcome.COMPLETED
        return decode_order(decision.document)

    def restarted(self) -> Festival:
        """Cut the power, and start on the same journal."""
        return Festival(self.journal)


def _check(decision: Decided) -> None:
    order = decode_order(decision.document)
    assert decision.process_data == process_data(order, decision.outcome)
    if decision.outcome is Outcome.COMPLETED:
        assert order.attempt == decision.attempt > 0
        assert inconsistency(order) is None, inconsistency(order)
