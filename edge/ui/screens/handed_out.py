"""The question after a restart: was the last order handed out?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.containers import Horizontal
from textual.widgets import Static

from edge.core.intents import AnswerHandedOut, PrintReceipt
from edge.ui import text
from edge.ui.screens.panel import Panel, plain, show_print_key
from edge.ui.widgets.big_text import BigAmount, BigText
from edge.ui.widgets.touch_key import TouchKey

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from edge.core.view import TillView


class HandedOutPanel(Panel):
    """Asks, and waits for one of two keys; no key is pressed by a stray Enter."""

    def compose(self) -> ComposeResult:
        """Lay out question and keys."""
        yield BigText(text.HANDED_OUT_HEADING, id="handed-out-heading")
        yield Static(id="handed-out-title")
        yield BigAmount(id="handed-out-total")
        yield Static(id="handed-out-text")
        with Horizontal(classes="keys"):
            yield TouchKey("", PrintReceipt(), id="handed-out-print")
            yield TouchKey(
                text.HANDED_OUT_YES, AnswerHandedOut(handed_out=True), id="yes"
            )
            yield TouchKey(
                text.HANDED_OUT_NO,
                AnswerHandedOut(handed_out=False),
                id="no",
                classes="last",
            )

    def show(self, view: TillView) -> None:
        """Show which order is meant."""
        show_print_key(self.query_one("#handed-out-print", TouchKey), view)
        title, sentence = "", text.HANDED_OUT_HINT
        if view.approval is not None:
            title = text.approved_order(str(view.approval.total))
            self.query_one(BigAmount).show(plain(view.approval.total))
        if view.banner is not None:
            title = view.banner.title or title
            sentence = view.banner.text or sentence
        self.query_one("#handed-out-title", Static).update(title)
        self.query_one("#handed-out-text", Static).update(sentence)
