"""The sentences a cashier reads: what happened, and what to do about it."""

from __future__ import annotations

from contract.messages import DeclineReason
from edge.core.view import Banner, Tone

DECLINES: dict[DeclineReason, tuple[str, str]] = {
    DeclineReason.INSUFFICIENT_BALANCE: (
        "Not enough balance",
        "The guest can pay in cash, with another wristband, or top up first.",
    ),
    DeclineReason.UNKNOWN_WRISTBAND: (
        "Wristband unknown",
        "The hub does not know this wristband. Send the guest to the service desk.",
    ),
    DeclineReason.BLOCKED_WRISTBAND: (
        "Wristband blocked",
        "This wristband was reported lost or blocked. Send the guest to the service"
        " desk.",
    ),
    DeclineReason.FORGED_WRISTBAND: (
        "Wristband not genuine",
        "The hub refuses this wristband's token. Send the guest to the service desk.",
    ),
    DeclineReason.HUB_SILENT: (
        "No answer from the hub",
        "This wristband can't be charged without the hub. Take cash, or try again in"
        " a moment.",
    ),
    DeclineReason.ALLOWANCE_USED_UP: (
        "Offline allowance used up",
        "Without the hub no more can be charged here. Take cash, or try again in a"
        " moment.",
    ),
    DeclineReason.INCONSISTENT_ORDER: (
        "Order refused",
        "The hub can't book this order. Take cash and call the technician.",
    ),
    DeclineReason.UNKNOWN_PRODUCT: (
        "Product no longer sold",
        "A product in the basket is not in the hub's list. Abort the order and begin"
        " anew.",
    ),
    DeclineReason.WRONG_PRICE: (
        "Price has changed",
        "A price differs from the hub's. Abort the order and begin anew.",
    ),
    DeclineReason.WRONG_CURRENCY: (
        "Wrong currency",
        "The hub books in another currency. Call the technician.",
    ),
    DeclineReason.UNKNOWN_TILL: (
        "Till not registered",
        "The hub does not know this till. Call the technician to enroll it.",
    ),
}

_OTHER = (
    "Order refused",
    "The hub did not book this order. Take cash, or try again.",
)

EMPTY_BASKET = Banner(Tone.INFORM, "Basket is empty", "Pick a product first.")
BASKET_FULL = Banner(
    Tone.INFORM,
    "Basket is full",
    "It holds 98 different products. Finish this order and open another one.",
)
JOURNAL_FULL = Banner(
    Tone.CALL_THE_TECHNICIAN,
    "This till holds too many undelivered orders",
    "It sells again when the hub has taken them. Use another till, and call the"
    " technician to check the network.",
)
NO_CONFIG = Banner(
    Tone.TRY_AGAIN,
    "Waiting for the hub",
    "This till has not got its configuration yet. If it lasts, check the network"
    " cable and whether the hub runs.",
)
NO_CATALOGUE = Banner(
    Tone.TRY_AGAIN,
    "Waiting for the product list",
    "The hub has announced the product list; it is being fetched.",
)
LINK_GONE = "The connection to the hub is lost; the till connects again by itself."
HUB_OFFLINE = (
    "The hub is offline. Sales go on within the allowance; if it lasts, call the"
    " technician."
)
HUB_SILENT = (
    "The hub does not answer. Sales go on within the allowance; if it lasts, call the"
    " technician."
)


def decline_text(reason: DeclineReason) -> tuple[str, str]:
    """Return title and text of a decline."""
    return DECLINES.get(reason, _OTHER)


def journal_broken(text: str) -> Banner:
    """Explain that the till can't write to its disk."""
    return Banner(Tone.CALL_THE_TECHNICIAN, "The till can't keep its journal", text)
