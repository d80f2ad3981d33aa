"""Amounts of an export as whole numbers: hundred thousandths, the finest it can say."""

from __future__ import annotations

import re

DECIMALS = 5
CENT = 1000
"""A hundredth, in these units."""
ROUNDED = 1
"""Net and tax are each rounded to the last digit."""

GROUPED = re.compile(r"-?[0-9]{1,3}(?:\.[0-9]{3})+(?:,[0-9]+)?")
"""A number with separators of thousands."""
_NUMBER = re.compile(r"(-?)([0-9]{1,18})(?:,([0-9]{1,5}))?")


def amount(text: str) -> int:
    """Read an amount; 0 where there is none, which is said elsewhere.

    Separators of thousands are wrong, and told with their cell; here they are passed
    over, so that one thing that is wrong is told once.
    """
    found = _NUMBER.fullmatch(_ungrouped(text))
    if found is None:
        return 0
    sign, whole, rest = found.groups("")
    value = int(whole + rest.ljust(DECIMALS, "0"))
    return -value if sign else value


def whole(text: str) -> int | None:
    """Read a number without decimals; None where it is none."""
    plain = _ungrouped(text)
    found = _NUMBER.fullmatch(plain)
    return int(plain) if found is not None and found[3] is None else None


def _ungrouped(text: str) -> str:
    if "." in text and GROUPED.fullmatch(text):
        return text.replace(".", "")
    return text


def written(value: int) -> str:
    """Write an amount for people, with two decimals at least."""
    sign = "-" if value < 0 else ""
    whole, rest = divmod(abs(value), 10**DECIMALS)
    return f"{sign}{whole},{f'{rest:05d}'.rstrip('0').ljust(2, '0')}"
