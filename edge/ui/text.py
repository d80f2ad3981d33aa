"""Every English word of the screens that the view does not bring along."""

from __future__ import annotations

from typing import TYPE_CHECKING

from contract.messages import LampState
from contract.order import OrderKind
from edge.core.view import PrintState

if TYPE_CHECKING:
    from edge.core.view import Banner, ReceiptRow, TillView

APP_TITLE = "Kassenband"
DEMO = "DEMO"
TIMES = "\N{MULTIPLICATION SIGN}"
MINUS = "\N{MINUS SIGN}"

TRAINING = "TRAINING"
TRAINING_BAND = "TRAINING · nothing is sold or charged"
BEGIN_TRAINING = "Begin training"
END_TRAINING = "End training"

MORE_PRODUCTS = "More"
EMPTY_BASKET = "Tap a product\nto begin"
NO_PRODUCTS = "No products yet.\nThe catalogue comes from the hub."
TOTAL = "Total"
TO_PAY = "To pay"
PAY_WRISTBAND = "Wristband"
PAY_CASH = "Cash"
ABORT = "Abort"

PRESENT_HEADING = ("PRESENT", "WRISTBAND")
CHECKING_HEADING = ("ONE", "MOMENT")
CHECKING_HINT = "The wristband is being checked."
PRESENT_HINT = "Hold the wristband to the reader."
COLLECT_HEADING = ("TAKE", "CASH")
COLLECT_HINT = "Take this amount from the guest, then confirm."
MONEY_TAKEN = "Cash taken"
CHARGE_HEADING = ("CARD", "PAYMENT")
CHARGE_HINT = "The guest pays at the card terminal. The till goes on by itself."
PRACTICE_COLLECT_HINT = "TRAINING: take no money, then confirm as if you had."
PRACTICE_CHARGE_HINT = "TRAINING: no card is charged. The till goes on by itself."
BACK = "Back"

PAID_HEADING = "✓ PAID"
PRACTICED_HEADING = "✓ TEST"
PRACTICED = "Training: nothing was charged. Hand nothing out."
NEW_BALANCE = "New balance"
PAID_IN_CASH = "Paid in cash"
STAND_IN = "Without network: booked later, the goods may be handed out."
BALANCE_LATER = "Balance: shown when the till is online again."
RECEIPT = "Scan for the receipt"
# The first that finds room below the code.
RECEIPT_LATER = (
    "Receipt: scan; it opens when the till is online again",
    "Receipt: scan; opens when online again",
)
NEXT_ORDER = "Next order"

DECLINED_HEADING = "✕ DECLINED"
BALANCE = "Balance"
MISSING = "Missing"
OTHER_WRISTBAND = "Other\nwristband"
BACK_TO_BASKET = "Back to\nbasket"
ABORT_ORDER = "Abort\norder"

HANDED_OUT_HEADING = "HANDED OUT?"
HANDED_OUT_HINT = "The till restarted before anybody could see this result."
HANDED_OUT_YES = "Yes, handed out"
HANDED_OUT_NO = "No, cancel it"

STARTING_HEADING = "KASSENBAND"
STARTING_HINT = "The till is starting. Selling begins when everything is ready."
HALTED_HEADING = "TILL STOPPED"

STATUS_TITLE = "What the till depends on"
CLOSE_TILL = "Close till"
RESTART_TSE = "Restart TSE"
CLOCK_IS_RIGHT = "Clock is right"
ALL_DELIVERED = "The hub has recorded every order of this till."

WRISTBANDS = "Virtual\nwristbands"

LAMP_NAMES = {
    "hub": "Hub",
    "tse": "TSE",
    "reader": "Reader",
    "clock": "Clock",
    "printer": "Paper",
}
"""By the lamp's field; a till without a printer has no lamp for it."""

RECEIPTS = "Receipts"
RECEIPTS_TITLE = "Which receipt should be printed?"
NO_RECEIPTS = "This till has closed no order yet."
PRINT_CLOSING = "Z report again"
PRINT_KEYS = {
    PrintState.NO: "Print\nreceipt",
    PrintState.ASKED: "Printing",
    PrintState.PRINTED: "Print\nagain",
}
PRINT_STATES = {
    PrintState.NO: "not printed",
    PrintState.ASKED: "being printed",
    PrintState.PRINTED: "printed: again as a copy",
}
ORDER_KINDS = {
    OrderKind.SALE: "Sale",
    OrderKind.CANCELLATION: "Cancellation",
    OrderKind.TOP_UP: "Top-up",
    OrderKind.PAYOUT: "Payout",
    OrderKind.TICKET: "Ticket",
    OrderKind.GRANT: "Vouchers",
    OrderKind.BILL_PAYMENT: "Bill",
    OrderKind.SHIFT_START: "Shift start",
    OrderKind.CASH_MOVEMENT: "Cash moved",
    OrderKind.CASH_TRANSFER: "Transfer",
    OrderKind.SHIFT_END: "Close-out",
}
LAMP_GLYPHS = {
    LampState.GOOD: "✓",
    LampState.WARN: "!",
    LampState.BAD: "✕",
    LampState.UNKNOWN: "?",
}
LAMP_STATES = {
    LampState.GOOD: "good",
    LampState.WARN: "look at it",
    LampState.BAD: "does not work",
    LampState.UNKNOWN: "not known yet",
}


def items(count: int) -> str:
    """Say how many items the basket holds."""
    return "1 item" if count == 1 else f"{count} items"


def hidden_lines(earlier: int, later: int, width: int) -> str:
    """Say how many basket lines are hidden above and below; nothing for none."""
    parts = [f"▲ +{earlier}"] if earlier else []
    parts += [f"▼ +{later}"] if later else []
    longer = [f"{part} more" for part in parts]
    long = "  ".join(longer)
    return long if len(long) <= width else "  ".join(parts)


def approved_order(total: str) -> str:
    """Name the order that the question after a restart is about."""
    return f"Last order {total} approved."


def undelivered(count: int) -> str:
    """Say that orders wait for the hub."""
    if count == 0:
        return ALL_DELIVERED
    orders = "1 order waits" if count == 1 else f"{count} orders wait"
    return f"{orders} for the hub; the till sends them by itself."


def closing_title(z_number: int) -> str:
    """Ask whether this Z number is to be closed."""
    return f"Close this till: Z report {z_number}?"


def closing_text(view: TillView) -> str:
    """Say what closing does."""
    count = view.z_orders
    orders = "the 1 order" if count == 1 else f"the {count} orders"
    paper = "" if view.lamps.printer is None else "prints it, "
    return (
        f"The till sums up {orders} since the last closing, aborted ones too,"
        f" has the TSE sign the report, {paper}and sends it to the hub."
        f"\n\nNo order may be open. It can't be undone: the next order begins"
        f" Z {view.z_number + 1}. Cash is not counted here."
    )


def close_number(z_number: int) -> str:
    """Name the key that closes this Z number."""
    return f"Close Z {z_number}"


def banner(said: Banner) -> str:
    """Say a banner on one line."""
    return f"{said.title}. {said.text}"


def receipt_row(row: ReceiptRow, at: str) -> str:
    """Name an order whose receipt can be printed, on one line."""
    kind = ORDER_KINDS.get(row.kind, "Order")
    return f"{at}  {kind} {row.number}  {row.total}  ({PRINT_STATES[row.state]})"


def page(number: int, pages: int) -> str:
    """Number the page of the product grid."""
    return f"{number}/{pages}"
