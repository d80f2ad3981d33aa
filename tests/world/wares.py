"""What a world sells, and the wristbands in it."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from contract.catalogue import (
    Product,
    ProductKind,
    Ticket,
    digest,
    encode_catalogue,
)
from contract.ids import WristbandUid
from contract.messages import CatalogueLink
from contract.token import Credential
from tests.contract.samples import CATALOGUE as SAMPLE
from tests.edge.core.issuing import EVENT as EVENT_NUMBER
from tests.edge.core.issuing import SIGNER, issue

BEER, PRETZEL = (
    msgspec.structs.replace(SAMPLE.products[0], price_in_vouchers=1),
    SAMPLE.products[1],
)
CUP = Product(
    id=3,
    name="Cup",
    label="Cup",
    price_minor=200,
    tax_code=1,
    group=1,
    kind=ProductKind.DEPOSIT,
)
ENTRY = Product(
    id=4, name="Entry", label="Entry", price_minor=1000, tax_code=2, group=2
)
TICKET = Ticket(id=1, product=ENTRY.id, top_up_minor=500, vouchers=2)
CATALOGUE = msgspec.structs.replace(
    SAMPLE, products=(BEER, PRETZEL, CUP, ENTRY), tickets=(TICKET,)
)
NEXT_CATALOGUE = msgspec.structs.replace(
    CATALOGUE,
    version=CATALOGUE.version + 1,
    products=(
        msgspec.structs.replace(BEER, price_minor=500),
        *CATALOGUE.products[1:],
    ),
)
CATALOGUES = {each.version: each for each in (CATALOGUE, NEXT_CATALOGUE)}
CATALOGUE_BYTES = {
    version: encode_catalogue(each) for version, each in CATALOGUES.items()
}
LINKS = {
    version: CatalogueLink(version=version, digest=digest(data), path=f"/c/{version}")
    for version, data in CATALOGUE_BYTES.items()
}

CODES = ("a1" * 32, "b2" * 32, "c3" * 32)
"""Digests of the codes of tickets that were bought beforehand."""
UNKNOWN_CODE = "d4" * 32

WALLETS = {1: 10_000, 2: 2_500, 3: 500, 4: 20_000, 5: 0, 6: 0, 7: 0, 8: 0}
"""What is on the wristbands in the beginning."""
BLANK = (7, 8)
"""Wristbands that no guest has yet: they replace others."""
UNKNOWN_WALLET = 9
VARIANT = 2


@dataclass(frozen=True)
class Card:
    """A wristband that somebody holds to a reader."""

    uid: WristbandUid
    message: bytes

    @classmethod
    def of(cls, serial: int) -> Card:
        """Make the wristband that the issuing desk gave this number."""
        uid = _uid(serial)
        return cls(uid, issue(uid=uid, serial=serial, variant=VARIANT))


def credential_of(serial: int) -> Credential:
    """What a till reads of a wristband."""
    uid = _uid(serial)
    body, signature = SIGNER.issue(uid, EVENT_NUMBER, VARIANT, serial)
    return Credential(uid=bytes(uid.octets), body=body, signature=signature)


def _uid(serial: int) -> WristbandUid:
    return WristbandUid(bytes([4, 0, 0, 0, 0, 0, serial]))


GUESTS = tuple(serial for serial in WALLETS if serial not in BLANK)
CARDS = {serial: Card.of(serial) for serial in (*GUESTS, UNKNOWN_WALLET)}
CREDENTIALS = {serial: credential_of(serial) for serial in (*WALLETS, UNKNOWN_WALLET)}
EMPTY_CARD = Card(WristbandUid(bytes(7)), b"")
