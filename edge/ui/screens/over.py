"""A screen that lies over whatever the till is doing, and shows its newest view."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.screen import ModalScreen

if TYPE_CHECKING:
    from edge.core.view import TillView


class OverScreen(ModalScreen[None]):
    """Shows the newest view there is from when its widgets are there; escape ends it.

    The till may have a newer view between the tap that opens it and that moment.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss", show=False),
    ]

    def __init__(self, view: TillView) -> None:
        super().__init__()
        self._view = view
        self._has_widgets = False

    def on_mount(self) -> None:
        """Show the newest view."""
        self._has_widgets = True
        self.fill_in(self._view)

    def show(self, view: TillView) -> None:
        """Show a newer view, at once or when that can be done."""
        self._view = view
        if self._has_widgets:
            self.fill_in(view)

    @abstractmethod
    def fill_in(self, view: TillView) -> None:
        """Write a view into the widgets."""
