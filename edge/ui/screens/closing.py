"""Before the till is closed: what that does, and whether it can be done now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.containers import Horizontal
from textual.widgets import Static

from edge.ui import text
from edge.ui.messages import ClosingAsked, ClosingConfirmed
from edge.ui.screens.over import OverScreen
from edge.ui.widgets.touch_key import TouchKey

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from edge.core.view import TillView


class ClosingScreen(OverScreen):
    """Asks once more; the key is dead while the till says why it can't be closed."""

    def compose(self) -> ComposeResult:
        """Lay out what happens, what stands against it, and two keys."""
        yield Static(id="closing-title")
        yield Static(id="closing-text")
        yield Static(id="closing-reason")
        with Horizontal(id="closing-keys"):
            yield TouchKey(text.BACK, ClosingAsked, id="closing-back")
            yield TouchKey("", ClosingConfirmed, id="closing-confirm", classes="last")

    def fill_in(self, view: TillView) -> None:
        """Show figures, and whether the till can be closed now."""
        title = text.closing_title(view.z_number)
        self.query_one("#closing-title", Static).update(title)
        self.query_one("#closing-text", Static).update(text.closing_text(view))
        reason, barred = self.query_one("#closing-reason", Static), view.not_closable
        reason.display = barred is not None
        reason.update("" if barred is None else text.banner(barred))
        key = self.query_one("#closing-confirm", TouchKey)
        key.say(text.close_number(view.z_number))
        key.disabled = barred is not None
