from __future__ import annotations

from dataclasses import replace
from uuid import UUID

import pytest

from contract.order import OrderKind, Outcome
from edge.journal.reading import JournaledOrder
from provisioning.audit import (
    Findings,
    KeptArchive,
    LedgerOrder,
    SignedProcess,
    archives,
    audit,
    kinds_missing,
    percentile_ms,
)
from tests.contract.samples import SIGNATURE

TILL = "bar-1"
SOLD = JournaledOrder(
    id=str(UUID(int=1)),
    sequence=1,
    z_number=1,
    kind="sale",
    opened_at="2026-07-04T21:15:30.000000+00:00",
    cancels=None,
    outcome=Outcome.COMPLETED.value,
    path="online",
    decided_at="2026-07-04T21:15:31.000000+00:00",
    total_minor=1200,
    wallet=4711,
    process_data=SIGNATURE.process_data,
    shown=True,
    card_to_decision_us=14_000,
    card_to_shown_us=17_400,
    signature=SIGNATURE,
    outage=None,
    sealed=True,
    recorded=True,
    flags=(),
    batch=3,
    attempts=(),
)
PRACTICED = replace(
    SOLD, id=str(UUID(int=3)), process_data="AVTraining^12.00_0.00_0.00_0.00_0.00^"
)
ABORTED = replace(SOLD, id=str(UUID(int=2)), outcome=Outcome.ABORTED.value)
BOOKED = LedgerOrder(SOLD.id, live_entries=1, total_minor=1200)
SIGNED = SignedProcess(TILL, SIGNATURE.number, SIGNATURE.process_data)


def judge(
    order: JournaledOrder = SOLD,
    *,
    booked: LedgerOrder | None = BOOKED,
    signed: SignedProcess | None = SIGNED,
    ledger_findings: tuple[str, ...] = (),
) -> Findings:
    return audit(
        {TILL: [order]},
        {booked.order: booked} if booked else {},
        {signed} if signed else set(),
        declined=2,
        ledger_findings=ledger_findings,
    )


def test_three_witnesses_who_agree_find_nothing() -> None:
    findings = judge()
    assert findings.good
    assert findings.orders_booked == findings.signatures_verified == 1
    assert findings.orders_declined == 2
    assert findings.p50_ms == findings.p99_ms == 17
    assert findings.ledger_balanced


LIES = [
    ({"booked": None}, "booked 0 times"),
    ({"booked": replace(BOOKED, live_entries=2)}, "booked 2 times"),
    ({"booked": replace(BOOKED, total_minor=1)}, "another total"),
    ({"booked": replace(BOOKED, order="x")}, "in no till's journal"),
    ({"signed": None}, "no signature"),
    ({"signed": replace(SIGNED, process_data="Beleg^0")}, "no signature"),
    ({"signed": replace(SIGNED, client="bar-2")}, "no signature"),
    ({"order": replace(SOLD, recorded=False)}, "did not record"),
    ({"order": replace(SOLD, signature=None)}, "no signature"),
    ({"order": ABORTED, "booked": replace(BOOKED, order=ABORTED.id)}, "aborted"),
    ({"order": ABORTED, "booked": None}, "bar-1 sold nothing"),
    ({"order": PRACTICED, "booked": replace(BOOKED, order=PRACTICED.id)}, "completed"),
    ({"order": PRACTICED, "booked": None}, "bar-1 sold nothing"),
    ({"order": replace(SOLD, outcome=None), "booked": None}, "was never decided"),
    ({"ledger_findings": ("entry 3 does not balance",)}, "does not balance"),
]


@pytest.mark.parametrize(("lie", "words"), LIES)
def test_each_lie_is_found(lie: dict[str, object], words: str) -> None:
    findings = judge(**lie)  # type: ignore[arg-type]
    assert not findings.good
    assert any(words in problem for problem in findings.problems)


def test_one_till_that_sells_does_not_hide_another_that_can_not() -> None:
    findings = audit(
        {TILL: [SOLD], "bar-2": []},
        {SOLD.id: BOOKED},
        {SIGNED},
        declined=0,
        ledger_findings=(),
    )
    assert findings.problems == ("bar-2 sold nothing",)


def test_what_was_practiced_is_signed_and_not_booked() -> None:
    assert PRACTICED.process_data is not None
    findings = audit(
        {TILL: [SOLD, PRACTICED]},
        {SOLD.id: BOOKED},
        {SIGNED, replace(SIGNED, process_data=PRACTICED.process_data)},
        declined=0,
        ledger_findings=(),
    )
    assert findings.good
    assert (findings.orders_booked, findings.orders_practiced) == (1, 1)


def test_a_lost_and_a_doubled_order_are_counted() -> None:
    assert judge(booked=None).orders_lost == 1
    assert judge(booked=replace(BOOKED, live_entries=2)).orders_doubled == 1


def test_percentiles_take_the_nearest_rank() -> None:
    assert percentile_ms([], 50) is None
    assert percentile_ms([1_000, 2_000, 3_000, 4_000], 50) == 2
    assert percentile_ms([1_000, 2_000, 3_000, 4_000], 99) == 4


def test_orders_are_counted_by_kind_and_each_is_paid_as_it_says() -> None:
    paid_in = replace(SOLD, kind="top_up", wallet=None)
    booked = replace(BOOKED, total_minor=0, paid_minor=1200)
    findings = judge(paid_in, booked=booked)
    assert findings.good
    assert findings.booked_by_kind == {"top_up": 1}
    assert not judge(paid_in, booked=replace(booked, paid_minor=1100)).good
    transfer = replace(paid_in, kind="cash_transfer")
    assert judge(transfer, booked=replace(booked, paid_minor=0)).good


KEPT = KeptArchive(TILL, SIGNATURE.tse_serial, SIGNATURE.number, verified=True)


@pytest.mark.parametrize(
    ("kept", "counted", "words"),
    [
        ([KEPT], (1, 1), None),
        ([replace(KEPT, last=KEPT.last - 1)], (0, 0), "is not at the hub"),
        ([replace(KEPT, till="bar-2")], (0, 0), "is not at the hub"),
        ([replace(KEPT, serial="00" * 32)], (0, 0), "is not at the hub"),
        ([replace(KEPT, verified=False)], (1, 0), "could not be verified"),
        ([], (0, 0), "is not at the hub"),
    ],
)
def test_a_log_of_a_tse_that_the_hub_lacks_is_named(
    kept: list[KeptArchive], counted: tuple[int, int], words: str | None
) -> None:
    count, problems = archives({TILL: SIGNATURE}, kept)
    assert (count.delivered, count.verified, count.wanted) == (*counted, 1)
    assert len(problems) == (words is not None)
    for problem in problems:
        assert TILL in problem
        assert words is not None
        assert words in problem


def test_a_till_that_closed_nothing_is_named() -> None:
    count, (problem,) = archives({TILL: None}, [])
    assert (count.delivered, count.wanted) == (0, 1)
    assert f"{TILL} has no closing" in problem


def test_what_was_only_practiced_or_given_up_is_still_missing() -> None:
    every = set(OrderKind)
    assert kinds_missing([SOLD]) == every - {OrderKind.SALE}
    assert kinds_missing([PRACTICED, ABORTED]) == every
    assert kinds_missing([replace(SOLD, kind=kind.value) for kind in every]) == set()
