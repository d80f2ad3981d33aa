"""Why something was declined, in words: what the cashier reads, whoever declined.

The till shows them; the hub sends them with its answer where it has nothing more exact
to say.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from contract.reasons import DeclineReason

if TYPE_CHECKING:
    from collections.abc import Mapping

DECLINES: Final[Mapping[DeclineReason, tuple[str, str]]] = {
    DeclineReason.INSUFFICIENT_BALANCE: (
        "Not enough balance",
        "The guest can pay in cash, with another wristband, or top up first.",
    ),
    DeclineReason.NOT_FINAL_YET: (
        "Not final yet",
        "The hub has not got the order to be canceled. Try again in a moment.",
    ),
    DeclineReason.NOTHING_TO_CANCEL: (
        "Nothing to cancel",
        "The hub has no such completed order. Look at the receipt again.",
    ),
    DeclineReason.ALREADY_CANCELED: (
        "Canceled already",
        "Do not give anything back again.",
    ),
    DeclineReason.OTHER_PAYMENT: (
        "Paid another way",
        "Give the money back the way it was paid: cash in cash, a card's to the card.",
    ),
    DeclineReason.ABORTED: (
        "Order refused",
        "The till has aborted this order. Abort it and begin anew.",
    ),
    DeclineReason.SUPERSEDED: (
        "Order refused",
        "A later attempt has replaced this one. Abort the order and begin anew.",
    ),
    DeclineReason.WRONG_EVENT: (
        "Order refused",
        "This till is of another event. Call the technician.",
    ),
    DeclineReason.AMOUNT_TOO_LARGE: ("Amount too large", "Enter a smaller amount."),
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
    DeclineReason.NOT_RETURNABLE: (
        "Not returnable",
        "Only deposits can be given back. Take the line out of the basket.",
    ),
    DeclineReason.AGE_RESTRICTED: (
        "Not for this wristband",
        "The guest is too young for it. Take it out of the basket.",
    ),
    DeclineReason.INSUFFICIENT_VOUCHERS: (
        "Not enough vouchers",
        "The wristband has fewer vouchers than the order uses. Use fewer.",
    ),
    DeclineReason.BELOW_MINIMUM: (
        "Amount too small",
        "Top up by more, as the event's rules ask for.",
    ),
    DeclineReason.BALANCE_CAP: (
        "Wristband would hold too much",
        "Top up by less.",
    ),
    DeclineReason.EVENT_CAP: (
        "Topped up enough",
        "The event may hold no more of its guests' money. Call the hub's operator.",
    ),
    DeclineReason.UNKNOWN_BILL: (
        "Bill unknown",
        "The hub does not know this bill. Check its reference.",
    ),
    DeclineReason.BILL_NOT_DUE: (
        "Bill not due",
        "The bill is paid, withdrawn, or being paid in another way.",
    ),
    DeclineReason.WRONG_BILL_AMOUNT: (
        "Bill asks for another amount",
        "Begin anew with the amount that is due.",
    ),
    DeclineReason.PRESALE_UNKNOWN: (
        "Presale code unknown",
        "No ticket was sold under this code. Scan it again, or sell a ticket.",
    ),
    DeclineReason.PRESALE_USED: (
        "Presale code used already",
        "Somebody has come in by this code. Sell a ticket, or call a supervisor.",
    ),
    DeclineReason.PRESALE_OTHER_TICKET: (
        "Presale code of another ticket",
        "The code is not for the ticket of this wristband. Take it off the order, or"
        " hand out the other wristband.",
    ),
    DeclineReason.ALREADY_REGISTERED: (
        "Wristband registered already",
        "It has a wallet. Take another wristband.",
    ),
    DeclineReason.ALREADY_SWAPPED: (
        "Wristband swapped already",
        "Another wristband has taken its wallet over. Ask the guest for that one.",
    ),
    DeclineReason.NOT_ALLOWED: (
        "Not allowed",
        "You may not do this, or not at this till. Ask a supervisor.",
    ),
    DeclineReason.UNKNOWN_REGISTER: (
        "No cash register",
        "The hub knows of no register here. Let it be handed out first.",
    ),
    DeclineReason.CASHIER_LOGGED_IN: (
        "Cashier still logged in",
        "Let the cashier log out before the shift ends.",
    ),
}
"""Title and sentence by reason."""


def explained(reason: DeclineReason) -> tuple[str, str]:
    """Return the title and the sentence of a decline."""
    return DECLINES.get(reason, _OTHER)


_OTHER = (
    "Order refused",
    "The hub did not book this order. Take cash, or try again.",
)
