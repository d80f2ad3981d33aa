"""The basket, and how it becomes an order's bytes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from contract.catalogue import TaxRate
from contract.money import Money, cash_rounding
from contract.order import (
    LINES_MAX,
    QUANTITY_MAX,
    Line,
    Order,
    OrderKind,
    Payment,
    PaymentMethod,
    make_line,
    sum_taxes,
)
from edge.core.view import BasketLine

if TYPE_CHECKING:
    from datetime import datetime

    from contract.catalogue import Catalogue
    from contract.ids import EventId, OrderId, TillId
    from edge.core.records import StoredAttempt

ROUNDING_PRODUCT = 0  # no catalogue lists it; numbers there start at 1
ROUNDING_TAX = TaxRate(code=5, rate_bp=0, name="0 %")  # not taxable (DSFinV-K)


@dataclass(frozen=True, slots=True)
class Basket:
    """Products and their quantities, in the order they were first picked."""

    catalogue: Catalogue
    quantities: tuple[tuple[int, int], ...] = ()

    def add(self, product: int) -> Basket | None:
        """Put one more in; None when the basket can't take it or nobody sells it."""
        if self.catalogue.product(product) is None:
            return None
        counts = dict(self.quantities)
        counts[product] = counts.get(product, 0) + 1
        # One line stays free for the rounding of cash.
        if len(counts) > LINES_MAX - 1 or counts[product] > QUANTITY_MAX:
            return None
        return replace(self, quantities=tuple(counts.items()))

    def remove(self, product: int) -> Basket:
        """Take one out; a product that is not in there changes nothing."""
        left = (
            (each, quantity - 1 if each == product else quantity)
            for each, quantity in self.quantities
        )
        return replace(self, quantities=tuple(pair for pair in left if pair[1] > 0))

    @property
    def lines(self) -> tuple[Line, ...]:
        """The order's lines, priced by the catalogue the order was opened with."""
        products = {each.id: each for each in self.catalogue.products}
        return tuple(
            make_line(products[number], quantity)
            for number, quantity in self.quantities
        )

    @property
    def total(self) -> Money:
        """What the basket costs."""
        return Money(
            sum(line.total_minor for line in self.lines), self.catalogue.currency
        )

    @property
    def rows(self) -> tuple[BasketLine, ...]:
        """The basket as a screen lists it."""
        currency = self.catalogue.currency
        return tuple(
            BasketLine(
                line.product,
                line.name,
                line.quantity,
                Money(line.total_minor, currency),
            )
            for line in self.lines
        )


@dataclass(frozen=True, slots=True)
class OpenOrder:
    """An order nobody has decided yet, with every attempt made so far (from 0)."""

    id: OrderId
    event: EventId
    till: TillId
    sequence: int
    z_number: int
    opened_at: datetime
    basket: Basket
    attempts: tuple[StoredAttempt, ...] = ()

    @property
    def next_attempt(self) -> int:
        """The number the next try to pay will have."""
        return self.attempts[-1].number + 1 if self.attempts else 1

    def as_attempt(self, number: int, payment: Payment | None) -> Order:
        """Write the order down as of one attempt; 0 is the attempt nobody made."""
        catalogue = self.basket.catalogue
        lines, rates = self.basket.lines, dict(catalogue.tax_rates())
        if payment is not None and payment.method is PaymentMethod.CASH:
            lines += _rounding(self.basket.total)
            rates.setdefault(ROUNDING_TAX.code, ROUNDING_TAX)
        return Order(
            id=self.id,
            event=self.event,
            till=self.till,
            sequence=self.sequence,
            z_number=self.z_number,
            attempt=number,
            kind=OrderKind.SALE,
            opened_at=self.opened_at,
            currency=catalogue.currency,
            catalogue=catalogue.version,
            lines=lines,
            taxes=sum_taxes(lines, rates),
            total_minor=sum(line.total_minor for line in lines),
            payment=payment,
        )


def negated(
    original: Order,
    *,
    order: OrderId,
    sequence: int,
    z_number: int,
    opened_at: datetime,
) -> Order:
    """Write the cancellation of an order, as its attempt 0."""
    lines = tuple(_negated_line(line) for line in original.lines)
    rates = {
        tax.code: TaxRate(code=tax.code, rate_bp=tax.rate_bp, name=str(tax.code))
        for tax in original.taxes
    }
    return Order(
        id=order,
        event=original.event,
        till=original.till,
        sequence=sequence,
        z_number=z_number,
        attempt=0,
        kind=OrderKind.CANCELLATION,
        opened_at=opened_at,
        currency=original.currency,
        catalogue=original.catalogue,
        lines=lines,
        taxes=sum_taxes(lines, rates),
        total_minor=-original.total_minor,
        cancels=original.id,
    )


def _rounding(total: Money) -> tuple[Line, ...]:
    rounding = cash_rounding(total)
    if rounding.minor == 0:
        return ()
    return (
        Line(
            product=ROUNDING_PRODUCT,
            name="Rounding",
            quantity=1,
            unit_price_minor=rounding.minor,
            total_minor=rounding.minor,
            tax_code=ROUNDING_TAX.code,
        ),
    )


def _negated_line(line: Line) -> Line:
    return Line(
        product=line.product,
        name=line.name,
        quantity=-line.quantity,
        unit_price_minor=line.unit_price_minor,
        total_minor=-line.total_minor,
        tax_code=line.tax_code,
    )
