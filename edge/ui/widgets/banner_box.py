"""A sentence for the cashier, colored by who must act."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content
from textual.widgets import Static

if TYPE_CHECKING:
    from edge.core.view import Banner


class BannerBox(Static):
    """Shows a banner, and takes no room without one."""

    def __init__(self, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._banner: Banner | None = None
        self.display = False

    def show(self, banner: Banner | None) -> None:
        """Show this banner, or none."""
        if banner == self._banner:
            return
        self._banner = banner
        self.display = banner is not None
        if banner is not None:
            self.set_classes(banner.tone.value)
            parts = [Content.styled(banner.title, "bold"), Content(banner.text)]
            self.update(Content("\n").join([part for part in parts if part.plain]))
