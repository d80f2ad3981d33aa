from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from hub.core.bills.bill import Bill, Line, LineKind, Movement, MovementKind, standing
from hub.core.bills.postings import (
    Channel,
    Via,
    fee_entry,
    payment_entry,
    release_entry,
    retake_entry,
    return_entry,
)
from tests.hub.core.bills.billing import REFERENCE, bill, fee, top_up

if TYPE_CHECKING:
    from hub.core.ledger import Entry

POSTFINANCE = Channel(Via.PROVIDER, "postfinance")
BANK = Channel(Via.BANK, "main")
MOVEMENTS = st.lists(
    st.builds(Movement, st.sampled_from(MovementKind), st.integers(1, 9000)),
    max_size=8,
)
TICKET = Line(kind=LineKind.TICKET, label="Saturday", amount_minor=700)


def posted(*entries: Entry) -> dict[tuple[str, str], int]:
    sums: dict[tuple[str, str], int] = {}
    for entry in entries:
        assert sum(each.amount_minor for each in entry.postings) == 0
        for each in entry.postings:
            place = (each.account.role.value, each.account.key)
            sums[place] = sums.get(place, 0) + each.amount_minor
    return {place: minor for place, minor in sums.items() if minor}


def test_a_paid_bill_leaves_start_fees_with_the_organizer() -> None:
    one = bill()

    assert posted(
        payment_entry(one, POSTFINANCE, 4500, 128, "club"),
        release_entry(one, "club"),
        fee_entry(one, POSTFINANCE, 128, "club"),
    ) == {
        ("provider_clearing", "postfinance"): -4500,
        ("organizer_payable", "club"): 4500,
    }


def test_the_organizer_bears_a_fee_that_the_payer_did_not() -> None:
    one = bill()

    assert (
        posted(
            payment_entry(one, POSTFINANCE, 4500, 0, "club"),
            release_entry(one, "club"),
            fee_entry(one, POSTFINANCE, 128, "club"),
        )[("organizer_payable", "club")]
        == 4372
    )


def test_a_part_payment_waits_on_the_bill() -> None:
    assert posted(payment_entry(bill(), BANK, 1500, 0, "club")) == {
        ("bank", "main"): -1500,
        ("bill_receivable", REFERENCE): 1500,
    }


def test_a_top_up_credits_the_wallet_and_a_chargeback_takes_it_back() -> None:
    one = bill(top_up(2000))
    paid = payment_entry(one, POSTFINANCE, 2000, 0, "club")
    released = release_entry(one, "club")

    assert posted(paid, released)[("wallet", "5")] == 2000
    back = return_entry(one, POSTFINANCE, 2000, 0, "club")
    assert posted(paid, released, back, retake_entry(one, "club")) == {}


def test_a_surcharge_that_goes_back_is_taken_from_whom_it_was_given() -> None:
    one = bill(fee(3000), top_up(1000))
    paid = payment_entry(one, POSTFINANCE, 4000, 80, "club")

    assert posted(paid, return_entry(one, POSTFINANCE, 4000, 80, "club")) == {}


def test_what_a_method_costs_is_shared_by_whose_money_it_brought() -> None:
    one = bill(fee(3000), top_up(1000))

    assert posted(fee_entry(one, POSTFINANCE, 100, "club")) == {
        ("provider_clearing", "postfinance"): 100,
        ("organizer_payable", "club"): -75,
        ("fee_expense", "postfinance"): -25,
    }


def told(one: Bill, moved: list[Movement]) -> list[Entry]:
    """Book what moved as the service will: release and retake when paid flips."""
    entries: list[Entry] = []
    was_paid = False
    for count, each in enumerate(moved, start=1):
        if each.kind is MovementKind.PAYMENT:
            entry = payment_entry(one, BANK, each.principal_minor, 0, "club")
        else:
            entry = return_entry(one, BANK, each.principal_minor, 0, "club")
        entries.append(entry)
        is_paid = standing(one, moved[:count]).is_paid
        if is_paid and not was_paid:
            entries.append(release_entry(one, "club"))
        if was_paid and not is_paid:
            entries.append(retake_entry(one, "club"))
        was_paid = is_paid
    return entries


@given(MOVEMENTS)
def test_the_ledger_says_what_the_bill_says(moved: list[Movement]) -> None:
    one = bill(fee(3000), top_up(500), TICKET)
    at = standing(one, moved)
    sums = posted(*told(one, moved))

    released = one.total_minor if at.is_paid else 0
    assert sums.get(("organizer_payable", "club"), 0) == (3000 if at.is_paid else 0)
    assert sums.get(("wallet", "5"), 0) == (500 if at.is_paid else 0)
    assert sums.get(("bill_receivable", REFERENCE), 0) == at.kept_minor - released
    assert sums.get(("bank", "main"), 0) == -at.kept_minor
