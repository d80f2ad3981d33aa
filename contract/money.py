"""Exact amounts: integer minor units and a currency, never a fraction."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

MINOR_MAX = 2**62  # leaves room for sums of orders within PostgreSQL's bigint
CASH_STEP_CHF_MINOR = 5  # Swiss coins end at 5 centimes


class Currency(enum.Enum):
    """The currencies an event can run in (ISO 4217 codes)."""

    EUR = "EUR"
    CHF = "CHF"


class Money(msgspec.Struct, frozen=True):
    """An exact amount, counted in minor units of its currency."""

    minor: int
    currency: Currency = Currency.EUR

    def __post_init__(self) -> None:
        if not -MINOR_MAX <= self.minor <= MINOR_MAX:
            raise ValueError(f"The amount {self.minor} is beyond the limit.")

    def __add__(self, other: Money) -> Money:
        assert self.currency is other.currency, "currencies never mix"
        return Money(self.minor + other.minor, self.currency)

    def __sub__(self, other: Money) -> Money:
        return self + -other

    def __neg__(self) -> Money:
        return Money(-self.minor, self.currency)

    def __mul__(self, quantity: int) -> Money:
        return Money(self.minor * quantity, self.currency)

    def __lt__(self, other: Money) -> bool:
        assert self.currency is other.currency, "currencies never mix"
        return self.minor < other.minor

    def __le__(self, other: Money) -> bool:
        return self == other or self < other

    def __str__(self) -> str:
        return f"{plain_amount(self.minor)} {self.currency.value}"


def plain_amount(minor: int) -> str:
    """Write minor units with two decimals and a dot, as receipts and the TSE want."""
    sign = "-" if minor < 0 else ""
    return f"{sign}{abs(minor) // 100}.{abs(minor) % 100:02d}"


def total(amounts: Iterable[Money], currency: Currency) -> Money:
    """Add amounts of one currency; the sum of none is zero."""
    return sum(amounts, start=Money(0, currency))


def share_out(amount_minor: int, weights: Sequence[int]) -> list[int]:
    """Split an amount by weights so that the parts add up to it exactly.

    Cents left over go to the largest remainders, first come first served on a tie.
    """
    assert weights, "nothing to share out to"
    assert all(weight >= 0 for weight in weights), "weights can't be negative"
    whole = sum(weights)
    if whole == 0:
        return [amount_minor, *([0] * (len(weights) - 1))]
    parts = [amount_minor * weight // whole for weight in weights]
    remainders = [amount_minor * weight % whole for weight in weights]
    left_over = amount_minor - sum(parts)
    order = sorted(range(len(weights)), key=lambda index: -remainders[index])
    for index in order[:left_over]:
        parts[index] += 1
    return parts


def cash_rounding(money: Money) -> Money:
    """Return what must be added so that the amount can be paid in coins."""
    if money.currency is not Currency.CHF:
        return Money(0, money.currency)
    half_up = money.minor + CASH_STEP_CHF_MINOR // 2
    rounded = half_up // CASH_STEP_CHF_MINOR * CASH_STEP_CHF_MINOR
    return Money(rounded - money.minor, money.currency)
