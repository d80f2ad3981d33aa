from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.core.bills.errors import NotAllowed
from hub.core.bills.settlement import (
    Amount,
    Approval,
    Share,
    approve,
    may_settle,
    settle,
)
from tests.hub.core.bills.billing import MAY, OTHER_REFERENCE, REFERENCE

AMOUNTS = st.lists(
    st.builds(
        Amount,
        st.sampled_from(Share),
        st.integers(-9000, 9000),
        st.sampled_from([REFERENCE, OTHER_REFERENCE]),
    ),
    max_size=12,
)


def test_the_organizer_gets_paid_bills_less_what_the_methods_cost() -> None:
    settled = settle(
        [
            Amount(Share.PAID_BILLS, 4500, REFERENCE),
            Amount(Share.SURCHARGES, 128, REFERENCE),
            Amount(Share.METHOD_FEES, -128, REFERENCE),
            Amount(Share.PAID_BILLS, 3000, OTHER_REFERENCE),
            Amount(Share.METHOD_FEES, -75, OTHER_REFERENCE),
        ]
    )

    assert settled.payout_minor == 4500 + 3000 - 75
    assert settled.carried_out_minor == 0
    assert settled.bills == tuple(sorted([REFERENCE, OTHER_REFERENCE]))


def test_what_went_back_later_is_taken_off_the_next_settlement() -> None:
    back = settle([Amount(Share.TAKEN_BACK, -4500, REFERENCE)])
    assert (back.payout_minor, back.carried_out_minor) == (0, -4500)

    following = settle(
        [Amount(Share.PAID_BILLS, 6000, OTHER_REFERENCE)],
        carried_in_minor=back.carried_out_minor,
    )
    assert following.payout_minor == 1500


@given(st.lists(AMOUNTS, max_size=5))
def test_over_all_settlements_exactly_the_balance_is_paid_out(
    periods: list[list[Amount]],
) -> None:
    carried = paid_out = 0
    for amounts in periods:
        settled = settle(amounts, carried_in_minor=carried)
        carried = settled.carried_out_minor
        paid_out += settled.payout_minor

    assert paid_out + carried == sum(each.minor for all_ in periods for each in all_)
    assert carried <= 0


def test_nobody_is_settled_before_registration_ends() -> None:
    with pytest.raises(NotAllowed, match="2026-05-01 12:00 UTC"):
        may_settle(MAY, MAY)
    may_settle(MAY, MAY + timedelta(seconds=1))


def test_two_people_agree_before_money_leaves() -> None:
    drawn_up = Approval("anna")

    assert not drawn_up.is_given
    with pytest.raises(NotAllowed, match="Somebody else"):
        approve(drawn_up, "anna")
    approved = approve(drawn_up, "ben")
    assert approved.is_given
    with pytest.raises(NotAllowed, match="already"):
        approve(approved, "carl")
