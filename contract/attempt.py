"""The order as of one numbered attempt to pay it: a struct, its bytes, their digest.

An order is journaled and sent as the bytes `encode_order` made once. The hub digests
those bytes as received, so they are never encoded a second time. Fields that say
nothing are left out of them.
"""

from __future__ import annotations

import hashlib
from typing import Annotated, Literal
from uuid import UUID

import msgspec

from contract.acts import (
    BookingModel,
    CashMove,
    Credit,
    OrderKind,
    Payment,
    PaymentMethod,
    WristbandChange,
)
from contract.fields import (
    Amount,
    BillReference,
    Count,
    Digest,
    PlaceKey,
    StaffId,
    Utc,
    hold_times,
)
from contract.ids import EventIdField, TillIdField
from contract.lines import LINES_MAX, Line, TaxSum
from contract.money import Currency, Money

WALLETS_MAX = 99  # of a group's ticket


class Order(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A whole order as of one attempt (0: nobody has tried to pay yet).

    `undoes` is the kind of the order that a cancellation cancels (a sale when it does
    not say), `register` the cash register sold into (the till's own: none named).
    What kind of order has which part is said in `contract.forms`. `presale` are the
    digests of codes of tickets that were bought beforehand. What was only
    practiced (`training`) moves nothing; `booking_model` is the event's, as signed.
    """

    version: Literal[1] = 1
    id: UUID
    event: EventIdField
    till: TillIdField
    sequence: Count
    z_number: Count
    attempt: Annotated[int, msgspec.Meta(ge=0, le=999)]
    kind: OrderKind
    opened_at: Utc
    currency: Currency
    catalogue: Count
    lines: Annotated[tuple[Line, ...], msgspec.Meta(max_length=LINES_MAX)]
    taxes: tuple[TaxSum, ...]
    total_minor: Amount
    payment: Payment | None = None
    cancels: UUID | None = None
    cashier: StaffId = ""
    undoes: OrderKind | None = None
    register: PlaceKey | None = None
    credits: Annotated[tuple[Credit, ...], msgspec.Meta(max_length=WALLETS_MAX)] = ()
    wristband: WristbandChange | None = None
    cash: CashMove | None = None
    bill: BillReference | None = None
    granted_by: StaffId = ""
    presale: Annotated[tuple[Digest, ...], msgspec.Meta(max_length=WALLETS_MAX)] = ()
    training: bool = False
    booking_model: BookingModel = BookingModel.PAYMENT

    def __post_init__(self) -> None:
        hold_times(self, "opened_at")
        payment = self.payment
        if payment is None:
            if self.attempt and (self.total_minor or self.acts_as is OrderKind.SALE):
                raise ValueError("An attempt to pay something has a payment.")
        elif self.attempt == 0:
            raise ValueError("Only an attempt has a payment.")
        elif (payment.wallet is None) == (payment.method is PaymentMethod.WALLET):
            raise ValueError("A wallet payment, and only that, names a wallet.")
        elif payment.card is not None and payment.method is not PaymentMethod.CARD:
            raise ValueError("Only a card payment has a card terminal's receipt.")
        canceling = self.kind is OrderKind.CANCELLATION
        if (self.cancels is None) == canceling:
            raise ValueError("A cancellation, and only that, names the order undone.")
        if self.undoes is not None and not canceling:
            raise ValueError("Only a cancellation says which kind it undoes.")

    @property
    def total(self) -> Money:
        """The sum to pay; negative when the guest gets money back."""
        return Money(self.total_minor, self.currency)

    @property
    def acts_as(self) -> OrderKind:
        """The kind whose rules hold: for a cancellation that of the order undone."""
        if self.kind is OrderKind.CANCELLATION:
            return self.undoes or OrderKind.SALE
        return self.kind

    @property
    def cash_register(self) -> str:
        """The cash register that the order's cash goes into or comes from."""
        return self.register or self.till

    @property
    def vouchers(self) -> int:
        """How many vouchers the order takes; negative where it gives them back."""
        return sum(line.vouchers for line in self.lines)

    @property
    def wallets(self) -> tuple[int, ...]:
        """The serials of all wristbands the order speaks of, each once."""
        named: dict[int, None] = {}
        if self.payment is not None and self.payment.wallet is not None:
            named[self.payment.wallet] = None
        named.update((each.wallet, None) for each in self.credits)
        if self.wristband is not None:
            named[self.wristband.wristband] = None
            if self.wristband.successor is not None:
                named[self.wristband.successor] = None
        return tuple(named)


def encode_order(order: Order) -> bytes:
    """Write the order's one and only bytes: journaled, digested, sent as they are."""
    return _ENCODER.encode(order)


def decode_order(data: bytes | msgspec.Raw) -> Order:
    """Read an order; raises msgspec.DecodeError naming the field that is wrong."""
    try:
        return _DECODER.decode(data)
    except (UnicodeDecodeError, RecursionError) as error:  # msgspec's, undocumented
        raise msgspec.DecodeError(str(error)) from None


def order_digest(data: bytes | msgspec.Raw) -> bytes:
    """Digest an order's bytes as received (SHA-256)."""
    return hashlib.sha256(bytes(data)).digest()


_ENCODER = msgspec.json.Encoder()
_DECODER = msgspec.json.Decoder(Order)
