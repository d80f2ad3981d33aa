"""One tile as cells: label, price, and the gap to its neighbors inside its own edge.

Every cell of a tile reacts to touch, the gap too: a gap between widgets would be a
dead zone as wide as a fingertip.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from rich.segment import Segment
from rich.style import Style

from edge.ui.palette import GROUND, INK, TEXT, shade, text_on
from edge.ui.text import TIMES
from edge.ui.widgets.big_text import centered

if TYPE_CHECKING:
    from collections.abc import Sequence

BAND_PERCENT = 62
GAP = Style(bgcolor=GROUND)


@dataclass(frozen=True, slots=True)
class TileFace:
    """What a tile shows."""

    lines: tuple[str, ...]
    price: str
    color: str
    quantity: int = 0
    held: bool = False
    chosen: bool = False


@lru_cache(maxsize=512)
def paint_tile(
    face: TileFace, width: int, height: int, *, gapped: bool
) -> list[list[Segment]]:
    """Paint a tile of exactly width times height cells, line by line.

    The gap below takes half a row; tiles too low for it go without.
    """
    color = TEXT if face.held else face.color
    below = shade(color, BAND_PERCENT)
    room = height - gapped - 1  # rows above the price
    first = (room - len(face.lines)) // 2
    painted = []
    for row in range(max(room, 0)):
        inside = 0 <= row - first < len(face.lines)
        line = face.lines[row - first] if inside else ""
        painted.append(_label(line, width, color, chosen=face.chosen))
    painted.append(_band(face, width, below))
    if gapped:
        edge = Segment("▀" * (width - 1), Style(color=below, bgcolor=GROUND))
        painted.append([Segment(" ", GAP), edge])
    return painted[-height:]


def blank_tile(width: int, height: int) -> Sequence[list[Segment]]:
    """Paint a slot without product."""
    return [[Segment(" " * width, GAP)] for _ in range(height)]


def _label(line: str, width: int, color: str, *, chosen: bool) -> list[Segment]:
    style = Style(color=text_on(color), bgcolor=color, bold=True, underline=chosen)
    fill = Style(bgcolor=color)
    inner = width - 1
    if len(line) > inner:  # the label needs the gap's cell too
        return [Segment(line[:width], style)]
    left = (inner - len(line)) // 2
    return [
        Segment(" ", GAP),
        Segment(" " * left, fill),
        Segment(line, style),
        Segment(" " * (inner - left - len(line)), fill),
    ]


def _band(face: TileFace, width: int, color: str) -> list[Segment]:
    style = Style(color=text_on(color), bgcolor=color)
    inner = width - 1
    gap = Segment(" ", GAP)
    if not face.quantity:
        return [gap, Segment(centered(face.price, inner), style)]
    count = f"{TIMES}{face.quantity}"
    room = inner - len(face.price)
    chips = (f" {count} ", f"{count} ", count)
    chip = next((chip for chip in chips if len(chip) <= room), count)[:inner]
    rest = inner - len(chip)
    price = face.price if len(face.price) <= rest else ""
    pad = 1 if len(price) < rest - 1 else 0
    price = price.rjust(rest - pad).ljust(rest)
    badge = Style(color=INK, bgcolor=TEXT, bold=True)
    return [gap, Segment(chip, badge), Segment(price, style)]
