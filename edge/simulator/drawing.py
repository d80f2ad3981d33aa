"""Draws a slip of paper as a picture: what a guest would hold in the hand."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import segno
from PIL import Image, ImageDraw, ImageFont

from edge.simulator.paper import PaperCode, PaperImage, PaperText

if TYPE_CHECKING:
    from edge.simulator.paper import PaperRow, Slip

CELL = (12, 24)  # font A, in dots
MARGIN = 24
WHITE, BLACK = 255, 0
QUIET_MODULES = 4
FONT = "DejaVuSansMono.ttf"


def draw(slip: Slip, columns: int) -> Image.Image:
    """Draw a slip, one pixel per dot."""
    parts = [_row(row, columns * CELL[0]) for row in slip.rows]
    height = sum(part.height for part in parts) + 2 * MARGIN
    paper = Image.new("L", (columns * CELL[0] + 2 * MARGIN, height), WHITE)
    top = MARGIN
    for part in parts:
        paper.paste(part, (MARGIN, top))
        top += part.height
    return paper


def _row(row: PaperRow, width: int) -> Image.Image:
    match row:
        case PaperText():
            return _text(row, width)
        case PaperCode():
            return _placed(_code(row), width, row.align)
        case PaperImage():
            return _placed(_image(row), width, row.align)


def _text(row: PaperText, width: int) -> Image.Image:
    scale = 2 if row.big else 1
    cell, high = CELL[0] * scale, CELL[1] * scale
    strip = Image.new("L", (width, high), WHITE)
    pen = ImageDraw.Draw(strip)
    font = _font(18 * scale)
    stroke = 1 if row.bold else 0
    for place, character in enumerate(row.text):
        middle = (place * cell + cell // 2, high * 3 // 4)
        pen.text(
            middle, character, fill=BLACK, font=font, anchor="ms", stroke_width=stroke
        )
    return strip


@cache
def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    try:
        return ImageFont.truetype(FONT, size)
    except OSError:  # Pillow's own has no umlauts, but all else
        return ImageFont.load_default(size=size)


def _code(row: PaperCode) -> Image.Image:
    code = segno.make(row.text, error="m", micro=False, boost_error=False)
    dots = row.module_dots
    modules = [bytes(line) for line in code.matrix_iter(border=QUIET_MODULES)]
    side = len(modules)
    small = Image.new("L", (side, side), WHITE)
    small.putdata([BLACK if module else WHITE for line in modules for module in line])
    return small.resize((side * dots, side * dots), Image.Resampling.NEAREST)


def _image(row: PaperImage) -> Image.Image:
    picture = Image.frombytes("1", (row.width, len(row.rows)), b"".join(row.rows))
    return picture.convert("L").point([WHITE - each for each in range(256)])


def _placed(picture: Image.Image, width: int, align: str) -> Image.Image:
    room = width - picture.width
    left = {"left": 0, "center": room // 2, "right": room}[align]
    strip = Image.new("L", (width, picture.height), WHITE)
    strip.paste(picture, (max(0, left), 0))
    return strip
