"""The receipt that KassenSichV section 6 asks for, as data and as QR text."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import msgspec

from contract.fiscal import Outage, Signature
from contract.ids import TillIdField
from contract.order import Order, Utc

if TYPE_CHECKING:
    from contract.advice import OrderAdvice

QR_VERSION = "V0"


class Seller(msgspec.Struct, frozen=True, kw_only=True):
    """The business that owes the receipt: full name, address and tax number."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=60)]
    street: Annotated[str, msgspec.Meta(max_length=60)]
    postal_code: Annotated[str, msgspec.Meta(max_length=10)]
    city: Annotated[str, msgspec.Meta(max_length=62)]
    country: Annotated[str, msgspec.Meta(pattern=r"^[A-Z]{3}$(?!\n)")]
    tax_number: Annotated[str, msgspec.Meta(max_length=20)]


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """Everything a receipt shows; exactly one of signature and outage once closed."""

    seller: Seller
    event_name: str
    till: TillIdField
    order: Order
    issued_at: Utc
    signature: Signature | None = None
    outage: Outage | None = None
    demo: bool = False

    @property
    def is_closed(self) -> bool:
        """Whether it is signed, or known why not: only then it is shown."""
        return (self.signature is None) != (self.outage is None)


def receipt_of(
    advice: OrderAdvice, order: Order, *, seller: Seller, event_name: str, demo: bool
) -> Receipt:
    """Make the receipt of an order as its advice says that it ended."""
    return Receipt(
        seller=seller,
        event_name=event_name,
        till=order.till,
        order=order,
        issued_at=advice.decided_at,
        signature=advice.signature,
        outage=advice.outage,
        demo=demo,
    )


def qr_text(signature: Signature) -> str:
    """Write the receipt code of DSFinV-K annex I: twelve fields, ready for a QR."""
    fields = (
        QR_VERSION,
        signature.client,
        signature.process_type,
        signature.process_data,
        str(signature.number),
        str(signature.counter),
        log_time_text(signature.started_at),
        log_time_text(signature.finished_at),
        signature.algorithm,
        signature.time_format,
        base64.b64encode(signature.value).decode("ascii"),
        base64.b64encode(signature.public_key).decode("ascii"),
    )
    return ";".join(fields)


def log_time_text(moment: datetime) -> str:
    """Write a log time as YYYY-MM-DDThh:mm:ss.000Z in UTC."""
    utc = moment.astimezone(UTC)
    return f"{utc:%Y-%m-%dT%H:%M:%S}.{utc.microsecond // 1000:03d}Z"
