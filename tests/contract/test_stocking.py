from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.money import Currency
from contract.order import decode_order, encode_order, inconsistency, undone
from contract.stocking import (
    DENOMINATIONS,
    Pieces,
    Stocking,
    StockingName,
    stocking_fault,
)
from tests.contract.orders import CASH, ORDERS

if TYPE_CHECKING:
    from contract.order import Order

FLOAT = Stocking(
    name="Bar float",
    pieces=(
        Pieces(value_minor=10_00, count=5),
        Pieces(value_minor=2_00, count=2, in_roll=25),
    ),
)


def test_a_stocking_is_worth_its_notes_and_rolls() -> None:
    assert FLOAT.total_minor == 5 * 10_00 + 2 * 25 * 2_00
    assert [str(each) for each in FLOAT.pieces] == ["5x10.00", "2x25x2.00"]


@given(
    st.lists(
        st.tuples(
            st.sampled_from(DENOMINATIONS[Currency.EUR]),
            st.integers(1, 9_999),
            st.integers(1, 100),
        ),
        min_size=1,
        max_size=30,
    )
)
def test_the_total_is_that_of_counting_coin_by_coin(
    sorts: list[tuple[int, int, int]],
) -> None:
    stocking = Stocking(
        name="any",
        pieces=tuple(
            Pieces(value_minor=value, count=count, in_roll=roll)
            for value, count, roll in sorts
        ),
    )
    assert stocking.total_minor == sum(v * c * r for v, c, r in sorts)


@pytest.mark.parametrize(
    ("pieces", "currency", "says"),
    [
        ((Pieces(value_minor=3_00, count=1),), Currency.EUR, "no coin or note of 3.00"),
        ((Pieces(value_minor=5_00, count=1),), Currency.EUR, None),
        ((Pieces(value_minor=5_00, count=1, in_roll=25),), Currency.CHF, None),
        ((Pieces(value_minor=1, count=9),), Currency.CHF, "no coin or note of 0.01"),
        (
            (Pieces(value_minor=5_00, count=1, in_roll=25),),
            Currency.EUR,
            "come in no rolls",
        ),
        (
            (Pieces(value_minor=50, count=3), Pieces(value_minor=50, count=4)),
            Currency.EUR,
            "0.50 EUR is named twice",
        ),
        (
            (
                Pieces(value_minor=50, count=3),
                Pieces(value_minor=50, count=4, in_roll=40),
            ),
            Currency.EUR,
            None,
        ),
    ],
)
def test_what_nobody_can_fill_a_drawer_with_is_said(
    pieces: tuple[Pieces, ...], currency: Currency, says: str | None
) -> None:
    fault = stocking_fault(Stocking(name="any", pieces=pieces), currency)
    assert fault is None if says is None else says in str(fault)


@pytest.mark.parametrize(
    "name", ["", " bar", "bar ", "b" * 41, "two\nlines", "bar\n", "a\0b"]
)
def test_what_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(name, StockingName)


# --- in the order --------------------------------------------------------------------


WRONG = "its rolls and notes are not the cash that it moves"


def stocked(name: str, *pieces: Pieces) -> Order:
    """The example of an order as if this had been in the drawer; 150.00, or 900.00."""
    order = ORDERS[name]
    assert order.cash is not None
    filled = Stocking(name="Bar float", pieces=pieces)
    cash = msgspec.structs.replace(order.cash, stocking=filled)
    return msgspec.structs.replace(order, cash=cash)


def test_an_order_moves_what_its_rolls_and_notes_are_worth() -> None:
    right = stocked("shift_start", *FLOAT.pieces)
    assert inconsistency(right) is None
    assert decode_order(encode_order(right)) == right
    assert inconsistency(stocked("shift_start", *FLOAT.pieces[1:])) == WRONG


def test_a_stocking_that_is_taken_back_is_taken_back_whole() -> None:
    back = msgspec.structs.replace(
        undone(stocked("shift_start", *FLOAT.pieces)), attempt=1, payment=CASH
    )
    assert inconsistency(back) is None


def test_only_a_register_that_is_handed_out_is_stocked() -> None:
    hundreds = Pieces(value_minor=100_00, count=9)
    assert inconsistency(stocked("bank_deposit", hundreds)) == WRONG


def test_an_order_without_a_template_is_written_as_ever() -> None:
    assert b"stocking" not in encode_order(ORDERS["shift_start"])
