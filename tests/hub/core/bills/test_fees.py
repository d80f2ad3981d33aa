from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.money import Currency
from hub.core.bills.fees import (
    AdditionalFee,
    MethodFee,
    StartFee,
    additional_fees,
    start_fee,
    surcharge,
)
from tests.hub.core.bills.billing import MAY

JUNE, JULY = MAY + timedelta(days=31), MAY + timedelta(days=61)
FEES = (
    StartFee(5000, JULY),
    StartFee(4000, JUNE),
    StartFee(2000, JUNE, "youth"),
)


@pytest.mark.parametrize(
    ("category", "days", "amount"),
    [
        ("adults", 0, 4000),
        ("adults", 31, 4000),
        ("adults", 32, 5000),
        ("adults", 62, None),
        ("youth", 0, 2000),
        ("youth", 32, None),
    ],
)
def test_a_fee_holds_until_its_deadline(
    category: str, days: int, amount: int | None
) -> None:
    found = start_fee(FEES, category, MAY + timedelta(days=days))

    assert (found.amount_minor if found else None) == amount


def test_additional_fees_are_everybodys_or_a_categorys() -> None:
    chip, bed = AdditionalFee("Chip", 300), AdditionalFee("Bed", 900, "youth")

    assert additional_fees((chip, bed), "adults") == (chip,)
    assert additional_fees((chip, bed), "youth") == (chip, bed)


@pytest.mark.parametrize(
    ("fee", "amount", "cost"),
    [
        (MethodFee(38, 150), 2499, 75),  # 0.38 + 0.37485
        (MethodFee(38, 200, 600), 100_000, 638),
        (MethodFee(0, 290), 1000, 29),
        (MethodFee(200), 1, 200),
        (MethodFee(), 4500, 0),
        (MethodFee(0, 150), 100, 2),  # half a cent is rounded up
    ],
)
def test_a_method_costs_something_fixed_and_a_share(
    fee: MethodFee, amount: int, cost: int
) -> None:
    assert fee.of(amount) == cost


@given(st.integers(0, 10**9), st.integers(0, 10**9))
def test_more_never_costs_less(one: int, more: int) -> None:
    fee = MethodFee(38, 200, 600)

    assert fee.of(one) <= fee.of(one + more)


@pytest.mark.parametrize(
    ("method", "currency", "bears", "minor"),
    [
        ("stripe", Currency.CHF, True, 100),
        ("stripe", Currency.CHF, False, 0),
        ("stripe", Currency.EUR, True, 0),
        ("ebanking", Currency.EUR, True, 0),
        ("paypal", Currency.EUR, True, 100),
    ],
)
def test_the_payer_bears_a_fee_only_where_the_law_allows(
    method: str, currency: Currency, bears: bool, minor: int
) -> None:
    fee = MethodFee(100)

    assert (
        surcharge(fee, 4500, method=method, payer_bears=bears, currency=currency)
        == minor
    )
