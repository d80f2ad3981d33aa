"""The till: one queue of events, one step at a time, effects through ports."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edge.core.view import Phase, TillView

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from edge.core.events import Event
    from edge.core.intents import Intent

    Watcher = Callable[[TillView], None]


class Till:
    """Takes one event, steps the core, performs the effects; nothing else.

    Screens and scripted cashiers use `submit`, `view`, `watch` and `shown`, all of
    them in the loop; devices and link use `post`, from any thread.
    """

    def __init__(self) -> None:
        self._view = TillView(phase=Phase.STARTING, till="")
        self._watchers: list[Watcher] = []

    @property
    def view(self) -> TillView:
        """The latest picture of the till."""
        return self._view

    def submit(self, intent: Intent) -> None:
        """Hand over what the cashier wants; loop only, returns at once."""

    def post(self, event: Event | Intent) -> None:
        """Hand over what happened to the till, from any thread."""

    def watch(self, callback: Watcher) -> Callable[[], None]:
        """Call back in the loop with each new view; returns the unsubscription."""
        self._watchers.append(callback)
        return lambda: self._watchers.remove(callback)

    def shown(self, order: UUID) -> None:
        """Say that this order's approval was painted (or seen by a scripted cashier).

        Until then a restart asks the cashier whether the goods were handed out.
        """

    async def run(self) -> None:
        """Take events until canceled."""
