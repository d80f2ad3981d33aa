from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.bill_reference import creditor_reference, grouped, make_reference
from hub.core.bills.credits import Credit, Direction
from hub.core.bills.fingerprints import fingerprints
from hub.core.bills.matching import (
    Disposition,
    Match,
    Part,
    Payable,
    Reason,
    by_number,
    match,
    suggestions,
)
from tests.hub.core.bills.billing import OTHER_REFERENCE, REFERENCE, credit

PIAS = Payable(
    reference=REFERENCE, currency="CHF", open_minor=4500, payer_name="Pia Müller"
)
BENS = Payable(
    reference=OTHER_REFERENCE, currency="CHF", open_minor=3000, payer_name="Ben Frei"
)


def matched(one: Credit, known: frozenset[str] = frozenset()) -> Match:
    (fingerprint,) = fingerprints([one])
    bills = by_number([PIAS, BENS])
    return match(one, fingerprint, bills=bills, known=known, candidates=bills.values())


@pytest.mark.parametrize("minor", [1, 1500, 4500, 9000])
@pytest.mark.parametrize(
    "named",
    [
        {"structured": (REFERENCE,)},
        {"structured": (creditor_reference(REFERENCE),)},
        {"text": (f"Danke! {grouped(REFERENCE)}",)},
        {"text": (REFERENCE[:20], REFERENCE[20:])},
        {"end_to_end_id": f"{REFERENCE[:26]}-2"},
    ],
)
def test_a_right_reference_books_any_amount(
    minor: int, named: dict[str, object]
) -> None:
    found = matched(credit(amount_minor=minor, **named))

    assert found.disposition is Disposition.BOOKED
    assert found.parts == (Part(REFERENCE, minor),)


@pytest.mark.parametrize(
    ("changed", "disposition", "reason"),
    [
        ({"flaw": "odd"}, Disposition.QUARANTINED, Reason.FLAWED),
        ({"direction": Direction.UNKNOWN}, Disposition.QUARANTINED, Reason.FLAWED),
        ({"is_booked": False}, Disposition.IGNORED, Reason.NOT_BOOKED_YET),
        ({"direction": Direction.DEBIT}, Disposition.IGNORED, Reason.MONEY_OUT),
        ({"amount_minor": 0}, Disposition.IGNORED, Reason.ZERO),
        ({"is_reversal": True}, Disposition.UNASSIGNED, Reason.REVERSAL),
        (
            {"is_reversal": True, "direction": Direction.DEBIT},
            Disposition.UNASSIGNED,
            Reason.REVERSAL,
        ),
        ({"currency": "EUR"}, Disposition.UNASSIGNED, Reason.OTHER_CURRENCY),
        ({"is_sum": True}, Disposition.UNASSIGNED, Reason.SUM_ONLY),
        ({"structured": ()}, Disposition.UNASSIGNED, Reason.NO_REFERENCE),
        (
            {"structured": (make_reference(10**20),)},
            Disposition.UNASSIGNED,
            Reason.UNKNOWN_BILL,
        ),
        (
            {"structured": (make_reference(int(REFERENCE[5:26]), "21000"),)},
            Disposition.UNASSIGNED,
            Reason.UNKNOWN_BILL,
        ),
    ],
)
def test_what_is_not_simply_a_credit_with_a_reference(
    changed: dict[str, object], disposition: Disposition, reason: Reason
) -> None:
    found = matched(credit(**({"structured": (REFERENCE,)} | changed)))

    assert (found.disposition, found.reason) == (disposition, reason)
    assert found.parts == ()
    assert found.about.endswith(".") or found.about == "odd"


def test_several_bills_are_paid_at_once_if_their_sum_is_right() -> None:
    both = {"text": (f"{REFERENCE} / {OTHER_REFERENCE}",)}

    assert matched(credit(amount_minor=7500, **both)).parts == (
        Part(REFERENCE, 4500),
        Part(OTHER_REFERENCE, 3000),
    )
    short = matched(credit(amount_minor=7499, **both))
    assert (short.reason, short.parts) == (Reason.SEVERAL_BILLS, ())
    assert short.suggestions == (PIAS, BENS)


def test_what_was_taken_in_before_is_not_booked_again() -> None:
    one = credit(structured=(REFERENCE,), entry_ref="E1", bank_ref="T1")
    (fingerprint,) = fingerprints([one])

    found = matched(one, fingerprint.marks)

    assert (found.disposition, found.reason) == (Disposition.IGNORED, Reason.KNOWN)


def test_what_may_have_been_taken_in_before_is_shown_beside_its_bill() -> None:
    one = credit(structured=(REFERENCE,))
    (fingerprint,) = fingerprints([one])

    found = matched(one, fingerprint.marks)

    assert (found.disposition, found.reason) == (
        Disposition.UNASSIGNED,
        Reason.MAYBE_KNOWN,
    )
    assert found.suggestions == (PIAS,)


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"payer_name": "MUELLER PIA", "amount_minor": 4500}, (PIAS,)),
        ({"payer_name": "Pia Muller", "amount_minor": 1}, (PIAS,)),
        ({"text": ("Startgeld Ben Frei",), "amount_minor": 4500}, (BENS, PIAS)),
        ({"payer_name": "Nobody", "amount_minor": 3000}, (BENS,)),
        ({"payer_name": "Nobody", "amount_minor": 1}, ()),
        ({"payer_name": "Pia Müller", "currency": "EUR"}, ()),
    ],
)
def test_names_and_amounts_only_suggest(
    changed: dict[str, object], expected: tuple[Payable, ...]
) -> None:
    found = matched(credit(**changed))

    assert found.disposition is Disposition.UNASSIGNED
    assert set(found.suggestions) == set(expected)
    assert suggestions(credit(**changed), [PIAS, BENS]) == found.suggestions


@given(
    st.sampled_from(Direction),
    st.integers(0, 10_000),
    st.booleans(),
    st.booleans(),
    st.lists(st.sampled_from([REFERENCE, OTHER_REFERENCE, "x"]), max_size=3),
)
def test_what_is_booked_is_exactly_what_came(
    direction: Direction, minor: int, booked: object, reversal: object, named: list[str]
) -> None:
    one = credit(
        direction=direction,
        amount_minor=minor,
        is_booked=booked,
        is_reversal=reversal,
        structured=tuple(named),
    )
    found = matched(one)

    if found.disposition is Disposition.BOOKED:
        assert sum(part.amount_minor for part in found.parts) == minor > 0
        assert direction is Direction.CREDIT
    else:
        assert found.parts == ()
        assert found.reason is not None
