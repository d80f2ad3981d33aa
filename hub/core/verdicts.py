"""The sentences that go with a declined attempt: what is wrong, and what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from contract.messages import DeclineReason
from contract.money import Money

if TYPE_CHECKING:
    from collections.abc import Mapping

    from contract.order import Order

CONFLICT = (
    "This attempt is known to the hub with other content. "
    "Void the order and enter it again."
)

_SENTENCES: Mapping[DeclineReason, str] = {
    DeclineReason.UNKNOWN_WRISTBAND: (
        "The hub does not know this wristband. Send the guest to the wristband desk."
    ),
    DeclineReason.BLOCKED_WRISTBAND: (
        "This wristband is blocked. Send the guest to the wristband desk."
    ),
    DeclineReason.NOT_FINAL_YET: (
        "The order to be canceled has not arrived at the hub yet. Try again later."
    ),
    DeclineReason.NOTHING_TO_CANCEL: (
        "There is no completed order with this amount and wristband to cancel."
    ),
    DeclineReason.ALREADY_CANCELED: "This order has been canceled already.",
    DeclineReason.ABORTED: "The till has aborted this order. Open a new one.",
    DeclineReason.SUPERSEDED: "A later attempt has replaced this one.",
    DeclineReason.FORGED_WRISTBAND: (
        "The wristband's token is not genuine or not its own. Keep the wristband."
    ),
    DeclineReason.INCONSISTENT_ORDER: (
        "The order does not add up. Void it and enter it again."
    ),
    DeclineReason.UNKNOWN_PRODUCT: (
        "The order holds something that its catalogue does not. Enter it again."
    ),
    DeclineReason.WRONG_PRICE: (
        "The order's prices are not those of its catalogue. Enter it again."
    ),
    DeclineReason.WRONG_CURRENCY: "The order is in another currency than this event.",
    DeclineReason.UNKNOWN_TILL: "This till is not registered. Register it at the hub.",
}


def sentence(reason: DeclineReason, order: Order, balance: Money | None) -> str:
    """Say why an attempt is declined, for the cashier and the guest."""
    if reason is DeclineReason.INSUFFICIENT_BALANCE and balance is not None:
        short = order.total - balance
        return f"{balance} on the wristband, {short} short. Top up or pay in cash."
    return _SENTENCES.get(reason, "The hub declined the order.")


def balance_of(minor: int | None, order: Order) -> Money | None:
    """Put a currency to a balance that the ledger told, if it told one."""
    return None if minor is None else Money(minor, order.currency)
