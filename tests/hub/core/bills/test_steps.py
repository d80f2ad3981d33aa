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
    amount_of,
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
from tests.hub.core.bills.billing import (
    bill,
    charged_back,
    fee,
    paid,
    refunded,
    top_up,
)

BOOK = (Path(__file__).parents[4] / "docs" / "ledger.md").read_text("utf-8")
PAYPAL = Channel(Via.PROVIDER, "paypal")
MOVEMENTS = st.lists(
    st.builds(Movement, st.sampled_from(MovementKind), st.integers(1, 9000)),
    max_size=8,
)


def steps(one: Bill, movements: list[Movement]) -> list[BillStep]:
    """All that a bill has booked as money moves, one after the other."""
    made: list[BillStep] = []
    passed = 0
    for count, movement in enumerate(movements, start=1):
        made.append(moved_step(one, "club", PAYPAL, movement))
        at = standing(one, movements[:count])
        turn = turn_of(one, "club", at, passed_minor=passed)
        if turn is not None:
            made.append(turn)
            passed = turn.after_minor
    return made


def balances(made: list[BillStep]) -> dict[Account, int]:
    """What is on each account after these steps."""
    sums: dict[Account, int] = {}
    for step in made:
        for each in entry_of(step).postings:
            sums[each.account] = sums.get(each.account, 0) + each.amount_minor
    return sums


@given(MOVEMENTS)
def test_what_is_passed_on_is_covered_whatever_moves_in_whatever_order(
    movements: list[Movement],
) -> None:
    one = bill(fee(4000), top_up(500))

    was_paid = False
    for count in range(1, len(movements) + 1):
        sums = balances(steps(one, movements[:count]))
        at = standing(one, movements[:count])
        was_paid |= at.is_paid
        gained = (
            sums.get(Account(Role.ORGANIZER_PAYABLE, "club"), 0),
            sums.get(Account(Role.WALLET, "5"), 0),
        )
        passed = sum(gained)
        assert sum(sums.values()) == 0
        assert min(gained) >= 0
        assert gained[0] == min(passed, 4000)
        assert passed <= (max(0, min(at.kept_minor, 4500)) if was_paid else 0)
        assert not at.is_paid or passed == 4500
        assert sums.get(Account(Role.BILL_RECEIVABLE, one.reference), 0) == (
            at.kept_minor - passed
        )
        assert sums.get(PAYPAL.account, 0) == -at.kept_minor


@given(MOVEMENTS, st.integers(1, 4500))
def test_a_part_that_goes_back_takes_back_as_much_and_no_more(
    movements: list[Movement], part: int
) -> None:
    one = bill(fee(4000), top_up(500))
    before = [*movements, paid(99_999)]  # whatever was: now it is paid, by too much
    over = standing(one, before).over_minor

    back = [*before, *([refunded(over)] if over else []), refunded(part)]

    sums = balances(steps(one, back))
    gained = 4500 - part
    assert sums.get(Account(Role.ORGANIZER_PAYABLE, "club"), 0) == min(4000, gained)
    assert sums.get(Account(Role.WALLET, "5"), 0) == max(0, gained - 4000)
    assert sums.get(Account(Role.BILL_RECEIVABLE, one.reference), 0) == 0


def test_what_comes_after_a_part_went_back_waits_until_all_is_there() -> None:
    one = bill(fee(4500))
    moved = [paid(4500), refunded(1500), paid(500)]

    *_, last = steps(one, moved)
    assert (last.step, last.principal_minor) == (StepKind.PAYMENT, 500)

    *_, last = steps(one, [*moved, paid(1000)])
    assert (last.step, last.before_minor, last.after_minor) == (
        StepKind.RELEASE,
        3000,
        4500,
    )


def test_a_canceled_bill_passes_nothing_on() -> None:
    one = bill(is_canceled=True)

    assert turn_of(one, "club", standing(one, [paid(4500)]), passed_minor=0) is None


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


def test_a_step_says_how_much_money_it_is_about() -> None:
    one = bill(fee(4000))
    in_and_out = steps(one, [paid(4000), refunded(1000)])
    said = [(each.step, amount_of(each)) for each in in_and_out]
    assert said == [
        (StepKind.PAYMENT, 4000),
        (StepKind.RELEASE, 4000),
        (StepKind.RETURN, 1000),
        (StepKind.RETAKE, 1000),
    ]
    assert amount_of(fee_step(one, "club", PAYPAL, -35)) == -35


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
        {"principal_minor": -1},
        {"step": StepKind.PAYMENT},
        {"channel": None},
        {"step": StepKind.RELEASE},
        {"after_minor": 1},
        {"step": StepKind.RELEASE, "channel": None},
        {"step": StepKind.RELEASE, "channel": None, "after_minor": 4501},
        {"step": StepKind.RETAKE, "channel": None, "after_minor": 4500},
        {"step": StepKind.RETAKE, "channel": None, "before_minor": -1},
    ],
)
def test_a_step_that_makes_no_sense_can_not_be_made(wrong: dict[str, object]) -> None:
    step = fee_step(bill(), "club", PAYPAL, 130)

    with pytest.raises(ValueError, match=r"collects|fee|lies|passed on"):
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
