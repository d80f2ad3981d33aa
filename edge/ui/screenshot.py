"""Pictures of every screen at both panel sizes: `python -m edge.ui.screenshot`."""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from edge.ui.app import TillApp
from edge.ui.messages import ClosingAsked, ReceiptsAsked, StatusAsked
from edge.ui.picture import picture
from edge.ui.sample import NOON, sample_views
from edge.ui.wristband_panel import WristbandKey, WristbandPanel

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from uuid import UUID

    from edge.core.intents import Intent
    from edge.core.view import TillView

SIZES = ((72, 21), (98, 26))  # 800x480 and 1280x720 pixels
WRISTBANDS = ("full", "nearly empty", "unknown", "blocked", "blank")  # as in a demo


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
    wristbands = tuple(
        WristbandKey(str(number), name)
        for number, name in enumerate(WRISTBANDS, start=1)
    )
    return WristbandPanel(wristbands, tap=lambda _wristband: None)


async def draw(
    app: TillApp,
    size: tuple[int, int],
    *asked: type[StatusAsked | ReceiptsAsked | ClosingAsked],
) -> str:
    """Run an app without a terminal and draw what it shows as SVG."""
    async with app.run_test(size=size) as pilot:
        for message in asked:
            app.post_message(message())
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
    views = sample_views()
    for size in SIZES:
        for name, view in views.items():
            app = TillApp(StillTill(view), now=lambda: NOON)
            _write(out, name, size, asyncio.run(draw(app, size)))
        lamps = TillApp(StillTill(views["approved-stand-in"]), now=lambda: NOON)
        _write(out, "status", size, asyncio.run(draw(lamps, size, StatusAsked)))
        paper = TillApp(StillTill(views["approved-no-paper"]), now=lambda: NOON)
        _write(out, "receipts", size, asyncio.run(draw(paper, size, ReceiptsAsked)))
        close = TillApp(StillTill(views["closed"]), now=lambda: NOON)
        _write(out, "closing", size, asyncio.run(draw(close, size, ClosingAsked)))
        demo = TillApp(
            StillTill(views["selling"]),
            wristband_panel=sample_wristbands(),
            now=lambda: NOON,
        )
        _write(out, "demo", size, asyncio.run(draw(demo, size)))
    return 0


def _write(out: Path, name: str, size: tuple[int, int], svg: str) -> None:
    path = out / f"{name}-{size[0]}x{size[1]}.svg"
    path.write_text(svg, encoding="utf-8")
    sys.stdout.write(f"{path}\n")


if __name__ == "__main__":
    sys.exit(main())
