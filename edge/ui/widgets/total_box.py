"""The basket's total: a caption and digits as large as the column allows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip
from textual.widget import Widget

from contract.money import plain_amount
from edge.ui import text
from edge.ui.palette import GROUND, MUTED, TEXT
from edge.ui.widgets.big_text import largest_digits

if TYPE_CHECKING:
    from edge.core.view import TillView

CAPTION = Style(color=MUTED, bgcolor=GROUND)
AMOUNT = Style(color=TEXT, bgcolor=GROUND, bold=True)


class TotalBox(Widget):
    """Shows what the basket costs and how many items it holds."""

    def __init__(self, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._amount = plain_amount(0)
        self._caption = text.TOTAL
        self._items = ""

    @property
    def amount(self) -> str:
        """The total as plain text."""
        return self._amount

    def show(self, view: TillView) -> None:
        """Show the basket's total."""
        count = sum(line.quantity for line in view.basket)
        amount, caption = plain_amount(0), text.TOTAL
        if view.total is not None:
            amount = plain_amount(view.total.minor)
            caption = f"{text.TOTAL} {view.total.currency.value}"
        items = text.items(count) if count else ""
        if (amount, caption, items) != (self._amount, self._caption, self._items):
            self._amount, self._caption, self._items = amount, caption, items
            self.refresh()

    def render_line(self, y: int) -> Strip:
        """Paint the caption, or one line of the digits."""
        width = self.size.width
        inner = width - 2
        if y == 0:
            caption = self._caption
            if len(caption) + 2 + len(self._items) > inner:
                caption = text.TOTAL
            room = max(0, inner - len(caption))
            line = f" {caption}{self._items.rjust(room)} "
            return Strip([Segment(line[:width].ljust(width), CAPTION)], width)
        lines = largest_digits(self._amount, inner, self.size.height - 1)
        line = lines[y - 1] if y <= len(lines) else ""
        return Strip([Segment(f" {line.rjust(inner)} ", AMOUNT)], width)
