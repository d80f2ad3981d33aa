"""Amounts of an export as whole numbers: hundred thousandths, the finest it can say."""

from __future__ import annotations

import re

DECIMALS = 5
CENT = 1000
"""A hundredth, in these units."""
ROUNDED = 1
"""Net and tax are each rounded to the last digit."""

_NUMBER = re.compile(r"(-?)([0-9]{1,18})(?:,([0-9]{1,5}))?")


def amount(text: str) -> int:
    """Read an amount; 0 where there is none, which is said elsewhere."""
    found = _NUMBER.fullmatch(text)
    if found is None:
        return 0
    sign, whole, rest = found.groups("")
    value = int(whole + rest.ljust(DECIMALS, "0"))
    return -value if sign else value


def whole(text: str) -> int | None:
    """Read a number without decimals; None where it is none."""
    found = _NUMBER.fullmatch(text)
    return int(text) if found is not None and found[3] is None else None


def written(value: int) -> str:
    """Write an amount for people, with two decimals at least."""
    sign = "-" if value < 0 else ""
    whole, rest = divmod(abs(value), 10**DECIMALS)
    return f"{sign}{whole},{f'{rest:05d}'.rstrip('0').ljust(2, '0')}"
