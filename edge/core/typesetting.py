"""Sheets in the fixed-width type of a receipt printer: rows become lines."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING

from contract.sheet import Cells, Code, Pair, Rule, Style, Text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from contract.sheet import Sheet, SheetRow

COLUMNS_MIN = 24
FIRST_CELL_PERCENT = 34
BIG_WIDTH = 2  # big characters are twice as wide


@dataclass(frozen=True, slots=True)
class SetLine:
    """A line of at most so many characters as the paper has columns."""

    text: str
    style: Style = Style.NORMAL


Setting = SetLine | Code


def typeset(sheet: Sheet, columns: int) -> Iterator[Setting]:
    """Set a sheet for paper that is so many characters wide."""
    assert columns >= COLUMNS_MIN, "no receipt fits on such paper"
    for row in sheet.rows:
        yield from _set(row, columns)


def _set(row: SheetRow, columns: int) -> Iterator[Setting]:
    match row:
        case Code():
            yield row
        case Rule():
            yield SetLine("-" * columns)
        case Text(text=text, style=style, centered=centered):
            width = _width(columns, style)
            for line in _wrapped(text, width):
                yield SetLine(line.center(width).rstrip() if centered else line, style)
        case Pair(left=left, right=right, style=style):
            for line in _pair(left, right, _width(columns, style)):
                yield SetLine(line, style)
        case Cells(cells=cells, style=style):
            for line in _cells(cells, _width(columns, style)):
                yield SetLine(line, style)


def _width(columns: int, style: Style) -> int:
    return columns // BIG_WIDTH if style is Style.BIG else columns


def _pair(left: str, right: str, width: int) -> Iterator[str]:
    """The amount stands on the last line of what it belongs to, or below it."""
    if len(right) > width:
        yield from _wrapped(left, width)
        yield from (line.rjust(width) for line in _wrapped(right, width))
        return
    room = width - len(right) - 1
    lines = _wrapped(left, width)
    yield from lines[:-1]
    last = lines[-1] if lines else ""
    if len(last) > room:
        yield last
        last = ""
    yield f"{last}{right.rjust(width - len(last))}"


def _cells(cells: tuple[str, ...], width: int) -> Iterator[str]:
    first = width * FIRST_CELL_PERCENT // 100
    others = cells[1:]
    each = (width - first) // len(others)
    body = "".join(cell.rjust(each) for cell in others)
    if len(body) > width - first or any(len(cell) >= each for cell in others):
        body = " ".join(others)  # large sums: as close as can be
    room = width - len(body) - 1
    if len(cells[0]) <= room:
        yield f"{cells[0]}{body.rjust(width - len(cells[0]))}"
    else:
        yield from _wrapped(cells[0], width)
        yield from (line.rjust(width) for line in _wrapped(body, width))


def _wrapped(text: str, width: int) -> list[str]:
    return textwrap.wrap(
        text, width, break_long_words=True, drop_whitespace=True, tabsize=1
    ) or [""]
