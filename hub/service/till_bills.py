"""Bills paid at tills: what is due, and the payment that a till's order makes.

The till's order has booked the money. Its payment is written down before the till is
told that its advice was recorded: if that fails, it says it again, and the order's id
makes one payment of it.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING

import msgspec

from contract.money import Money as Amount
from contract.order import OrderKind, PaymentMethod
from hub.core.bills import attempts as rules
from hub.core.bills.bill import Movement, MovementKind
from hub.core.ledger import Role, order_entry
from hub.payments.by_hand import CARD_AT_TILL, CASH
from hub.service.bill_money import Money, write_money
from hub.service.checks import Due
from hub.store.bills import lock_bill, read_bill

if TYPE_CHECKING:
    from collections.abc import Mapping

    from contract.order import Order
    from hub.store.bills import BillRecord
    from hub.store.store import Store

log = logging.getLogger(__name__)

# Cash is counted and cards are read within a minute or two. What a till that has died
# leaves behind should hold nobody up for long.
HELD_FOR = timedelta(minutes=5)
METHODS: Mapping[PaymentMethod, str] = {
    PaymentMethod.CASH: CASH.code,
    PaymentMethod.CARD: CARD_AT_TILL,
}
"""What is noted of a bill's payment, by how the till's order was paid."""


class TillBills:
    """The bills of one event, as its tills know them."""

    def __init__(self, store: Store, event: int) -> None:
        self._store = store
        self._event = event

    async def due(self, reference: str) -> Due | None:
        """Say what is due on a bill; None when there is no such bill.

        An attempt that was left behind online is no obstacle, one that the provider
        has in hand is. Whether another till is at it just now is not looked at.
        """
        record = await read_bill(self._store, reference)
        return self._due(record)

    async def hold(self, order: Order) -> Due | None:
        """Say what is due on an order's bill, and keep it for its till if it may pay.

        Until the till has told how the order ended, or for HELD_FOR. The same order
        may ask as often as it likes; another order may not, even of the same till, as
        the first one's card may be charged just now.
        """
        assert order.bill is not None, "only bills are kept"
        async with self._store.unit_of_work() as unit:
            record = await lock_bill(unit, order.bill)
            due = self._due(record)
            if record is None or due is None or not due.is_payable:
                return due
            said = (order.bill, order.id, order.till, HELD_FOR)
            if await unit.fetch_value("hold_bill", *said) is None:
                return Due(due.amount, held_by=record.bill.held_by)
            return due

    async def release(self, order: Order) -> None:
        """Let a bill go that was kept for an order, which takes no money for it."""
        await self._store.fetch("release_bill", order.bill, order.id)

    def _due(self, record: BillRecord | None) -> Due | None:
        if record is None or record.event != self._event:
            return None
        at, free = record.standing, msgspec.structs.replace(record.bill, held_by=None)
        firm = [each for each in record.attempts if not rules.may_be_given_up(each)]
        why_not = rules.refusal(free, at, CASH.code, firm)
        return Due(Amount(at.open_minor, free.currency), is_payable=why_not is None)

    async def paid(self, order: Order) -> None:
        """Write down the payment that a completed order made, or took back; once."""
        if order.acts_as is not OrderKind.BILL_PAYMENT or order.bill is None:
            return
        amount = _toward(order)
        if not amount:
            log.error(
                "Order %s of till %s books nothing on bill %s, for it does not add up. "
                "Look at what was taken.",
                order.id,
                order.till,
                order.bill,
            )
            await self.release(order)
            return
        kind = MovementKind.PAYMENT if amount > 0 else MovementKind.REFUND
        async with self._store.unit_of_work() as unit:
            record = await lock_bill(unit, order.bill)
            await unit.fetch("release_bill", order.bill, order.id)
            if record is None or record.event != self._event:
                log.error(
                    "Till %s took money for the bill %s, which is not there. Give it "
                    "back: order %s.",
                    order.till,
                    order.bill,
                    order.id,
                )
                return
            money = Money(
                movement=Movement(kind, abs(amount)),
                method=_method(order),
                channel=CASH.channel,
                money_ref=str(order.id),
                till=order.till,
                order=order.id,
            )
            await write_money(unit, record, money)


def _method(order: Order) -> str:
    payment = order.payment
    return CASH.code if payment is None else METHODS.get(payment.method, CASH.code)


def _toward(order: Order) -> int:
    """Say what the ledger books on the bill: nothing of what does not add up."""
    return sum(
        each.amount_minor
        for each in order_entry(order).postings
        if each.account.role is Role.BILL_RECEIVABLE
    )
