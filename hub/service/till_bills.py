"""Bills paid at tills: what is due, and the payment that a till's order makes.

The till's order has booked the money. Its payment is written down before the till is
told that its advice was recorded: if that fails, it says it again, and the order's id
makes one payment of it.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from contract.money import Money as Amount
from contract.order import OrderKind
from hub.core.bills import attempts as rules
from hub.core.bills.bill import Movement, MovementKind
from hub.core.ledger import Role, order_entry
from hub.payments.by_hand import CASH
from hub.service.bill_money import Money, write_money
from hub.service.checks import Due
from hub.store.bills import lock_bill, read_bill

if TYPE_CHECKING:
    from contract.order import Order
    from hub.store.store import Store

log = logging.getLogger(__name__)


class TillBills:
    """The bills of one event, as its tills know them."""

    def __init__(self, store: Store, event: int) -> None:
        self._store = store
        self._event = event

    async def due(self, reference: str) -> Due | None:
        """Say what is due on a bill; None when there is no such bill.

        An attempt that was left behind online is no obstacle, one that the provider
        has in hand is.
        """
        record = await read_bill(self._store, reference)
        if record is None or record.event != self._event:
            return None
        at = record.standing
        firm = [each for each in record.attempts if not rules.may_be_given_up(each)]
        why_not = rules.refusal(record.bill, at, CASH.code, firm)
        return Due(
            Amount(at.open_minor, record.bill.currency), is_payable=why_not is None
        )

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
            return
        kind = MovementKind.PAYMENT if amount > 0 else MovementKind.REFUND
        async with self._store.unit_of_work() as unit:
            record = await lock_bill(unit, order.bill)
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
                method=CASH.code,
                channel=CASH.channel,
                money_ref=str(order.id),
                till=order.till,
                order=order.id,
            )
            await write_money(unit, record, money)


def _toward(order: Order) -> int:
    """Say what the ledger books on the bill: nothing of what does not add up."""
    return sum(
        each.amount_minor
        for each in order_entry(order).postings
        if each.account.role is Role.BILL_RECEIVABLE
    )
