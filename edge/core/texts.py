"""The sentences a cashier reads: what happened, and what to do about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from contract import declines
from edge.core.view import Banner, Tone

if TYPE_CHECKING:
    from contract.catalogue import Catalogue
    from contract.messages import DeclineReason, OrderDeclined
    from edge.core.view import ClosedNumber

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
    return declines.explained(reason)


def journal_broken(text: str) -> Banner:
    """Explain that the till can't write to its disk."""
    return Banner(Tone.CALL_THE_TECHNICIAN, "The till can't keep its journal", text)


CARD_NOT_CHARGED = "Card not charged"
NO_REFUND = "The card terminal gave nothing back. Try again."
WOULD_COST_MORE = "The guest would have to pay more. Sell what is missing instead."
CANCELED_NOTHING = "The till stopped meanwhile; nothing was given back. Try again."
WRONG_WRISTBAND = Banner(
    Tone.ASK_THE_GUEST,
    "Not this wristband",
    "It can't be used for this: it is the same one, or there is no ticket for it.",
)
NO_TICKET_SALE = Banner(
    Tone.INFORM, "No ticket sale", "Begin a ticket sale, then scan the guest's ticket."
)
NO_TICKET_CODE = Banner(
    Tone.ASK_THE_GUEST, "Not a ticket's code", "Scan it again, or type it as printed."
)
NO_WRISTBAND_FOR_CODE = Banner(
    Tone.INFORM,
    "No wristband for this ticket",
    "Each ticket is for one wristband that has none yet. Present the guest's first.",
)
PRESALE_NEEDS_HUB = (
    "No answer from the hub",
    "Whether this ticket was used already is not known without the hub. Try again in a"
    " moment, or sell a ticket.",
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
NOT_CANCELED_YET = Banner(
    Tone.TRY_AGAIN,
    "Not canceled yet",
    "The hub can't look at the cancellation now. The till asks again by itself; if it"
    " lasts, call the technician.",
)
NEVER_FINAL = "The hub never got the order to be canceled; nothing was given back."
GIVEN_UP = Banner(
    Tone.INFORM, "Cancellation given up", "Nothing was given back: the order stands."
)
ENDED_ALREADY = Banner(
    Tone.INFORM, "Nothing to give up", "This cancellation has ended already."
)
REFUND_IN_DOUBT = Banner(
    Tone.CALL_THE_TECHNICIAN,
    "Not given up",
    "The card terminal may have given the money back. The till asks it again by itself;"
    " look whether it is switched on.",
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
SHIFT_ENDS = Banner(
    Tone.TRY_AGAIN,
    "The shift before is being closed",
    "Its Z number ends with it. Try again in a moment.",
)
SHIFT_RUNS = Banner(
    Tone.INFORM,
    "A shift is running",
    "Count its cash register first; the till is closed with it. If that was done at"
    " another till, and it lies in nobody's hands, count 0.00 here.",
)
ORDER_OPEN = Banner(
    Tone.INFORM, "An order is open", "Finish or abort it; then the till can be closed."
)
FINISH_FIRST = Banner(
    Tone.INFORM, "Finish this order first", "Then training can be switched on or off."
)
NOT_YET_SWITCHED = Banner(
    Tone.TRY_AGAIN,
    "Not switched yet",
    "A cancellation or a card payment is still open. Try again in a moment.",
)
TRAINING_BEGUN = Banner(
    Tone.INFORM, "Training", "Nothing is charged or sold until training is ended."
)
TRAINING_ENDED = Banner(
    Tone.INFORM, "Training has ended", "From now on every order is real."
)
NOT_PRACTICED = Banner(
    Tone.INFORM, "Not in training", "This order was real. End training to cancel it."
)
ONLY_PRACTICED = Banner(
    Tone.INFORM, "Nothing to cancel", "This order was made for training."
)


def cancellation_refused(text: str) -> Banner:
    """Explain that an order could not be canceled."""
    return Banner(
        Tone.CALL_THE_TECHNICIAN,
        "The order could not be canceled",
        f"{text} Write down the order and call the finance office.",
    )


def closed(number: ClosedNumber) -> Banner:
    """Say that a Z number is closed, and what has become of its report."""
    signed = {None: "Being signed", True: "Signed", False: "Not signed, the TSE failed"}
    said = [signed[number.signed]]
    if number.printed is not None:
        said.append("printed" if number.printed else "not printed yet")
    hub = "recorded" if number.recorded else "not yet recorded"
    said.append(f"{hub} by the hub")
    return Banner(Tone.INFORM, f"Z {number.z_number} is closed", f"{', '.join(said)}.")


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
