from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.bill_reference import ATTEMPT_MAX, order_id
from hub.core.bills.attempts import (
    LIVE,
    Attempt,
    AttemptState,
    Refusal,
    may_be_given_up,
    may_lock,
    moved_on,
    next_number,
    refusal,
)
from hub.core.bills.bill import standing
from tests.hub.core.bills.billing import REFERENCE, bill, paid


def attempt(state: AttemptState, number: int = 1) -> Attempt:
    return Attempt(
        reference=REFERENCE,
        number=number,
        method="postfinance",
        principal_minor=4500,
        surcharge_minor=128,
        state=state,
    )


@pytest.mark.parametrize(
    ("state", "refused"),
    [
        (AttemptState.CREATED, Refusal.LIVE),
        (AttemptState.REDIRECTED, Refusal.LIVE),
        (AttemptState.PENDING, Refusal.LIVE),
        (AttemptState.UNCERTAIN, Refusal.UNCERTAIN),
        (AttemptState.FAILED, None),
        (AttemptState.CANCELED, None),
        (AttemptState.EXPIRED, None),
        (AttemptState.PAID, None),
    ],
)
def test_one_attempt_is_live_at_a_time(
    state: AttemptState, refused: Refusal | None
) -> None:
    at = standing(bill(), [])

    assert refusal(bill(), at, "paypal", [attempt(state)]) is refused
    assert may_lock(bill(), at, [attempt(state)]) is refused


def test_nothing_is_asked_for_where_nothing_is_open() -> None:
    canceled, locked = bill(is_canceled=True), bill(locked_to="slip")

    whole = standing(bill(), [paid(4500)])
    assert refusal(bill(), whole, "paypal", []) is Refusal.NOTHING_OPEN
    assert refusal(canceled, standing(canceled, []), "x", []) is Refusal.CANCELED
    at = standing(locked, [])
    assert refusal(locked, at, "paypal", []) is Refusal.LOCKED
    assert refusal(locked, at, "slip", []) is None
    assert may_lock(locked, at, []) is Refusal.LOCKED


def test_each_attempt_gets_a_number_of_its_own() -> None:
    earlier = [attempt(AttemptState.FAILED, n + 1) for n in range(ATTEMPT_MAX)]

    assert next_number([]) == 1
    assert next_number(earlier[:7]) == 8
    assert order_id(REFERENCE, next_number(earlier[:1])).endswith("-2")
    at = standing(bill(), [])
    assert refusal(bill(), at, "paypal", earlier) is Refusal.TOO_MANY


def test_only_what_no_provider_has_in_hand_can_be_given_up() -> None:
    given_up = {state for state in AttemptState if may_be_given_up(attempt(state))}

    assert given_up == {AttemptState.CREATED, AttemptState.REDIRECTED}


@given(st.lists(st.sampled_from(AttemptState), max_size=8))
def test_once_paid_it_stays_paid_and_late_money_always_counts(
    reports: list[AttemptState],
) -> None:
    now = attempt(AttemptState.REDIRECTED)
    for report in reports:
        now = moved_on(now, report)

    assert (now.state is AttemptState.PAID) is (AttemptState.PAID in reports)
    assert moved_on(now, AttemptState.PAID).state is AttemptState.PAID


@pytest.mark.parametrize("closed", sorted(set(AttemptState) - LIVE, key=str))
def test_a_late_word_does_not_reopen_what_is_closed(closed: AttemptState) -> None:
    for late in (AttemptState.REDIRECTED, AttemptState.PENDING, AttemptState.CREATED):
        assert moved_on(attempt(closed), late).state is closed


def test_the_payer_is_asked_for_principal_and_surcharge() -> None:
    asked = msgspec.structs.replace(attempt(AttemptState.CREATED), number=3)

    assert asked.amount_minor == 4628
