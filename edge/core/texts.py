"""The sentences a cashier reads: what happened, and what to do about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from contract.messages import DeclineReason
from edge.core.view import Banner, Tone

if TYPE_CHECKING:
    from contract.catalogue import Catalogue
    from contract.messages import OrderDeclined

DECLINES: dict[DeclineReason, tuple[str, str]] = {
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
    DeclineReason.ABORTED: ("Order refused", "Abort the order and begin anew."),
    DeclineReason.SUPERSEDED: ("Order refused", "Abort the order and begin anew."),
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
}

DECLINES |= {
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
        "The wristband has reached what one may top up at this event.",
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


CARD_NOT_CHARGED = "Card not charged"
NO_REFUND = "The card terminal gave nothing back. Try again."
CANCELED_NOTHING = "The till stopped meanwhile; nothing was given back. Try again."
WRONG_WRISTBAND = Banner(
    Tone.ASK_THE_GUEST,
    "Not this wristband",
    "It can't be used for this: it is the same one, or there is no ticket for it.",
)
NOT_AT_THIS_TILL = Banner(
    Tone.INFORM, "Not at this till", "Its profile has no such orders. Use another till."
)
NOT_ALLOWED = Banner(
    Tone.INFORM, "Not allowed", "Your role may not do this. Ask a supervisor."
)
LOG_IN_FIRST = Banner(Tone.INFORM, "Log in first", "Present your staff wristband.")
LOGGED_OUT_BY_HUB = Banner(
    Tone.INFORM, "Logged out", "The office has ended your log-in at this till."
)
WRONG_PIN = Banner(Tone.TRY_AGAIN, "Wrong PIN", "Try again, or ask a supervisor.")
NEEDS_HUB = Banner(
    Tone.TRY_AGAIN,
    "No answer from the hub",
    "This can't be done without the hub. Try again in a moment.",
)
NOT_PAID_LIKE_THAT = Banner(
    Tone.INFORM, "Not paid like that", "Choose another way to pay this order here."
)
NOTHING_TO_CHARGE = Banner(
    Tone.INFORM, "Nothing to charge", "A card can't give money back. Pay it in cash."
)
NO_AMOUNT = Banner(Tone.INFORM, "No amount", "Enter an amount above zero.")
NOTHING_TO_CANCEL = Banner(
    Tone.INFORM, "Nothing to cancel", "The order was not completed."
)
CANCELED_ALREADY = Banner(
    Tone.INFORM, "Canceled already", "The order, or one of these lines, was canceled."
)
CANCEL_AT_ITS_TILL = Banner(
    Tone.INFORM, "Cancel it at its till", "Cash goes back where it was moved."
)
NOT_YET_CLOSED = Banner(
    Tone.TRY_AGAIN,
    "Not closed yet",
    "Orders are still being signed or canceled. Try again in a moment.",
)
NOTHING_TO_CLOSE = Banner(
    Tone.INFORM, "Nothing to close", "There is no order since the last closing."
)


def cancellation_refused(text: str) -> Banner:
    """Explain that an order could not be canceled."""
    return Banner(
        Tone.CALL_THE_TECHNICIAN,
        "The order could not be canceled",
        f"{text} Write down the order and call the finance office.",
    )


def closed(z_number: int) -> Banner:
    """Say that a Z number is closed."""
    return Banner(Tone.INFORM, f"Z {z_number} is closed", "The next order opens a new.")


def with_facts(text: str, verdict: OrderDeclined, catalogue: Catalogue) -> str:
    """Add what the hub knows to a decline's advice."""
    facts = verdict.facts
    if facts.restricted:
        text = naming_products(text, facts.restricted, catalogue)
    if facts.cap_room is not None:
        text += f" There is room for {facts.cap_room}."
    if facts.due is not None:
        text += f" Due is {facts.due}."
    if facts.suggested is not None:
        text += f" {facts.suggested} would do."
    return text


def naming_products(text: str, products: tuple[int, ...], catalogue: Catalogue) -> str:
    """Name the products that a decline is about."""
    known = (catalogue.product(number) for number in products)
    names = ", ".join(product.name for product in known if product is not None)
    return f"{text} It is about: {names}." if names else text
