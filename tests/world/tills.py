"""A till of a world: a real core with its journal, TSE, wires and cashier."""

from __future__ import annotations

from datetime import timedelta
from random import Random
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec

from contract.messages import (
    AdviceBatch,
    HubStatus,
    TseNotes,
    decode_from_hub,
    encode,
)
from contract.order import CardReceipt, OrderKind, Outcome, decode_order
from edge.core import acts, effects, events, intents
from edge.core.checkout import EDGES, step, trigger
from edge.core.delivery import DeliveryQueue
from edge.core.picture import picture
from edge.core.records import Decided
from edge.core.recovery import recover
from edge.core.state import Approved, Identity, Moment, Reading, Selling, TillState
from edge.core.view import Phase
from edge.journal.memory import MemoryJournal
from tests.contract.samples import EVENT
from tests.world import drawers
from tests.world.timeline import MS, Wire
from tests.world.tse import SimulatedTse
from tests.world.wares import CARDS, CATALOGUE_BYTES, CUP, EMPTY_CARD

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from contract.ids import TillId
    from contract.messages import CashierLogout, FromHub, FromTill
    from edge.core.effects import Effect
    from edge.core.events import Event, FiscalEvent
    from edge.core.intents import Intent
    from edge.core.records import Record
    from tests.world.simulation import World

CLOCK_STEP_S = 900
COURIER_MS = 200
LOGOUTS_AGAIN_NS = 10_000_000_000
AT_COLLECTION: tuple[Intent, ...] = (
    intents.MoneyTaken(),
    intents.MoneyTaken(),
    intents.MoneyTaken(),
    intents.AbortOrder(),
    intents.BackToBasket(),
)
WITH_ACT: tuple[Intent, ...] = (
    intents.PayByCash(),
    intents.PayByCash(),
    intents.PayByCard(),
    intents.Submit(),
    intents.AbortOrder(),
)


class PowerCut(Exception):
    """The till is gone in the middle of a step."""


AFTER_DECLINE: tuple[Intent, ...] = (
    intents.BackToBasket(),
    intents.PayByWristband(),
    intents.PayByCash(),
    intents.AbortOrder(),
)


class SimulatedTill:
    """A till as its core makes it, on hardware that fails."""

    def __init__(self, world: World, till: TillId) -> None:
        self.world = world
        self.random = Random(f"{world.seed} {till}")
        self.identity = Identity(till, EVENT)
        self.drill = Random(f"{world.seed} {till} drill")
        self.journal = MemoryJournal()
        self.tse = SimulatedTse(till, world.timeline, self.random)
        self.up = Wire(world.timeline, self.random)
        self.down = Wire(world.timeline, self.random)
        self.shown: set[UUID] = set()
        self.declined_by_cashier: set[UUID] = set()
        self.healed = False
        self.powered = False
        self.epoch = 0
        self.steps = 0
        self.state = TillState(identity=self.identity)
        self.queue = DeliveryQueue()
        self.logouts: tuple[CashierLogout, ...] = ()
        self.say_ns = 0
        self.clock_off = timedelta()
        self.statuses = 0
        self.cash = Random(f"{world.seed} {till} cash")
        self.counted: set[str] = set()
        """Drawers that were counted once more at the end."""
        self.charges: set[str] = set()
        """What the card terminal has paid; it forgets nothing when the till does."""
        self.refunds: dict[str, int] = {}
        """What of it went back to a card, by the reference; in minor units."""

    # --- power -----------------------------------------------------------------------

    def boot(self) -> None:
        self.epoch += 1
        self.powered = True
        self.queue = DeliveryQueue()
        self.logouts = ()
        self.state = TillState(identity=self.identity)
        found = self.journal.read()
        state, todo = recover(self.identity, found, self._moment())
        try:
            self._perform_all(state, todo)
        except PowerCut:
            self.cut_power()
            return
        self._soon(5, lambda: self.take(self.tse.opened()))
        self._soon(self.random.randint(10, 400), self._link_up)
        self._soon(COURIER_MS, self._courier_looks)

    def set_clock(self) -> None:
        """Step the till's clock, as somebody without NTP might."""
        seconds = self.random.randint(-CLOCK_STEP_S, CLOCK_STEP_S)
        self.clock_off = timedelta(seconds=seconds)

    def cut_power(self) -> None:
        self.world.site.incidents.add("a till's power is cut")
        self.powered = False
        self.epoch += 1
        self.up.cut = self.down.cut = True
        self.world.timeline.after(self.random.randint(50, 3000), self.boot)

    def heal(self) -> None:
        self.healed = self.up.healed = self.down.healed = self.tse.healed = True
        self.tse.dead = False
        if self.powered:
            self._link_up()

    def is_settled(self) -> bool:
        state = self.state
        quiet = isinstance(state.counter, Selling) and state.counter.order is None
        # A till that comes to power last must yet hear that the ledger was restored.
        is_told = state.incarnation == self.world.site.database.incarnation
        return (
            self.powered
            and quiet
            and is_told
            and not state.undelivered
            and not state.signing
            and not state.cancellations
            and not state.lookups
            and not state.charges
            and not state.closings
            and not state.unsaid
            and self.is_closed
            and self.is_counted
            and len(self.queue) == 0
        )

    @property
    def is_delivered(self) -> bool:
        """Whether the ledger has all that was ever done here."""
        state = self.state
        behind = state.cancellations or state.lookups or state.charges
        is_told = state.incarnation == self.world.site.database.incarnation
        return (
            self.powered
            and is_told
            and not (state.undelivered or state.signing or behind)
        )

    @property
    def is_counted(self) -> bool:
        """Whether all drawers of this till were counted at last."""
        left = drawers.drawers_of(self) - self.counted
        return not left or not self.world.counts_cash

    def what_waits(self) -> object:
        state = self.state
        return (
            state.counter.phase,
            state.banner,
            state.undelivered,
            state.signing,
            state.cancellations,
            state.lookups,
            state.charges,
            [each.z_number for each in state.closings],
            state.connection,
        )

    # --- events ----------------------------------------------------------------------

    def take(self, event: Event | Intent) -> None:
        if not self.powered:
            return
        self.steps += 1
        before = self.state.counter.phase
        state, todo = step(self.state, event, self._moment())
        try:
            self._perform_all(state, todo)
        except PowerCut:
            self.cut_power()
            return
        after = self.state.counter.phase
        if before is not after:
            edge = (before, trigger(event), after)
            assert edge in EDGES, f"{edge} is not declared"
            self.world.edges.add(edge)
        if self.steps % 16 == 0:
            assert picture(self.state).phase is after

    def _perform_all(self, state: TillState, todo: tuple[Effect, ...]) -> None:
        for effect in todo:
            self._maybe_cut_power(effect)
            state = self._perform(effect, state)
            self._maybe_cut_power(effect)
        self.state = state
        if isinstance(state.counter, Approved):
            self.shown.add(state.counter.approval.order)

    def _maybe_cut_power(self, effect: Effect) -> None:
        chance = 0.004 if isinstance(effect, effects.Commit) else 0.0005
        if not self.healed and self.random.random() < chance:
            raise PowerCut

    def _perform(self, effect: Effect, state: TillState) -> TillState:
        match effect:
            case effects.Commit(records=records):
                self.journal.write(records)
                self._moves_cash(records)
            case effects.CacheWallets(wallets=wallets):
                self.journal.wallets.update(wallets)
            case effects.ForgetWallets():
                self.journal.wallets.clear()
            case effects.Redeliver():
                found = self.journal.read()
                self.queue.replace(found.undelivered)
                again = events.UndeliveredAgain(found.undelivered, found.closings)
                state, todo = step(state, again, self._moment())
                for each in todo:
                    state = self._perform(each, state)
            case _:
                self._perform_at_once(effect)
        return state

    def _moves_cash(self, records: Sequence[Record]) -> None:
        for record in records:
            if isinstance(record, Decided) and record.outcome is Outcome.COMPLETED:
                order = decode_order(record.document)
                self.world.drawers.moved(order)
                is_count = order.kind is OrderKind.SHIFT_END and not order.training
                # Not if another till put something in while it was counted.
                left = self.world.drawers.held[order.cash_register]
                if self.healed and is_count and not left:
                    self.counted.add(order.cash_register)

    def _perform_at_once(self, effect: effects.Immediate) -> None:
        match effect:
            case effects.SetAlarm(alarm=alarm, after_ms=after_ms):
                self._soon(after_ms, lambda: self.take(alarm))
            case effects.SendRequest(request=request):
                self._send(request)
            case effects.FetchCatalogue(link=link):
                fetched = events.CatalogueFetched(CATALOGUE_BYTES[link.version])
                self._soon(20, lambda: self.take(fetched))
            case (
                effects.BeginFiscal()
                | effects.FinishFiscal()
                | effects.FindFiscal()
                | effects.CloseStray()
            ):
                self.tse.perform(effect, self._if_same_epoch())
            case effects.FetchWallets():
                self._soon(self.random.randint(1, 200), self._fetches_wallets)
            case effects.ChargeCard() | effects.RefundCard() | effects.FindCharge():
                self._at_terminal(effect)
            case effects.LookUp(order=order):
                found = events.OrderFound(order, *self.journal.found(order))
                self._soon(1, lambda: self.take(found))
            case effects.SumUp(z_number=z_number):
                summed = events.SummedUp(z_number, *self.journal.summed(z_number))
                self._soon(1, lambda: self.take(summed))
            case (
                effects.Note()
                | effects.OpenFiscal()
                | effects.PrintReceipt()
                | effects.PrintClosing()
                | effects.ArchiveTse()
            ):
                pass
            case _:
                self._tell_courier(effect)

    def _fetches_wallets(self) -> None:
        """Ask for the snapshot; what is told of wallets meanwhile may overtake it."""
        found = None if self.down.cut else self.world.site.snapshot()
        if found is None:
            failed = events.WalletsFailed("The edge listener does not answer.")
            self._soon(1, lambda: self.take(failed))
        else:
            self._soon(self.random.randint(1, 300), lambda: self.take(found))

    def _at_terminal(self, effect: effects.ForTerminal) -> None:
        """Let the card terminal pay, refuse, or pay and say nothing."""
        order, reference = effect.order, effect.reference
        receipt = CardReceipt(provider="terminals", id=reference)
        paid = events.CardPaid(order, reference, receipt)
        done: events.TerminalEvent = paid
        if isinstance(effect, effects.FindCharge):
            if reference not in self.charges:
                done = events.CardNotFound(order, reference)
        elif not self.healed and self.random.random() < 0.3:
            done = events.CardFailed(order, reference, "The card is refused.")
        else:
            self.charges.add(reference)
            if isinstance(effect, effects.RefundCard):
                assert effect.amount.minor > 0, "nothing was given back to a card"
                self.refunds[reference] = effect.amount.minor
            if not self.healed and self.random.random() < 0.2:
                text = "The terminal is silent."
                done = events.CardFailed(order, reference, text, silent=True)
        self._soon(self.random.randint(5, 300), lambda: self.take(done))

    def _tell_courier(self, effect: effects.ForCourier) -> None:
        now = self.world.timeline.now_ns
        match effect:
            case effects.Deliver(orders=orders):
                self.queue.add(orders)
            case effects.Delivered(orders=orders, regarding=regarding):
                self.queue.recorded(orders, regarding, now)
            case effects.SayLogouts(logouts=logouts):
                self.logouts = logouts
                self._say_logouts()
            case effects.DeliverNow():
                self.queue.wake()
                self._say_logouts()
            case effects.RefusedByHub(rejected=rejected):
                refused = self.queue.refused(rejected.regarding, now)
                assert refused is None, "this hub refuses no advice"
            case effects.Probe():
                self._probe()

    def _probe(self) -> None:
        if len(self.queue) == 0:
            self._soon(1, lambda: self.take(events.ProbeImpossible()))

    def _say_logouts(self) -> None:
        self.say_ns = self.world.timeline.now_ns + LOGOUTS_AGAIN_NS
        for each in self.logouts:
            if not self.up.cut:
                self._send(each)

    # --- the wires -------------------------------------------------------------------

    def down_from_hub(self, message: FromHub) -> None:
        """Let the hub say something to this till."""
        said = encode(message)
        arrive = self._in_epoch(
            lambda: self.take(events.HubSaid(decode_from_hub(said)))
        )
        if isinstance(message, HubStatus):  # kept by the broker, never out of order
            arrive = self._latest_status(arrive)
        self.down.carry(arrive)

    def _latest_status(self, arrive: Callable[[], None]) -> Callable[[], None]:
        self.statuses += 1
        number = self.statuses

        def unless_outdated() -> None:
            if number == self.statuses:
                arrive()

        return unless_outdated

    def _send(self, message: FromTill) -> None:
        if self.up.cut:
            self._soon(0, lambda: self.take(events.NotSent()))
            return
        said = encode(message)
        site, till = self.world.site, self.identity.till
        if isinstance(message, TseNotes):  # repeated as anything else, so no dice here
            self._soon(1, lambda: site.hear(till, said, self._told))
            return
        if not site.is_there and self.random.random() < 0.5:
            self._soon(2, lambda: self.take(events.NobodyListens()))
        self.up.carry(lambda: site.hear(till, said, self.down_from_hub))

    def _told(self, message: FromHub) -> None:
        self._soon(1, lambda: self.take(events.HubSaid(message)))

    def _link_up(self) -> None:
        if not self.powered:
            return
        self.up.cut = self.down.cut = False
        self.take(events.LinkUp())
        site = self.world.site
        config = site.config(self.identity.till)
        self._soon(3, lambda: self.take(events.HubSaid(config)))
        self.down_from_hub(site.status())
        if not self.healed:
            self._soon(self.random.randint(2000, 20_000), self._link_down)

    def _link_down(self) -> None:
        if self.healed:
            return
        self.up.cut = self.down.cut = True
        self.take(events.LinkDown())
        self._soon(self.random.randint(200, 8000), self._link_up)

    def _courier_looks(self) -> None:
        now = self.world.timeline.now_ns
        self.queue.look(now)
        orders = self.queue.next(now)
        if orders and not self.up.cut:
            sealed = self.journal.sealed(orders)
            raws = tuple(msgspec.Raw(sealed[order]) for order in orders)
            batch = AdviceBatch(id=UUID(int=self.random.getrandbits(128)), advices=raws)
            self.queue.sent(batch.id, orders, now)
            self._say_logouts()  # before the advices, as the courier does
            self._send(batch)
        elif orders:
            self.queue.not_sent(now)
        if self.say_ns <= now:
            self._say_logouts()
        self._soon(COURIER_MS, self._courier_looks)

    # --- the cashier -----------------------------------------------------------------

    def cashier_acts(self) -> None:
        """One act of a cashier who at times changes her mind."""
        self.world.timeline.after(self.random.randint(20, 500), self.cashier_acts)
        if not self.powered:
            return
        if not self.healed:
            self.tse.dead = self.random.random() < 0.05
        match self.state.counter.phase:
            case Phase.SELLING:
                self._at_basket()
            case Phase.PRESENT:
                self._holds_card()
            case Phase.APPROVED:
                self._sees_approval()
            case Phase.DECLINED:
                self.take(self.random.choice(AFTER_DECLINE))
            case Phase.HANDED_OUT:
                self._answers()
            case Phase.COLLECT:
                self.take(self.random.choice(AT_COLLECTION))
            case _:
                pass

    def _at_basket(self) -> None:
        counter = self.state.counter
        assert isinstance(counter, Selling)
        order = counter.order
        if self.healed:
            self._finishes(is_open=order is not None)
        elif order is None and self.world.counts_cash and self.cash.random() < 0.2:
            self.take(drawers.draw(self, self.cash))
        elif order is None and self.random.random() < 0.3:
            self._does_otherwise()
        elif order is not None and order.content.kind is not OrderKind.SALE:
            self.take(self.random.choice(WITH_ACT))
        else:
            self._sells(is_open=order is not None)

    def _finishes(self, *, is_open: bool) -> None:
        """Leave the basket, and close the day when nothing is left to do."""
        last = None if is_open or self.is_counted else drawers.at_last(self)
        if is_open:
            self.take(intents.AbortOrder())
        elif last is not None:
            self.take(last)
        elif self.is_counted and not self.is_closed:
            self.take(intents.CloseTill())

    @property
    def is_closed(self) -> bool:
        """Whether every order is in a Z report."""
        closed = {each.z_number for each in self.journal.closings}
        return all(row.order.z_number in closed for row in self.journal.rows.values())

    def _sells(self, *, is_open: bool) -> None:
        chance = self.random.random()
        product = self.random.choice([1, 2])
        if not is_open or chance < 0.4:
            self.take(intents.Pick(product))
        elif chance < 0.45:
            self.take(intents.Return(CUP.id))
        elif chance < 0.5:
            self.take(intents.Remove(product))
        elif chance < 0.85:
            self.take(intents.PayByWristband())
        elif chance < 0.92:
            self.take(intents.PayByCash())
        elif chance < 0.96:
            self.take(intents.PayByCard())
        else:
            self.take(intents.AbortOrder())

    def _does_otherwise(self) -> None:
        """Begin something that is no sale."""
        if self.drill.random() < (0.3 if self.state.training else 0.08):
            self.take(intents.SwitchTraining(on=not self.state.training))
            return
        if self.drill.random() < 0.04:
            self.take(intents.CloseTill())
            return
        chance = self.random.random()
        if chance < 0.4:
            decided = self.world.decided()
            if decided:
                original = self.random.choice(decided)
                by_line = (1,) if self.random.random() < 0.5 else None
                self.take(intents.CancelOrder(original.id, by_line))
        elif chance < 0.7:
            self.take(intents.Begin(acts.TopUp(self.random.choice([500, 2000]))))
        elif chance < 0.85:
            self.take(intents.Begin(acts.Payout(300)))
        else:
            kind, blocked = OrderKind.BLOCK, self.random.random() < 0.5
            self.take(intents.Begin(acts.WristbandAct(kind, blocked=blocked)))

    def _holds_card(self) -> None:
        chance = self.random.random()
        is_counting = isinstance(self.state.counter, Reading) and not self.is_counted
        if self.healed and is_counting:
            card = CARDS[1]
            now = self.world.timeline.now_ns
            self.take(events.WristbandRead(card.uid, card.message, now))
        elif self.healed or chance < 0.05:
            self.take(intents.AbortOrder())
        elif chance < 0.1:
            self.take(intents.PayByCash())
        elif chance < 0.15:
            self.take(intents.BackToBasket())
        else:
            card = self.random.choice([*CARDS.values(), EMPTY_CARD])
            stale_ns = 10_000 * MS if self.random.random() < 0.1 else 0
            arrived = self.world.timeline.now_ns - stale_ns
            self.take(events.WristbandRead(card.uid, card.message, arrived))
            if stale_ns or card is EMPTY_CARD:
                assert self.state.counter.phase is Phase.PRESENT

    def _sees_approval(self) -> None:
        counter = self.state.counter
        assert isinstance(counter, Approved)
        order = counter.approval.order
        self.take(events.Shown(order, self.world.timeline.now_ns))
        if self.healed or self.random.random() < 0.5:
            self.take(intents.Dismiss())
        else:
            self.take(intents.Pick(1))

    def _answers(self) -> None:
        asking = picture(self.state).approval
        assert asking is not None
        handed_out = self.random.random() < 0.5
        self.take(intents.AnswerHandedOut(handed_out))
        if not handed_out and self.powered:
            self.declined_by_cashier.add(asking.order)

    # --- small parts -----------------------------------------------------------------

    def _moment(self) -> Moment:
        timeline = self.world.timeline
        fresh = UUID(int=self.random.getrandbits(128))
        return Moment(timeline.now + self.clock_off, timeline.now_ns, fresh)

    def _soon(self, ms: int, action: Callable[[], None]) -> None:
        self.world.timeline.after(ms, self._in_epoch(action))

    def _in_epoch(self, action: Callable[[], None]) -> Callable[[], None]:
        epoch = self.epoch

        def act() -> None:
            if self.powered and self.epoch == epoch:
                action()

        return act

    def _if_same_epoch(self) -> Callable[[FiscalEvent], None]:
        epoch = self.epoch

        def answer(event: FiscalEvent) -> None:
            if self.powered and self.epoch == epoch:
                self.take(event)

        return answer
