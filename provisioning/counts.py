"""Whole numbers as people type them behind an option."""

from __future__ import annotations

from argparse import ArgumentTypeError
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

DIGITS_MAX = 9


def count(lowest: int = 1, highest: int = 10**DIGITS_MAX - 1) -> Callable[[str], int]:
    """Make a reader of numbers between two, these included."""

    def read(text: str) -> int:
        good = text.isascii() and text.isdigit() and len(text) <= DIGITS_MAX
        if not good or not lowest <= int(text) <= highest:
            raise ArgumentTypeError(f"{text!r} is no number from {lowest} to {highest}")
        return int(text)

    return read


def counts(text: str) -> tuple[int, ...]:
    """Read numbers from 1 with commas between them, such as 8,32."""
    return tuple(map(count(), text.split(",")))
