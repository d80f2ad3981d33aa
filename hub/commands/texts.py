"""Short texts as people type them: names, reasons, ways to reach somebody."""

from __future__ import annotations

import argparse

TEXT_MAX = 120


def short_text(text: str) -> str:
    """Read 1 to TEXT_MAX printable characters; raises ArgumentTypeError."""
    # Neither control characters nor bytes that are no UTF-8 are printable.
    if not text.strip() or len(text) > TEXT_MAX or not text.isprintable():
        raise argparse.ArgumentTypeError(
            f"{text!r} is no text of 1 to {TEXT_MAX} printable characters."
        )
    return text
