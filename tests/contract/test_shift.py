from __future__ import annotations

import pytest

from contract.order import CashMove, Order, undone
from contract.shift import Turn, turn_of
from tests.contract.orders import (
    ORDERS,
    OTHER_REGISTER,
    REGISTER,
    altered,
)

START = ORDERS["shift_start"]
HANDED_OVER = ORDERS["handed_over"]
ELSEWHERE = CashMove(source=OTHER_REGISTER, target=OTHER_REGISTER, holder="c18")
CHANGE = CashMove(source=REGISTER, target=OTHER_REGISTER, amount_minor=500)


@pytest.mark.parametrize(
    ("about", "turn"),
    [
        (START, Turn.BEGINS),
        (ORDERS["shift_end"], Turn.ENDS),
        (undone(START), Turn.ENDS),
        (HANDED_OVER, Turn.PASSES),
        (altered(HANDED_OVER, cash=ELSEWHERE), None),  # another till's register
        (altered(HANDED_OVER, cash=CHANGE), None),
        (altered(START, training=True), None),
        (ORDERS["cash_movement"], None),
        (ORDERS["sale"], None),
    ],
)
def test_what_becomes_of_a_shift(about: Order, turn: Turn | None) -> None:
    assert turn_of(about) is turn
