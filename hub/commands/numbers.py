"""Whole numbers and days as people type them."""

from __future__ import annotations

import argparse
from datetime import date

NUMBER_MAX = 2**31 - 1  # what the database counts with


def number(text: str, most: int = NUMBER_MAX) -> int:
    """Read a whole number from 1; raises ArgumentTypeError."""
    digits = text if text.isascii() and text.isdigit() else ""
    if len(digits) > len(str(most)) or not 1 <= int(digits or 0) <= most:
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 1 to {most}.")
    return int(digits)


def day(text: str) -> date:
    """Read a day."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no day. Write it as 2026-05-04."
        ) from None
