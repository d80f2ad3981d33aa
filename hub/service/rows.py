"""Rows turned into columns, as set-based queries take them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def columns(rows: Iterable[tuple[object, ...]], width: int) -> list[list[object]]:
    """Turn rows into `width` columns, empty ones too."""
    found = [list(column) for column in zip(*rows, strict=True)]
    return found or [[] for _ in range(width)]
