from __future__ import annotations

from pathlib import Path
from uuid import uuid4

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.core.bills.bill import Bill, Movement, MovementKind, standing
from hub.core.bills.postings import Channel, Via
from hub.core.bills.steps import (
    BillStep,
    StepKind,
    decode_step,
    encode_step,
    entry_of,
    fee_step,
    moved_step,
    step_item,
    turn_of,
)
from hub.core.ledger import Account, Role
from hub.core.proof import own_entry
from tests.hub.core.bills.billing import bill, charged_back, fee, paid, top_up

BOOK = (Path(__file__).parents[4] / "docs" / "ledger.md").read_text("utf-8")
PAYPAL = Channel(Via.PROVIDER, "paypal")
MOVEMENTS = st.lists(
    st.builds(Movement, st.sampled_from(MovementKind), st.integers(1, 9000)),
    max_size=8,
)


def steps(one: Bill, movements: list[Movement]) -> list[BillStep]:
    """All that a bill has booked as money moves, one after the other."""
    made, released = [], False
    for count, movement in enumerate(movements, start=1):
        made.append(moved_step(one, "club", PAYPAL, movement))
        at = standing(one, movements[:count])
        turn = turn_of(one, "club", at, released=released)
        if turn is not None:
            made.append(turn)
            released = not released
    return made


@given(MOVEMENTS)
def test_what_is_due_is_with_its_gainers_exactly_while_the_bill_is_paid(
    movements: list[Movement],
) -> None:
    one = bill(fee(4000), top_up(500))

    sums: dict[Account, int] = {}
    for step in steps(one, movements):
        for each in entry_of(step).postings:
            sums[each.account] = sums.get(each.account, 0) + each.amount_minor

    at = standing(one, movements)
    gained = 4500 if at.is_paid else 0
    assert sums.get(Account(Role.BILL_RECEIVABLE, one.reference), 0) == (
        at.kept_minor - gained
    )
    assert sums.get(Account(Role.ORGANIZER_PAYABLE, "club"), 0) == gained * 4000 // 4500
    assert sums.get(Account(Role.WALLET, "5"), 0) == gained * 500 // 4500


def test_a_canceled_bill_passes_nothing_on() -> None:
    one = bill(is_canceled=True)

    assert turn_of(one, "club", standing(one, [paid(4500)]), released=False) is None


@given(MOVEMENTS)
def test_the_bytes_of_a_step_say_its_entry(movements: list[Movement]) -> None:
    for step in steps(bill(fee(4000), top_up(500)), movements):
        body = encode_step(step)

        assert decode_step(body) == step
        assert own_entry(body) == entry_of(step)
        item = step_item(uuid4(), body)
        moved = sum(each.minor for each in item.moves)
        assert moved + sum(each.amount_minor for each in item.postings) == 0
        assert item.is_forced


def test_a_step_names_nobody() -> None:
    body = encode_step(moved_step(bill(), "club", PAYPAL, paid(4500)))

    assert b"Foxes" not in body
    assert b"Pia" not in body


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'{"type":"other"}',
        b'{"type":"bill"}',
        b"paypal:1:2:3",
    ],
)
def test_what_is_no_step_is_told(body: bytes) -> None:
    assert decode_step(body) is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"lines": ()},
        {"fee_minor": -1},
        {"channel": None},
        {"step": StepKind.RELEASE},
    ],
)
def test_a_step_that_makes_no_sense_can_not_be_made(wrong: dict[str, object]) -> None:
    step = fee_step(bill(), "club", PAYPAL, 130)

    with pytest.raises(ValueError, match=r"collects|lies"):
        BillStep(**(msgspec.structs.asdict(step) | wrong))


def test_a_top_up_charged_back_is_taken_off_its_wallet() -> None:
    one = bill(top_up(2000))

    *_, retake = steps(one, [paid(2000), charged_back(2000)])

    assert retake.step is StepKind.RETAKE
    [move] = step_item(uuid4(), encode_step(retake)).moves
    assert (move.serial, move.minor) == (5, -2000)


def test_the_book_tells_accountants_of_every_step() -> None:
    rows = {kind for kind in StepKind if f"\n| `{kind.value}` | " in BOOK}

    assert rows == set(StepKind)


def test_the_example_of_the_book_is_booked_so() -> None:
    paying = moved_step(bill(), "club", PAYPAL, paid(4500), 90)

    assert {
        each.account.role: each.amount_minor for each in entry_of(paying).postings
    } == {
        Role.PROVIDER_CLEARING: -4590,
        Role.BILL_RECEIVABLE: 4500,
        Role.ORGANIZER_PAYABLE: 90,
    }
