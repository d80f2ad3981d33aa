from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from hub.core.bills.bill import standing
from hub.core.bills.payouts import SettlementPaid, encode_paid
from hub.core.bills.postings import Channel, Via
from hub.core.bills.steps import encode_step, fee_step, turn_of
from hub.payments.by_hand import BANK_ACCOUNT
from hub.service.payout_check import refund_findings, settlement_findings
from tests.hub.core.bills.billing import REFERENCE, bill, fee, paid

NOW = datetime(2026, 5, 2, tzinfo=UTC)
ONE = bill(fee(4500))
RELEASE = turn_of(ONE, "run", standing(ONE, [paid(4500)]), passed_minor=0)
FEE = fee_step(ONE, "run", Channel(Via.PROVIDER, "paypal"), 128)


def line(share: str, minor: int, step: Any) -> dict[str, Any]:
    return {
        "share": share,
        "amount_minor": minor,
        "reference": REFERENCE,
        "step": uuid4(),
        "body": encode_step(step),
    }


def body(**changed: Any) -> bytes:
    given: dict[str, Any] = {"organizer": "run", "number": 2, "payout_minor": 4272}
    return encode_paid(SettlementPaid(channel=BANK_ACCOUNT, **(given | changed)))


LINES = [line("paid_bills", 4500, RELEASE), line("method_fees", -128, FEE)]
SETTLEMENT: dict[str, Any] = {
    "slug": "run",
    "number": 2,
    "paid_bills_minor": 4500,
    "surcharges_minor": 0,
    "method_fees_minor": -128,
    "taken_back_minor": 0,
    "carried_in_minor": -100,
    "payout_minor": 4272,
    "body": body(),
    "is_filed": True,
    "is_approved": True,
    "is_same": True,
    "batch": 7,
    "booked_in": 7,
}
REFUND: dict[str, Any] = {
    "way": "transfer",
    "state": "done",
    "amount_minor": 1000,
    "is_filed": True,
    "is_approved": True,
    "moved_minor": 1000,
}


def test_what_two_people_paid_out_is_well() -> None:
    assert list(settlement_findings(SETTLEMENT, LINES, -100)) == []
    waiting = {"is_filed": False, "is_approved": False, "is_same": False}
    drawn_up = SETTLEMENT | waiting | {"batch": None, "booked_in": None}
    assert list(settlement_findings(drawn_up, LINES, -100)) == []
    # booked by the ledger, and not yet noted
    assert list(settlement_findings(SETTLEMENT | {"batch": None}, LINES, -100)) == []


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"paid_bills_minor": 4501}, "Its sums"),
        ({"carried_in_minor": 0}, "Its sums"),
        ({"payout_minor": 4273, "body": body(payout_minor=4273)}, "Its sums"),
        ({"body": body(payout_minor=1)}, "another payout"),
        ({"body": body(organizer="walk")}, "another payout"),
        ({"body": b"x"}, "another payout"),
        ({"is_approved": False}, "nobody has approved"),
        ({"batch": 8}, "noted as booked in batch 8"),
        ({"booked_in": None}, "noted as booked in batch 7"),
        ({"is_same": False}, "what was not paid out"),
        ({"is_filed": False}, "what was not paid out"),
    ],
)
def test_tampering_with_a_settlement_is_found(
    changed: dict[str, Any], said: str
) -> None:
    (text,) = settlement_findings(SETTLEMENT | changed, LINES, -100)
    assert said in text


def test_a_settlement_is_made_of_what_its_steps_brought() -> None:
    wrong = [LINES[0] | {"amount_minor": 4600}, LINES[1] | {"amount_minor": -228}]
    found = list(settlement_findings(SETTLEMENT, wrong, -100))
    assert sum("is not what that step brought" in text for text in found) == 2
    assert "Its sums" in next(settlement_findings(SETTLEMENT, LINES[:1], -100))


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({}, None),
        ({"moved_minor": 900}, "is done with 1000; what went back by it is 900"),
        ({"moved_minor": None}, "what went back by it is nil"),
        ({"is_approved": False}, "nobody has approved"),
        ({"is_filed": False}, "files for the bank"),
        ({"way": "provider", "is_filed": False}, None),
        ({"way": "provider", "is_filed": False, "state": "failed"}, None),
        (
            {"way": "provider", "is_filed": False, "state": "requested"},
            "money went back by it",
        ),
    ],
)
def test_a_refund_is_compared_with_what_went_back(
    changed: dict[str, Any], said: str | None
) -> None:
    found = list(refund_findings(REFUND | changed))
    assert len(found) == (said is not None)
    assert said is None or said in found[0]
