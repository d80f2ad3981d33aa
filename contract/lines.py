"""The lines of an order: priced, discounted, rounded and taxed, exactly.

A line that is no product (credit, rounding, cash) has product 0 and no tax; its amount
is its unit price, its sign that of its quantity.
"""

from __future__ import annotations

import enum
from fractions import Fraction
from typing import TYPE_CHECKING, Annotated

import msgspec

from contract.acts import VOUCHERS_MAX, Vouchers
from contract.catalogue import NOT_TAXABLE, Name, Product, ProductKind, TaxRate
from contract.fields import Amount
from contract.money import cash_rounding

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from contract.money import Money

LINES_MAX = 99
QUANTITY_MAX = 9_999
BASIS_POINTS = 10_000
NO_PRODUCT = 0  # catalogues count from 1
NO_TAX = TaxRate(code=NOT_TAXABLE, rate_bp=0, name="0 %")


class LineRole(enum.Enum):
    """What a line stands for."""

    __hash__ = object.__hash__  # as of OrderKind

    ITEM = "item"
    DEPOSIT = "deposit"
    """Asked for a cup, or given back for it (then the quantity is negative)."""
    VOUCHER = "voucher"
    """Taken off for vouchers; one line per tax code."""
    DISCOUNT = "discount"
    """Taken off otherwise: what makes a ticket a free one. One line per tax code."""
    CREDIT = "credit"
    """Money on wristbands, or off them: a voucher for many purposes, not taxable."""
    BILL = "bill"
    """Paid towards a bill, whose own lines were taxed when it was written."""
    ROUNDING = "rounding"
    DONATION = "donation"
    TIP_STAFF = "tip_staff"
    """Given to who works there."""
    TIP_HOUSE = "tip_house"
    """Given to the event itself, and taxed."""
    TRANSIT = "transit"
    """Cash put into the order's register, or taken out."""
    DIFFERENCE = "difference"
    """What a count found too much, or too little."""


TAXED = frozenset(
    {
        LineRole.ITEM,
        LineRole.DEPOSIT,
        LineRole.VOUCHER,
        LineRole.DISCOUNT,
        LineRole.TIP_HOUSE,
    }
)


class Line(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A quantity of one product at the price of the order's catalogue version."""

    product: int
    name: Name
    quantity: Annotated[int, msgspec.Meta(ge=-QUANTITY_MAX, le=QUANTITY_MAX)]
    unit_price_minor: Amount
    total_minor: Amount
    tax_code: int
    role: LineRole = LineRole.ITEM
    vouchers: Vouchers = 0
    """How many vouchers a voucher line takes; negative where they are given back."""
    cancels_line: Annotated[int, msgspec.Meta(ge=1, le=LINES_MAX)] | None = None
    """Cancellation by line: which line of the original, counted from 1."""


class TaxSum(msgspec.Struct, frozen=True, kw_only=True):
    """What an order's lines of one tax code add up to: gross = net + tax."""

    code: int
    rate_bp: Annotated[int, msgspec.Meta(ge=0, le=BASIS_POINTS)]
    gross_minor: Amount
    net_minor: Amount
    tax_minor: Amount


ROLES: Mapping[ProductKind, LineRole] = {
    ProductKind.GOODS: LineRole.ITEM,
    ProductKind.DEPOSIT: LineRole.DEPOSIT,
    ProductKind.DONATION: LineRole.DONATION,
    ProductKind.TIP_STAFF: LineRole.TIP_STAFF,
    ProductKind.TIP_HOUSE: LineRole.TIP_HOUSE,
}
"""What a line of a product of each kind stands for."""


def make_line(product: Product, quantity: int, price_minor: int | None = None) -> Line:
    """Price a quantity of a product; `price_minor` where the price is free."""
    assert price_minor is None or product.free_price, "the catalogue fixes this price"
    price = product.price_minor if price_minor is None else price_minor
    return Line(
        product=product.id,
        name=product.name,
        quantity=quantity,
        unit_price_minor=price,
        total_minor=price * quantity,
        tax_code=product.tax_code,
        role=ROLES[product.kind],
    )


def plain_line(role: LineRole, amount_minor: int, name: str) -> Line:
    """Make a line that is no product: its amount as it counts, and no tax."""
    assert role not in TAXED, "what is sold or taken off has a tax code"
    return _amount_line(role, amount_minor, name, NO_TAX.code)


def rounding_lines(total: Money, name: str = "Rounding") -> tuple[Line, ...]:
    """Make the line that lets a total be paid in coins; none where it can be already.

    Swiss cash ends at 0.05; the line says what must be added or taken off.
    """
    rounding = cash_rounding(total)
    if rounding.minor == 0:
        return ()
    return (plain_line(LineRole.ROUNDING, rounding.minor, name),)


def discount_lines(lines: Iterable[Line], name: str) -> tuple[Line, ...]:
    """Take all that these lines cost off again, one line per tax code."""
    gross = _gross_by_code(line for line in lines if line.role is LineRole.ITEM)
    return tuple(
        _amount_line(LineRole.DISCOUNT, -gross[code], name, code)
        for code in sorted(gross)
        if gross[code]
    )


def voucher_lines(
    lines: Sequence[Line],
    products: Mapping[int, Product],
    vouchers: int,
    name: str = "Vouchers",
) -> tuple[Line, ...]:
    """Use up to so many vouchers where each saves most, one line per tax code.

    A unit is paid whole or not at all. The first go to the highest price per voucher;
    of two alike, to the line entered first. What does not fit is left out, and a
    cheaper one may fit. A cashier who wants to use fewer says so by `vouchers`.
    """
    saved: dict[int, int] = {}
    used: dict[int, int] = {}
    left = min(vouchers, VOUCHERS_MAX)
    for line, each in sorted(
        _redeemable(lines, products),
        key=lambda pair: -Fraction(pair[0].unit_price_minor, pair[1]),
    ):
        units = min(line.quantity, left // each)
        if units > 0:
            code = line.tax_code
            saved[code] = saved.get(code, 0) + units * line.unit_price_minor
            used[code] = used.get(code, 0) + units * each
            left -= units * each
    return tuple(
        _amount_line(LineRole.VOUCHER, -saved[code], name, code, vouchers=used[code])
        for code in sorted(saved)
    )


def sum_taxes(
    lines: Iterable[Line], rates: Mapping[int, TaxRate]
) -> tuple[TaxSum, ...]:
    """Split the lines' gross sums per tax code into net and tax.

    Prices are gross, so net = gross / (1 + rate), rounded half away from zero once
    per code; tax is the rest, so that gross = net + tax always holds.
    """
    gross = _gross_by_code(lines)
    return tuple(
        tax_sum(code, _rate(code, rates).rate_bp, gross[code]) for code in sorted(gross)
    )


def tax_sum(code: int, rate_bp: int, gross_minor: int) -> TaxSum:
    """Split one gross sum into net and tax."""
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


def _rate(code: int, rates: Mapping[int, TaxRate]) -> TaxRate:
    # Catalogues need not list the code of what is not taxable.
    return rates.get(code, NO_TAX) if code == NO_TAX.code else rates[code]


def _gross_by_code(lines: Iterable[Line]) -> dict[int, int]:
    gross: dict[int, int] = {}
    for line in lines:
        gross[line.tax_code] = gross.get(line.tax_code, 0) + line.total_minor
    return gross


def _redeemable(
    lines: Sequence[Line], products: Mapping[int, Product]
) -> list[tuple[Line, int]]:
    return [
        (line, products[line.product].price_in_vouchers)
        for line in lines
        if line.role is LineRole.ITEM
        and line.quantity > 0
        and line.unit_price_minor > 0
        and line.product in products
        and products[line.product].price_in_vouchers > 0
    ]


def _amount_line(
    role: LineRole, amount_minor: int, name: str, tax_code: int, *, vouchers: int = 0
) -> Line:
    return Line(
        product=NO_PRODUCT,
        name=name,
        quantity=-1 if amount_minor < 0 else 1,
        unit_price_minor=abs(amount_minor),
        total_minor=amount_minor,
        tax_code=tax_code,
        role=role,
        vouchers=vouchers,
    )
