"""What can be sold: products, their tax, the buttons and groups that show them."""

from __future__ import annotations

import enum
import hashlib
from typing import TYPE_CHECKING, Annotated, Final

import msgspec

from contract.fields import Positive, Variant
from contract.ids import EventIdField
from contract.money import Currency

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

NOT_TAXABLE = 5  # UST_SCHLUESSEL of DSFinV-K, annex I
LABEL_LINES = 2
LABEL_WIDTH = 9  # what a tile of the smallest panel can show
# DSFinV-K's ARTIKELTEXT allows 255, but 99 lines must fit into one message of 64 KiB.
NAME_LENGTH_MAX = 80

Name = Annotated[
    str,
    msgspec.Meta(
        min_length=1, max_length=NAME_LENGTH_MAX, pattern=r"^[^\x00-\x1f\x7f]*$(?!\n)"
    ),
]


class TaxRate(msgspec.Struct, frozen=True, kw_only=True):
    """A tax code of DSFinV-K (UST_SCHLUESSEL) with its rate in basis points."""

    code: Annotated[int, msgspec.Meta(ge=1, le=9999)]
    rate_bp: Annotated[int, msgspec.Meta(ge=0, le=10_000)]
    name: Name

    def __post_init__(self) -> None:
        if self.code == NOT_TAXABLE and self.rate_bp:
            raise ValueError(f"Tax code {self.code} is for what is not taxable: 0 %.")


class ProductGroup(msgspec.Struct, frozen=True, kw_only=True):
    """Products that look alike on the till, with their tile color."""

    id: int
    name: Name
    color: Annotated[str, msgspec.Meta(pattern=r"^#[0-9a-f]{6}$(?!\n)")]


class ProductKind(enum.Enum):
    """What a product is for the books."""

    GOODS = "goods"
    DEPOSIT = "deposit"
    """Asked for a cup and given back for it: what it brings is owed."""
    DONATION = "donation"
    TIP_STAFF = "tip_staff"
    """For who works there, given by free will: not taxable, and passed on."""
    TIP_HOUSE = "tip_house"
    """For the event itself: turnover, taxed like what was sold."""


_NOT_TAXED: Final = {
    ProductKind.DONATION: "a donation",
    ProductKind.TIP_STAFF: "a tip for the staff",
}


class Product(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Something a till sells at a gross price.

    With a free price the cashier enters it, and `price_minor` is what is suggested.
    `price_in_vouchers`: how many vouchers pay for one; 0: none do.
    `restricted_variants`: of wristbands that may not buy it (youth protection).
    `locked`: it has been sold, so that later versions keep what receipts showed.
    """

    id: Annotated[int, msgspec.Meta(ge=1)]
    name: Name
    label: str
    price_minor: Annotated[int, msgspec.Meta(ge=0)]
    tax_code: int
    group: int
    kind: ProductKind = ProductKind.GOODS
    free_price: bool = False
    price_in_vouchers: Annotated[int, msgspec.Meta(ge=0, le=99)] = 0
    restricted_variants: tuple[Variant, ...] = ()
    locked: bool = False

    def __post_init__(self) -> None:
        _check_label(self.label, f"product {self.id}")
        if self.price_in_vouchers and self.kind is not ProductKind.GOODS:
            raise ValueError(f"Product {self.id} is no goods: vouchers can't pay it.")
        what = _NOT_TAXED.get(self.kind)
        if what is not None and self.tax_code != NOT_TAXABLE:
            raise ValueError(
                f"Product {self.id} is {what}, which is not taxable: "
                f"give it tax code {NOT_TAXABLE}."
            )

    @property
    def returnable(self) -> bool:
        """Whether it may be given back, as a line of negative quantity."""
        return self.kind is ProductKind.DEPOSIT


class ButtonPart(msgspec.Struct, frozen=True, kw_only=True):
    """One of the products that a button puts into the basket."""

    product: int
    quantity: Annotated[int, msgspec.Meta(ge=-99, le=99)] = 1


class Button(msgspec.Struct, frozen=True, kw_only=True):
    """A tile for several products at once, say a beer and its cup."""

    id: Annotated[int, msgspec.Meta(ge=1)]
    label: str
    parts: Annotated[tuple[ButtonPart, ...], msgspec.Meta(min_length=1, max_length=20)]
    group: int

    def __post_init__(self) -> None:
        _check_label(self.label, f"button {self.id}")


class Ticket(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a guest pays at the entry: a product, and what is on the wristband then.

    It is for wristbands of the listed variants; for all others when none is listed.
    `top_up_minor` and `vouchers` come with it; a top-up is paid beside the price.
    """

    id: Annotated[int, msgspec.Meta(ge=1)]
    product: int
    variants: tuple[Variant, ...] = ()
    top_up_minor: Positive = 0
    vouchers: Annotated[int, msgspec.Meta(ge=0, le=99)] = 0


class Catalogue(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One immutable version of all that an event sells, in tile order.

    A product that stands on no button is a tile of its own.
    """

    event: EventIdField
    version: Annotated[int, msgspec.Meta(ge=1)]
    currency: Currency
    taxes: tuple[TaxRate, ...]
    groups: tuple[ProductGroup, ...]
    products: tuple[Product, ...]
    buttons: tuple[Button, ...] = ()
    tickets: tuple[Ticket, ...] = ()

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
        if self.buttons:
            self._check_buttons(groups)
        for ticket in self.tickets:
            if self.product(ticket.product) is None:
                raise ValueError(
                    f"Ticket {ticket.id} names product {ticket.product}, "
                    "which the catalogue does not list."
                )

    def product(self, number: int) -> Product | None:
        """Find a product by its number."""
        return next((each for each in self.products if each.id == number), None)

    def tax_rates(self) -> Mapping[int, TaxRate]:
        """Index the tax rates by code."""
        return {tax.code: tax for tax in self.taxes}

    def group(self, number: int) -> ProductGroup:
        """Return a group that a product of this catalogue names."""
        return next(each for each in self.groups if each.id == number)

    @property
    def tiles(self) -> tuple[Button | Product, ...]:
        """What a till shows: the buttons, then each product that is on none."""
        shown = {part.product for each in self.buttons for part in each.parts}
        shown |= {ticket.product for ticket in self.tickets}
        return (
            *self.buttons,
            *(each for each in self.products if each.id not in shown),
        )

    def ticket_for(self, variant: int) -> Ticket | None:
        """Find the ticket of a wristband's variant."""
        general = (each for each in self.tickets if not each.variants)
        own = (each for each in self.tickets if variant in each.variants)
        return next(own, next(general, None))

    def _check_buttons(self, groups: set[int]) -> None:
        if len({button.id for button in self.buttons}) != len(self.buttons):
            raise ValueError("Two buttons of the catalogue share one number.")
        products = {each.id: each for each in self.products}
        for button in self.buttons:
            if button.group not in groups:
                raise ValueError(
                    f"Button {button.id} names group {button.group}, "
                    "which the catalogue does not list."
                )
            fault = _part_fault(button, products)
            if fault is not None:
                raise ValueError(f"Button {button.id} {fault}.")


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


def lock_breaches(
    before: Catalogue, after: Catalogue, sold: Collection[int] = ()
) -> tuple[str, ...]:
    """List what a newer version may not change: products that were sold already.

    Whatever was `sold` keeps price, tax and kind, what is locked its name, too. They
    may leave the catalogue altogether; their numbers are not given to anything else.
    """
    products = {each.id: each for each in after.products}
    return tuple(
        f"Product {old.id} ({old.name}) has been sold and keeps its {word}. "
        "Give the new one a number of its own."
        for old in before.products
        if old.id in products
        for field, word in _kept(old, sold).items()
        if getattr(products[old.id], field) != getattr(old, field)
    )


def changed_products(before: Catalogue, after: Catalogue) -> tuple[int, ...]:
    """List the products of which a newer version changes what a sale keeps for good."""
    products = {each.id: each for each in after.products}
    return tuple(
        old.id
        for old in before.products
        if old.id in products
        and any(
            getattr(products[old.id], field) != getattr(old, field) for field in _SOLD
        )
    )


_SOLD: Final = {
    "price_minor": "price",
    "tax_code": "tax",
    "kind": "kind",
    "free_price": "sort of price",
}
_LOCKED: Final = {"name": "name", **_SOLD, "locked": "lock"}


def _kept(product: Product, sold: Collection[int]) -> Mapping[str, str]:
    if product.locked:
        return _LOCKED
    return _SOLD if product.id in sold else {}


def _part_fault(button: Button, products: Mapping[int, Product]) -> str | None:
    free = 0
    for part in button.parts:
        product = products.get(part.product)
        if product is None:
            return f"names product {part.product}, which the catalogue does not list"
        if part.quantity == 0:
            return f"holds product {part.product} not even once"
        if part.quantity < 0 and not product.returnable:
            return f"takes product {part.product} back, which is no deposit"
        free += product.free_price
    if free > 1:
        return "has two products with a free price; the cashier can enter one"
    if len({part.product for part in button.parts}) != len(button.parts):
        return "holds one product twice"
    return None


def _check_label(label: str, owner: str) -> None:
    lines = label.split("\n")
    if len(lines) > LABEL_LINES or any(len(line) > LABEL_WIDTH for line in lines):
        raise ValueError(
            f"The label {label!r} of {owner} needs at most "
            f"{LABEL_LINES} lines of {LABEL_WIDTH} characters."
        )
