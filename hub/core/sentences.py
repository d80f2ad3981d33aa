"""The sentences that go with a declined attempt: what is wrong, and what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from contract.messages import DeclineReason
from contract.money import Money
from contract.order import OrderKind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from contract.order import Order

CONFLICT = (
    "This attempt is known to the hub with other content. "
    "Abort the order and enter it again."
)

_SENTENCES: Mapping[DeclineReason, str] = {
    DeclineReason.UNKNOWN_WRISTBAND: (
        "The hub does not know this wristband. Send the guest to the service desk."
    ),
    DeclineReason.BLOCKED_WRISTBAND: (
        "This wristband is blocked. Send the guest to the service desk."
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
        "The order does not add up. Abort it and enter it again."
    ),
    DeclineReason.UNKNOWN_PRODUCT: (
        "The order holds something that its catalogue does not. Enter it again."
    ),
    DeclineReason.WRONG_PRICE: (
        "The order's prices are not those of its catalogue. Enter it again."
    ),
    DeclineReason.WRONG_CURRENCY: "The order is in another currency than this event.",
    DeclineReason.WRONG_EVENT: "The order belongs to another event. Check the till.",
    DeclineReason.AMOUNT_TOO_LARGE: (
        "An amount of the order is larger than any ledger keeps. Enter it again."
    ),
    DeclineReason.NOT_RETURNABLE: (
        "Only deposits can be given back. Take the negative line out of the basket."
    ),
    DeclineReason.AGE_RESTRICTED: (
        "This wristband may not buy all of it. Take out what is restricted."
    ),
    DeclineReason.INSUFFICIENT_VOUCHERS: (
        "The wristband has fewer vouchers than that. Charge the order again."
    ),
    DeclineReason.BELOW_MINIMUM: "The amount is below the minimum. Enter a higher one.",
    DeclineReason.BALANCE_CAP: (
        "The wristband would hold more than is allowed. Top up a smaller amount."
    ),
    DeclineReason.EVENT_CAP: (
        "The event may hold no more of its guests' money. Call the hub's operator."
    ),
    DeclineReason.UNKNOWN_BILL: (
        "The hub knows no bill with this reference. Check it digit by digit."
    ),
    DeclineReason.BILL_NOT_DUE: (
        "Nothing is due on this bill: it is paid, canceled or locked to another way."
    ),
    DeclineReason.WRONG_BILL_AMOUNT: (
        "The amount is not what is due on the bill. Read the bill's code again."
    ),
    DeclineReason.ALREADY_REGISTERED: (
        "This wristband is in use already. Take a fresh one."
    ),
    DeclineReason.ALREADY_SWAPPED: (
        "This wristband was replaced by another one. Ask the guest for that one."
    ),
    DeclineReason.NOT_ALLOWED: (
        "Who is logged in may not do that. Ask someone whose role allows it."
    ),
    DeclineReason.UNKNOWN_REGISTER: (
        "The hub knows no such cash register. Choose one that was handed out."
    ),
    DeclineReason.CASHIER_LOGGED_IN: (
        "The cashier is still logged in at a till. Log out there first."
    ),
    DeclineReason.UNKNOWN_TILL: "This till is not registered. Register it at the hub.",
}


def sentence(reason: DeclineReason, order: Order, balance: Money | None) -> str:
    """Say why an attempt is declined, for the cashier and the guest."""
    if reason is DeclineReason.INSUFFICIENT_BALANCE and balance is not None:
        if order.payment is not None and order.payment.wallet is not None:
            short = order.total - balance
            return f"{balance} on the wristband, {short} short. Top up or pay in cash."
        if order.kind is OrderKind.PAYOUT:
            return f"Only {balance} on the wristband. Pay out that or less."
        return f"Only {balance} is left on the wristband: the guest has spent the rest."
    return _SENTENCES.get(reason, "The hub declined the order.")


def balance_of(minor: int | None, order: Order) -> Money | None:
    """Put a currency to a balance that the ledger told, if it told one."""
    return None if minor is None else Money(minor, order.currency)
