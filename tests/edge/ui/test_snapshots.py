"""Every screen at both panel sizes, cell by cell.

After a wanted change: `pytest tests/edge/ui --snapshot-update`, then look at each SVG.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from pytest_textual_snapshot import SVGImageExtension  # type: ignore[import-untyped]

from contract.messages import Lamp, LampState
from edge.ui.messages import ClosingAsked, ReceiptsAsked, StatusAsked
from edge.ui.sample import sample_views
from edge.ui.screenshot import draw, drawn, sample_wristbands
from edge.ui.widgets.touch_key import TouchKey
from tests.edge.ui.fake_till import SIZES, SMALL, FakeTill, app_for

if TYPE_CHECKING:
    from syrupy.assertion import SnapshotAssertion

    from edge.ui.app import TillApp

VIEWS = sample_views()


def name_of(size: tuple[int, int]) -> str:
    return f"{size[0]}x{size[1]}"


@pytest.mark.parametrize("size", SIZES, ids=name_of)
@pytest.mark.parametrize("screen", list(VIEWS))
async def test_screen(
    screen: str, size: tuple[int, int], snapshot: SnapshotAssertion
) -> None:
    app = app_for(FakeTill(VIEWS[screen]))
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        check_keys(app, narrowest=5 if size == SMALL else 7)
        assert drawn(app) == snapshot.use_extension(SVGImageExtension)


def check_keys(app: TillApp, narrowest: int) -> None:
    """Every key can be hit by a fingertip and is whole on the screen."""
    for key in app.query(TouchKey):
        if key.region.area:
            assert key.region.width >= narrowest, key
            assert key.region.height >= 3, key
            assert app.screen.region.contains_region(key.region), key


@pytest.mark.parametrize("size", SIZES, ids=name_of)
async def test_status(size: tuple[int, int], snapshot: SnapshotAssertion) -> None:
    app = app_for(FakeTill(VIEWS["selling-full"]))
    svg = await draw(app, size, StatusAsked)
    assert svg == snapshot.use_extension(SVGImageExtension)


@pytest.mark.parametrize("size", SIZES, ids=name_of)
async def test_no_sentence_of_the_status_lies_under_its_keys(
    size: tuple[int, int],
) -> None:
    bad, paper = VIEWS["selling-full"], VIEWS["approved-no-paper"].lamps.printer
    clock = Lamp(
        state=LampState.WARN,
        text="Nobody has confirmed the clock. Compare it with a watch, then press "
        "'Clock is right'.",
    )
    view = replace(
        bad,
        lamps=replace(bad.lamps, clock=clock, printer=paper),
        asks_for_clock=True,
        closed=VIEWS["closed"].closed,
    )
    app = app_for(FakeTill(view))
    async with app.run_test(size=size) as pilot:
        app.post_message(StatusAsked())
        await pilot.pause()
        check_keys(app, narrowest=5)
        keys = app.screen.query_one("#status-keys").region
        for name in ("status-lamps", "status-undelivered", "status-closed"):
            shown = app.screen.query_one(f"#{name}").region
            assert shown.height
            assert not shown.overlaps(keys), name


@pytest.mark.parametrize("size", SIZES, ids=name_of)
async def test_receipts(size: tuple[int, int], snapshot: SnapshotAssertion) -> None:
    app = app_for(FakeTill(VIEWS["approved-no-paper"]))
    async with app.run_test(size=size) as pilot:
        app.post_message(ReceiptsAsked())
        await pilot.pause()
        check_keys(app, narrowest=5)
        keys = app.screen.query("#receipts-list .receipt").results()
        widths = {key.region.width for key in keys if key.display}
        assert widths == {size[0]}, "no gutter beside a receipt"
        assert drawn(app) == snapshot.use_extension(SVGImageExtension)


@pytest.mark.parametrize("size", SIZES, ids=name_of)
@pytest.mark.parametrize("view", ["closed", "selling-full"])
async def test_closing(
    view: str, size: tuple[int, int], snapshot: SnapshotAssertion
) -> None:
    app = app_for(FakeTill(VIEWS[view]))
    async with app.run_test(size=size) as pilot:
        app.post_message(ClosingAsked())
        await pilot.pause()
        check_keys(app, narrowest=5)
        assert drawn(app) == snapshot.use_extension(SVGImageExtension)


@pytest.mark.parametrize("size", SIZES, ids=name_of)
async def test_demo(size: tuple[int, int], snapshot: SnapshotAssertion) -> None:
    app = app_for(FakeTill(VIEWS["selling"]), sample_wristbands())
    assert await draw(app, size) == snapshot.use_extension(SVGImageExtension)
