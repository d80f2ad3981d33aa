"""The sentences that go with a declined attempt: exact where there is more to say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from contract.declines import explained
from contract.messages import DeclineReason
from contract.money import Money
from contract.order import OrderKind

if TYPE_CHECKING:
    from contract.order import Order

CONFLICT = (
    "This attempt is known to the hub with other content. "
    "Abort the order and enter it again."
)


def sentence(reason: DeclineReason, order: Order, balance: Money | None) -> str:
    """Say why an attempt is declined, for the cashier and the guest."""
    if reason is DeclineReason.INSUFFICIENT_BALANCE and balance is not None:
        if order.payment is not None and order.payment.wallet is not None:
            short = order.total - balance
            return f"{balance} on the wristband, {short} short. Top up or pay in cash."
        if order.kind is OrderKind.PAYOUT:
            return f"Only {balance} on the wristband. Pay out that or less."
        return f"Only {balance} is left on the wristband: the guest has spent the rest."
    return explained(reason)[1]


def balance_of(minor: int | None, order: Order) -> Money | None:
    """Put a currency to a balance that the ledger told, if it told one."""
    return None if minor is None else Money(minor, order.currency)
