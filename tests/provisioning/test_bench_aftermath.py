from __future__ import annotations

from dataclasses import replace
from uuid import UUID

import pytest

from contract.money import Money
from contract.order import Outcome
from provisioning.bench.aftermath import Findings, Holdings, compare
from provisioning.bench.crash_load import Recorded, Told, Verdict

ORDER, STRANGER = UUID(int=1), UUID(int=2)
WALLET, FUNDS, TOTAL = 7, 50_00, 4_50
BALANCE = FUNDS - TOTAL
VERDICT = Verdict("OrderBooked", ORDER, 1, balance=Money(BALANCE))
DECLINE = Verdict("OrderDeclined", ORDER, 1, reason="insufficient_balance")
RECORDED = Verdict("AdviceRecorded", recorded=(Recorded(ORDER),))


def sold(**changes: object) -> Told:
    told = Told(ORDER, WALLET, TOTAL, asked=True, verdict=VERDICT)
    for name, value in changes.items():
        setattr(told, name, value)
    return told


HELD = Holdings(
    verdicts=[
        {
            "order_id": ORDER,
            "attempt": 1,
            "reason": None,
            "balance_minor": BALANCE,
        }
    ],
    bookings=[{"order_id": ORDER, "live_entries": 1, "moved_minor": TOTAL}],
    outcomes=[],
    balances=[{"serial": WALLET, "balance_minor": BALANCE}],
)


def examine(told: Told, held: Holdings = HELD) -> Findings:
    return compare([told], held, {WALLET: FUNDS})


def test_what_was_told_and_is_held_is_fine() -> None:
    assert examine(sold()).all == ()


def test_a_completed_advice_that_is_held_is_fine() -> None:
    held = replace(HELD, outcomes=[{"order_id": ORDER, "outcome": "completed"}])
    told = sold(outcome=Outcome.COMPLETED, recorded=RECORDED)
    assert examine(told, held).all == ()


def test_a_verdict_that_is_gone_is_a_loss() -> None:
    found = examine(sold(), replace(HELD, verdicts=[]))
    assert found.lost == [f"The OrderBooked of order {ORDER} is gone."]


def test_a_booking_that_is_gone_is_a_loss_and_its_wallet_is_named() -> None:
    held = replace(
        HELD, bookings=[], balances=[{"serial": WALLET, "balance_minor": FUNDS}]
    )
    found = examine(sold(), held)
    assert found.lost == [f"Order {ORDER} is booked 0 times instead of 1."]
    assert found.others == [f"Wallet {WALLET} holds {FUNDS}; its orders leave 4550."]


def test_a_second_booking_is_a_doubling() -> None:
    rows = [{"order_id": ORDER, "live_entries": 2, "moved_minor": 2 * TOTAL}]
    found = examine(sold(), replace(HELD, bookings=rows))
    assert found.doubled == [f"Order {ORDER} is booked 2 times instead of 1."]


def test_a_booking_after_a_decline_is_a_doubling_and_a_changed_verdict() -> None:
    found = examine(sold(verdict=DECLINE))
    assert len(found.doubled) == 1
    assert "insufficient_balance" in found.changed[0]


def test_an_aborted_order_must_not_stay_booked() -> None:
    held = replace(HELD, outcomes=[{"order_id": ORDER, "outcome": "aborted"}])
    told = sold(outcome=Outcome.ABORTED, recorded=RECORDED)
    assert examine(told, held).doubled


def test_another_balance_than_told_is_a_changed_verdict() -> None:
    told = sold(verdict=Verdict("OrderBooked", ORDER, 1, balance=Money(1)))
    assert len(examine(told).changed) == 1


def test_an_outcome_that_is_gone_is_a_loss() -> None:
    told = sold(outcome=Outcome.COMPLETED, recorded=RECORDED)
    assert "recorded as completed" in examine(told).lost[0]


def test_an_order_without_an_answer_is_a_loss() -> None:
    told = sold(verdict=None)
    assert f"Order {ORDER} was never answered." in examine(told).lost


def test_a_rejected_message_is_told() -> None:
    found = examine(sold(verdict=Verdict("Rejected")))
    assert "Rejected" in found.others[0]


def test_an_advice_must_be_answered_by_its_own_order() -> None:
    recorded = Verdict("AdviceRecorded", recorded=(Recorded(STRANGER),))
    found = examine(sold(outcome=Outcome.COMPLETED, recorded=recorded))
    assert any("was answered by" in each for each in found.others)


@pytest.mark.parametrize("what", ["verdicts", "bookings", "outcomes"])
def test_an_order_that_no_till_made_is_found_anywhere(what: str) -> None:
    row = {"order_id": STRANGER, "outcome": "completed"}
    held = replace(HELD, **{what: [*getattr(HELD, what), row]})
    assert examine(sold(), held).others == [
        f"The database has order {STRANGER}, which no till made."
    ]


def test_an_amount_that_differs_is_told() -> None:
    rows = [{"order_id": ORDER, "live_entries": 1, "moved_minor": 1}]
    assert examine(sold(), replace(HELD, bookings=rows)).others


def test_a_wallet_with_a_loss_is_not_computed() -> None:
    recorded = Verdict(
        "AdviceRecorded", recorded=(Recorded(ORDER, ("stand_in_loss",)),)
    )
    told = sold(outcome=Outcome.COMPLETED, recorded=recorded, total_minor=TOTAL)
    held = replace(
        HELD,
        outcomes=[{"order_id": ORDER, "outcome": "completed"}],
        balances=[{"serial": WALLET, "balance_minor": 0}],
    )
    assert not examine(told, held).others
