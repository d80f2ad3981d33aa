"""Large letters and digits made of quadrant blocks: readable at arm's length.

A glyph is five rows of pixels. A cell holds 2 by 2 of them, so a pixel is twice as
high as it is wide; letters are drawn with pixels of double width, hence square.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
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


CUTS = (
    Cut(stroke=6, middle=4, gap=2, rows=(3, 3, 2, 3, 3)),
    Cut(stroke=4, middle=4, gap=2, rows=(2, 2, 2, 2, 2)),
    Cut(stroke=3, middle=4, gap=2, rows=(2, 2, 2, 2, 2)),
    Cut(stroke=3, middle=2, gap=2, rows=(2, 2, 2, 2, 2)),
    Cut(stroke=2, middle=4, gap=2, rows=(1, 1, 1, 1, 1)),
    Cut(stroke=2, middle=2, gap=2, rows=(1, 1, 1, 1, 1)),
    Cut(stroke=2, middle=2, gap=1, rows=(1, 1, 1, 1, 1)),
    Cut(stroke=2, middle=1, gap=1, rows=(1, 1, 1, 1, 1)),
)
"""From the largest to the smallest that is still larger than text."""


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


@lru_cache(maxsize=64)
def largest_digits(text: str, width: int, height: int, like: str = "") -> list[str]:
    """Draw an amount as large as it fits; falls back to the plain text.

    Amounts that stand side by side look alike when each names the longest of them.
    """
    for cut in CUTS if text else ():
        fits = 2 * height >= sum(cut.rows)
        if fits and len(digits(max(text, like, key=len), cut)[0]) <= width:
            return digits(text, cut)
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

    def __init__(self, *lines: str, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._words = lines

    @property
    def words(self) -> str:
        """The heading as plain text."""
        return " ".join(self._words)

    def show(self, *lines: str) -> None:
        """Show other words."""
        if lines != self._words:
            self._words = lines
            self.refresh()

    def render_line(self, y: int) -> Strip:
        """Paint one line, aligned as the style says."""
        return aligned(self, _heading(self._words, *self.size), y)


class BigAmount(Widget):
    """An amount as large as its box allows."""

    def __init__(self, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._amount = ""
        self._like = ""

    @property
    def amount(self) -> str:
        """The amount as plain text."""
        return self._amount

    def show(self, amount: str, like: str = "") -> None:
        """Show another amount, no larger than `like` would be."""
        if (amount, like) != (self._amount, self._like):
            self._amount, self._like = amount, like
            self.refresh()

    def render_line(self, y: int) -> Strip:
        """Paint one line, aligned as the style says."""
        return aligned(self, largest_digits(self._amount, *self.size, self._like), y)


def aligned(widget: Widget, lines: Sequence[str], y: int) -> Strip:
    """Place one of some lines in a widget's width as its text-align says."""
    width = widget.size.width
    text = lines[y] if y < len(lines) else ""
    align = widget.styles.text_align
    if align == "right":
        line = text.rjust(width)
    elif align == "center":
        line = centered(text, width)
    else:
        line = text.ljust(width)
    return Strip([Segment(line[:width], widget.rich_style)], width)


def centered(text: str, width: int) -> str:
    """Center a text in a width, the odd cell to its right."""
    left = max(0, (width - len(text)) // 2)
    return (" " * left + text).ljust(width)[:width]


@lru_cache(maxsize=32)
def _heading(words: tuple[str, ...], width: int, height: int) -> list[str]:
    blocks = [letters(word) for word in words]
    fits = max(len(block[0]) for block in blocks) <= width
    if fits and 3 * len(blocks) <= height:
        return [line for block in blocks for line in block]
    return [" ".join(words)]
