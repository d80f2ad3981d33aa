"""A till that keeps what it was asked and shows what a test puts on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edge.ui.app import TillApp
from edge.ui.sample import NOON, sample_selling

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from edge.core.intents import Intent
    from edge.core.view import TillView
    from edge.ui.wristband_panel import WristbandPanel

SMALL = (72, 21)
LARGE = (98, 26)
SIZES = (SMALL, LARGE)


class FakeTill:
    """Records intents; `put_on` is what a real till does after a step."""

    def __init__(self, view: TillView | None = None) -> None:
        self.view = sample_selling() if view is None else view
        self.intents: list[Intent] = []
        self.painted: list[UUID] = []
        self.watchers: list[Callable[[TillView], None]] = []

    def put_on(self, view: TillView) -> None:
        self.view = view
        for watcher in list(self.watchers):
            watcher(view)

    def submit(self, intent: Intent, /) -> None:
        self.intents.append(intent)

    def watch(self, callback: Callable[[TillView], None], /) -> Callable[[], None]:
        self.watchers.append(callback)
        return lambda: self.watchers.remove(callback)

    def shown(self, order: UUID, /) -> None:
        self.painted.append(order)


def app_for(till: FakeTill, panel: WristbandPanel | None = None) -> TillApp:
    return TillApp(till, wristband_panel=panel, now=lambda: NOON)
