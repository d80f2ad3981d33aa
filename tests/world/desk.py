"""A till by hand: it follows the flow for every kind of order, or breaks it."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec

from contract.fiscal import Outage
from contract.messages import (
    AdviceBatch,
    AdviceRecorded,
    DeclineReason,
    OrderAdvice,
    OrderBooked,
    OrderConflict,
    OrderDeclined,
    OrderRequest,
    Rejected,
    encode,
    encode_advice,
)
from contract.order import (
    Ask,
    Order,
    Outcome,
    Path,
    Payment,
    PaymentMethod,
    ask_first,
    encode_order,
)
from tests.world.acts import CASH, Opening, draw_act
from tests.world.timeline import Wire
from tests.world.wares import CREDENTIALS, GUESTS

if TYPE_CHECKING:
    from collections.abc import Callable

    from contract.ids import TillId
    from contract.messages import FromHub, FromTill
    from contract.token import Credential
    from tests.world.acts import Act
    from tests.world.simulation import World

Verdict = OrderBooked | OrderDeclined | OrderConflict

SILENT_AFTER_MS = 1500
REPEAT_AFTER_MS = 400
DELIVER_MS = 400
ATTEMPTS_MAX = 4
BATCH_MAX = 12


@dataclass
class DeskOrder:
    """An order with its latest attempt, and what became of it."""

    act: Act
    attempt: int = 0
    body: bytes = b""
    payment: Payment | None = None
    outcome: Outcome | None = None
    advice: bytes = b""
    recorded: bool = False
    contradicted: bool = False

    @property
    def id(self) -> UUID:
        """The order's id."""
        return self.act.order.id

    @property
    def order(self) -> Order:
        """The order as of its latest attempt."""
        if self.attempt == 0:
            return self.act.order
        return msgspec.structs.replace(
            self.act.order, attempt=self.attempt, payment=self.payment
        )


@dataclass
class Desk:
    """Has neither core nor journal nor power cuts; its wires are as bad as others."""

    world: World
    till: TillId
    is_faulty: bool
    orders: dict[UUID, DeskOrder] = field(default_factory=dict)
    healed: bool = False
    incarnation: UUID | None = None

    def __post_init__(self) -> None:
        self.random = Random(f"{self.world.seed} {self.till}")
        self.up = Wire(self.world.timeline, self.random)
        self.down = Wire(self.world.timeline, self.random)

    def start(self) -> None:
        """Open for business."""
        self._later(self.random.randint(50, 300), self._act)
        self._later(DELIVER_MS, self._deliver)

    def heal(self) -> None:
        """Do nothing new, on good wires."""
        self.healed = self.up.healed = self.down.healed = True

    def is_settled(self) -> bool:
        """Whether the hub has said of all orders that the ledger holds them."""
        return all(each.recorded for each in self.orders.values())

    def what_waits(self) -> object:
        """Name the orders that are not recorded."""
        return [
            (each.order.kind, each.attempt, each.outcome, each.id)
            for each in self.orders.values()
            if not each.recorded
        ]

    # --- what it does ----------------------------------------------------------------

    def _act(self) -> None:
        if self.healed:
            return
        self._later(self.random.randint(60, 500), self._act)
        if self.is_faulty and self.orders and self.random.random() < 0.3:
            self._misbehave(self.random.choice(list(self.orders.values())))
            return
        opening = Opening(
            id=self._uuid(),
            till=self.till,
            sequence=len(self.orders) + 1,
            at=self.world.timeline.now,
            catalogue=self.world.site.agreed.current_catalogue,
        )
        real = [
            each
            for each in self.world.decided()
            if not each.training and (each.cash is None or each.till == self.till)
        ]
        act = draw_act(self.random, opening, real)
        known = self.orders[act.order.id] = DeskOrder(act, payment=act.payment)
        if self.random.random() < 0.05:
            self._decide(known, Outcome.ABORTED)
        else:
            self._try(known)

    def _try(self, known: DeskOrder) -> None:
        """Make the next attempt; ask the hub for it where it must be asked."""
        known.attempt += 1
        order = known.order
        known.body = encode_order(order)
        if ask_first(order) is not Ask.REQUEST:
            path = Path.STAND_IN if self.random.random() < 0.2 else None
            self._decide(known, Outcome.COMPLETED, path)
            return
        request = OrderRequest(
            id=self._uuid(),
            order=msgspec.Raw(known.body),
            answer_by=self.world.timeline.now,
            credential=self._credential(known),
        )
        self._send(request)
        attempt = known.attempt
        self._later(REPEAT_AFTER_MS, lambda: self._repeat(known, request, attempt))
        self._later(SILENT_AFTER_MS, lambda: self._silenced(known, attempt))

    def _repeat(self, known: DeskOrder, request: OrderRequest, attempt: int) -> None:
        if known.outcome is None and known.attempt == attempt:
            self._send(request)

    def _silenced(self, known: DeskOrder, attempt: int) -> None:
        if known.outcome is not None or known.attempt != attempt:
            return
        chance = self.random.random()
        if known.order.cancels is not None and chance < 0.6:
            self._try(known)
        elif _charges(known.order) and chance < 0.5:
            self._decide(known, Outcome.COMPLETED, Path.STAND_IN)
        elif chance < 0.7 and known.attempt < ATTEMPTS_MAX:
            self._pay_otherwise(known)
        else:
            self._decide(known, Outcome.ABORTED)

    def _pay_otherwise(self, known: DeskOrder) -> None:
        if _charges(known.order) and not known.order.vouchers:
            wallet = self.random.choice(GUESTS)
            other = Payment(method=PaymentMethod.WALLET, wallet=wallet)
            known.payment = self.random.choice([other, other, CASH])
        self._try(known)

    def _decide(
        self, known: DeskOrder, outcome: Outcome, path: Path | None = None
    ) -> None:
        known.outcome = outcome
        known.advice = self._advice(known, outcome, path)
        if outcome is Outcome.COMPLETED:
            self.world.completed.append(known.order)

    def _advice(
        self, known: DeskOrder, outcome: Outcome, path: Path | None = None
    ) -> bytes:
        now = self.world.timeline.now
        return encode_advice(
            OrderAdvice(
                order=msgspec.Raw(encode_order(known.order)),
                outcome=outcome,
                path=path,
                decided_at=now,
                credential=self._credential(known),
                outage=Outage(since=now, reason="A desk has no TSE."),
            )
        )

    def _deliver(self) -> None:
        self._later(DELIVER_MS, self._deliver)
        waiting = [
            each.advice
            for each in self.orders.values()
            if each.outcome is not None and not each.recorded
        ]
        if waiting:
            self.random.shuffle(waiting)
            raws = tuple(msgspec.Raw(advice) for advice in waiting[:BATCH_MAX])
            self._send(AdviceBatch(id=self._uuid(), advices=raws))

    # --- what it hears ---------------------------------------------------------------

    def down_from_hub(self, message: FromHub) -> None:
        """Let the hub say something to this desk."""
        self.down.carry(lambda: self._hear(message))

    def _hear(self, message: FromHub) -> None:
        anchor = getattr(message, "anchor", None)
        if anchor is not None and anchor.incarnation != self.incarnation:
            if anchor.incarnation != self.world.site.database.incarnation:
                return  # an answer of the ledger before the restore, come late
            self._begin_anew(anchor.incarnation)
        if isinstance(message, AdviceRecorded):
            for each in message.recorded:
                self.orders[each.order].recorded = True
        elif isinstance(message, OrderBooked | OrderDeclined | OrderConflict):
            known = self.orders[message.order]
            if known.outcome is None and known.attempt == message.attempt:
                self._answered(known, message)
        elif isinstance(message, Rejected) and message.order is not None:
            known = self.orders[message.order]
            if known.outcome is None:
                self._decide(known, Outcome.ABORTED)

    def _answered(self, known: DeskOrder, message: Verdict) -> None:
        match message:
            case OrderBooked():
                self._decide(known, Outcome.COMPLETED, Path.ONLINE)
            case OrderDeclined(reason=reason):
                self._declined(known, reason)
            case OrderConflict():
                self._decide(known, Outcome.ABORTED)

    def _begin_anew(self, incarnation: UUID) -> None:
        for each in self.orders.values():
            each.recorded = False
        self.incarnation = incarnation

    def _declined(self, known: DeskOrder, reason: DeclineReason) -> None:
        tries = known.attempt < ATTEMPTS_MAX
        if reason is DeclineReason.NOT_FINAL_YET and tries:
            attempt = known.attempt
            self._later(600, lambda: self._again(known, attempt))
        elif self.is_faulty and _charges(known.order) and self.random.random() < 0.5:
            self._decide(known, Outcome.COMPLETED, Path.ONLINE)  # handed out anyway
        elif tries and self.random.random() < 0.5:
            self._pay_otherwise(known)
        else:
            self._decide(known, Outcome.ABORTED)

    def _again(self, known: DeskOrder, attempt: int) -> None:
        if known.outcome is None and known.attempt == attempt:
            self._try(known)

    # --- against the rules -----------------------------------------------------------

    def _misbehave(self, known: DeskOrder) -> None:
        chance = self.random.random()
        if known.attempt and chance < 0.4:
            self._send_other_bytes(known)
        elif known.recorded and chance < 0.7:
            self._contradict(known)
        elif known.outcome is None and chance < 0.8:
            self.world.site.database.poison.add(known.id)
        elif known.body:  # much too late, or once more
            request = OrderRequest(
                id=self._uuid(),
                order=msgspec.Raw(known.body),
                answer_by=self.world.timeline.now,
                credential=self._credential(known),
            )
            self._send(request)

    def _send_other_bytes(self, known: DeskOrder) -> None:
        other = msgspec.structs.replace(known.order, cashier="mallory")
        request = OrderRequest(
            id=self._uuid(),
            order=msgspec.Raw(encode_order(other)),
            answer_by=self.world.timeline.now,
            credential=self._credential(known),
        )
        self._send(request)

    def _contradict(self, known: DeskOrder) -> None:
        if known.attempt == 0:
            return
        known.contradicted = True
        is_completed = known.outcome is Outcome.COMPLETED
        said = Outcome.ABORTED if is_completed else Outcome.COMPLETED
        advice = self._advice(known, said, None)
        self._send(AdviceBatch(id=self._uuid(), advices=(msgspec.Raw(advice),)))

    # --- small parts -----------------------------------------------------------------

    def _send(self, message: FromTill) -> None:
        said = encode(message)
        site = self.world.site
        self.up.carry(lambda: site.hear(self.till, said, self.down_from_hub))

    def _credential(self, known: DeskOrder) -> Credential | None:
        payment = known.payment
        wallet = payment.wallet if payment and payment.wallet else known.act.wristband
        return None if wallet is None else CREDENTIALS.get(wallet)

    def _later(self, ms: int, action: Callable[[], None]) -> None:
        self.world.timeline.after(ms, action)

    def _uuid(self) -> UUID:
        return UUID(int=self.random.getrandbits(128))


def _charges(order: Order) -> bool:
    """Whether it is a sale that a wallet pays."""
    payment = order.payment
    return (
        order.cancels is None
        and payment is not None
        and payment.method is PaymentMethod.WALLET
        and order.total_minor > 0
    )
