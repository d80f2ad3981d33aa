from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.ui.widgets.tiling import Tiling, tiling_for

sides = st.integers(1, 120)


@settings(max_examples=60)
@given(count=st.integers(0, 90), width=sides, height=st.integers(1, 45))
def test_each_cell_belongs_to_exactly_one_slot(
    count: int, width: int, height: int
) -> None:
    tiling = tiling_for(count, width, height)
    cells: Counter[tuple[int, int]] = Counter()
    for slot in range(tiling.capacity):
        region = tiling.region(slot)
        for x in range(region.x, region.right):
            for y in range(region.y, region.bottom):
                cells[x, y] += 1
                assert tiling.slot_at(x, y) == slot
    assert cells == Counter({(x, y): 1 for x in range(width) for y in range(height)})


@given(width=sides, height=sides, x=st.integers(-9, 130), y=st.integers(-9, 130))
def test_a_touch_outside_hits_nothing(width: int, height: int, x: int, y: int) -> None:
    tiling = tiling_for(30, width, height)
    inside = 0 <= x < width and 0 <= y < height
    assert (tiling.slot_at(x, y) is not None) == inside


@pytest.mark.parametrize(
    ("count", "width", "height", "columns", "rows"),
    [(30, 54, 20, 6, 5), (40, 74, 25, 8, 5), (24, 54, 20, 6, 4), (12, 54, 20, 4, 3)],
)
def test_the_panels_of_the_field(
    count: int, width: int, height: int, columns: int, rows: int
) -> None:
    assert tiling_for(count, width, height) == Tiling(width, height, columns, rows)


@given(count=st.integers(1, 200))
def test_tiles_are_never_smaller_than_a_fingertip(count: int) -> None:
    for width, height, narrowest in ((54, 20, 5), (74, 25, 7)):
        tiling = tiling_for(count, width, height)
        for slot in range(tiling.capacity):
            assert tiling.region(slot).width >= narrowest
            assert tiling.region(slot).height >= 3


@given(count=st.integers(1, 35))
def test_fewer_products_never_get_smaller_tiles(count: int) -> None:
    fewer, more = tiling_for(count, 54, 20), tiling_for(count + 1, 54, 20)
    assert _square(fewer) >= _square(more)


def _square(tiling: Tiling) -> int:
    return min(tiling.width // tiling.columns, 2 * (tiling.height // tiling.rows))
