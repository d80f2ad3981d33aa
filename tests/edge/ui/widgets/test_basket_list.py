from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from edge.core.intents import Remove
from edge.ui.sample import sample_basket, sample_selling
from edge.ui.widgets.basket_list import CARD_HEIGHT, BasketList, clipped
from tests.edge.ui.fake_till import SMALL, FakeTill, app_for

if TYPE_CHECKING:
    from edge.core.view import TillView


def basket_of(*picks: tuple[int, int]) -> TillView:
    return replace(sample_selling(), basket=sample_basket(*picks))


LONG = basket_of(*((number, 1) for number in range(1, 9)))


def text_of(basket: BasketList) -> str:
    return "\n".join(basket.render_line(y).text for y in range(basket.size.height))


async def test_the_last_lines_stay_in_sight_and_the_rest_is_counted() -> None:
    async with app_for(FakeTill(LONG)).run_test(size=SMALL) as pilot:
        basket = pilot.app.query_one(BasketList)
        assert [line.product for line in basket.in_sight] == [6, 7, 8]
        assert "+5 more" in text_of(basket)


async def test_one_more_of_a_hidden_line_brings_it_into_sight() -> None:
    till = FakeTill(LONG)
    async with app_for(till).run_test(size=SMALL) as pilot:
        till.put_on(basket_of((1, 1), (2, 2), *((n, 1) for n in range(3, 9))))
        await pilot.pause()
        basket = pilot.app.query_one(BasketList)
        assert 2 in [line.product for line in basket.in_sight]


async def test_the_hint_and_a_dragging_finger_scroll() -> None:
    async with app_for(FakeTill(LONG)).run_test(size=SMALL) as pilot:
        basket = pilot.app.query_one(BasketList)
        await pilot.click("#basket", offset=(5, 0))
        assert [line.product for line in basket.in_sight] == [3, 4, 5]
        basket.on_mouse_scroll_down()
        assert [line.product for line in basket.in_sight] == [4, 5, 6]
        basket.on_mouse_scroll_up()
        assert "▲ +2  ▼ +3" in text_of(basket)


async def test_each_row_of_a_card_takes_one_of_its_product_out() -> None:
    till = FakeTill(basket_of((1, 1), (2, 1)))
    async with app_for(till).run_test(size=SMALL) as pilot:
        for row in range(2 * CARD_HEIGHT):
            await pilot.click("#basket", offset=(0, row))
    assert till.intents == [Remove(1)] * CARD_HEIGHT + [Remove(2)] * CARD_HEIGHT


async def test_sliding_off_a_card_takes_nothing_out() -> None:
    till = FakeTill(basket_of((1, 1), (2, 1)))
    async with app_for(till).run_test(size=SMALL) as pilot:
        await pilot.mouse_down("#basket", offset=(4, 1))
        await pilot.hover("#basket", offset=(4, 4))
        await pilot.mouse_up("#basket", offset=(4, 1))
    assert till.intents == []


async def test_lines_are_exactly_as_wide_as_the_column() -> None:
    till = FakeTill(basket_of((1, 9999), (25, 9999)))
    async with app_for(till).run_test(size=SMALL) as pilot:
        basket = pilot.app.query_one(BasketList)
        for y in range(basket.size.height):
            strip = basket.render_line(y)
            assert len(strip.text) == basket.size.width


def test_a_clipped_name_says_so() -> None:
    assert clipped("Currywurst with fries", 12) == "Currywurst…"
    assert clipped("Fries", 12) == "Fries"
