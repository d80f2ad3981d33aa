"""The top row: where the till stands, and its lamps by color and by sign."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip
from textual.widget import Widget

from contract.messages import LampState
from edge.ui import text
from edge.ui.messages import StatusAsked
from edge.ui.palette import APPROVED, ASKING, DEMO, INK, MUTED, PANEL, REFUSED, TEXT
from edge.ui.widgets.basket_list import clipped

if TYPE_CHECKING:
    from contract.messages import Lamp
    from edge.core.view import Lamps, TillView

PLAIN = Style(color=TEXT, bgcolor=PANEL)
BOLD = Style(color=TEXT, bgcolor=PANEL, bold=True)
QUIET = Style(color=MUTED, bgcolor=PANEL)
DEMO_MARK = Style(color=INK, bgcolor=DEMO, bold=True)
WAITING = Style(color=ASKING, bgcolor=PANEL, bold=True)
LAMP_STYLES = {
    LampState.GOOD: Style(color=TEXT, bgcolor=APPROVED),
    LampState.WARN: Style(color=INK, bgcolor=ASKING, bold=True),
    LampState.BAD: Style(color=TEXT, bgcolor=REFUSED, bold=True),
    LampState.UNKNOWN: Style(color=INK, bgcolor=MUTED),
}


class StatusRow(Widget):
    """One line; a tap anywhere on it opens what the lamps say."""

    def __init__(self, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._strip: list[Segment] = []
        self._view: TillView | None = None
        self._time = ""

    def show(self, view: TillView) -> None:
        """Show names, lamps and the count of undelivered orders."""
        if self._view is None or _facts(view) != _facts(self._view):
            self._view = view
            self.refresh()
        self._view = view

    def tick(self, time: str) -> None:
        """Show another time of day."""
        if time != self._time:
            self._time = time
            self.refresh()

    def on_click(self) -> None:
        """Open what the lamps say."""
        self.post_message(StatusAsked())

    def render_line(self, y: int) -> Strip:
        """Paint the row."""
        width = self.size.width
        if y or self._view is None:
            return Strip.blank(width, PLAIN)
        right = _right(self._view, self._time)
        used = sum(segment.cell_length for segment in right)
        left = _left(self._view, width - used)
        return Strip([*left, *right], width).adjust_cell_length(width, PLAIN)


def named_lamps(lamps: Lamps) -> list[tuple[str, Lamp]]:
    """List the lamps with their names, in the order they are shown."""
    named = ((name, getattr(lamps, field)) for field, name in text.LAMP_NAMES.items())
    return [(name, lamp) for name, lamp in named if lamp is not None]


def _facts(view: TillView) -> tuple[object, ...]:
    names = (view.till, view.label, view.event_name, view.demo)
    return (*names, view.lamps, view.undelivered)


def _left(view: TillView, width: int) -> list[Segment]:
    mark = f" {text.DEMO} " if view.demo else ""
    label = f" {view.label or view.till}"
    room = width - len(mark) - 2
    label = clipped(label, room)
    event = clipped(view.event_name, room - len(label) - 3)
    if len(event) < min(len(view.event_name), 4):
        event = ""
    parts = [Segment(label, BOLD)]
    if event:
        parts.append(Segment(f" · {event}", QUIET))
    parts.append(Segment(" ", PLAIN))
    if mark:
        parts.append(Segment(mark, DEMO_MARK))
    used = sum(segment.cell_length for segment in parts)
    parts.append(Segment(" " * max(0, width - used), PLAIN))
    return parts


def _right(view: TillView, time: str) -> list[Segment]:
    parts: list[Segment] = []
    for name, lamp in named_lamps(view.lamps):
        sign = text.LAMP_GLYPHS[lamp.state]
        parts.append(Segment(f" {sign} {name} ", LAMP_STYLES[lamp.state]))
        parts.append(Segment(" ", PLAIN))
    if view.undelivered:
        parts.append(Segment(f"↑{view.undelivered} ", WAITING))
    parts.append(Segment(f"{time} ", BOLD))
    return parts
