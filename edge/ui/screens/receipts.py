"""The last receipts, to be printed, or printed again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.containers import Container, Horizontal
from textual.widgets import Static

from contract.messages import LampState
from edge.core.intents import PrintClosing, PrintReceipt
from edge.ui import text
from edge.ui.messages import ReceiptsAsked, Wanted
from edge.ui.screens.over import OverScreen
from edge.ui.widgets.touch_key import TouchKey

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from textual.app import ComposeResult

    from edge.core.view import TillView

ROWS = 4  # what a finger can hit on the smaller panel


class ReceiptsScreen(OverScreen):
    """One key per order, newest first; over whatever the till is doing."""

    def __init__(self, view: TillView) -> None:
        super().__init__(view)
        self._orders: list[UUID] = []

    def compose(self) -> ComposeResult:
        """Lay out a key per order, and the key back."""
        yield Static(text.RECEIPTS_TITLE, id="receipts-title")
        yield Static(id="receipts-notice")
        with Container(id="receipts-list"):
            for place in range(ROWS):
                yield TouchKey("", self._wants(place), classes="receipt last")
        with Horizontal(id="receipts-keys"):
            yield TouchKey(text.PRINT_CLOSING, PrintClosing(), id="receipts-closing")
            yield TouchKey(
                text.BACK, ReceiptsAsked, id="receipts-close", classes="last"
            )

    def fill_in(self, view: TillView) -> None:
        """Show orders, and what became of those asked for."""
        rows = view.receipts[:ROWS]
        self._orders = [row.order for row in rows]
        for place, key in enumerate(self.query(".receipt").results(TouchKey)):
            key.display = place < len(rows)
            if key.display:
                row = rows[place]
                at = f"{row.decided_at.astimezone():%H:%M}"
                key.say(text.receipt_row(row, at))
        self.query_one("#receipts-closing").display = view.can_print_closing
        self._notice(view)

    def _wants(self, place: int) -> Callable[[], Wanted]:
        return lambda: Wanted(PrintReceipt(self._orders[place]))

    def _notice(self, view: TillView) -> None:
        lamp, notice = view.lamps.printer, self.query_one("#receipts-notice", Static)
        sentence = "" if view.receipts else text.NO_RECEIPTS
        trouble = lamp is not None and lamp.state is LampState.BAD
        if lamp is not None and trouble:
            sentence = lamp.text
        elif view.banner is not None:
            sentence, trouble = view.banner.text, True
        notice.update(sentence)
        notice.set_class(trouble, "trouble")
