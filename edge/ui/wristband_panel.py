"""A strip of virtual wristbands to tap, for a machine without a reader."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from textual.containers import Horizontal
from textual.message import Message
from textual.widgets import Static

from edge.ui import text
from edge.ui.widgets.touch_key import TouchKey

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.app import ComposeResult


@dataclass(frozen=True, slots=True)
class WristbandKey:
    """One wristband of the strip: the key that taps it, and its label."""

    key: str
    label: str


@dataclass(frozen=True, slots=True)
class WristbandPanel:
    """The strip's wristbands, and what taps one; `tap` must return at once."""

    wristbands: tuple[WristbandKey, ...]
    tap: Callable[[WristbandKey], None]
    addresses: str = ""
    """Where to look at what was sold, in one row; empty for none."""


class WristbandTapped(Message):
    """A virtual wristband was held to the virtual reader."""

    def __init__(self, wristband: WristbandKey) -> None:
        super().__init__()
        self.wristband = wristband


class WristbandStrip(Horizontal):
    """One key per virtual wristband, at the screen's lower edge."""

    def __init__(self, panel: WristbandPanel) -> None:
        super().__init__(id="wristbands")
        self._panel = panel

    def compose(self) -> ComposeResult:
        """Lay out the keys."""
        yield Static(text.WRISTBANDS, id="wristbands-title")
        last = self._panel.wristbands[-1]
        for wristband in self._panel.wristbands:
            yield TouchKey(
                f"{wristband.key} {wristband.label}",
                partial(WristbandTapped, wristband),
                classes="band last" if wristband is last else "band",
            )


class AddressRow(Static):
    """Where to look, below the strip: the terminal that said it before is covered."""

    def __init__(self, panel: WristbandPanel) -> None:
        super().__init__(panel.addresses, id="addresses", markup=False)
