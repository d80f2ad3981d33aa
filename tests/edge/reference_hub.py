"""A hub as simple as the rules allow: verdict per attempt, outcome per order.

It is the model the tills are tested with, and it checks on its own side what a hub can
check: no verdict changes, no second advice contradicts the first.
"""

from __future__ import annotations

import copy
import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from uuid import UUID

from contract.closing import decode_closing
from contract.ids import new_uuid7
from contract.messages import (
    AdviceBatch,
    AdviceRecorded,
    Anchor,
    Closing,
    ClosingRecorded,
    DeclineReason,
    Facts,
    HubStatus,
    OrderBooked,
    OrderConflict,
    OrderDeclined,
    OrderRequest,
    RecordedOrder,
    TillDescribed,
    TillDescriptionRecorded,
    TseNotes,
    TseNotesRecorded,
    TseOutage,
    WalletChange,
    WalletChanges,
    decode_advice,
)
from contract.money import Money
from contract.order import OrderKind, Outcome, Path, decode_order, order_digest

if TYPE_CHECKING:
    from random import Random

    from contract.messages import FromHub, FromTill, OrderAdvice
    from contract.order import Order

CASH = "cash"
LOSS = "stand-in loss"


@dataclass
class Books:
    """Everything the ledger would hold; copied for a restore."""

    balances: dict[int, int] = field(default_factory=dict)
    entries: dict[UUID, list[tuple[str | int, int]]] = field(default_factory=dict)
    verdicts: dict[tuple[UUID, int], tuple[bytes, DeclineReason | None]] = field(
        default_factory=dict
    )
    booked: dict[UUID, tuple[int, int, int]] = field(default_factory=dict)
    advices: dict[UUID, tuple[bytes, OrderAdvice]] = field(default_factory=dict)
    canceled: dict[UUID, UUID] = field(default_factory=dict)
    batch: int = 0


class ReferenceHub:
    """Answers messages; `books` is its ledger."""

    def __init__(self, balances: dict[int, int], random: Random) -> None:
        self._random = random
        self.books = Books(balances=dict(balances))
        self.incarnation = UUID(int=random.getrandbits(128))
        self.restored = False
        self.outages: dict[UUID, TseOutage] = {}
        self.closings: dict[int, Closing] = {}
        self.described: list[TillDescribed] = []
        self._saved = copy.deepcopy(self.books)
        self._changed: set[int] = set(balances)
        self._number = 0

    def answer(self, message: FromTill) -> FromHub:
        """Do what a message asks, and say so."""
        self.books.batch += 1
        if isinstance(message, AdviceBatch):
            orders = [self._advice(bytes(raw)) for raw in message.advices]
            return AdviceRecorded(
                id=new_uuid7(),
                regarding=message.id,
                recorded=tuple(RecordedOrder(order=order) for order in orders),
                anchor=self.anchor(),
            )
        if isinstance(message, Closing):
            report = decode_closing(message.report)
            self.closings[report.z_number] = message
            return ClosingRecorded(
                id=new_uuid7(),
                regarding=message.id,
                till=report.till,
                z_number=report.z_number,
                anchor=self.anchor(),
            )
        if isinstance(message, TillDescribed):
            self.described.append(message)
            return TillDescriptionRecorded(id=new_uuid7(), regarding=message.id)
        if isinstance(message, TseNotes):
            self.outages |= {each.id: each for each in message.outages}
            return TseNotesRecorded(id=new_uuid7(), regarding=message.id)
        assert isinstance(message, OrderRequest)
        return self._request(message)

    def save(self) -> None:
        """Make a backup."""
        self._saved = copy.deepcopy(self.books)

    def restore(self) -> None:
        """Go back to the backup: a new incarnation of the ledger."""
        self.books = copy.deepcopy(self._saved)
        self.incarnation = UUID(int=self._random.getrandbits(128))
        self.restored = True
        self._changed = set(self.books.balances)

    def status(self, *, online: bool = True) -> HubStatus:
        return HubStatus(id=new_uuid7(), online=online, anchor=self.anchor())

    def changes(self, allowance_minor: int) -> WalletChanges:
        """Say what changed since the last time."""
        self._number += 1
        news = tuple(
            WalletChange(
                wallet=wallet,
                available_minor=min(self.books.balances[wallet], allowance_minor),
            )
            for wallet in sorted(self._changed)
        )
        self._changed.clear()
        return WalletChanges(
            id=new_uuid7(), number=self._number, anchor=self.anchor(), changes=news
        )

    def anchor(self) -> Anchor:
        head = hashlib.sha256(str(self.books.batch).encode()).hexdigest()
        return Anchor(
            incarnation=self.incarnation, batch=self.books.batch, chain_head=head
        )

    def net(self, order: UUID) -> int:
        """Sum what an order took from wherever."""
        return sum(amount for _, amount in self.books.entries.get(order, ()))

    # --- requests --------------------------------------------------------------------

    def _request(self, message: OrderRequest) -> FromHub:
        order = decode_order(message.order)
        digest = order_digest(message.order)
        key = (order.id, order.attempt)
        known = self.books.verdicts.get(key)
        if known is not None and known[0] != digest:
            return OrderConflict(
                id=new_uuid7(),
                regarding=message.id,
                order=order.id,
                attempt=order.attempt,
                text="Other bytes.",
                anchor=self.anchor(),
            )
        if known is None:
            self._close_below(order)
            reason = self._judge(order)
            self.books.verdicts[key] = (digest, reason)
            if reason is None:
                self._book(order)
        return self._verdict(message, order)

    def _verdict(self, message: OrderRequest, order: Order) -> FromHub:
        _, reason = self.books.verdicts[(order.id, order.attempt)]
        assert order.payment is not None
        balance = self.books.balances.get(order.payment.wallet or -1)
        money = None if balance is None else Money(balance, order.currency)
        if reason is None:
            return OrderBooked(
                id=new_uuid7(),
                regarding=message.id,
                order=order.id,
                attempt=order.attempt,
                balance=money,
                anchor=self.anchor(),
            )
        return OrderDeclined(
            id=new_uuid7(),
            regarding=message.id,
            order=order.id,
            attempt=order.attempt,
            reason=reason,
            text=reason.value,
            facts=Facts(balance=money),
            anchor=self.anchor(),
        )

    def _judge(self, order: Order) -> DeclineReason | None:
        assert order.payment is not None
        wallet = order.payment.wallet
        attempts = [a for o, a in self.books.verdicts if o == order.id]
        if order.id in self.books.advices:
            return DeclineReason.ABORTED
        if any(attempt > order.attempt for attempt in attempts):
            return DeclineReason.SUPERSEDED
        if order.kind is OrderKind.CANCELLATION:
            return self._judge_cancellation(order)
        if wallet not in self.books.balances:
            return DeclineReason.UNKNOWN_WRISTBAND
        if self.books.balances[wallet] < order.total_minor:
            return DeclineReason.INSUFFICIENT_BALANCE
        return None

    def _judge_cancellation(self, order: Order) -> DeclineReason | None:
        assert order.cancels is not None
        advice = self.books.advices.get(order.cancels)
        if advice is None:
            return DeclineReason.NOT_FINAL_YET
        if advice[1].outcome is not Outcome.COMPLETED:
            return DeclineReason.NOTHING_TO_CANCEL
        if self.books.canceled.get(order.cancels, order.id) != order.id:
            return DeclineReason.ALREADY_CANCELED
        return None

    def _close_below(self, order: Order) -> None:
        booked = self.books.booked.get(order.id)
        if booked is not None and booked[0] < order.attempt:
            self._reverse(order.id)

    # --- advices ---------------------------------------------------------------------

    def _advice(self, data: bytes) -> UUID:
        advice = decode_advice(data)
        order = decode_order(advice.order)
        known = self.books.advices.get(order.id)
        if known is not None:
            assert known[0] == data, "an order has one advice, and it never changes"
            return order.id
        assert (advice.signature is None) != (advice.outage is None)
        booked = self.books.booked.get(order.id)
        if advice.outcome is Outcome.ABORTED:
            if booked is not None:
                self._reverse(order.id)
            self._tombstone(order)
        elif booked is None or booked[0] != order.attempt:
            if booked is not None:
                self._reverse(order.id)
            may_lose = advice.path is Path.STAND_IN or self.restored
            self._book(order, loss_allowed=may_lose)
        self.books.advices[order.id] = (data, advice)
        return order.id

    def _tombstone(self, order: Order) -> None:
        for attempt in range(1, order.attempt + 1):
            self.books.verdicts.setdefault(
                (order.id, attempt), (b"", DeclineReason.ABORTED)
            )

    # --- booking ---------------------------------------------------------------------

    def _book(self, order: Order, *, loss_allowed: bool = False) -> None:
        assert order.id not in self.books.booked, f"order {order.id} is booked twice"
        assert order.payment is not None
        wallet = order.payment.wallet
        entries = self.books.entries.setdefault(order.id, [])
        if order.cancels is not None:
            self.books.canceled[order.cancels] = order.id
        if wallet is None:
            entries.append((CASH, order.total_minor))
            self.books.booked[order.id] = (order.attempt, -1, order.total_minor)
            return
        balance = self.books.balances.get(wallet, 0)
        taken = min(order.total_minor, balance)
        if taken < order.total_minor:
            assert loss_allowed, "only a stand-in may exceed a wallet"
            entries.append((LOSS, order.total_minor - taken))
        self._move(wallet, -taken)
        entries.append((wallet, taken))
        self.books.booked[order.id] = (order.attempt, wallet, taken)

    def _reverse(self, order: UUID) -> None:
        _, wallet, taken = self.books.booked.pop(order)
        entries = self.books.entries[order]
        entries.extend([(account, -amount) for account, amount in entries])
        if wallet >= 0:
            self._move(wallet, taken)

    def _move(self, wallet: int, amount: int) -> None:
        self.books.balances[wallet] = self.books.balances.get(wallet, 0) + amount
        assert self.books.balances[wallet] >= 0
        self._changed.add(wallet)
