"""Why something was declined, refused, rejected or flagged, as codes."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from uuid import UUID


class DeclineReason(enum.Enum):
    """Why the hub, or the till standing in, refused to book."""

    INSUFFICIENT_BALANCE = "insufficient_balance"
    UNKNOWN_WRISTBAND = "unknown_wristband"
    BLOCKED_WRISTBAND = "blocked_wristband"
    FORGED_WRISTBAND = "forged_wristband"
    HUB_SILENT = "hub_silent"
    ALLOWANCE_USED_UP = "allowance_used_up"
    INCONSISTENT_ORDER = "inconsistent_order"
    UNKNOWN_PRODUCT = "unknown_product"
    WRONG_PRICE = "wrong_price"
    WRONG_CURRENCY = "wrong_currency"
    UNKNOWN_TILL = "unknown_till"
    NOT_FINAL_YET = "not_final_yet"
    NOTHING_TO_CANCEL = "nothing_to_cancel"
    ALREADY_CANCELED = "already_canceled"
    OTHER_PAYMENT = "other_payment"
    """A cancellation gives money back another way than it came."""
    ABORTED = "aborted"
    SUPERSEDED = "superseded"
    # What an order holds.
    WRONG_EVENT = "wrong_event"
    AMOUNT_TOO_LARGE = "amount_too_large"
    NOT_RETURNABLE = "not_returnable"
    AGE_RESTRICTED = "age_restricted"
    INSUFFICIENT_VOUCHERS = "insufficient_vouchers"
    # Money that comes in or goes out.
    BELOW_MINIMUM = "below_minimum"
    BALANCE_CAP = "balance_cap"
    EVENT_CAP = "event_cap"
    UNKNOWN_BILL = "unknown_bill"
    BILL_NOT_DUE = "bill_not_due"
    WRONG_BILL_AMOUNT = "wrong_bill_amount"
    # Tickets bought beforehand.
    PRESALE_UNKNOWN = "presale_unknown"
    PRESALE_USED = "presale_used"
    PRESALE_OTHER_TICKET = "presale_other_ticket"
    # Wristbands.
    ALREADY_REGISTERED = "already_registered"
    ALREADY_SWAPPED = "already_swapped"
    # Who may do it, and where.
    NOT_ALLOWED = "not_allowed"
    UNKNOWN_REGISTER = "unknown_register"
    CASHIER_LOGGED_IN = "cashier_logged_in"


class AdviceFlag(enum.Enum):
    """What was odd about an advice that was booked all the same."""

    CONTRADICTS_DECLINE = "contradicts_decline"
    EXCEEDS_BALANCE = "exceeds_balance"
    STAND_IN_LOSS = "stand_in_loss"
    SUPERSEDED_CATALOGUE = "superseded_catalogue"
    INCONSISTENT_ORDER = "inconsistent_order"
    OTHER_BYTES = "other_bytes"
    CONTRADICTS_ADVICE = "contradicts_advice"
    BAD_SIGNATURE = "bad_signature"
    EXCEEDS_CAP = "exceeds_cap"
    EXCEEDS_ALLOWANCE = "exceeds_allowance"
    EXCEEDS_VOUCHERS = "exceeds_vouchers"
    UNKNOWN_WRISTBAND = "unknown_wristband"
    BLOCKED_WRISTBAND = "blocked_wristband"
    SWAPPED_WRISTBAND = "swapped_wristband"
    AGE_RESTRICTED = "age_restricted"
    WRONG_TICKET = "wrong_ticket"
    """A guest came in by another ticket than their wristband's."""
    BELOW_MINIMUM = "below_minimum"
    """Less was topped up than the event's rules ask for."""
    ALREADY_CANCELED = "already_canceled"
    NOTHING_TO_CANCEL = "nothing_to_cancel"
    OTHER_PAYMENT = "other_payment"
    """What was paid one way was given back another way."""
    BILL_NOT_DUE = "bill_not_due"
    CARD_RECEIPT_MISSING = "card_receipt_missing"
    REGISTER_DIFFERS = "register_differs"
    """A close-out expected other cash than the ledger has in the register."""
    OTHER_HOLDER = "other_holder"
    """The register was handed out while somebody held it, or closed out in another's
    name than its holder's."""
    CASHIER_LOGGED_IN = "cashier_logged_in"
    """A register was closed out while its cashier worked at a till."""
    NOT_ALLOWED = "not_allowed"
    REVOKED_TILL = "revoked_till"
    """Kept in quarantine: nothing is booked until someone releases it."""
    TILL_CLOCK_OFF = "till_clock_off"
    AFTER_CLOSING = "after_closing"
    """Its Z number's closing is recorded already."""
    EXCEEDS_TILL_TOTAL = "exceeds_till_total"
    """Its till stood in for more than it may in all, while the hub was silent."""
    OUTAGE_TOO_LONG = "outage_too_long"
    """Its till stood in for longer than it may."""
    PRESALE_UNKNOWN = "presale_unknown"
    PRESALE_USED = "presale_used"
    PRESALE_OTHER_TICKET = "presale_other_ticket"
    OTHER_BOOKING_MODEL = "other_booking_model"
    """Signed by another booking model than the event's; the books are the same."""


class RejectReason(enum.Enum):
    """Why a message was not even looked into."""

    TOO_LARGE = "too_large"
    NOT_JSON = "not_json"
    UNKNOWN_TYPE = "unknown_type"
    UNKNOWN_VERSION = "unknown_version"
    INVALID = "invalid"
    FORGED_TILL = "forged_till"
    UNKNOWN_EVENT = "unknown_event"
    NOT_ALLOWED = "not_allowed"
    HUB_FAULT = "hub_fault"
    UNKNOWN_WRISTBAND = "unknown_wristband"
    UNKNOWN_ORDER = "unknown_order"


class LoginRefusal(enum.Enum):
    """Why a cashier can't log in at a till."""

    UNKNOWN_CASHIER = "unknown_cashier"
    FORGED_WRISTBAND = "forged_wristband"
    BLOCKED = "blocked"
    CHOOSE_ROLE = "choose_role"
    """Several roles are open; the answer lists them."""
    ROLE_NOT_OPEN = "role_not_open"
    SUPERVISOR_NEEDED = "supervisor_needed"
    """A supervisor has to log in at this till first."""
    LOGGED_IN_ELSEWHERE = "logged_in_elsewhere"
    NO_REGISTER = "no_register"
    """The role needs a cash register, and none was handed out."""


class ClosingFlag(enum.Enum):
    """What does not agree between a closing and the ledger; it is recorded anyway."""

    TOTALS_DIFFER = "totals_differ"
    DIGEST_DIFFERS = "digest_differs"
    CHAIN_DIFFERS = "chain_differs"
    COUNTERS_HAVE_GAPS = "counters_have_gaps"
    UNSIGNED = "unsigned"
    BAD_SIGNATURE = "bad_signature"
    ORDERS_HELD_BACK = "orders_held_back"
    """Some of its orders are in quarantine: nobody has let them into the ledger."""
    TWO_SHIFTS = "two_shifts"
    """Orders of two shifts are in one Z number: each is to have its own."""
    TILL_CLOCK_OFF = "till_clock_off"


class Malformed(Exception):
    """A message breaks the contract; `reason` and the text say how."""

    def __init__(
        self, reason: RejectReason, text: str, regarding: UUID | None = None
    ) -> None:
        super().__init__(text)
        self.reason = reason
        self.regarding = regarding
