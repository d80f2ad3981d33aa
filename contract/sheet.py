"""A sheet: rows of text, amounts and codes, as any medium can render them.

What has to be on a receipt is decided once; paper, page and PDF differ in looks only.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


class Style(enum.Enum):
    """How much a row stands out."""

    SMALL = "small"
    NORMAL = "normal"
    BOLD = "bold"
    BIG = "big"


@dataclass(frozen=True, slots=True)
class Text:
    """A sentence or word; wrapped where it is too long."""

    text: str
    style: Style = Style.NORMAL
    centered: bool = False


@dataclass(frozen=True, slots=True)
class Pair:
    """What it is on the left, what it amounts to on the right."""

    left: str
    right: str
    style: Style = Style.NORMAL


@dataclass(frozen=True, slots=True)
class Cells:
    """A row of a table: the first cell is flush left, the others right."""

    cells: tuple[str, ...]
    style: Style = Style.NORMAL


@dataclass(frozen=True, slots=True)
class Rule:
    """A line across the sheet."""


@dataclass(frozen=True, slots=True)
class Code:
    """A QR code of level M."""

    text: str


SheetRow = Text | Pair | Cells | Rule | Code


@dataclass(frozen=True, slots=True)
class Sheet:
    """Rows from top to bottom."""

    title: str
    rows: tuple[SheetRow, ...]

    def texts(self) -> Iterator[str]:
        """Tell all that a person can read on it, row by row."""
        for row in self.rows:
            match row:
                case Text(text=text):
                    yield text
                case Pair(left=left, right=right):
                    yield f"{left} {right}".strip()
                case Cells(cells=cells):
                    yield " ".join(cells)
                case Rule() | Code():
                    pass

    def codes(self) -> tuple[str, ...]:
        """Tell what its QR codes say."""
        return tuple(row.text for row in self.rows if isinstance(row, Code))
