from __future__ import annotations

from typing import TYPE_CHECKING

from hub.core.bills.bill import Line, LineKind
from hub.core.bills.postings import (
    Channel,
    Via,
    fee_entry,
    payment_entry,
    return_entry,
    turn_entry,
)
from tests.hub.core.bills.billing import REFERENCE, bill, fee, top_up

if TYPE_CHECKING:
    from hub.core.ledger import Entry

POSTFINANCE = Channel(Via.PROVIDER, "postfinance")
BANK = Channel(Via.BANK, "main")
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
        turn_entry(one, "club", 0, 4500),
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
            turn_entry(one, "club", 0, 4500),
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
    released = turn_entry(one, "club", 0, 2000)

    assert posted(paid, released)[("wallet", "5")] == 2000
    back = return_entry(one, POSTFINANCE, 2000, 0, "club")
    assert posted(paid, released, back, turn_entry(one, "club", 2000, 0)) == {}


def test_what_goes_back_in_part_is_missing_at_the_last_lines() -> None:
    one = bill(fee(3000), top_up(500), TICKET)

    assert posted(turn_entry(one, "club", 4200, 3300)) == {
        ("bill_receivable", REFERENCE): 900,
        ("wallet", "5"): -200,
        ("revenue", "0"): -700,
    }
    assert posted(turn_entry(one, "club", 3300, 4200)) == {
        ("bill_receivable", REFERENCE): -900,
        ("wallet", "5"): 200,
        ("revenue", "0"): 700,
    }


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
