"""The basket's lines as cards; a tap on one takes one of the product out."""

from __future__ import annotations

from itertools import zip_longest
from typing import TYPE_CHECKING

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from contract.money import plain_amount
from edge.core.intents import Remove
from edge.ui import text
from edge.ui.messages import Wanted
from edge.ui.palette import GROUND, INK, MUTED, PANEL, PAY, RAISED, TEXT
from edge.ui.widgets.big_text import centered

if TYPE_CHECKING:
    from textual import events

    from edge.core.view import BasketLine, TillView

CARD_HEIGHT = 3  # as high as the smallest target on the smallest panel


class BasketList(Widget):
    """Shows the last lines that fit and says how many more there are."""

    def __init__(self, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._lines: tuple[BasketLine, ...] = ()
        self._first = 0
        self._held: int | None = None

    @property
    def in_sight(self) -> tuple[BasketLine, ...]:
        """The lines on the screen."""
        return self._lines[self._first : self._first + self._room]

    @property
    def _overflows(self) -> bool:
        return len(self._lines) * CARD_HEIGHT - 1 > self.size.height

    @property
    def _room(self) -> int:
        # The gap below the last card needs no room of its own.
        hint = 1 if self._overflows else 0
        return max(1, (self.size.height - hint + 1) // CARD_HEIGHT)

    def show(self, view: TillView) -> None:
        """Show the basket and keep the line that changed in sight."""
        if view.basket == self._lines:
            return
        before = {line.product: line.quantity for line in self._lines}
        grown = [
            index
            for index, line in enumerate(view.basket)
            if line.quantity > before.get(line.product, 0)
        ]
        hint, cards = self._hint(), self.in_sight
        self._lines, self._held = view.basket, None
        if grown:
            self._reveal(grown[-1])
        self._first = self._bounded(self._first)
        if hint or self._hint() or not (cards and self._lines):
            self.refresh()
            return
        for index, pair in enumerate(zip_longest(cards, self.in_sight)):
            if pair[0] != pair[1]:
                top = index * CARD_HEIGHT
                self.refresh(Region(0, top, self.size.width, CARD_HEIGHT))

    def on_resize(self) -> None:
        """Keep the last lines in sight."""
        self._scroll(len(self._lines))

    def render_line(self, y: int) -> Strip:
        """Paint one row of a card, of the hint, or of the empty basket."""
        width = self.size.width
        if not self._lines:
            return self._empty_line(y)
        if self._overflows:
            if y == 0:
                return Strip([Segment(self._hint(), Style(color=PAY, bgcolor=PANEL))])
            y -= 1
        card, row = divmod(y, CARD_HEIGHT)
        if card >= len(self.in_sight):
            return Strip.blank(width, Style(bgcolor=PANEL))
        held = card + self._first == self._held
        return Strip(_card_row(self.in_sight[card], row, width, held=held), width)

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Hold the card under the finger."""
        self.capture_mouse()
        self._hold(self._line_at(event))

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Let go of the card once the finger slides off it."""
        if self._held is not None and self._line_at(event) != self._held:
            self._hold(None)

    def on_mouse_up(self, event: events.MouseUp) -> None:
        """Take one out, or turn to the lines that the hint counts."""
        held = self._held
        self.release_mouse()
        self._hold(None)
        if held is not None and self._line_at(event) == held:
            self.post_message(Wanted(Remove(self._lines[held].product)))
        elif self._overflows and event.y == 0:
            step = -self._room if self._first else len(self._lines)
            self._scroll(step)

    def on_mouse_scroll_up(self) -> None:
        """Show earlier lines; a finger that drags scrolls, too."""
        self._scroll(-1)

    def on_mouse_scroll_down(self) -> None:
        """Show later lines."""
        self._scroll(1)

    def _line_at(self, event: events.MouseEvent) -> int | None:
        y = event.y - (1 if self._overflows else 0)
        if not (0 <= event.x < self.size.width and y >= 0):
            return None
        card = y // CARD_HEIGHT
        return self._first + card if card < len(self.in_sight) else None

    def _reveal(self, index: int) -> None:
        if index < self._first:
            self._first = index
        elif index >= self._first + self._room:
            self._first = index - self._room + 1

    def _scroll(self, step: int) -> None:
        self._first = self._bounded(self._first + step)
        self.refresh()

    def _bounded(self, first: int) -> int:
        return min(max(0, first), max(0, len(self._lines) - self._room))

    def _hold(self, index: int | None) -> None:
        if index != self._held:
            self._held = index
            self.refresh(Region(0, 0, *self.size))

    def _hint(self) -> str:
        later = len(self._lines) - self._first - len(self.in_sight)
        hint = text.hidden_lines(self._first, later, self.size.width)
        return centered(hint, self.size.width) if hint else ""

    def _empty_line(self, y: int) -> Strip:
        lines = text.EMPTY_BASKET.split("\n")
        row = y - (self.size.height - len(lines)) // 2
        line = lines[row] if 0 <= row < len(lines) else ""
        width = self.size.width
        style = Style(color=MUTED, bgcolor=PANEL)
        return Strip([Segment(centered(line, width), style)], width)


def _card_row(line: BasketLine, row: int, width: int, *, held: bool) -> list[Segment]:
    color, ink = (TEXT, INK) if held else (RAISED, TEXT)
    around = Segment(" ", Style(bgcolor=PANEL))
    inner = width - 2
    if row == CARD_HEIGHT - 1:
        edge = Segment("▀" * inner, Style(color=color, bgcolor=PANEL))
        return [around, edge, around]
    if row == 0:
        name = clipped(line.name, inner - 2)
        style = Style(color=ink, bgcolor=color, bold=True)
        return [around, Segment(f" {name.ljust(inner - 2)} ", style), around]
    minus = f" {text.MINUS} "
    count, total = f" {line.quantity}{text.TIMES}", plain_amount(line.total.minor)
    if len(minus + count + total) + 2 > inner:
        minus = ""
    rest = count + (total + " ").rjust(inner - len(minus + count))
    return [
        around,
        Segment(minus, Style(color=PAY, bgcolor=GROUND, bold=True)),
        Segment(clipped(rest, inner - len(minus)), Style(color=ink, bgcolor=color)),
        around,
    ]


def clipped(name: str, width: int) -> str:
    """Shorten a text to a width, with an ellipsis where something is missing."""
    return name if len(name) <= width else name[: width - 1].rstrip() + "…"
