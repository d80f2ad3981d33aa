from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.forms import FORMS
from contract.order import (
    Ask,
    Line,
    Order,
    OrderKind,
    ask_first,
    decode_order,
    encode_order,
    inconsistency,
    undone,
)
from tests.contract.orders import BEER, CASH, CUP, ORDERS, PRETZEL, altered, sale

if TYPE_CHECKING:
    from contract.catalogue import Product

CANCELABLE = [name for name in ORDERS if FORMS[ORDERS[name].kind].cancelable]


@pytest.mark.parametrize("name", CANCELABLE)
def test_an_order_undone_as_a_whole_is_as_it_should_be(name: str) -> None:
    original = ORDERS[name]
    back = undone(original)
    assert back.attempt == 0
    assert back.cancels == original.id
    assert back.acts_as is original.kind
    assert back.total_minor == -original.total_minor
    assert back.vouchers == -original.vouchers
    assert inconsistency(back) is None
    tried = altered(back, attempt=1, payment=original.payment)
    assert inconsistency(tried) is None
    assert decode_order(encode_order(tried)) == tried


@pytest.mark.parametrize("name", sorted(set(ORDERS) - set(CANCELABLE)))
def test_what_can_not_be_undone_says_so(name: str) -> None:
    with pytest.raises(ValueError, match="can't be canceled"):
        undone(ORDERS[name])


def test_a_cancellation_is_not_canceled() -> None:
    with pytest.raises(ValueError, match="can't be canceled"):
        undone(undone(ORDERS["sale"]))


def test_a_line_is_undone_by_its_number() -> None:
    original = sale((BEER, 2), (CUP, 2), (PRETZEL, 1), vouchers=1)
    back = undone(original, [1, 4])
    assert [line.cancels_line for line in back.lines] == [1, 4]
    assert back.total_minor == -900 + 450
    assert back.vouchers == -1
    assert inconsistency(back) is None


@pytest.mark.parametrize("lines", [[], [0], [3], [1, 9]])
def test_lines_that_are_not_there_are_refused(lines: list[int]) -> None:
    with pytest.raises(ValueError, match="lines 1 to 2"):
        undone(sale((BEER, 1), (PRETZEL, 1)), lines)


@pytest.mark.parametrize("name", ["top_up", "ticket", "cash_movement"])
def test_what_credits_or_moves_cash_is_undone_as_a_whole(name: str) -> None:
    with pytest.raises(ValueError, match="as a whole"):
        undone(ORDERS[name], [1])


def test_one_line_is_not_undone_twice_in_one_order() -> None:
    back = undone(sale((BEER, 1), (PRETZEL, 1)), [1, 2])
    twice = tuple(altered_line(back, number, 1) for number in range(2))
    assert "one by one" in str(inconsistency(altered(back, lines=twice)))
    half = (altered_line(back, 0, 1), altered_line(back, 1, None))
    assert "one by one" in str(inconsistency(altered(back, lines=half)))


def altered_line(order: Order, index: int, number: int | None) -> Line:
    return msgspec.structs.replace(order.lines[index], cancels_line=number)


@given(
    st.lists(st.sampled_from((BEER, CUP, PRETZEL)), min_size=1, max_size=9), st.data()
)
def test_what_is_undone_by_line_never_exceeds_the_order(
    products: list[Product], data: st.DataObject
) -> None:
    original = sale(*((each, 1) for each in products))
    numbers = data.draw(
        st.sets(st.integers(1, len(original.lines)), min_size=1), label="numbers"
    )
    back = undone(original, numbers)
    assert inconsistency(back) is None
    assert -original.total_minor <= back.total_minor < 0


@pytest.mark.parametrize(
    ("name", "ask"),
    [
        ("sale", Ask.REQUEST),
        ("sale_in_cash", Ask.NOTHING),
        ("sale_by_card", Ask.NOTHING),
        ("top_up", Ask.CHECK),
        ("payout", Ask.REQUEST),
        ("ticket", Ask.CHECK),
        ("free_ticket", Ask.REQUEST),
        ("grant", Ask.REQUEST),
        ("bill_payment", Ask.CHECK),
        ("register", Ask.REQUEST),
        ("swap", Ask.REQUEST),
        ("block", Ask.REQUEST),
        ("annotate", Ask.REQUEST),
        ("shift_start", Ask.NOTHING),
        ("cash_movement", Ask.NOTHING),
        ("cash_transfer", Ask.NOTHING),
        ("shift_end", Ask.CHECK),
    ],
)
def test_who_is_asked_first_follows_from_kind_and_payment(name: str, ask: Ask) -> None:
    assert ask_first(ORDERS[name]) is ask


def test_a_cancellation_is_asked_for_where_it_touches_wallets() -> None:
    in_cash = altered(undone(ORDERS["sale_in_cash"]), attempt=1, payment=CASH)
    assert ask_first(in_cash) is Ask.NOTHING
    assert ask_first(in_cash, of_other_till=True) is Ask.CHECK
    assert ask_first(undone(ORDERS["top_up"]), of_other_till=True) is Ask.REQUEST
    top_up = altered(undone(ORDERS["top_up"]), attempt=1, payment=CASH)
    assert ask_first(top_up) is Ask.REQUEST
    assert ask_first(undone(ORDERS["grant"])) is Ask.REQUEST


def test_every_kind_is_told_whom_to_ask() -> None:
    for kind in set(OrderKind) - {OrderKind.CANCELLATION}:
        example = next(each for each in ORDERS.values() if each.kind is kind)
        assert ask_first(example) in Ask
