"""The order: one business act at a till, and one numbered attempt to pay it.

An order is journaled and sent as the bytes `encode_order` made once. The hub digests
those bytes as received, so they are never encoded a second time.
"""

from __future__ import annotations

import enum
import hashlib
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Literal
from uuid import UUID

import msgspec

from contract.catalogue import Name, Product, TaxRate
from contract.ids import WALLET_SERIAL_MAX, EventIdField, TillIdField
from contract.money import MINOR_MAX, Currency, Money

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

LINES_MAX = 99
QUANTITY_MAX = 9_999
BASIS_POINTS = 10_000

Amount = Annotated[int, msgspec.Meta(ge=-MINOR_MAX, le=MINOR_MAX)]
Count = Annotated[int, msgspec.Meta(ge=0, le=2**53)]
Serial = Annotated[int, msgspec.Meta(ge=0, le=WALLET_SERIAL_MAX)]
Utc = Annotated[datetime, msgspec.Meta(tz=True)]


class OrderKind(enum.Enum):
    """What an order does; more kinds follow the same flow."""

    SALE = "sale"
    CANCELLATION = "cancellation"


class PaymentMethod(enum.Enum):
    """How an order is paid."""

    WALLET = "wallet"
    CASH = "cash"


class Outcome(enum.Enum):
    """The till's word on how an order ended."""

    COMPLETED = "completed"
    ABORTED = "aborted"


class Path(enum.Enum):
    """Who took the decision: the hub, or the till standing in for it."""

    ONLINE = "online"
    STAND_IN = "stand_in"


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """A quantity of one product at the price of the order's catalogue version."""

    product: int
    name: Name
    quantity: Annotated[int, msgspec.Meta(ge=-QUANTITY_MAX, le=QUANTITY_MAX)]
    unit_price_minor: Amount
    total_minor: Amount
    tax_code: int


class TaxSum(msgspec.Struct, frozen=True, kw_only=True):
    """What an order's lines of one tax code add up to: gross = net + tax."""

    code: int
    rate_bp: Annotated[int, msgspec.Meta(ge=0, le=BASIS_POINTS)]
    gross_minor: Amount
    net_minor: Amount
    tax_minor: Amount


class Payment(msgspec.Struct, frozen=True, kw_only=True):
    """How an attempt is paid; a wallet is named by its token's serial."""

    method: PaymentMethod
    wallet: Serial | None = None


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """A whole order as of one attempt (0: nobody has tried to pay yet)."""

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
    cashier: Annotated[str, msgspec.Meta(max_length=50)] = ""

    def __post_init__(self) -> None:
        if (self.payment is None) != (self.attempt == 0):
            raise ValueError("An attempt has a payment, and only an attempt has one.")
        if (self.cancels is None) == (self.kind is OrderKind.CANCELLATION):
            raise ValueError("A cancellation, and only that, names the order undone.")
        if self.payment is not None and (self.payment.wallet is None) == (
            self.payment.method is PaymentMethod.WALLET
        ):
            raise ValueError("A wallet payment, and only that, names a wallet.")

    @property
    def total(self) -> Money:
        """The sum to pay; negative when the guest gets money back."""
        return Money(self.total_minor, self.currency)


def encode_order(order: Order) -> bytes:
    """Write the order's one and only bytes: journaled, digested, sent as they are."""
    return msgspec.json.encode(order)


def decode_order(data: bytes | msgspec.Raw) -> Order:
    """Read an order; raises msgspec.DecodeError naming the field that is wrong."""
    try:
        return msgspec.json.decode(data, type=Order)
    except (UnicodeDecodeError, RecursionError) as error:  # msgspec's, undocumented
        raise msgspec.DecodeError(str(error)) from None


def order_digest(data: bytes | msgspec.Raw) -> bytes:
    """Digest an order's bytes as received (SHA-256)."""
    return hashlib.sha256(bytes(data)).digest()


def make_line(product: Product, quantity: int) -> Line:
    """Price a quantity of a product."""
    return Line(
        product=product.id,
        name=product.name,
        quantity=quantity,
        unit_price_minor=product.price_minor,
        total_minor=product.price_minor * quantity,
        tax_code=product.tax_code,
    )


def sum_taxes(
    lines: Iterable[Line], rates: Mapping[int, TaxRate]
) -> tuple[TaxSum, ...]:
    """Split the lines' gross sums per tax code into net and tax.

    Prices are gross, so net = gross / (1 + rate), rounded half away from zero once
    per code; tax is the rest, so that gross = net + tax always holds.
    """
    gross: dict[int, int] = {}
    for line in lines:
        gross[line.tax_code] = gross.get(line.tax_code, 0) + line.total_minor
    return tuple(
        _tax_sum(code, rates[code].rate_bp, gross[code]) for code in sorted(gross)
    )


def inconsistency(order: Order) -> str | None:
    """Name the first sum of an order that does not add up, or None when all do."""
    for number, line in enumerate(order.lines, start=1):
        if line.quantity * line.unit_price_minor != line.total_minor:
            return f"line {number} is not quantity times price"
    if sum(line.total_minor for line in order.lines) != order.total_minor:
        return "the lines do not add up to the total"
    rates = {tax.code: tax.rate_bp for tax in order.taxes}
    if len(rates) != len(order.taxes):
        return "a tax code appears twice"
    gross: dict[int, int] = {}
    for line in order.lines:
        gross[line.tax_code] = gross.get(line.tax_code, 0) + line.total_minor
    expected = tuple(
        _tax_sum(code, rates[code], gross[code])
        for code in sorted(gross)
        if code in rates
    )
    if len(expected) != len(gross) or expected != order.taxes:
        return "the taxes do not follow from the lines"
    return None


def _tax_sum(code: int, rate_bp: int, gross_minor: int) -> TaxSum:
    divisor = BASIS_POINTS + rate_bp
    scaled = abs(gross_minor) * BASIS_POINTS
    net = (2 * scaled + divisor) // (2 * divisor)
    net = net if gross_minor >= 0 else -net
    return TaxSum(
        code=code,
        rate_bp=rate_bp,
        gross_minor=gross_minor,
        net_minor=net,
        tax_minor=gross_minor - net,
    )
