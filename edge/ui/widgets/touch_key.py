"""A large key for a finger: looks like a tile, and slides off like one."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.binding import Binding, BindingType
from textual.strip import Strip
from textual.widget import Widget

from edge.ui.messages import Wanted
from edge.ui.palette import blend, text_on
from edge.ui.widgets.big_text import centered

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual import events
    from textual.message import Message

    from edge.core.intents import Intent


class TouchKey(Widget, can_focus=True):
    """Posts what it stands for when pressed and released; every cell can be hit.

    `wants` is an intent, or makes another message for each press.

    The style's background is the key's color; the class `last` adds the gap that the
    last key of a row leaves to the right.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,space", "press", show=False),
    ]

    def __init__(
        self,
        label: str,
        wants: Intent | Callable[[], Message],
        *,
        id: str | None = None,  # noqa: A002 - Textual's name
        classes: str | None = None,
    ) -> None:
        super().__init__(id=id, classes=classes)
        self._lines = label.split("\n")
        self._wants = wants
        self._held = False

    @property
    def label(self) -> str:
        """The key's words on one line."""
        return " ".join(self._lines)

    def say(self, label: str) -> None:
        """Change the words."""
        lines = label.split("\n")
        if lines != self._lines:
            self._lines = lines
            self.refresh()

    def render_line(self, y: int) -> Strip:
        """Paint one line: the gap to the left and below belongs to the key."""
        width, height = self.size
        around, own = (color.hex.lower() for color in self.background_colors)
        color = text_on(own) if self._held else own
        ground = Style(bgcolor=around)
        right = 1 if self.has_class("last") else 0
        inner = width - 1 - right
        if y == height - 1:
            body = Segment("▀" * inner, Style(color=color, bgcolor=around))
        else:
            lines = self._wrapped(inner)
            row = y - (height - 1 - len(lines) + 1) // 2
            line = lines[row] if 0 <= row < len(lines) else ""
            body = Segment(centered(line, inner), self._face(color))
        return Strip([Segment(" ", ground), body, Segment(" " * right, ground)], width)

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Look pressed."""
        event.stop()
        self.capture_mouse()
        self._hold(held=True)

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Let go once the finger slides off; that cancels the press."""
        if self._held and not self._is_hit(event):
            self._hold(held=False)

    def on_mouse_up(self, event: events.MouseUp) -> None:
        """Act if the finger is still on the key."""
        event.stop()
        held = self._held
        self.release_mouse()
        self._hold(held=False)
        if held and self._is_hit(event):
            self.action_press()

    def action_press(self) -> None:
        """Say what the key stands for."""
        wants = self._wants
        self.post_message(wants() if callable(wants) else Wanted(wants))

    def _wrapped(self, width: int) -> list[str]:
        if width < 1 or all(len(line) <= width for line in self._lines):
            return self._lines
        return [part for line in self._lines for part in textwrap.wrap(line, width)]

    def _is_hit(self, event: events.MouseEvent) -> bool:
        return 0 <= event.x < self.size.width and 0 <= event.y < self.size.height

    def _hold(self, *, held: bool) -> None:
        if held != self._held:
            self._held = held
            self.refresh()

    def _face(self, color: str) -> Style:
        ink = text_on(color)
        if self.is_disabled:
            muted = blend(ink, color, 55)
            return Style(color=muted, bgcolor=color)
        marked = self.has_focus and self.screen.has_class("-keys")
        return Style(color=ink, bgcolor=color, bold=True, underline=marked)
