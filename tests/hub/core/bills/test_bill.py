from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.core.bills.bill import (
    BillState,
    Change,
    ChangeKind,
    Line,
    LineKind,
    Movement,
    MovementKind,
    changes,
    make_bill,
    standing,
)
from hub.core.bills.errors import BadBill
from tests.hub.core.bills.billing import (
    MAY,
    PIA,
    REFERENCE,
    bill,
    charged_back,
    fee,
    paid,
    refunded,
)

MOVEMENTS = st.lists(
    st.builds(Movement, st.sampled_from(MovementKind), st.integers(1, 9000)),
    max_size=6,
)


@pytest.mark.parametrize(
    ("moved", "state", "still_open", "too_much"),
    [
        ([], BillState.OPEN, 4500, 0),
        ([paid(4499)], BillState.PARTLY_PAID, 1, 0),
        ([paid(1500), paid(1500), paid(1500)], BillState.PAID, 0, 0),
        ([paid(4500), paid(4500)], BillState.OVERPAID, 0, 4500),
        ([paid(4500), paid(4500), refunded(4500)], BillState.PAID, 0, 0),
        ([paid(4500), refunded(4500)], BillState.REFUNDED, 4500, 0),
        ([paid(4500), charged_back(4500)], BillState.CHARGED_BACK, 4500, 0),
        ([paid(4500), charged_back(4500), paid(4500)], BillState.PAID, 0, 0),
        ([paid(4500), refunded(500)], BillState.REFUNDED, 500, 0),
    ],
)
def test_a_bill_stands_by_the_sum_of_what_moved(
    moved: list[Movement], state: BillState, still_open: int, too_much: int
) -> None:
    at = standing(bill(), moved)

    assert (at.state, at.open_minor, at.over_minor) == (state, still_open, too_much)
    assert at.is_paid is (still_open == 0)


@given(MOVEMENTS, st.randoms(use_true_random=False))
def test_the_order_in_which_money_moves_changes_nothing(
    moved: list[Movement], chance: object
) -> None:
    shuffled = list(moved)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]

    assert standing(bill(), shuffled) == standing(bill(), moved)


@given(MOVEMENTS)
def test_paid_means_that_what_was_kept_covers_what_is_due(
    moved: list[Movement],
) -> None:
    at = standing(bill(), moved)

    assert at.is_paid is (at.kept_minor >= 4500)
    assert at.is_paid is (at.state in {BillState.PAID, BillState.OVERPAID})
    assert at.kept_minor + at.open_minor - at.over_minor == 4500


def test_the_faulty_total_of_the_original_is_paid_to_the_cent() -> None:
    at = standing(bill(fee(2499), fee(75, "team-2")), [paid(2574)])

    assert at.state is BillState.PAID


def test_a_canceled_bill_owes_nothing_and_gives_back_what_comes() -> None:
    canceled = bill(is_canceled=True)

    assert standing(canceled, []).state is BillState.CANCELED
    late = standing(canceled, [paid(4500)])
    assert (late.state, late.over_minor) == (BillState.OVERPAID, 4500)


def test_a_bill_can_be_canceled_while_nothing_is_paid() -> None:
    assert standing(bill(), []).may_be_canceled
    assert not standing(bill(), [paid(1)]).may_be_canceled
    assert standing(bill(), [paid(1), refunded(1)]).may_be_canceled


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (bill(fee(0)), "total of zero"),
        (bill(*([fee(1)] * 501)), "1 to 500 lines"),
        (bill(reference=REFERENCE[:-1] + "x"), "check digit"),
        (bill(created_at=MAY.replace(tzinfo=None)), "time zone"),
        (bill(payer=msgspec.structs.replace(PIA, town=" ")), "address first: town"),
    ],
)
def test_what_can_not_be_billed_is_told(wrong: object, told: str) -> None:
    with pytest.raises(BadBill, match=told):
        make_bill(wrong)  # type: ignore[arg-type]


def test_a_right_bill_is_made() -> None:
    assert make_bill(bill()).total_minor == 4500


def test_a_line_is_never_negative_and_a_top_up_names_its_wallet() -> None:
    with pytest.raises(ValueError, match="negative"):
        fee(-1)
    with pytest.raises(ValueError, match="wallet"):
        Line(kind=LineKind.TOP_UP, label="Top-up", amount_minor=1)


def test_what_was_reviewed_is_what_is_billed() -> None:
    reviewed = [fee(4500), fee(3000, "team-2", "Owls")]

    assert changes(reviewed, list(reversed(reviewed))) == ()
    assert changes(reviewed, [fee(4500), fee(3500, "team-2", "Owls")]) == (
        Change(ChangeKind.OTHER_AMOUNT, "Owls", 3000, 3500),
    )
    assert changes(reviewed, [fee(4500), fee(100, "team-3", "Bats")]) == (
        Change(ChangeKind.GONE, "Owls", 3000, None),
        Change(ChangeKind.NEW, "Bats", None, 100),
    )
