"""When nothing can be sold: the till is starting, or has stopped."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.widgets import Static

from edge.core.view import Phase
from edge.ui import text
from edge.ui.screens.panel import Panel
from edge.ui.widgets.big_text import BigText
from edge.ui.widgets.lamp_table import LampTable

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from edge.core.view import TillView


class NoticePanel(Panel):
    """Says what the till waits for; the lamps name the culprit and the remedy."""

    def compose(self) -> ComposeResult:
        """Lay out heading, sentence and lamps."""
        yield BigText(text.STARTING_HEADING, id="notice-heading")
        yield Static(id="notice-title")
        yield Static(id="notice-text")
        yield LampTable(id="notice-lamps")

    def show(self, view: TillView) -> None:
        """Show the reason."""
        halted = view.phase is Phase.HALTED
        self.set_class(halted, "halted")
        self.set_class(not halted, "starting")
        heading = text.HALTED_HEADING if halted else text.STARTING_HEADING
        self.query_one(BigText).show(heading)
        banner = view.banner
        title, sentence = ("", "") if halted else ("", text.STARTING_HINT)
        if banner is not None:
            title, sentence = banner.title, banner.text
        self.query_one("#notice-title", Static).update(title)
        self.query_one("#notice-title", Static).display = bool(title)
        self.query_one("#notice-text", Static).update(sentence)
        self.query_one(LampTable).show(view.lamps)
