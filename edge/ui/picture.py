"""A screen as SVG, cell by cell, as a terminal draws it.

Block characters become rectangles that fill their cells, so that QR codes and large
digits have no seams whatever font the viewer has; no font is fetched from anywhere.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from edge.ui.palette import GROUND, TEXT
from edge.ui.widgets.big_text import QUADRANTS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rich.segment import Segment
    from rich.style import Style

CELL_WIDTH = 10
CELL_HEIGHT = 20
FONT = "DejaVu Sans Mono, Menlo, Consolas, monospace"


def picture(lines: Sequence[Iterable[Segment]], title: str) -> str:
    """Draw lines of segments; the same lines give the same text, byte by byte."""
    grounds: list[str] = []
    inks: list[str] = []
    width = 0
    for row, line in enumerate(lines):
        column = 0
        for segment in line:
            end = column + segment.cell_length
            ink, ground = _colors(segment.style)
            grounds.append(_rectangle(column, row, end - column, ground))
            inks += _drawn(segment, column, row, ink)
            column = end
        width = max(width, column)
    size = (width * CELL_WIDTH, len(lines) * CELL_HEIGHT)
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size[0]} {size[1]}" '
        f'font-family="{FONT}" font-size="16" shape-rendering="crispEdges" '
        f'xml:space="preserve">'
    )
    return "\n".join(
        [head, f"<title>{escape(title)}</title>", *grounds, *inks, "</svg>\n"]
    )


def _colors(style: Style | None) -> tuple[str, str]:
    ink, ground = TEXT, GROUND
    if style is not None:
        if style.color is not None:
            ink = style.color.get_truecolor().hex
        if style.bgcolor is not None:
            ground = style.bgcolor.get_truecolor().hex
        if style.reverse:
            ink, ground = ground, ink
    return ink, ground


def _drawn(segment: Segment, column: int, row: int, ink: str) -> Iterable[str]:
    words = ""
    start = column
    for offset, character in enumerate(segment.text):
        bits = QUADRANTS.find(character)
        if bits > 0:
            yield from _blocks(column + offset, row, bits, ink)
        if bits >= 0 and words:
            yield _text(words, start, row, segment.style, ink)
            words = ""
        if bits < 0:
            start = start if words else column + offset
            words += character
    if words:
        yield _text(words, start, row, segment.style, ink)


def _blocks(column: int, row: int, bits: int, ink: str) -> Iterable[str]:
    half, tall = CELL_WIDTH // 2, CELL_HEIGHT // 2
    x, y = column * CELL_WIDTH, row * CELL_HEIGHT
    if bits == 15:
        yield _rectangle(column, row, 1, ink)
        return
    for upper, pair in ((0, bits & 3), (1, bits >> 2)):
        if pair:
            left = x + (half if pair == 2 else 0)
            width = CELL_WIDTH if pair == 3 else half
            yield (
                f'<rect x="{left}" y="{y + upper * tall}" width="{width}" '
                f'height="{tall}" fill="{ink}"/>'
            )


def _rectangle(column: int, row: int, width: int, color: str) -> str:
    return (
        f'<rect x="{column * CELL_WIDTH}" y="{row * CELL_HEIGHT}" '
        f'width="{width * CELL_WIDTH}" height="{CELL_HEIGHT}" fill="{color}"/>'
    )


def _text(words: str, column: int, row: int, style: Style | None, ink: str) -> str:
    marks = ""
    if style is not None and style.bold:
        marks += ' font-weight="bold"'
    if style is not None and style.underline:
        marks += ' text-decoration="underline"'
    return (
        f'<text x="{column * CELL_WIDTH}" y="{row * CELL_HEIGHT + 15}" '
        f'textLength="{len(words) * CELL_WIDTH}" fill="{ink}"{marks}>'
        f"{escape(words)}</text>"
    )
