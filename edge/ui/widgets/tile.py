"""One tile as cells: label, price, and the gap to its neighbours inside its own edge.

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
from edge.ui.widgets.tiling import TILE_HEIGHT

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
def paint_tile(face: TileFace, width: int, height: int) -> list[list[Segment]]:
    """Paint a tile of exactly width times height cells, line by line."""
    color = TEXT if face.held else face.color
    below = shade(color, BAND_PERCENT)
    gapped = height >= TILE_HEIGHT
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
        painted.append([edge, Segment(" ", GAP)])
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
        Segment(" " * left, fill),
        Segment(line, style),
        Segment(" " * (inner - left - len(line)), fill),
        Segment(" ", GAP),
    ]


def _band(face: TileFace, width: int, color: str) -> list[Segment]:
    style = Style(color=text_on(color), bgcolor=color)
    inner = width - 1
    if not face.quantity:
        return [Segment(face.price.center(inner)[:inner], style), Segment(" ", GAP)]
    badge = f"×{face.quantity}"
    if len(badge) + 2 + len(face.price) < inner:
        badge = f" {badge} "
    rest = inner - len(badge)
    price = face.price.rjust(rest - 1) + " " if len(face.price) < rest else face.price
    chip = Style(color=INK, bgcolor=TEXT, bold=True)
    return [
        Segment(badge[:inner], chip),
        Segment(price.rjust(rest)[: max(rest, 0)], style),
        Segment(" ", GAP),
    ]
