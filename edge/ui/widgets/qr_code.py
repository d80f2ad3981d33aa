"""A QR code drawn with half blocks: dark on white with its quiet zone."""

from __future__ import annotations

import segno
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip
from textual.widget import Widget

from edge.ui.palette import INK, MUTED, TEXT

QUIET_ZONE = 4  # modules, as ISO/IEC 18004 asks
QUIET_ZONE_MIN = 2  # what phones still read on a white ground
HALVES = " ▄▀█"  # bits: lower half, upper half

PAPER = Style(color=INK, bgcolor=TEXT)


class QrCode(Widget):
    """White paper with a QR code as large as it fits, and a caption where it fits."""

    def __init__(self, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._content = ""
        self._caption = ""
        self._painted: list[str] = []

    @property
    def is_drawn(self) -> bool:
        """Whether the code found room; its text is shown otherwise."""
        return any("█" in line for line in self._painted)

    def show(self, content: str, caption: str) -> None:
        """Show another content."""
        if (content, caption) != (self._content, self._caption):
            self._content, self._caption = content, caption
            self._paint()
            self.refresh()

    def on_resize(self) -> None:
        """Draw for the new size."""
        self._paint()

    def render_line(self, y: int) -> Strip:
        """Paint one line of the paper."""
        width = self.size.width
        line = self._painted[y] if y < len(self._painted) else ""
        return Strip([Segment(line.center(width)[:width], PAPER)], width)

    def _paint(self) -> None:
        width, height = self.size
        if not (self._content and width and height):
            self._painted = []
            return
        code = qr_lines(self._content, width, height)
        if not code:
            text = f"{self._caption}:\n{self._content}"
            code = [
                line[at : at + width - 2]
                for line in text.split("\n")
                for at in range(0, len(line), width - 2)
            ]
        elif height - len(code) >= 2:
            code = [*code, self._caption]
        above = max(0, (height - len(code)) // 2)
        self._painted = [""] * above + code


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
