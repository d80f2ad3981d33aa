from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.forms import FORMS
from contract.order import (
    Ask,
    Credit,
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


def test_what_moves_cash_is_undone_as_a_whole() -> None:
    with pytest.raises(ValueError, match="as a whole"):
        undone(ORDERS["cash_movement"], [1])


# --- one guest of several ------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "lines", "guest", "total", "credit"),
    [
        ("ticket", [1, 2], 5, -2_000, Credit(wallet=5, amount_minor=-1_000)),
        ("ticket", [1, 2], 6, -1_500, Credit(wallet=6, amount_minor=-500, vouchers=-1)),
        ("ticket", [2], 5, -1_000, Credit(wallet=5, amount_minor=-1_000)),
        ("ticket", [1], 6, -1_000, Credit(wallet=6, vouchers=-1)),
        ("top_up", [1], None, -2_000, Credit(wallet=5, amount_minor=-2_000)),
        ("payout", [1], None, 1_357, Credit(wallet=5, amount_minor=1_357)),
        ("free_ticket", [1, 2], None, 0, Credit(wallet=5)),
        ("presale_ticket", [1, 2], 5, 0, Credit(wallet=5)),
        ("presale_ticket", [1, 3], 6, -1_500, Credit(wallet=6, amount_minor=-500)),
    ],
)
def test_a_line_is_undone_for_one_guest_with_the_credits_it_brought(
    name: str, lines: list[int], guest: int | None, total: int, credit: Credit
) -> None:
    original = ORDERS[name]
    back = undone(original, lines, guest=guest)
    assert [line.cancels_line for line in back.lines] == lines
    assert (back.total_minor, back.credits) == (total, (credit,))
    if back.currency.value == "EUR":  # francs are rounded by who gives them back
        assert inconsistency(back) is None
    tried = altered(back, attempt=1, payment=original.payment)
    assert decode_order(encode_order(tried)) == tried
    assert ask_first(tried) is Ask.REQUEST


def test_a_code_is_free_again_with_the_guest_who_came_in_by_it() -> None:
    original = ORDERS["presale_ticket"]
    assert undone(original, [1, 2], guest=5).presale == original.presale
    assert undone(original, [1, 3], guest=6).presale == ()
    two = altered(original, presale=("1" * 64, "2" * 64))
    assert undone(two, [1, 2], guest=5, code="2" * 64).presale == ("2" * 64,)
    with pytest.raises(ValueError, match="which of the order's presale codes"):
        undone(two, [1, 2], guest=5)
    with pytest.raises(ValueError, match="which of the order's presale codes"):
        undone(two, [1, 2], guest=5, code="3" * 64)


def test_all_guests_one_after_the_other_are_the_whole_order() -> None:
    original = ORDERS["ticket"]
    parts = [undone(original, [1, 2], guest=each) for each in (5, 6)]
    whole = undone(original)
    assert sum(each.total_minor for each in parts) == whole.total_minor
    assert tuple(each.credits[0] for each in parts) == whole.credits


@pytest.mark.parametrize("guest", [None, 7])
def test_whose_part_it_is_has_to_be_said(guest: int | None) -> None:
    with pytest.raises(ValueError, match="which of the order's wristbands"):
        undone(ORDERS["ticket"], [1, 2], guest=guest)


def test_what_a_guest_never_had_is_not_undone() -> None:
    with pytest.raises(ValueError, match="gave this wristband nothing"):
        undone(ORDERS["presale_ticket"], [3], guest=5)
    with pytest.raises(ValueError, match="gave this wristband nothing"):
        undone(ORDERS["payout"], [2])
    mixed = altered(ORDERS["ticket"], lines=ORDERS["ticket"].lines[:1] * 2)
    with pytest.raises(ValueError, match="one ticket"):
        undone(mixed, [1, 2], guest=5)


def test_a_part_for_several_guests_is_no_order() -> None:
    original = ORDERS["ticket"]
    back = undone(original, [1], guest=6)
    everyone = altered(back, credits=undone(original).credits)
    assert inconsistency(everyone) == "it concerns one wristband only"
    (entry,) = back.lines
    both = msgspec.structs.replace(
        entry, quantity=-2, total_minor=2 * entry.total_minor
    )
    taxes = undone(original).taxes[:1]
    twice = altered(back, lines=(both,), total_minor=both.total_minor, taxes=taxes)
    assert "more than one ticket" in str(inconsistency(twice))


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
