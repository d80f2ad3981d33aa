from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.money import (
    MINOR_MAX,
    Currency,
    Money,
    cash_rounding,
    plain_amount,
    share_out,
    total,
)

minors = st.integers(-(10**12), 10**12)


@given(minors, minors)
def test_adding_and_taking_away_is_exact(first: int, second: int) -> None:
    assert Money(first) + Money(second) - Money(second) == Money(first)
    assert (Money(first) < Money(second)) == (first < second)


def test_currencies_never_mix() -> None:
    with pytest.raises(AssertionError):
        Money(1, Currency.EUR) + Money(1, Currency.CHF)


@pytest.mark.parametrize(
    ("minor", "text"),
    [(0, "0.00"), (5, "0.05"), (-5, "-0.05"), (1234, "12.34"), (-100, "-1.00")],
)
def test_amounts_are_written_with_two_decimals(minor: int, text: str) -> None:
    assert plain_amount(minor) == text


@given(st.integers(-(10**9), 10**9), st.lists(st.integers(0, 10**6), min_size=1))
def test_shares_add_up_and_are_fair(amount: int, weights: list[int]) -> None:
    parts = share_out(amount, weights)
    assert sum(parts) == amount
    whole = sum(weights)
    for part, weight in zip(parts, weights, strict=True):
        if whole:
            assert abs(part * whole - amount * weight) < whole


@pytest.mark.parametrize(
    ("minor", "step"), [(0, 0), (2, -2), (3, 2), (7, -2), (8, 2), (10, 0), (-3, -2)]
)
def test_swiss_cash_ends_at_five_centimes(minor: int, step: int) -> None:
    assert cash_rounding(Money(minor, Currency.CHF)).minor == step


@given(minors)
def test_cash_rounding_is_small_and_never_touches_the_euro(minor: int) -> None:
    francs = Money(minor, Currency.CHF)
    assert (francs + cash_rounding(francs)).minor % 5 == 0
    assert abs(cash_rounding(francs).minor) <= 2
    assert cash_rounding(Money(minor)) == Money(0)


def test_the_sum_of_none_is_zero_in_its_currency() -> None:
    assert total([], Currency.CHF) == Money(0, Currency.CHF)


@pytest.mark.parametrize("data", ["4.0", "4.5", '"4"', "null", str(MINOR_MAX + 1)])
def test_no_fraction_gets_in(data: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(f'{{"minor":{data},"currency":"EUR"}}', type=Money)
