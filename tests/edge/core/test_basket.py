from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.catalogue import Button, ButtonPart
from contract.order import LINES_MAX, QUANTITY_MAX, Payment, PaymentMethod
from edge.core.basket import PRICE_MAX, Basket, Item
from tests.contract.orders import BEER, CUP, FESTIVAL, GIFT, PRETZEL, RAFFLE

BASKET = Basket(FESTIVAL)
BY_WALLET = Payment(method=PaymentMethod.WALLET, wallet=1)
EUR = FESTIVAL.currency


def filled(*products: int) -> Basket:
    basket: Basket | None = BASKET
    for product in products:
        assert basket is not None
        basket = basket.add(product)
    assert basket is not None
    return basket


def test_a_deposit_can_be_given_back_and_nothing_else() -> None:
    returned = BASKET.add(CUP.id, -1)
    assert returned is not None
    assert returned.total.minor == -200
    assert BASKET.add(BEER.id, -1) is None
    assert filled(CUP.id).add(CUP.id, -1) == BASKET


def test_a_button_puts_all_its_products_in_or_none() -> None:
    pressed = BASKET.press(FESTIVAL.buttons[0])
    assert pressed is not None
    assert pressed.items == (Item(BEER.id, 1), Item(CUP.id, 1))
    parts = (ButtonPart(product=BEER.id), ButtonPart(product=99))
    assert BASKET.press(Button(id=9, label="Odd", parts=parts, group=1)) is None


def test_free_prices_are_lines_of_their_own() -> None:
    basket = BASKET.add(RAFFLE.id, price_minor=250)
    assert basket is not None
    basket = basket.add(RAFFLE.id, price_minor=300)
    assert basket is not None
    assert [line.unit_price_minor for line in basket.lines] == [250, 300]
    suggested = BASKET.add(GIFT.id)
    assert suggested is not None
    assert suggested.total.minor == 100


@pytest.mark.parametrize("price", [-1, PRICE_MAX + 1])
def test_a_free_price_has_bounds(price: int) -> None:
    assert BASKET.add(RAFFLE.id, price_minor=price) is None


def test_a_fixed_price_is_not_entered() -> None:
    assert BASKET.add(BEER.id, price_minor=100) is None


def test_one_is_taken_out_at_a_time_and_returns_come_back() -> None:
    assert filled(BEER.id, BEER.id).remove(BEER.id) == filled(BEER.id)
    assert filled(BEER.id).remove(BEER.id) == BASKET
    assert filled(BEER.id).remove(PRETZEL.id) == filled(BEER.id)
    back = BASKET.add(CUP.id, -2)
    assert back is not None
    assert back.remove(CUP.id) == BASKET.add(CUP.id, -1)


def test_a_line_has_a_largest_quantity() -> None:
    assert BASKET.add(BEER.id, QUANTITY_MAX) is not None
    assert BASKET.add(BEER.id, QUANTITY_MAX + 1) is None


def test_vouchers_pay_for_what_saves_most() -> None:
    lines = filled(PRETZEL.id, BEER.id).parts(BY_WALLET, EUR, 1).lines
    assert [line.total_minor for line in lines] == [300, 450, -450]


def test_the_cashier_may_use_fewer_vouchers() -> None:
    basket = Basket(FESTIVAL, filled(BEER.id, BEER.id).items, vouchers_max=1)
    lines = basket.parts(BY_WALLET, EUR, 5).lines
    assert [line.vouchers for line in lines] == [0, 1]


@pytest.mark.parametrize("method", [PaymentMethod.CASH, PaymentMethod.CARD])
def test_only_wristbands_have_vouchers(method: PaymentMethod) -> None:
    parts = filled(BEER.id).parts(Payment(method=method), EUR, 5)
    assert len(parts.lines) == 1


def test_what_a_variant_may_not_buy_is_named() -> None:
    basket = filled(BEER.id, PRETZEL.id)
    assert basket.restricted(1) == (BEER.id,)
    assert basket.restricted(2) == ()


@given(
    st.lists(
        st.tuples(st.sampled_from([1, 2, 3, 4, 5, 7]), st.integers(-3, 3)), max_size=30
    )
)
def test_a_basket_is_never_more_than_an_order_can_hold(
    moves: list[tuple[int, int]],
) -> None:
    basket = BASKET
    for product, quantity in moves:
        basket = basket.add(product, quantity) or basket
    assert len(basket.items) < LINES_MAX
    assert all(each.quantity for each in basket.items)
    assert all(each.quantity > 0 or each.product == CUP.id for each in basket.items)
