"""The CSV dialect of DSFinV-K: how cells are written, to the last digit.

UTF-8 without a mark, `;`, CRLF, quotes only where needed, a decimal comma with always
the declared number of digits, and never a separator of thousands.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

DELIMITER, QUOTE, LINE_END = ";", '"', "\r\n"
MINOR_DIGITS = 2
"""Euro and franc have a hundred minor units."""

_NEEDS_QUOTES = re.compile(r'[;"]')
_NO_CHARACTER = re.compile(r"[\x00-\x1f\x7f\u0085\u2028\u2029]+")


def cell(text: str, longest: int) -> str:
    """Write a text, cut to what its column takes, on one line."""
    if not text:
        return ""
    if not text.isprintable():
        text = _NO_CHARACTER.sub(" ", text)
    text = text[:longest]
    if _NEEDS_QUOTES.search(text):
        return f'"{text.replace(QUOTE, QUOTE * 2)}"'
    return text


def money(minor: int, decimals: int = MINOR_DIGITS) -> str:
    """Write an amount of minor units with so many decimals, two at least."""
    sign = "-" if minor < 0 else ""
    whole, cents = divmod(abs(minor), 100)
    return f"{sign}{whole},{cents:02d}{'0' * (decimals - MINOR_DIGITS)}"


def count(number: int, decimals: int = 3) -> str:
    """Write a whole quantity with so many decimals."""
    return f"{number},{'0' * decimals}"


def percent(basis_points: int) -> str:
    """Write a rate of tax in percent."""
    return f"{basis_points // 100},{basis_points % 100:02d}"


def moment(when: datetime) -> str:
    """Write a time in UTC, to the second."""
    return f"{when.astimezone(UTC).replace(tzinfo=None).isoformat('T', 'seconds')}Z"


def log_time(when: datetime) -> str:
    """Write a log time of a TSE as receipts have it, in UTC with milliseconds."""
    utc = when.astimezone(UTC).replace(tzinfo=None)
    return f"{utc.isoformat('T', 'milliseconds')}Z"


def line(cells: Iterable[str]) -> str:
    """Put cells that are written already into one line."""
    return DELIMITER.join(cells) + LINE_END
