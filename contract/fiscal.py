"""The fiscal record of an order: what the TSE signs, and what it gave back.

Texts follow DSFinV-K 2.4, "Kassenbeleg-V1" (annex I); the law is KassenSichV.
"""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Annotated

import msgspec

from contract.fields import hold_times
from contract.fiscal_lines import (
    BusinessCase,
    FiscalLine,
    fiscal_lines,
    fiscal_taxes,
    stored_value_minor,
)
from contract.fiscal_payments import FiscalPayment, PaymentType, fiscal_payments
from contract.ids import TillIdField
from contract.lines import NO_TAX
from contract.money import Currency, plain_amount
from contract.order import Count, OrderKind, Outcome, PaymentMethod, Utc

if TYPE_CHECKING:
    from collections.abc import Iterable

    from contract.order import Order, TaxSum

__all__ = [
    "ABORTED_PROCESS_DATA",
    "ABORTED_TRAINING_PROCESS_DATA",
    "CONTAINERS",
    "FAULT_LENGTH_MAX",
    "OTHER_PROCESS_TYPE",
    "PROCESS_TYPE",
    "BusinessCase",
    "FiscalLine",
    "FiscalPayment",
    "Outage",
    "PaymentType",
    "ReceiptType",
    "Signature",
    "container",
    "container_sums",
    "fiscal_lines",
    "fiscal_payments",
    "fiscal_taxes",
    "process_data",
    "process_type",
    "receipt_name",
    "receipt_type",
]

PROCESS_TYPE = "Kassenbeleg-V1"
OTHER_PROCESS_TYPE = "SonstigerVorgang"  # DSFinV-K: free text, no money moves
ABORTED_PROCESS_DATA = "AVBelegabbruch^0.00_0.00_0.00_0.00_0.00^"
ABORTED_TRAINING_PROCESS_DATA = "AVTraining^0.00_0.00_0.00_0.00_0.00^"
CONTAINERS = 5
FAULT_LENGTH_MAX = 200  # TSE_TA_FEHLER in DSFinV-K

# UST_SCHLUESSEL to tax container (DSFinV-K annex I): 1-4 keep their number, 5-8 are
# the kinds of "no tax", two digits are former rates of the key in their last digit.
_CONTAINER_NO_TAX = 5

_WITHOUT_MONEY = frozenset(
    {
        OrderKind.GRANT,
        OrderKind.REGISTER,
        OrderKind.SWAP,
        OrderKind.BLOCK,
        OrderKind.ANNOTATE,
    }
)
_OF_CASH = frozenset(
    {
        OrderKind.SHIFT_START,
        OrderKind.CASH_MOVEMENT,
        OrderKind.CASH_TRANSFER,
        OrderKind.SHIFT_END,
    }
)


class ReceiptType(enum.Enum):
    """BON_TYP (DSFinV-K 2.4 annex B): only a `RECEIPT` counts in a closing.

    There is no type for a cancellation: with a TSE it is a receipt of its own, with
    every amount turned, that refers to the one undone.
    """

    RECEIPT = "Beleg"
    ABORTED = "AVBelegabbruch"
    TRAINING = "AVTraining"
    OTHER = "AVSonstige"
    """Told in words (SonstigerVorgang): it moves no money of this till's."""


class Signature(msgspec.Struct, frozen=True, kw_only=True):
    """A finished fiscal transaction, complete enough to be verified by anyone.

    Times are the TSE's log times; `value` is plain r||s; `public_key` the
    uncompressed point; `tse_serial` the SHA-256 of that point in hex (TR-03151).
    """

    client: TillIdField
    number: Count
    start_counter: Count
    counter: Count
    started_at: Utc
    finished_at: Utc
    process_type: str
    process_data: str
    algorithm: str
    time_format: str
    value: bytes
    public_key: bytes
    tse_serial: Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}$(?!\n)")]

    def __post_init__(self) -> None:
        hold_times(self, "started_at", "finished_at")


class Outage(msgspec.Struct, frozen=True, kw_only=True):
    """Why an order has no signature (AEAO zu section 146a AO, TSE outage)."""

    since: Utc
    reason: Annotated[str, msgspec.Meta(max_length=FAULT_LENGTH_MAX)]
    number: Count | None = None

    def __post_init__(self) -> None:
        hold_times(self, "since")


def receipt_type(order: Order, outcome: Outcome) -> ReceiptType:
    """Say which sort of receipt an order makes, as it ended."""
    if order.training:
        return ReceiptType.TRAINING
    if outcome is Outcome.ABORTED:
        return ReceiptType.ABORTED
    return ReceiptType.OTHER if _is_told_in_words(order) else ReceiptType.RECEIPT


def receipt_name(order: Order, outcome: Outcome) -> str:
    """Name what a receipt of the type `OTHER` is for (BON_NAME); others have none."""
    if receipt_type(order, outcome) is not ReceiptType.OTHER:
        return ""
    undone = f" {order.acts_as.value}" if order.kind is OrderKind.CANCELLATION else ""
    return f"{order.kind.value}{undone}"


def process_data(order: Order, outcome: Outcome) -> str:
    """Write what the TSE signs when this order closes (Kassenbeleg-V1).

    An aborted order is closed as AVBelegabbruch with nothing in it, one made for
    training as AVTraining with what was practiced. What moves no money of this till's
    (vouchers granted, a wristband changed, cash between vault and bank) is told in
    words (SonstigerVorgang).
    """
    if outcome is Outcome.ABORTED:
        return ABORTED_TRAINING_PROCESS_DATA if order.training else ABORTED_PROCESS_DATA
    if not order.training and _is_told_in_words(order):
        return f"{order.kind.value} {order.acts_as.value} {order.id}"
    sums = container_sums(order.taxes)
    sums[container(NO_TAX.code) - 1] += stored_value_minor(order)
    # Most sums are zero, and this is written of every order, by till and hub.
    written = "_".join([plain_amount(minor) if minor else "0.00" for minor in sums])
    kind = "AVTraining" if order.training else "Beleg"
    return f"{kind}^{written}^{_payments(order)}"


def process_type(data: str) -> str:
    """Name the process type that a process data text belongs to.

    A Kassenbeleg-V1 begins with its BON_TYP and a circumflex; free text has none.
    """
    return PROCESS_TYPE if "^" in data else OTHER_PROCESS_TYPE


def container_sums(taxes: Iterable[TaxSum]) -> list[int]:
    """Add gross sums into the five tax containers of DSFinV-K."""
    sums = [0] * CONTAINERS
    for tax in taxes:
        sums[container(tax.code) - 1] += tax.gross_minor
    return sums


def container(tax_code: int) -> int:
    """Return the container (1-5) of a DSFinV-K tax code; own codes count as no tax."""
    if tax_code >= 1000:
        return _CONTAINER_NO_TAX
    base = tax_code % 10 if tax_code >= 10 else tax_code
    return base if 1 <= base < _CONTAINER_NO_TAX else _CONTAINER_NO_TAX


def _is_told_in_words(order: Order) -> bool:
    kind = order.acts_as
    return kind in _WITHOUT_MONEY or (kind in _OF_CASH and not order.lines)


def _payments(order: Order) -> str:
    """Write what was paid; once per order, and so from its parts, not from a list."""
    amount = order.total_minor + stored_value_minor(order)
    if order.payment is None or amount == 0:
        return ""
    kind = "Bar" if order.payment.method is PaymentMethod.CASH else "Unbar"
    text = f"{plain_amount(amount)}:{kind}"
    # Foreign money alone carries its code; the TSE's home currency is the euro.
    return text if order.currency is Currency.EUR else f"{text}:{order.currency.value}"
