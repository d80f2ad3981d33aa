"""Pictures of every screen at both panel sizes: `python -m edge.ui.screenshot`."""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from edge.ui.app import TillApp
from edge.ui.picture import picture
from edge.ui.sample import NOON, sample_views
from edge.ui.wristband_panel import VirtualWristband, WristbandPanel

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from uuid import UUID

    from edge.core.intents import Intent
    from edge.core.view import TillView

SIZES = ((72, 21), (98, 26))  # 800x480 and 1280x720 pixels


class StillTill:
    """A till that shows one view and does nothing."""

    def __init__(self, view: TillView) -> None:
        self.view = view

    def submit(self, intent: Intent, /) -> None:
        """Ignore it."""

    def watch(self, callback: Callable[[TillView], None], /) -> Callable[[], None]:
        """Never call back."""
        del callback
        return lambda: None

    def shown(self, order: UUID, /) -> None:
        """Ignore it."""


def sample_wristbands() -> WristbandPanel:
    """Make the strip that a demo shows."""
    wristbands = (
        VirtualWristband("1", "Full", "50.00"),
        VirtualWristband("2", "Low", "1.20"),
        VirtualWristband("3", "Unknown"),
        VirtualWristband("4", "Blocked"),
    )
    return WristbandPanel(wristbands, tap=lambda _wristband: None)


async def draw(app: TillApp, size: tuple[int, int], *press: str) -> str:
    """Run an app without a terminal and draw what it shows as SVG."""
    async with app.run_test(size=size) as pilot:
        await pilot.press(*press)
        await pilot.pause()
        return drawn(app)


def drawn(app: TillApp) -> str:
    """Draw what a running app shows as SVG."""
    # Textual's own export draws blocks as text of a font it fetches from the web.
    strips = app.screen._compositor.render_strips()
    return picture(strips, app.title)


def main(arguments: Sequence[str] | None = None) -> int:
    """Write one SVG per screen and size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="folder to write to")
    out: Path = parser.parse_args(arguments).out
    out.mkdir(parents=True, exist_ok=True)
    for size in SIZES:
        for name, view in sample_views().items():
            path = out / f"{name}-{size[0]}x{size[1]}.svg"
            app = TillApp(StillTill(view), now=lambda: NOON)
            path.write_text(asyncio.run(draw(app, size)), encoding="utf-8")
            sys.stdout.write(f"{path}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
