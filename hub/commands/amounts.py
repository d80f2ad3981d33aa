"""Amounts as people type and read them: 20.00, or 'none' for no bound."""

from __future__ import annotations

import argparse
import re
from typing import TYPE_CHECKING

from contract.money import MINOR_MAX, Money

if TYPE_CHECKING:
    from contract.money import Currency

NO_BOUND = "none"
DIGITS_MAX = 20  # what is longer is too large anyway
_AMOUNT = re.compile(r"(\d+)(?:\.(\d{2}))?")


def amount(text: str) -> int:
    """Read an amount of 0 or more in minor units."""
    found = _AMOUNT.fullmatch(text)
    if found is None:
        raise argparse.ArgumentTypeError(f"{text!r} is no amount. Write it as 20.00.")
    minor = int(found[1][:DIGITS_MAX]) * 100 + int(found[2] or 0)
    if minor > MINOR_MAX:
        raise argparse.ArgumentTypeError(f"{text!r} is beyond all reason.")
    return minor


def bound(text: str) -> int | None:
    """Read an amount, or None for 'none'."""
    return None if text == NO_BOUND else amount(text)


def shown(minor: int | None, currency: Currency) -> str:
    """Write a bound for a person."""
    return "no bound" if minor is None else str(Money(minor, currency))
