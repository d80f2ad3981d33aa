"""An event, its wristbands and orders, for all tests of the hub."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from contract.catalogue import Catalogue, Product, ProductGroup, TaxRate
from contract.fiscal import Outage
from contract.ids import EventId, TillId, WalletSerial, WristbandUid, new_uuid7
from contract.messages import OrderAdvice, StandInLimits
from contract.money import Currency
from contract.order import (
    Order,
    OrderKind,
    Outcome,
    Path,
    Payment,
    PaymentMethod,
    encode_order,
    make_line,
    sum_taxes,
)
from contract.receipt import Seller
from contract.token import Credential
from hub.core.tokens import TokenSigner
from hub.service.events import NewEvent

__all__ = ["Credential", "Product", "WalletSerial"]

if TYPE_CHECKING:
    from uuid import UUID

    from contract.fiscal import Signature

NOW = datetime(2026, 7, 4, 20, 15, tzinfo=UTC)
TILL = TillId("bar-1")
DESK = TillId("desk-1")
SELLER_NAME = "Sommernacht e. V."
TILLS = (TILL, TillId("bar-2"), DESK)
EVENT = NewEvent(
    number=7,
    slug=EventId("summer"),
    name="Summer Night",
    currency=Currency.EUR,
    seller=Seller(
        name=SELLER_NAME,
        street="Seestraße 1",
        postal_code="80939",
        city="München",
        country="DEU",
        tax_number="143/000/00000",
    ),
    stand_in=StandInLimits(allowance_minor=2000, till_total_minor=20000),
    portal_url="https://summer.example",
)
# One product per cent of price would be tedious: product 3 costs one cent.
BEER, PRETZEL, CENT = (
    Product(id=1, name="Beer", label="Beer", price_minor=450, tax_code=1, group=1),
    Product(
        id=2, name="Pretzel", label="Pretzel", price_minor=220, tax_code=2, group=1
    ),
    Product(id=3, name="Cent", label="Cent", price_minor=1, tax_code=1, group=1),
)
CATALOGUE = Catalogue(
    event=EVENT.slug,
    version=1,
    currency=Currency.EUR,
    taxes=(
        TaxRate(code=1, rate_bp=1900, name="19 %"),
        TaxRate(code=2, rate_bp=700, name="7 %"),
    ),
    groups=(ProductGroup(id=1, name="All", color="#e0a526"),),
    products=(BEER, PRETZEL, CENT),
)
SIGNER = TokenSigner(
    Ed25519PrivateKey.from_private_bytes(b"7" * 32).private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    ),
    1,
)


def uid(number: int = 1) -> WristbandUid:
    """The UID of one of our wristbands."""
    return WristbandUid(b"\x04\xb0" + number.to_bytes(5, "big"))


def order(
    total_minor: int,
    wallet: int | None = None,
    *,
    order_id: UUID | None = None,
    attempt: int = 1,
    till: TillId = TILL,
    cancels: UUID | None = None,
) -> Order:
    """An order over some cents, paid by that wallet or in cash."""
    line = make_line(CENT, total_minor)
    method = PaymentMethod.CASH if wallet is None else PaymentMethod.WALLET
    return Order(
        id=order_id or new_uuid7(),
        event=EVENT.slug,
        till=till,
        sequence=1,
        z_number=1,
        attempt=attempt,
        kind=OrderKind.CANCELLATION if cancels else OrderKind.SALE,
        opened_at=NOW,
        currency=Currency.EUR,
        catalogue=1,
        lines=(line,),
        taxes=sum_taxes((line,), CATALOGUE.tax_rates()),
        total_minor=line.total_minor,
        payment=Payment(method=method, wallet=wallet) if attempt else None,
        cancels=cancels,
    )


def advice(
    about: Order,
    outcome: Outcome = Outcome.COMPLETED,
    path: Path | None = Path.ONLINE,
    *,
    credential: Credential | None = None,
    signature: Signature | None = None,
) -> OrderAdvice:
    """What a till reports of an order; without a signature its TSE was out."""
    return OrderAdvice(
        order=msgspec.Raw(encode_order(about)),
        outcome=outcome,
        path=path,
        decided_at=NOW,
        credential=credential,
        signature=signature,
        outage=None if signature else Outage(since=NOW, reason="silent"),
    )


def credential(wallet: int) -> Credential:
    """The genuine token of a wallet."""
    body, signature = SIGNER.issue(uid(), EVENT.number, 0, wallet)
    return Credential(uid=uid().octets, body=body, signature=signature)
