"""The fiscal record of an order: what the TSE signs, and what it gave back.

Texts follow DSFinV-K 2.4, "Kassenbeleg-V1" (annex I); the law is KassenSichV.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import msgspec

from contract.ids import TillIdField
from contract.money import Currency, plain_amount
from contract.order import Count, OrderKind, Outcome, PaymentMethod, Utc

if TYPE_CHECKING:
    from collections.abc import Iterable

    from contract.order import Order, TaxSum

PROCESS_TYPE = "Kassenbeleg-V1"
OTHER_PROCESS_TYPE = "SonstigerVorgang"  # DSFinV-K: free text, no money moves
ABORTED_PROCESS_DATA = "AVBelegabbruch^0.00_0.00_0.00_0.00_0.00^"
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
    tse_serial: Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}$")]


class Outage(msgspec.Struct, frozen=True, kw_only=True):
    """Why an order has no signature (AEAO zu section 146a AO, TSE outage)."""

    since: Utc
    reason: Annotated[str, msgspec.Meta(max_length=FAULT_LENGTH_MAX)]
    number: Count | None = None


def process_data(order: Order, outcome: Outcome) -> str:
    """Write what the TSE signs when this order closes (Kassenbeleg-V1).

    An aborted order is closed as AVBelegabbruch with nothing in it. What moves no money
    (vouchers granted, a wristband changed) is told in words (SonstigerVorgang).
    """
    if outcome is Outcome.ABORTED:
        return ABORTED_PROCESS_DATA
    if order.acts_as in _WITHOUT_MONEY:
        return f"{order.kind.value} {order.acts_as.value} {order.id}"
    sums = "_".join(plain_amount(minor) for minor in container_sums(order.taxes))
    return f"Beleg^{sums}^{_payments(order)}"


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


def _payments(order: Order) -> str:
    if order.payment is None or order.total_minor == 0:
        return ""
    kind = "Bar" if order.payment.method is PaymentMethod.CASH else "Unbar"
    text = f"{plain_amount(order.total_minor)}:{kind}"
    # Foreign money alone carries its code; the TSE's home currency is the euro.
    return text if order.currency is Currency.EUR else f"{text}:{order.currency.value}"
