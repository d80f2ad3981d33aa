from __future__ import annotations

import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING

from edge.ui import screenshot
from edge.ui.sample import sample_views
from provisioning.demo_event import panel_guests

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_it_writes_every_screen_at_both_sizes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    views = sample_views()
    drawn = ("selling", "closed", "approved-stand-in", "approved-no-paper")
    few = {name: views[name] for name in drawn}
    monkeypatch.setattr(screenshot, "sample_views", lambda: few)
    assert screenshot.main(["--out", str(tmp_path / "pictures")]) == 0
    written = {path.name for path in (tmp_path / "pictures").iterdir()}
    screens = (*drawn, "status", "receipts", "closing", "demo")
    assert written == {
        f"{name}-{size}.svg" for name in screens for size in ("72x21", "98x26")
    }
    drawing = ET.parse(tmp_path / "pictures" / "demo-98x26.svg").getroot()
    assert drawing.get("viewBox") == "0 0 980 520"


def test_the_wristbands_in_the_pictures_are_those_of_the_demo() -> None:
    shown = [each.label for each in screenshot.sample_wristbands().wristbands]
    assert shown == [guest.name for guest in panel_guests()]
