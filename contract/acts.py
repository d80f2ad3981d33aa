"""What an order is, and what it does beside selling: who pays, gains, moves cash.

Whatever a person writes about another stays out of here: an order's bytes are chained
for good. Staff appear by ids, and a comment by the random key of its `Note`, which
travels beside the order and can be erased.
"""

from __future__ import annotations

import enum
from typing import Annotated
from uuid import UUID

import msgspec

from contract.fields import Amount, PlaceKey, Serial, StaffId, Variant
from contract.stocking import Stocking

VOUCHERS_MAX = 9_999
# First six and last four digits at most: what card schemes allow on a receipt.
MASKED_NUMBER_PATTERN = r"^[0-9]{0,6}[*xX. -]*[0-9]{0,4}$(?!\n)"

Vouchers = Annotated[int, msgspec.Meta(ge=-VOUCHERS_MAX, le=VOUCHERS_MAX)]


class OrderKind(enum.Enum):
    """What an order does; all kinds follow the same flow."""

    # Members are single objects; an enum's own hash is slow, and taken per order.
    __hash__ = object.__hash__

    SALE = "sale"
    CANCELLATION = "cancellation"
    TOP_UP = "top_up"
    PAYOUT = "payout"
    TICKET = "ticket"
    """Entry, for one guest or a group, with top-ups; a free one is discounted whole."""
    GRANT = "grant"
    """Vouchers given away."""
    BILL_PAYMENT = "bill_payment"
    REGISTER = "register"
    SWAP = "swap"
    BLOCK = "block"
    """Block a wristband, or unblock it."""
    ANNOTATE = "annotate"
    """Comment a wristband, or change what it may buy."""
    SHIFT_START = "shift_start"
    """A cash register is handed out with its stocking."""
    CASH_MOVEMENT = "cash_movement"
    """Cash goes between register, bag, vault and bank."""
    CASH_TRANSFER = "cash_transfer"
    """Cash goes to another register, or a register to another cashier."""
    SHIFT_END = "shift_end"
    """A register is counted and emptied: the close-out."""


class PaymentMethod(enum.Enum):
    """How an order is paid."""

    __hash__ = object.__hash__  # as of OrderKind

    WALLET = "wallet"
    CASH = "cash"
    CARD = "card"


class BookingModel(enum.Enum):
    """What money on a wristband is for the tax office; an event has one for good."""

    __hash__ = object.__hash__  # as of OrderKind

    PAYMENT = "payment"
    """A card that pays: a sale is paid by it in full (Guthabenkarte)."""
    VOUCHER = "voucher"
    """A voucher for many purposes: a sale redeems it, by a line, and is paid then."""


class Outcome(enum.Enum):
    """The till's word on how an order ended."""

    COMPLETED = "completed"
    ABORTED = "aborted"


class Path(enum.Enum):
    """Who took the decision: the hub, or the till standing in for it."""

    ONLINE = "online"
    STAND_IN = "stand_in"


class CardReceipt(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a card terminal said of its payment; never the card's whole number."""

    provider: PlaceKey
    id: Annotated[str, msgspec.Meta(min_length=1, max_length=80)]
    terminal: Annotated[str, msgspec.Meta(max_length=40)] = ""
    scheme: Annotated[str, msgspec.Meta(max_length=20)] = ""
    masked_number: Annotated[
        str, msgspec.Meta(pattern=MASKED_NUMBER_PATTERN, max_length=25)
    ] = ""


class Payment(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How an attempt is paid; a wallet is named by its wristband's serial.

    A card payment names the terminal's receipt once the terminal has taken the money.
    """

    method: PaymentMethod
    wallet: Serial | None = None
    card: CardReceipt | None = None


class Credit(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a wallet gains beside the payment, in money and vouchers; or gives."""

    wallet: Serial
    amount_minor: Amount = 0
    vouchers: Vouchers = 0


class WristbandChange(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What becomes of a wristband; which fields are set follows from the kind."""

    wristband: Serial
    successor: Serial | None = None
    """Swap: the wristband that takes the wallet over."""
    blocked: bool | None = None
    """Block: whether it is blocked from now on."""
    variant: Variant | None = None
    """Register, annotate: what it may buy, whatever its token says."""
    note: UUID | None = None
    """Annotate: the random key of a `Note` that travels beside the order."""


class PlaceRole(enum.Enum):
    """Where cash can be."""

    REGISTER = "register"
    BAG = "bag"
    VAULT = "vault"
    BANK = "bank"


class CashPlace(msgspec.Struct, frozen=True, kw_only=True):
    """One place that holds cash."""

    role: PlaceRole
    key: PlaceKey


class CashMove(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Cash that goes from one place to another; minor units, never negative.

    A close-out moves what was counted, whatever was expected. `holder` is the cashier
    whose register it is (shift start and end), or becomes (transfer). `stocking` is
    what a register was handed out with, where it was by a template.
    """

    source: CashPlace
    target: CashPlace
    amount_minor: Amount = 0
    counted_minor: Amount | None = None
    expected_minor: Amount | None = None
    holder: StaffId = ""
    stocking: Stocking | None = None

    @property
    def difference_minor(self) -> int:
        """What the count has too much; negative when money is missing."""
        if self.counted_minor is None or self.expected_minor is None:
            return 0
        return self.counted_minor - self.expected_minor
