"""Answering whether an order could be booked, before any money is taken for it.

The order is judged by the ledger's own rules on what is committed, and then forgotten:
nothing is booked, and nothing about it is remembered.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import msgspec

from contract.ids import new_uuid7
from contract.messages import (
    DeclineReason,
    Facts,
    Malformed,
    OrderChecked,
)
from contract.money import Money
from contract.order import LineRole, OrderKind, Payment, PaymentMethod
from hub.core import limits
from hub.core.booking import LOSS_ACCOUNTS, Result, ResultCode, request_item
from hub.core.content import Refusal
from hub.core.judging import judge
from hub.core.orders import check_refusal, looked_into
from hub.core.records import Records
from hub.core.state import GuestsMoney, LedgerState
from hub.service.answers import anchor_of, declined, id_in, read_order, rejected
from hub.service.booking import NoLedger
from hub.store.errors import StoreError
from hub.store.loading import load

if TYPE_CHECKING:
    from contract.ids import TillId
    from contract.messages import OrderCheck, OrderDeclined, Rejected
    from contract.order import Order
    from hub.core.booking import Item
    from hub.service.context import ContextKeeper
    from hub.service.staff import Staff
    from hub.store.store import Store


@dataclass(frozen=True, slots=True)
class Due:
    """What a bill asks for at a till, and whether it may be paid there now."""

    amount: Money
    is_payable: bool = True
    held_by: str | None = None
    """The other till that is taking its money just now."""


class Bills(Protocol):
    """Who knows the bills of an event."""

    async def due(self, reference: str) -> Due | None:
        """Say what is due on a bill; None when there is no such bill."""

    async def hold(self, order: Order) -> Due | None:
        """As `due`, of an order's bill; what may be paid is kept for this order."""

    async def release(self, order: Order) -> None:
        """Let a bill go that was kept for an order that takes no money for it."""

    async def paid(self, order: Order) -> None:
        """Write down what a booked order paid on its bill; once, however often."""


class Checks:
    """Answers checks; raises NoLedger when it can't look into the ledger."""

    def __init__(
        self,
        store: Store,
        context: ContextKeeper,
        staff: Staff,
        bills: Bills,
    ) -> None:
        self._store = store
        self._context = context
        self._staff = staff
        self._bills = bills

    async def check(
        self, message: OrderCheck, till: TillId
    ) -> OrderChecked | OrderDeclined | Rejected:
        """Say whether an order could be booked as things stand, and how near."""
        body = bytes(message.order)
        try:
            order = read_order(body, till)
        except Malformed as error:
            return rejected(error, message.id, id_in(body))
        if order.kind is OrderKind.SHIFT_END:
            await self._staff.settled()
        event = self._context.current
        refusal = check_refusal(
            order, message.credential, event.agreed
        ) or self._staff.refusal(order)
        try:
            refusal = refusal or await self._bill_refusal(order)
            result = await self._judged(order, body, refusal)
            if result.reason is None and _is_for_bill(order):
                refusal = _due_refusal(order, await self._bills.hold(order))
                if refusal is not None:
                    result = _with_reason(result, refusal.reason)
        except StoreError as error:
            raise NoLedger(str(error)) from error
        anchor = anchor_of(event.incarnation, result.batch, result.chain_head)
        if result.reason is not None:
            return declined(
                message.id, order, refusal, result, agreed=event.agreed, anchor=anchor
            )
        return OrderChecked(
            id=new_uuid7(),
            regarding=message.id,
            order=order.id,
            attempt=order.attempt,
            anchor=anchor,
            facts=await self._facts(order, result),
        )

    async def is_not_due(self, order: Order) -> bool:
        """Whether a till took money for a bill that does not ask for it."""
        return await self._bill_refusal(order) is not None

    async def note_paid(self, order: Order) -> None:
        """Write down what a booked order paid on its bill; raises NoLedger."""
        try:
            await self._bills.paid(order)
        except StoreError as error:
            raise NoLedger(str(error)) from error

    async def note_unpaid(self, order: Order) -> None:
        """Let others pay the bill of an order that was aborted; raises NoLedger."""
        try:
            await self._bills.release(order)
        except StoreError as error:
            raise NoLedger(str(error)) from error

    async def _bill_refusal(self, order: Order) -> Refusal | None:
        if not _is_for_bill(order) or order.bill is None:
            return None
        return _due_refusal(order, await self._bills.due(order.bill))

    async def _judged(
        self, order: Order, body: bytes, refusal: Refusal | None
    ) -> Result:
        """Judge on a state of its own, which is thrown away."""
        event = self._context.current
        row = await self._store.fetch_row("latest_batch", event.number)
        assert row is not None, "an event begins with batch 0"
        state = LedgerState(row["number"], row["chain_head"], row["last_entry"])
        state.guests_money = GuestsMoney(
            row["held_minor"], row["cap_minor"], row["excess_minor"]
        )
        # No account is opened for what will not be posted.
        state.accounts = dict.fromkeys(LOSS_ACCOUNTS.values(), 0)
        item = self._item(order, body, refusal)
        await load(self._store, event.number, state, state.missing([item]))
        standing = limits.standing(item, state)  # as it is, not as it would become
        code, reason, balance, flags, _ = judge(item, state, Records())
        return Result(
            code, reason, balance, flags, state.batch, state.chain_head, standing
        )

    def _item(self, order: Order, body: bytes, refusal: Refusal | None) -> Item:
        about = order if order.payment else _paid_somehow(order)
        agreed = self._context.current.agreed
        reason = refusal.reason if refusal else None
        item = request_item(about, body, reason, looked_into(order, agreed))
        own_only = self._staff.cancels_own_only(order, asked=True)
        return msgspec.structs.replace(item, postings=(), shift=None, own_only=own_only)

    async def _facts(self, order: Order, result: Result) -> Facts:
        standing = result.standing
        due = None
        if order.kind is OrderKind.SHIFT_END:
            return Facts(in_register=await self._in_register(order))
        if order.kind is OrderKind.BILL_PAYMENT and order.bill is not None:
            known = await self._bills.due(order.bill)
            due = None if known is None else known.amount
        if standing is None:
            return Facts(due=due)
        room = standing.cap_room_minor
        return Facts(
            balance=Money(standing.balance_minor, order.currency),
            vouchers=standing.vouchers,
            variant=standing.variant,
            cap_room=None if room is None else Money(room, order.currency),
            due=due,
        )

    async def _in_register(self, order: Order) -> Money:
        """Say what a count is to be compared with."""
        place = self._context.current.number, order.cash_register
        held = await self._store.fetch_value("cash_in_register", *place)
        return Money(held, order.currency)


def _paid_somehow(order: Order) -> Order:
    """Suppose a payment where none was chosen yet: the answer does not hang on it."""
    if not order.total_minor:
        return msgspec.structs.replace(order, attempt=max(1, order.attempt))
    payment = Payment(method=PaymentMethod.CASH)
    return msgspec.structs.replace(order, attempt=1, payment=payment)


def _is_for_bill(order: Order) -> bool:
    return order.kind is OrderKind.BILL_PAYMENT and order.bill is not None


def _due_refusal(order: Order, due: Due | None) -> Refusal | None:
    if due is None:
        return Refusal(
            DeclineReason.UNKNOWN_BILL,
            f"The hub knows no bill {order.bill}. Check it digit by digit.",
        )
    if due.held_by is not None:
        text = _held_text(due.held_by, order.till)
        return Refusal(DeclineReason.BILL_NOT_DUE, text, Facts(due=due.amount))
    if not due.is_payable:
        return Refusal(
            DeclineReason.BILL_NOT_DUE,
            "Nothing is due on this bill: it is paid, canceled or locked.",
            Facts(due=due.amount),
        )
    paid = sum(line.total_minor for line in order.lines if line.role is LineRole.BILL)
    if paid == due.amount.minor and order.currency is due.amount.currency:
        return None
    return Refusal(
        DeclineReason.WRONG_BILL_AMOUNT,
        f"The bill asks for {due.amount}. Read the bill's code again.",
        Facts(due=due.amount),
    )


def _held_text(held_by: str, till: str) -> str:
    if held_by == till:
        return (
            "This till took up the bill before, and the hub has not heard yet how that "
            "ended. Wait a moment and read the bill's code again; after a few minutes "
            "it is free in any case."
        )
    return (
        f"The till {held_by} is taking this bill's money just now. "
        "Wait until it is done, or try again in a few minutes."
    )


def _with_reason(result: Result, reason: DeclineReason) -> Result:
    return msgspec.structs.replace(result, code=ResultCode.DECLINED, reason=reason)
