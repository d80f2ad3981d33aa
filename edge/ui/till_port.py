"""What the screens need from a till."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from edge.core.intents import Intent
    from edge.core.view import TillView


class TillPort(Protocol):
    """The till as a screen sees it: intents go in, views come out."""

    @property
    def view(self) -> TillView:
        """The newest picture of the till."""

    def submit(self, intent: Intent, /) -> None:
        """Say what the cashier wants; returns at once."""

    def watch(self, callback: Callable[[TillView], None], /) -> Callable[[], None]:
        """Call back at each new view, from any thread; the result ends the watch."""

    def shown(self, order: UUID, /) -> None:
        """Report that the approval of this order was painted."""
