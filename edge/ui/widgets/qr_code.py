"""A QR code drawn with half blocks: dark on white with its quiet zone."""

from __future__ import annotations

import textwrap
from functools import lru_cache
from typing import TYPE_CHECKING

import segno
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip
from textual.widget import Widget

from edge.ui.palette import INK, TEXT
from edge.ui.widgets.big_text import centered

if TYPE_CHECKING:
    from collections.abc import Iterator

QUIET_ZONE = 4  # modules, as ISO/IEC 18004 asks
QUIET_ZONE_MIN = 2  # what phones still read on a white ground
HALVES = " ▄▀█"  # bits: lower half, upper half

PAPER = Style(color=INK, bgcolor=TEXT)


class QrCode(Widget):
    """White paper with a QR code and words below it, as large as both fit."""

    def __init__(self, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._content = ""
        self._captions: tuple[str, ...] = ()
        self._address = False

    @property
    def is_drawn(self) -> bool:
        """Whether the code found room; its text is shown otherwise."""
        return any("█" in line for line in self._lines())

    def show(self, content: str, *captions: str, address: bool = False) -> None:
        """Show another content and the first of these captions that finds room.

        With `address`, the content can be read below it as well, where it fits.
        """
        self._content, self._captions, self._address = content, captions, address
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """Paint one line of the paper."""
        width = self.size.width
        lines = self._lines()
        line = lines[y] if y < len(lines) else ""
        return Strip([Segment(centered(line, width), PAPER)], width)

    def _lines(self) -> list[str]:
        return _paper(self._content, self._captions, *self.size, address=self._address)


@lru_cache(maxsize=4)
def _paper(
    content: str, captions: tuple[str, ...], width: int, height: int, *, address: bool
) -> list[str]:
    if not content or not width:
        return []
    for words in _below(content, captions, width, address=address):
        lines = qr_lines(content, width, height - len(words))
        if lines:
            return _in_the_middle([*lines, *words], height)
    inner = max(1, width - 2)
    return _in_the_middle(
        [*_wrapped(f"{captions[0]}:", inner), *_address(content, inner)], height
    )


def _below(
    content: str, captions: tuple[str, ...], width: int, *, address: bool
) -> Iterator[list[str]]:
    """List what may stand below a code, the best first and nothing at last."""
    wrapped = [_wrapped(caption, width) for caption in captions]
    if address:
        for caption in wrapped:
            yield [*caption, *_address(content, width)]
    yield from wrapped
    yield []


def _wrapped(caption: str, width: int) -> list[str]:
    """Break a caption into as few lines as it needs, about as long as each other."""
    few = len(textwrap.wrap(caption, width))
    narrow = next(
        narrower
        for narrower in range(1, width + 1)
        if len(textwrap.wrap(caption, narrower)) <= few
    )
    return textwrap.wrap(caption, narrow)


def _address(content: str, width: int) -> list[str]:
    """Break an address after its last slash, and where else it must be."""
    front, slash, last = content.rpartition("/")
    return [
        part[at : at + width]
        for part in (front + slash, last)
        for at in range(0, len(part), width)
    ]


def _in_the_middle(lines: list[str], height: int) -> list[str]:
    return [""] * max(0, (height - len(lines)) // 2) + lines


def qr_lines(content: str, width: int, height: int) -> list[str]:
    """Draw a QR code with half blocks; no lines where width or height don't do."""
    code = segno.make(content, error="l", micro=False, boost_error=False)
    modules = [[bool(module) for module in row] for row in code.matrix]
    room = min(width, 2 * height) - len(modules)
    quiet = min(QUIET_ZONE, room // 2)
    if quiet < QUIET_ZONE_MIN:
        return []
    blank = [False] * (len(modules) + 2 * quiet)
    side = [False] * quiet
    rows = [blank] * quiet + [side + row + side for row in modules] + [blank] * quiet
    if len(rows) % 2:
        rows.append(blank)
    return [
        "".join(
            HALVES[lower + 2 * upper] for upper, lower in zip(top, bottom, strict=True)
        )
        for top, bottom in zip(rows[::2], rows[1::2], strict=True)
    ]
