"""The hub as the tills meet it: messages in and out, kills, takeovers, a restore."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

import msgspec

from contract.advice import without_credential
from contract.config import TillProfile
from contract.messages import (
    AdviceBatch,
    AdviceFlag,
    AdviceRecorded,
    Anchor,
    CashierLoggedIn,
    CashierLoggedOut,
    CashierLogin,
    CashierLogout,
    Closing,
    Facts,
    HubStatus,
    OrderBooked,
    OrderCheck,
    OrderChecked,
    OrderConflict,
    OrderInfo,
    OrderQuery,
    OrderRequest,
    RecordedOrder,
    Rejected,
    RejectReason,
    StandInLimits,
    TillConfig,
    TseNotes,
    TseNotesRecorded,
    WalletChange,
    WalletChanges,
    decode_advice,
    decode_from_till,
)
from contract.money import Money
from contract.order import OrderKind, Outcome, Path, PaymentMethod, decode_order
from contract.staff import Right
from edge.core import events
from hub.core import sentences
from hub.core.allowances import Allowances
from hub.core.booking import Result, ResultCode, advice_item, credit_item, request_item
from hub.core.ledger import Role
from hub.core.orders import (
    Agreed,
    Till,
    advice_flags,
    check_refusal,
    looked_into,
    request_refusal,
    wallet_refusal,
)
from hub.service.answers import declined
from tests.contract.samples import EVENT, SELLER
from tests.edge.core.issuing import EVENT as EVENT_NUMBER
from tests.edge.core.issuing import KEYS
from tests.world import closings
from tests.world.database import Caps, Database, at_once
from tests.world.drawers import SHARED
from tests.world.hub import HubProcess, Job, open_ledger
from tests.world.proof import Proof
from tests.world.wares import CATALOGUE, CATALOGUES, LINKS, VARIANT, WALLETS

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence
    from random import Random

    from contract.ids import TillId
    from contract.messages import DeclineReason, FromHub, OrderAdvice
    from contract.order import Order
    from hub.core.booking import Item
    from hub.core.orders import Refusal
    from tests.world.hub import Done
    from tests.world.timeline import Timeline

LIMITS = StandInLimits(allowance_minor=2500, till_total_minor=6000)
TAKEOVER_MS = 1500


@dataclass(slots=True)
class Hearing:
    """A batch of advices that waits for its last item."""

    message: AdviceBatch
    answer: Callable[[FromHub], None]
    recorded: list[RecordedOrder]
    left: int = 0


class Site:
    """One event's hub processes, of which at most one writes, and their database."""

    def __init__(
        self,
        timeline: Timeline,
        random: Random,
        tills: Collection[TillId],
    ) -> None:
        self.timeline = timeline
        self.random = random
        caps = Caps(15_000, 60_000) if random.random() < 0.5 else Caps()
        self.database = Database(self._uuid(), dict.fromkeys(WALLETS, VARIANT), caps)
        self.proof = Proof(self.database)
        self.agreed = _agreed({CATALOGUE.version}, tills, revoked=())
        self.incidents: set[str] = set()
        """What happened here, in words."""
        self.listens = True
        self.restored = False
        self.honest: frozenset[TillId] = frozenset()
        """Tills that keep to their allowance."""
        self.quarantine: list[tuple[bytes, DeclineReason | None]] = []
        """Advices as they are kept, and why no wallet can be charged for them."""
        self.tills: list[Callable[[FromHub], None]] = []
        self._closings = closings.Desk(self)
        self._saved = 0
        self._changed: set[int] = set()
        self._news = 0
        funding = [
            credit_item(self._uuid(), serial, minor, "test")
            for serial, minor in WALLETS.items()
            if minor
        ]
        at_once(open_ledger(self.database).book(funding))
        self.process: HubProcess | None = None
        self.start()

    @property
    def is_idle(self) -> bool:
        """Whether a hub runs, and nothing waits for a commit."""
        return self.process is not None and self.process.is_idle

    @property
    def is_there(self) -> bool:
        """Whether a hub hears what tills say."""
        return self.listens and self.process is not None

    # --- the process -----------------------------------------------------------------

    def start(self) -> None:
        """Let a process take over that knows nothing but the database."""
        process = HubProcess(
            self.database, self.proof, self.timeline, self.random, self.incidents
        )
        self.allowances = Allowances()
        process.on_wallets(self._changed.update)
        self._changed.update(self.database.wallets)
        self.process = process

    def kill(self) -> None:
        """Kill the writer; a standby takes over a moment later."""
        if self.process is None:
            return
        self.process.kill()
        self.process = None
        self.incidents.add("a hub is killed")
        if self.random.random() < 0.5:  # else the tills find out themselves
            self.announce()
        self.timeline.after(self.random.randint(50, TAKEOVER_MS), self._take_over)

    def _take_over(self) -> None:
        if self.process is None:
            self.start()
            self.announce()

    def save(self) -> None:
        """Make a backup."""
        self._saved = self.database.batch

    def restore(self) -> None:
        """Go back to the backup: a new incarnation of the ledger."""
        if self.process is not None:
            self.process.kill()
        self.database.restore(self._saved, self._uuid())
        self.quarantine.clear()
        self.restored = True
        self.incidents.add("a backup is restored")
        self.start()
        self.announce()

    def book_beside(self, wallet: int) -> None:
        """Book something behind the writer's back; the chain's head must fence it."""
        item = credit_item(self._uuid(), wallet, 100, "beside")
        at_once(open_ledger(self.database).book([item]))

    # --- messages --------------------------------------------------------------------

    def hear(
        self, till: TillId, said: bytes, answer: Callable[[FromHub], None]
    ) -> None:
        """Do what a till's message asks, and answer after the commit."""
        if not self.is_there:
            return

        def reply(message: FromHub) -> None:
            if self.listens:
                answer(message)

        message = decode_from_till(said)
        if isinstance(message, AdviceBatch):
            self._hear_advices(till, message, reply)
        elif isinstance(message, OrderCheck):
            self._hear_check(message, reply)
        elif isinstance(message, OrderQuery):
            self._hear_query(message, reply)
        elif isinstance(message, Closing):
            self._closings.hear(till, message, self._uuid, reply)
        elif isinstance(message, CashierLogin | CashierLogout):
            self._hear_staff(message, reply)
        elif isinstance(message, TseNotes):
            reply(TseNotesRecorded(id=message.id, regarding=message.id))
        else:
            assert isinstance(message, OrderRequest)
            self._hear_request(message, reply)

    def book(self, items: Sequence[Item], done: Callable[[], None]) -> None:
        """Book what needs no till; `done` is called if and when it is committed."""
        if self.process is not None and items:
            jobs = [Job(item, lambda _, __: None) for item in items]
            jobs[-1] = Job(items[-1], lambda _, __: done())
            self.process.hand_in(jobs)

    def release_quarantine(self) -> None:
        """Book the advices of revoked tills after all."""
        if self.process is None:
            return
        items = [self._advice(body, refusal) for body, refusal in self.quarantine]
        self.quarantine.clear()
        if self.process is not None and items:
            self.incidents.add("the quarantine is released")
            self.process.hand_in([Job(item, self._released) for item in items])

    def _released(self, item: Item, result: Result | None) -> None:
        assert result is not None, "what was set aside can't be booked"
        is_contradicted = AdviceFlag.CONTRADICTS_ADVICE in result.flags
        is_faulty = item.till not in self.honest
        assert is_faulty or not is_contradicted, f"{item.order} contradicts itself"

    def _hear_check(
        self, message: OrderCheck, reply: Callable[[FromHub], None]
    ) -> None:
        order = decode_order(message.order)
        refusal = check_refusal(order, message.credential, self.agreed)
        anchor = self.anchor()
        if refusal is None:
            reply(
                OrderChecked(
                    id=self._uuid(),
                    regarding=message.id,
                    order=order.id,
                    attempt=order.attempt,
                    anchor=anchor,
                    facts=self._facts(order),
                )
            )
            return
        code, head = ResultCode.DECLINED, self.database.head
        result = Result(code, refusal.reason, None, (), anchor.batch, head)
        reply(
            declined(
                message.id, order, refusal, result, agreed=self.agreed, anchor=anchor
            )
        )

    def _facts(self, order: Order) -> Facts:
        if order.kind is not OrderKind.SHIFT_END:
            return Facts()
        held = self._in_register(order.cash_register)
        return Facts(in_register=Money(held, order.currency))

    def _hear_staff(
        self, message: CashierLogin | CashierLogout, reply: Callable[[FromHub], None]
    ) -> None:
        """Let anybody in, with the one register that all share; and out again."""
        if isinstance(message, CashierLogout):
            bye = CashierLoggedOut(
                id=self._uuid(), regarding=message.id, cashier=message.cashier
            )
            reply(bye)
            return
        reply(
            CashierLoggedIn(
                id=self._uuid(),
                regarding=message.id,
                cashier="ann",
                name="Ann",
                role="lead",
                rights=tuple(Right),
                register=SHARED,
                register_minor=self._in_register(SHARED),
            )
        )

    def _in_register(self, key: str) -> int:
        number = self.database.accounts.get((Role.CASH_REGISTER.value, key))
        return 0 if number is None else -self.database.holdings.get(number, 0)

    def _hear_query(
        self, message: OrderQuery, reply: Callable[[FromHub], None]
    ) -> None:
        rows = self.database.orders.get(message.order)
        if rows is None or rows.outcome is None or not rows.live:
            reply(
                Rejected(
                    id=self._uuid(),
                    regarding=message.id,
                    reason=RejectReason.INVALID,
                    text="The ledger holds no such order.",
                )
            )
            return
        undoing = self.database.cancellations.get(message.order, ())
        is_undone = any(self.database.orders[each].live for each in undoing)
        reply(
            OrderInfo(
                id=self._uuid(),
                regarding=message.id,
                order=decode_advice(rows.outcome[8]).order,
                anchor=self.anchor(),
                canceled=is_undone,
            )
        )

    def _hear_request(
        self, message: OrderRequest, reply: Callable[[FromHub], None]
    ) -> None:
        assert self.process is not None
        body = bytes(message.order)
        order = decode_order(body)
        refusal = request_refusal(order, message.credential, self.agreed)
        reason = refusal.reason if refusal else None
        item = request_item(order, body, reason, looked_into(order, self.agreed))

        def done(_: Item, result: Result | None) -> None:
            reply(self._verdict(message, order, refusal, result))

        self.process.hand_in([Job(item, done)])

    def _hear_advices(
        self, till: TillId, message: AdviceBatch, reply: Callable[[FromHub], None]
    ) -> None:
        assert self.process is not None
        hearing = Hearing(message, reply, [])
        jobs: list[Job] = []
        for raw in message.advices:
            body = bytes(raw)
            advice = decode_advice(body)
            order = decode_order(advice.order)
            refusal = self._refusal(advice, order)
            if self.agreed.tills[till].revoked:
                kept = without_credential(body), refusal
                if kept not in self.quarantine:
                    self.quarantine.append(kept)
                flags = (AdviceFlag.REVOKED_TILL,)
                hearing.recorded.append(RecordedOrder(order=order.id, flags=flags))
            else:
                done = self._hears_of(hearing, order)
                jobs.append(Job(self._advice(body, refusal), done))
        hearing.left = len(jobs)
        if jobs:
            self.process.hand_in(jobs)
        else:
            self._answer(hearing, self.anchor())

    def _refusal(self, advice: OrderAdvice, order: Order) -> DeclineReason | None:
        if advice.outcome is not Outcome.COMPLETED:
            return None
        refusal = wallet_refusal(order, advice.credential, self.agreed)
        return None if refusal is None else refusal.reason

    def _advice(self, body: bytes, refusal: DeclineReason | None) -> Item:
        advice = decode_advice(body)
        order = decode_order(advice.order)
        now = self.timeline.now
        item = advice_item(
            advice,
            order,
            body,
            refusal=refusal,
            flags=advice_flags(advice, order, self.agreed, now=now),
            found=looked_into(order, self.agreed),
        )
        if advice.outcome is Outcome.COMPLETED and advice.path is Path.STAND_IN:
            excess = self.allowances.excess(order, advice.basis_batch, LIMITS)
            if excess:
                self.allowances.place(order, self.database.booked_in)
                excess = self.allowances.excess(order, advice.basis_batch, LIMITS)
            # A revoked till believes booked what lies in quarantine.
            knows = not self.restored and not self.agreed.tills[order.till].revoked
            is_honest = order.till in self.honest and knows
            assert not excess or not is_honest, f"{order.till} went further than it may"
            item = msgspec.structs.replace(item, excess_minor=excess)
        return item

    def _hears_of(self, hearing: Hearing, order: Order) -> Done:
        def done(_: Item, result: Result | None) -> None:
            hearing.left -= 1
            if result is not None:
                self.allowances.recorded(order, result.batch)
                recorded = RecordedOrder(order=order.id, flags=result.flags)
                hearing.recorded.append(recorded)
            if hearing.left == 0:
                self._answer(hearing, self.anchor(result))

        return done

    def _answer(self, hearing: Hearing, anchor: Anchor) -> None:
        if hearing.recorded:
            hearing.answer(
                AdviceRecorded(
                    id=self._uuid(),
                    regarding=hearing.message.id,
                    recorded=tuple(hearing.recorded),
                    anchor=anchor,
                )
            )

    def _verdict(
        self,
        message: OrderRequest,
        order: Order,
        refusal: Refusal | None,
        result: Result | None,
    ) -> FromHub:
        said: dict[str, Any] = {
            "id": self._uuid(),
            "regarding": message.id,
            "order": order.id,
        }
        if result is None:
            reason = RejectReason.HUB_FAULT
            return Rejected(**said, reason=reason, text="The ledger refuses it.")
        anchor = self.anchor(result)
        attempt = order.attempt
        if result.code is ResultCode.CONFLICT:
            text = sentences.CONFLICT
            return OrderConflict(**said, attempt=attempt, text=text, anchor=anchor)
        if result.reason is None:
            return OrderBooked(
                **said,
                attempt=attempt,
                balance=sentences.balance_of(result.balance_minor, order),
                anchor=anchor,
                vouchers=result.standing.vouchers if result.standing else None,
            )
        return declined(
            message.id, order, refusal, result, agreed=self.agreed, anchor=anchor
        )

    # --- what it says unasked --------------------------------------------------------

    def announce(self) -> None:
        """Tell all tills whether the hub is there, and which one."""
        for tell in self.tills:
            tell(self.status())

    def status(self) -> HubStatus:
        """Say whether the hub is there, and how far it has come."""
        anchor = self.anchor() if self.process is not None else None
        return HubStatus(id=self._uuid(), online=self.is_there, anchor=anchor)

    def tell_wallets(self) -> None:
        """Say what changed since the last time."""
        if self.process is None or not self.listens or not self._changed:
            return
        self._news += 1
        changes = self._news_of(self._changed)
        self._changed.clear()
        news = WalletChanges(
            id=self._uuid(), number=self._news, anchor=self.anchor(), changes=changes
        )
        for tell in self.tills:
            tell(news)

    def snapshot(self) -> events.WalletsFetched | None:
        """Tell all wallets at once, as the edge listener does; None when it is away."""
        if self.process is None:
            return None
        changes = self._news_of(self.database.wallets)
        return events.WalletsFetched(self._news, self.anchor(), changes, is_last=True)

    def _news_of(self, numbers: Iterable[int]) -> tuple[WalletChange, ...]:
        wallets = self.database.wallets
        available = {
            number: max(0, min(wallets[number].balance, LIMITS.allowance_minor))
            for number in numbers
        }
        return tuple(
            WalletChange(
                wallet=serial,
                available_minor=available[band.wallet],
                blocked=band.blocked,
                vouchers=wallets[band.wallet].vouchers,
                variant=VARIANT,
                swapped=band.successor is not None,
            )
            for serial, band in self.database.bands.items()
            if band.wallet in available
        )

    def anchor(self, result: Result | None = None) -> Anchor:
        """Name this ledger and how far it has come, or had come with a result."""
        assert self.process is not None
        batch, head = (
            (result.batch, result.chain_head) if result else self.process.position
        )
        incarnation = self.database.incarnation
        return Anchor(incarnation=incarnation, batch=batch, chain_head=head.hex())

    # --- what the office decides -----------------------------------------------------

    def publish_catalogue(self) -> None:
        """Let the tills sell by another version; orders by the old one go on."""
        revoked = [each.id for each in self.agreed.tills.values() if each.revoked]
        self.agreed = _agreed(CATALOGUES, self.agreed.tills, revoked)

    def revoke(self, till: TillId) -> None:
        """Trust a till no longer."""
        self.incidents.add("a till is revoked")
        versions = self.agreed.catalogues
        self.agreed = _agreed(versions, self.agreed.tills, revoked=(till,))

    def config(self, till: TillId) -> TillConfig:
        """Write the configuration of a till."""
        return TillConfig(
            id=UUID(int=1),
            event=EVENT,
            event_name="Summer",
            event_number=EVENT_NUMBER,
            till=till,
            label="Bar",
            currency=CATALOGUE.currency,
            seller=SELLER,
            portal_url="https://kb.example.org",
            catalogue=LINKS[self.agreed.current_catalogue],
            token_keys=KEYS,
            stand_in=LIMITS,
            wallets_path="/edge/wallets",
            profile=TillProfile(
                name="all", kinds=tuple(OrderKind), methods=tuple(PaymentMethod)
            ),
        )

    def _uuid(self) -> UUID:
        return UUID(int=self.random.getrandbits(128))


def _agreed(
    versions: Iterable[int], tills: Iterable[TillId], revoked: Iterable[TillId]
) -> Agreed:
    gone = set(revoked)
    return Agreed(
        event=EVENT,
        number=EVENT_NUMBER,
        currency=CATALOGUE.currency,
        catalogues={each: CATALOGUES[each] for each in versions},
        tills={each: Till(each, "Bar", revoked=each in gone) for each in tills},
        token_keys=KEYS,
    )
