"""Each lamp with its sentence: what is wrong, and what helps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Static

from edge.ui import text

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from contract.messages import Lamp
    from edge.core.view import Lamps


class LampTable(Vertical):
    """A row per thing the till depends on, and for its printer, if it has one."""

    def compose(self) -> ComposeResult:
        """Lay out one row per lamp."""
        for field in text.LAMP_NAMES:
            with Horizontal(id=f"lamp-{field}", classes="lamp"):
                yield Static(classes="sign")
                yield Static(classes="sentence")

    def show(self, lamps: Lamps) -> None:
        """Show the lamps' states and sentences."""
        self.set_class(lamps.printer is not None, "-close")
        for field, name in text.LAMP_NAMES.items():
            row, lamp = self.query_one(f"#lamp-{field}"), getattr(lamps, field)
            row.display = lamp is not None
            if lamp is None:
                continue
            row.set_classes(f"lamp {lamp.state.value}")
            row.query_one(".sign", Static).update(text.LAMP_GLYPHS[lamp.state])
            row.query_one(".sentence", Static).update(_sentence(name, lamp))


def _sentence(name: str, lamp: Lamp) -> Content:
    state = text.LAMP_STATES[lamp.state]
    head = Content.assemble((name, "bold"), f"  {state}")
    return Content("\n").join([head, Content(lamp.text)]) if lamp.text else head
