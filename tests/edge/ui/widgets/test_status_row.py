from __future__ import annotations

from dataclasses import replace

import pytest

from edge.ui.sample import sample_views
from edge.ui.widgets.status_row import StatusRow
from tests.edge.ui.fake_till import SIZES, SMALL, FakeTill, app_for

VIEWS = sample_views()


@pytest.mark.parametrize("size", SIZES)
async def test_the_row_tells_each_lamp_by_sign_and_name(size: tuple[int, int]) -> None:
    till = FakeTill(VIEWS["selling-full"])
    async with app_for(till).run_test(size=size) as pilot:
        row = pilot.app.query_one(StatusRow).render_line(0)
        for lamp in ("! Hub", "✕ TSE", "✓ Reader", "? Clock"):
            assert lamp in row.text
        assert "↑12" in row.text
        assert row.text.rstrip().endswith("19:42")
        assert "Bar 3" in row.text
        assert len(row.text) == size[0]
        colors = {
            segment.text: segment.style.bgcolor for segment in row if segment.style
        }
        lamps = {colors[f" {sign} "] for sign in ("! Hub", "✕ TSE", "✓ Reader")}
        assert len(lamps) == 3


async def test_a_long_name_never_pushes_the_lamps_away() -> None:
    view = replace(VIEWS["selling"], label="The long bar by the river", undelivered=999)
    async with app_for(FakeTill(view)).run_test(size=SMALL) as pilot:
        row = pilot.app.query_one(StatusRow).render_line(0).text
        assert "DEMO" in row
        assert "✓ Clock" in row
        assert row.rstrip().endswith("19:42")


async def test_without_a_label_the_till_shows_its_id() -> None:
    view = replace(VIEWS["selling"], label="", demo=False)
    async with app_for(FakeTill(view)).run_test(size=SMALL) as pilot:
        row = pilot.app.query_one(StatusRow).render_line(0).text
        assert row.startswith(" bar-3")
        assert "DEMO" not in row
