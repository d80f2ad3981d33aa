"""A QR code drawn with half blocks: dark on white with its quiet zone."""

from __future__ import annotations

from functools import lru_cache

import segno
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip
from textual.widget import Widget

from edge.ui.palette import INK, TEXT
from edge.ui.widgets.big_text import centered

QUIET_ZONE = 4  # modules, as ISO/IEC 18004 asks
QUIET_ZONE_MIN = 2  # what phones still read on a white ground
HALVES = " ▄▀█"  # bits: lower half, upper half

PAPER = Style(color=INK, bgcolor=TEXT)


class QrCode(Widget):
    """White paper with a QR code as large as it fits, and a caption where it fits."""

    def __init__(self, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._content = ""
        self._caption = ""

    @property
    def is_drawn(self) -> bool:
        """Whether the code found room; its text is shown otherwise."""
        return any("█" in line for line in self._lines())

    def show(self, content: str, caption: str) -> None:
        """Show another content."""
        if (content, caption) != (self._content, self._caption):
            self._content, self._caption = content, caption
            self.refresh()

    def render_line(self, y: int) -> Strip:
        """Paint one line of the paper."""
        width = self.size.width
        lines = self._lines()
        line = lines[y] if y < len(lines) else ""
        return Strip([Segment(centered(line, width), PAPER)], width)

    def _lines(self) -> list[str]:
        return _paper(self._content, self._caption, *self.size)


@lru_cache(maxsize=4)
def _paper(content: str, caption: str, width: int, height: int) -> list[str]:
    if not content:
        return []
    lines = qr_lines(content, width, height)
    if not lines:
        inner = max(1, width - 2)
        words = f"{caption}:\n{content}".split("\n")
        lines = [
            line[at : at + inner] for line in words for at in range(0, len(line), inner)
        ]
    elif height - len(lines) >= 1 and len(caption) <= width:
        lines = [*lines, caption]
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
