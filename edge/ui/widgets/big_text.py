"""Large letters and digits made of quadrant blocks: readable at arm's length.

A glyph is five rows of pixels. A cell holds 2 by 2 of them, so a pixel is twice as
high as it is wide; letters are drawn with pixels of double width, hence square.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.segment import Segment
from textual.strip import Strip
from textual.widget import Widget

if TYPE_CHECKING:
    from collections.abc import Sequence

QUADRANTS = " ▘▝▀▖▌▞▛▗▚▐▜▄▙▟█"  # bits: upper left, upper right, lower left, lower right

# fmt: off
DIGITS = {
    "0": "### #.# #.# #.# ###", "1": ".#. ##. .#. .#. ###",
    "2": "### ..# ### #.. ###", "3": "### ..# ### ..# ###",
    "4": "#.# #.# ### ..# ..#", "5": "### #.. ### ..# ###",
    "6": "### #.. ### #.# ###", "7": "### ..# ..# ..# ..#",
    "8": "### #.# ### #.# ###", "9": "### #.# ### ..# ###",
    "-": "... ... ### ... ...", ".": ". . . . #", " ": "... ... ... ... ...",
}
LETTERS = {
    "A": ".##. #..# #### #..# #..#", "B": "###. #..# ###. #..# ###.",
    "C": ".### #... #... #... .###", "D": "###. #..# #..# #..# ###.",
    "E": "#### #... ###. #... ####", "F": "#### #... ###. #... #...",
    "G": ".### #... #.## #..# .###", "H": "#..# #..# #### #..# #..#",
    "I": "### .#. .#. .#. ###", "J": "..## ...# ...# #..# .##.",
    "K": "#..# #.#. ##.. #.#. #..#", "L": "#... #... #... #... ####",
    "M": "#...# ##.## #.#.# #...# #...#", "N": "#..# ##.# #.## #..# #..#",
    "O": ".##. #..# #..# #..# .##.", "P": "###. #..# ###. #... #...",
    "Q": ".##. #..# #..# #.## .###", "R": "###. #..# ###. #.#. #..#",
    "S": ".### #... .##. ...# ###.", "T": "##### ..#.. ..#.. ..#.. ..#..",
    "U": "#..# #..# #..# #..# .##.", "V": "#...# #...# #...# .#.#. ..#..",
    "W": "#...# #...# #.#.# ##.## #...#", "X": "#..# #..# .##. #..# #..#",
    "Y": "#...# .#.#. ..#.. ..#.. ..#..", "Z": "#### ..#. .#.. #... ####",
    "Ä": "#..# .##. #..# #### #..#", "Ö": "#..# .##. #..# #..# .##.",
    "Ü": "#..# .... #..# #..# .##.", "?": "###. ...# .##. .... .#..",
    "!": "# # # . #", "-": ".... .... #### .... ....", " ": ".. .. .. .. ..",
    "✓": "......## .....##. ##..##.. .####... ..##....",
    "✕": "##..## .####. ..##.. .####. ##..##",
}
# fmt: on


@dataclass(frozen=True, slots=True)
class Cut:
    """How wide and high the strokes of digits are drawn, in quadrant pixels."""

    stroke: int
    middle: int
    gap: int
    rows: tuple[int, int, int, int, int]


HUGE = Cut(stroke=4, middle=4, gap=2, rows=(2, 2, 2, 2, 2))
LARGE = Cut(stroke=3, middle=4, gap=2, rows=(2, 2, 2, 2, 2))
TALL = Cut(stroke=3, middle=2, gap=2, rows=(2, 2, 2, 2, 2))
WIDE = Cut(stroke=2, middle=4, gap=2, rows=(1, 1, 1, 1, 1))
SMALL = Cut(stroke=2, middle=1, gap=1, rows=(1, 1, 1, 1, 1))
CUTS = (HUGE, LARGE, TALL, WIDE, SMALL)


def digits(text: str, cut: Cut) -> list[str]:
    """Draw an amount; each returned line is as wide as the others."""
    rows = [""] * 5
    for character in text:
        for number, line in enumerate(DIGITS[character].split()):
            drawn = line[0] * cut.stroke
            if len(line) > 1:
                drawn += line[1] * cut.middle + line[2] * cut.stroke
            rows[number] += drawn + "." * cut.gap
    trimmed = [row[: -cut.gap] for row in rows]
    pairs = zip(trimmed, cut.rows, strict=True)
    return _cells([row for row, height in pairs for _ in range(height)])


def largest_digits(text: str, width: int, height: int) -> list[str]:
    """Draw an amount as large as it fits; falls back to the plain text."""
    for cut in CUTS:
        if 2 * height >= sum(cut.rows):
            lines = digits(text, cut)
            if len(lines[0]) <= width:
                return lines
    return [text[:width]]


def letters(text: str) -> list[str]:
    """Draw a heading, three lines high; unknown characters become blanks."""
    rows = [""] * 5
    for character in text:
        glyph = LETTERS.get(character, LETTERS[" "])
        for number, line in enumerate(glyph.split()):
            rows[number] += "".join(pixel * 2 for pixel in line) + ".."
    return _cells([row[:-2] for row in rows])


def _cells(rows: Sequence[str]) -> list[str]:
    width = len(rows[0]) + len(rows[0]) % 2
    even = [row.ljust(width, ".") for row in rows]
    if len(even) % 2:
        even.append("." * width)
    return [
        "".join(
            QUADRANTS[
                (upper[x] == "#")
                + 2 * (upper[x + 1] == "#")
                + 4 * (lower[x] == "#")
                + 8 * (lower[x + 1] == "#")
            ]
            for x in range(0, width, 2)
        )
        for upper, lower in zip(even[::2], even[1::2], strict=True)
    ]


class BigText(Widget):
    """A heading in large letters, or in bold text where they don't fit."""

    def __init__(self, *lines: str, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._words = lines
        self._painted: list[str] = []

    def show(self, *lines: str) -> None:
        """Show other words."""
        if lines != self._words:
            self._words = lines
            self._paint()
            self.refresh()

    def on_resize(self) -> None:
        """Draw for the new size."""
        self._paint()

    def render_line(self, y: int) -> Strip:
        """Paint one line, aligned as the style says."""
        return aligned(self, self._painted[y] if y < len(self._painted) else "")

    def _paint(self) -> None:
        blocks = [letters(word) for word in self._words]
        fits = max(len(block[0]) for block in blocks) <= self.size.width
        if fits and 3 * len(blocks) <= self.size.height:
            self._painted = [line for block in blocks for line in block]
        else:
            self._painted = [" ".join(self._words)]


class BigAmount(Widget):
    """An amount as large as its box allows."""

    def __init__(self, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._amount = ""
        self._painted: list[str] = []

    @property
    def amount(self) -> str:
        """The amount as plain text."""
        return self._amount

    def show(self, amount: str) -> None:
        """Show another amount."""
        if amount != self._amount:
            self._amount = amount
            self._paint()
            self.refresh()

    def on_resize(self) -> None:
        """Draw for the new size."""
        self._paint()

    def render_line(self, y: int) -> Strip:
        """Paint one line, aligned as the style says."""
        return aligned(self, self._painted[y] if y < len(self._painted) else "")

    def _paint(self) -> None:
        if self._amount and self.size.width:
            self._painted = largest_digits(self._amount, *self.size)
        else:
            self._painted = []


def aligned(widget: Widget, text: str) -> Strip:
    """Place a line of text in a widget's width as its text-align says."""
    width = widget.size.width
    align = widget.styles.text_align
    if align == "right":
        line = text.rjust(width)
    elif align == "center":
        line = text.center(width)
    else:
        line = text.ljust(width)
    return Strip([Segment(line[:width], widget.rich_style)], width)
