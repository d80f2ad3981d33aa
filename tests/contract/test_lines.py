from __future__ import annotations

from itertools import product as combinations
from typing import TYPE_CHECKING

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.money import Currency, Money
from contract.order import (
    NO_PRODUCT,
    Line,
    LineRole,
    discount_lines,
    make_line,
    plain_line,
    rounding_lines,
    sum_taxes,
    voucher_lines,
)
from tests.contract.orders import (
    BEER,
    CHICKEN,
    CUP,
    ENTRY,
    GIFT,
    PRETZEL,
    PRODUCTS,
    RAFFLE,
    RATES,
    SERVICE,
    TIP,
)

if TYPE_CHECKING:
    from contract.catalogue import Product


def shape(lines: tuple[Line, ...]) -> list[tuple[int, int, int]]:
    """Tax code, amount and vouchers of each line."""
    return [(each.tax_code, each.total_minor, each.vouchers) for each in lines]


def picked(*pairs: tuple[Product, int]) -> list[Line]:
    return [make_line(product, quantity) for product, quantity in pairs]


@pytest.mark.parametrize(
    ("product", "role"),
    [
        (BEER, "item"),
        (CUP, "deposit"),
        (GIFT, "donation"),
        (TIP, "tip_staff"),
        (SERVICE, "tip_house"),
    ],
)
def test_a_line_knows_what_it_stands_for(product: Product, role: str) -> None:
    assert make_line(product, 1).role.value == role


def test_a_free_price_is_the_cashiers() -> None:
    assert make_line(RAFFLE, 2, 250).total_minor == 500
    with pytest.raises(AssertionError):
        make_line(BEER, 1, 1)


@pytest.mark.parametrize(
    ("basket", "vouchers", "expected"),
    [
        ([], 3, []),
        ([(BEER, 1)], 0, []),
        ([(BEER, 2)], 1, [(1, -450, 1)]),
        ([(BEER, 1)], 9, [(1, -450, 1)]),
        ([(PRETZEL, 1), (BEER, 1)], 1, [(1, -450, 1)]),
        ([(PRETZEL, 2), (BEER, 1)], 2, [(1, -450, 1), (2, -300, 1)]),
        # Per voucher half a chicken saves 4.10: less than a beer, more than a pretzel.
        ([(CHICKEN, 1), (PRETZEL, 2), (BEER, 1)], 3, [(1, -450, 1), (2, -820, 2)]),
        # It takes two; with one left the pretzel is next.
        ([(CHICKEN, 1), (PRETZEL, 1), (BEER, 1)], 2, [(1, -450, 1), (2, -300, 1)]),
        ([(CUP, 5), (ENTRY, 1)], 3, []),
    ],
)
def test_vouchers_go_where_they_save_most(
    basket: list[tuple[Product, int]],
    vouchers: int,
    expected: list[tuple[int, int, int]],
) -> None:
    assert shape(voucher_lines(picked(*basket), PRODUCTS, vouchers)) == expected


baskets = st.lists(
    st.tuples(st.sampled_from((BEER, PRETZEL, CUP)), st.integers(1, 3)), max_size=3
)


@given(baskets, st.integers(0, 6))
def test_nobody_saves_more_with_vouchers_of_one_each(
    basket: list[tuple[Product, int]], vouchers: int
) -> None:
    lines = picked(*basket)
    found = voucher_lines(lines, PRODUCTS, vouchers)
    choices = [
        range(line.quantity + 1) if line.product != CUP.id else range(1)
        for line in lines
    ]
    best = max(
        sum(
            units * line.unit_price_minor
            for units, line in zip(each, lines, strict=True)
        )
        for each in combinations(*choices)
        if sum(each) <= vouchers
    )
    assert -sum(line.total_minor for line in found) == best
    assert sum(line.vouchers for line in found) <= vouchers


@given(
    st.lists(
        st.tuples(st.sampled_from((BEER, PRETZEL, CUP, CHICKEN)), st.integers(-3, 9)),
        max_size=8,
    ),
    st.integers(-1, 30),
)
def test_vouchers_never_pay_more_than_was_bought(
    basket: list[tuple[Product, int]], vouchers: int
) -> None:
    lines = picked(*basket)
    found = voucher_lines(lines, PRODUCTS, vouchers)
    assert sum(line.vouchers for line in found) <= max(0, vouchers)
    assert len({line.tax_code for line in found}) == len(found)
    for line in found:
        bought = sum(
            each.total_minor
            for each in lines
            if each.tax_code == line.tax_code and each.total_minor > 0
        )
        assert 0 < -line.total_minor <= bought


def test_what_has_a_free_price_of_nothing_takes_no_voucher() -> None:
    free = msgspec.structs.replace(RAFFLE, price_in_vouchers=1)
    assert voucher_lines([make_line(free, 1, 0)], {free.id: free}, 1) == ()


@pytest.mark.parametrize(
    ("minor", "rounding"),
    [(451, -1), (452, -2), (453, 2), (454, 1), (-451, 1), (-453, -2), (-454, -1)],
)
def test_swiss_cash_ends_at_five(minor: int, rounding: int) -> None:
    (line,) = rounding_lines(Money(minor, Currency.CHF))
    assert line.total_minor == rounding
    assert (line.role, line.product) == (LineRole.ROUNDING, NO_PRODUCT)
    assert line.quantity * line.unit_price_minor == rounding


@pytest.mark.parametrize("money", [Money(450, Currency.CHF), Money(451)])
def test_what_can_be_paid_in_coins_is_not_rounded(money: Money) -> None:
    assert rounding_lines(money) == ()


def test_a_discount_takes_all_off_per_tax_code() -> None:
    lines = picked((BEER, 2), (PRETZEL, 1), (CUP, 2), (ENTRY, 1))
    off = discount_lines(lines, "Free")
    assert shape(off) == [(1, -900, 0), (2, -1300, 0)]


def test_no_tax_needs_no_mention_in_the_catalogue() -> None:
    lines = [make_line(BEER, 1), plain_line(LineRole.CREDIT, 2_000, "Credit")]
    taxes = sum_taxes(lines, {1: RATES[1]})
    assert [(tax.code, tax.gross_minor, tax.tax_minor) for tax in taxes] == [
        (1, 450, 72),
        (5, 2_000, 0),
    ]
    with pytest.raises(KeyError):
        sum_taxes([make_line(PRETZEL, 1)], {1: RATES[1]})
