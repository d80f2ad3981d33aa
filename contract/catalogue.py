"""What can be sold: products, their tax and the groups that color them."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Annotated

import msgspec

from contract.ids import EventIdField
from contract.money import Currency

if TYPE_CHECKING:
    from collections.abc import Mapping

LABEL_LINES = 2
LABEL_WIDTH = 9  # what a tile of the smallest panel can show
# DSFinV-K's ARTIKELTEXT allows 255, but 99 lines must fit into one message of 64 KiB.
NAME_LENGTH_MAX = 80

Name = Annotated[
    str,
    msgspec.Meta(
        min_length=1, max_length=NAME_LENGTH_MAX, pattern=r"^[^\x00-\x1f\x7f]*$"
    ),
]


class TaxRate(msgspec.Struct, frozen=True, kw_only=True):
    """A tax code of DSFinV-K (UST_SCHLUESSEL) with its rate in basis points."""

    code: Annotated[int, msgspec.Meta(ge=1, le=9999)]
    rate_bp: Annotated[int, msgspec.Meta(ge=0, le=10_000)]
    name: Name


class ProductGroup(msgspec.Struct, frozen=True, kw_only=True):
    """Products that look alike on the till, with their tile color."""

    id: int
    name: Name
    color: Annotated[str, msgspec.Meta(pattern=r"^#[0-9a-f]{6}$")]


class Product(msgspec.Struct, frozen=True, kw_only=True):
    """Something a till sells at a gross price."""

    id: Annotated[int, msgspec.Meta(ge=1)]
    name: Name
    label: str
    price_minor: Annotated[int, msgspec.Meta(ge=0)]
    tax_code: int
    group: int

    def __post_init__(self) -> None:
        lines = self.label.split("\n")
        if len(lines) > LABEL_LINES or any(len(line) > LABEL_WIDTH for line in lines):
            raise ValueError(
                f"The label {self.label!r} of product {self.id} needs at most "
                f"{LABEL_LINES} lines of {LABEL_WIDTH} characters."
            )


class Catalogue(msgspec.Struct, frozen=True, kw_only=True):
    """One immutable version of all products of an event, in tile order."""

    event: EventIdField
    version: Annotated[int, msgspec.Meta(ge=1)]
    currency: Currency
    taxes: tuple[TaxRate, ...]
    groups: tuple[ProductGroup, ...]
    products: tuple[Product, ...]

    def __post_init__(self) -> None:
        codes = {tax.code for tax in self.taxes}
        groups = {group.id for group in self.groups}
        for product in self.products:
            if product.tax_code not in codes:
                raise ValueError(
                    f"Product {product.id} names tax code {product.tax_code}, "
                    "which the catalogue does not list."
                )
            if product.group not in groups:
                raise ValueError(
                    f"Product {product.id} names group {product.group}, "
                    "which the catalogue does not list."
                )
        if len({product.id for product in self.products}) != len(self.products):
            raise ValueError("Two products of the catalogue share one number.")

    def product(self, number: int) -> Product | None:
        """Find a product by its number."""
        return next((each for each in self.products if each.id == number), None)

    def tax_rates(self) -> Mapping[int, TaxRate]:
        """Index the tax rates by code."""
        return {tax.code: tax for tax in self.taxes}

    def group(self, number: int) -> ProductGroup:
        """Return a group that a product of this catalogue names."""
        return next(each for each in self.groups if each.id == number)


def encode_catalogue(catalogue: Catalogue) -> bytes:
    """Write a catalogue as the bytes that tills download and digest."""
    return msgspec.json.encode(catalogue)


def decode_catalogue(data: bytes) -> Catalogue:
    """Read a catalogue; raises msgspec.DecodeError when it breaks a rule."""
    try:
        return msgspec.json.decode(data, type=Catalogue)
    except (UnicodeDecodeError, RecursionError) as error:  # msgspec's, undocumented
        raise msgspec.DecodeError(str(error)) from None


def digest(data: bytes) -> str:
    """Name bytes by their SHA-256 in hex."""
    return hashlib.sha256(data).hexdigest()
