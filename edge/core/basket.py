"""The basket of a sale: what was picked, returned and priced, and by which vouchers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

from contract.money import MINOR_MAX, Money
from contract.order import (
    LINES_MAX,
    QUANTITY_MAX,
    Line,
    OrderKind,
    PaymentMethod,
    make_line,
    rounding_lines,
    voucher_lines,
)
from edge.core.parts import Parts

if TYPE_CHECKING:
    from contract.catalogue import Button, Catalogue
    from contract.money import Currency
    from contract.order import Payment
    from edge.core.wristband import Wristband

PRICE_MAX = 1_000_000_00  # what a cashier may enter as a free price


@dataclass(frozen=True, slots=True)
class Item:
    """A product in the basket; negative quantities are given back.

    `price_minor` is what the cashier entered, where the price is free.
    """

    product: int
    quantity: int
    price_minor: int | None = None


@dataclass(frozen=True, slots=True)
class Basket:
    """Items in the order they were first picked.

    `vouchers_max`: how many vouchers the cashier wants used; None: as many as save.
    """

    catalogue: Catalogue
    items: tuple[Item, ...] = ()
    vouchers_max: int | None = None
    kind: ClassVar[OrderKind] = OrderKind.SALE
    wants_wristband: ClassVar[bool] = False

    def add(
        self, product: int, quantity: int = 1, price_minor: int | None = None
    ) -> Basket | None:
        """Put so many more in; None when the basket or the catalogue forbids it."""
        sold = self.catalogue.product(product)
        if sold is None or (price_minor is not None and not sold.free_price):
            return None
        if price_minor is not None and not 0 <= price_minor <= PRICE_MAX:
            return None
        key = (product, price_minor)
        counts = {(each.product, each.price_minor): each for each in self.items}
        known = counts.get(key, Item(product, 0, price_minor))
        changed = replace(known, quantity=known.quantity + quantity)
        if changed.quantity < 0 and not sold.returnable:
            return None
        counts[key] = changed
        items = tuple(each for each in counts.values() if each.quantity)
        # One line stays free for the rounding of cash.
        if len(items) > LINES_MAX - 1 or abs(changed.quantity) > QUANTITY_MAX:
            return None
        return replace(self, items=items)

    def press(self, button: Button, price_minor: int | None = None) -> Basket | None:
        """Put all products of a button in, or nothing."""
        basket: Basket | None = self
        for part in button.parts:
            product = self.catalogue.product(part.product)
            if basket is None or product is None:
                return None
            price = price_minor if product.free_price else None
            basket = basket.add(part.product, part.quantity, price)
        return basket

    def remove(self, product: int) -> Basket:
        """Take one out (or a return back); what is not in there changes nothing."""
        of_it = [each for each in self.items if each.product == product]
        if not of_it:
            return self
        last = of_it[-1]
        left = last.quantity - (1 if last.quantity > 0 else -1)
        items = (
            replace(each, quantity=left) if each is last else each
            for each in self.items
        )
        return replace(self, items=tuple(each for each in items if each.quantity))

    def naming(self, _wristband: Wristband) -> None:
        """Refuse: who pays a sale is named by its payment."""

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to pay for."""
        return not self.items

    @property
    def lines(self) -> tuple[Line, ...]:
        """The order's lines, priced by the catalogue the order was opened with."""
        products = {each.id: each for each in self.catalogue.products}
        return tuple(
            make_line(products[each.product], each.quantity, each.price_minor)
            for each in self.items
        )

    @property
    def total(self) -> Money:
        """What the basket costs without vouchers."""
        minor = sum(line.total_minor for line in self.lines)
        assert abs(minor) <= MINOR_MAX
        return Money(minor, self.catalogue.currency)

    def parts(
        self, payment: Payment | None, _currency: Currency, vouchers: int = 0
    ) -> Parts:
        """Write the sale down as it is paid, with at most so many vouchers."""
        lines = self.lines
        if payment is None:
            return Parts(lines)
        match payment.method:
            case PaymentMethod.CASH:
                return Parts(lines + rounding_lines(self.total))
            case PaymentMethod.CARD:
                return Parts(lines)
            case PaymentMethod.WALLET:
                return Parts(lines + self._vouchers(lines, vouchers))

    def _vouchers(self, lines: tuple[Line, ...], vouchers: int) -> tuple[Line, ...]:
        wanted = vouchers
        if self.vouchers_max is not None:
            wanted = min(wanted, self.vouchers_max)
        products = {each.id: each for each in self.catalogue.products}
        found = voucher_lines(lines, products, wanted)
        return found if len(lines) + len(found) <= LINES_MAX else ()

    def restricted(self, variant: int) -> tuple[int, ...]:
        """Name the products that a wristband of this variant may not buy."""
        return tuple(
            each.product
            for each in self.items
            if each.quantity > 0
            and (product := self.catalogue.product(each.product)) is not None
            and variant in product.restricted_variants
        )
