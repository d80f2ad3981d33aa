"""What the lamps say, over whatever the till is doing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.containers import Horizontal
from textual.widgets import Static

from edge.core import texts
from edge.core.intents import ConfirmClock, RestartTse, SwitchTraining
from edge.ui import text
from edge.ui.messages import ClosingAsked, ReceiptsAsked, StatusAsked, Wanted
from edge.ui.screens.over import OverScreen
from edge.ui.widgets.lamp_table import LampTable
from edge.ui.widgets.touch_key import TouchKey

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from edge.core.view import TillView


class StatusScreen(OverScreen):
    """Each lamp's sentence, what can be done here, and what waits for the hub."""

    def compose(self) -> ComposeResult:
        """Lay out sentences and the key back."""
        yield Static(text.STATUS_TITLE, id="status-title")
        yield Static(id="status-till")
        yield LampTable(id="status-lamps")
        yield Static(id="status-undelivered")
        yield Static(id="status-closed")
        with Horizontal(id="status-keys"):
            yield TouchKey(text.RESTART_TSE, RestartTse(), id="status-restart-tse")
            yield TouchKey(text.CLOCK_IS_RIGHT, ConfirmClock(), id="status-clock")
            yield TouchKey(text.RECEIPTS, ReceiptsAsked, id="status-receipts")
            yield TouchKey(text.BEGIN_TRAINING, self._switch, id="status-training")
            yield TouchKey(text.CLOSE_TILL, ClosingAsked, id="status-closing")
            yield TouchKey(text.BACK, StatusAsked, id="status-close", classes="last")

    def fill_in(self, view: TillView) -> None:
        """Show lamps."""
        names = dict.fromkeys([view.label, view.till, view.event_name])
        till = " · ".join(name for name in names if name)
        self.query_one("#status-till", Static).update(till)
        self.query_one(LampTable).show(view.lamps)
        self.query_one("#status-clock").display = view.asks_for_clock
        self.query_one("#status-receipts").display = view.lamps.printer is not None
        label = text.END_TRAINING if view.training else text.BEGIN_TRAINING
        self.query_one("#status-training", TouchKey).say(label)
        sentence = text.undelivered(view.undelivered)
        self.query_one("#status-undelivered", Static).update(sentence)
        closed = self.query_one("#status-closed", Static)
        closed.display = view.closed is not None
        if view.closed is not None:
            closed.update(text.banner(texts.closed(view.closed)))

    def _switch(self) -> Wanted:
        return Wanted(SwitchTraining(on=not self._view.training))
