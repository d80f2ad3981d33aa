from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec
import pytest

from contract.money import Money
from edge.core.intents import Pick
from edge.ui.sample import sample_basket, sample_catalogue, sample_selling
from edge.ui.widgets.product_grid import ProductGrid
from tests.edge.ui.fake_till import SIZES, SMALL, FakeTill, app_for

if TYPE_CHECKING:
    from textual.geometry import Region

    from edge.core.view import TillView


def view_of(count: int) -> TillView:
    """A catalogue of so many products."""
    catalogue = sample_catalogue()
    products = tuple(
        msgspec.structs.replace(
            catalogue.products[number % len(catalogue.products)], id=number + 1
        )
        for number in range(count)
    )
    changed = msgspec.structs.replace(catalogue, products=products)
    return replace(sample_selling(), catalogue=changed, basket=(), total=None)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("count", [0, 1, 7, 28, 40, 61])
async def test_every_line_is_exactly_as_wide_as_the_grid(
    count: int, size: tuple[int, int]
) -> None:
    async with app_for(FakeTill(view_of(count))).run_test(size=size) as pilot:
        grid = pilot.app.query_one(ProductGrid)
        for y in range(grid.size.height):
            strip = grid.render_line(y)
            drawn = sum(len(segment.text) for segment in strip)
            assert drawn == strip.cell_length == grid.size.width


async def test_any_cell_of_a_tile_picks_it() -> None:
    till = FakeTill(view_of(30))
    async with app_for(till).run_test(size=SMALL) as pilot:
        region = pilot.app.query_one(ProductGrid).tiling.region(7)
        for x, y in region.corners[:2], region.corners[2:]:
            column, row = min(x, region.right - 1), min(y, region.bottom - 1)
            await pilot.click("#grid", offset=(column, row))
        await pilot.click("#grid", offset=(region.x, region.bottom - 1))
    assert till.intents == [Pick(8)] * 3


async def test_sliding_off_a_tile_cancels_the_press() -> None:
    till = FakeTill()
    async with app_for(till).run_test(size=SMALL) as pilot:
        grid = pilot.app.query_one(ProductGrid)
        await pilot.mouse_down("#grid", offset=(3, 1))
        held = [grid.held]
        await pilot.hover("#grid", offset=(23, 1))
        held.append(grid.held)
        assert held == [0, None]
        await pilot.mouse_up("#grid", offset=(3, 1))
        await pilot.mouse_down("#grid", offset=(3, 1))
        await pilot.mouse_up("#grid", offset=(13, 1))
    assert till.intents == []


async def test_only_changed_tiles_are_painted_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    till = FakeTill()
    async with app_for(till).run_test(size=SMALL) as pilot:
        grid = pilot.app.query_one(ProductGrid)
        painted: list[Region] = []
        monkeypatch.setattr(grid, "refresh", lambda *regions: painted.extend(regions))
        basket = sample_basket((1, 3), (17, 1), (23, 2))
        till.put_on(replace(till.view, basket=basket, total=Money(2230)))
        await pilot.pause()
        assert painted == [grid.tiling.region(0)]


async def test_more_products_than_fit_get_pages() -> None:
    till = FakeTill(view_of(61))
    async with app_for(till).run_test(size=SMALL) as pilot:
        grid = pilot.app.query_one(ProductGrid)
        assert grid.tiling.capacity == 30
        more = grid.tiling.region(29).offset
        await pilot.click("#grid", offset=more)
        await pilot.click("#grid", offset=(3, 1))
        await pilot.click("#grid", offset=more)
        await pilot.click("#grid", offset=(3, 1))
        await pilot.click("#grid", offset=(33, 1))
    assert till.intents == [Pick(30), Pick(59)]


async def test_a_new_catalogue_replaces_the_tiles() -> None:
    till = FakeTill(view_of(3))
    async with app_for(till).run_test(size=SMALL) as pilot:
        till.put_on(view_of(30))
        await pilot.pause()
        assert pilot.app.query_one(ProductGrid).tiling.capacity == 30


async def test_without_products_it_says_where_they_come_from() -> None:
    view = replace(sample_selling(), catalogue=None, basket=())
    async with app_for(FakeTill(view)).run_test(size=SMALL) as pilot:
        grid = pilot.app.query_one(ProductGrid)
        shown = "".join(grid.render_line(y).text for y in range(grid.size.height))
        assert "The catalogue comes from the hub." in shown
        await pilot.click("#grid", offset=(3, 3))
