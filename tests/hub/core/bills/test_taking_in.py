from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from contract.bill_reference import make_reference
from hub.core.bills.matching import Disposition, Payable, Reason
from hub.core.bills.taking_in import prints_of, take_in, to_look_up
from tests.hub.core.bills.billing import OTHER_REFERENCE, REFERENCE, credit

REFERENCES = [make_reference(123456789012345678901 + number) for number in range(3)]


def payables(open_minor: int = 4500) -> list[Payable]:
    return [
        Payable(
            reference=reference,
            currency="CHF",
            open_minor=open_minor,
            payer_name="Pia Muster",
        )
        for reference in (*REFERENCES, OTHER_REFERENCE)
    ]


def test_what_has_to_be_looked_up_is_named_once() -> None:
    credits_ = [credit(entry=at, structured=(REFERENCE,)) for at in (1, 2)]

    looked = to_look_up(credits_, prints_of(credits_))

    assert looked.numbers == (REFERENCE[5:26],)
    assert len(looked.marks) == len(set(looked.marks)) > 0


def test_credits_see_what_earlier_ones_of_their_file_left_open() -> None:
    both = (REFERENCE, OTHER_REFERENCE)
    credits_ = [
        credit(entry=1, entry_ref="E1", structured=(REFERENCE,), amount_minor=500),
        credit(entry=2, entry_ref="E2", structured=both, amount_minor=8500),
        credit(entry=3, entry_ref="E3", structured=both, amount_minor=9000),
    ]

    taken = list(
        take_in(credits_, prints_of(credits_), bills=payables(), known=frozenset())
    )

    assert [each.match.disposition for each in taken] == [
        Disposition.BOOKED,
        Disposition.BOOKED,
        Disposition.UNASSIGNED,
    ]
    assert taken[1].match.parts[0].amount_minor == 4000
    assert taken[2].match.reason is Reason.SEVERAL_BILLS


def test_what_comes_again_leaves_no_mark() -> None:
    credits_ = [
        credit(entry=1, entry_ref="E1", is_booked=False),
        credit(entry=2, entry_ref="E2", is_sum=True),
        credit(entry=3, entry_ref="E3", flaw="odd"),
        credit(entry=4, entry_ref="E4", structured=(REFERENCE,)),
    ]

    taken = take_in(credits_, prints_of(credits_), bills=payables(), known=frozenset())

    assert [bool(each.kept_marks) for each in taken] == [False, False, False, True]


@settings(max_examples=60)
@given(
    st.lists(
        st.tuples(st.sampled_from(REFERENCES), st.integers(1, 9999)),
        min_size=1,
        max_size=12,
    ),
    st.data(),
)
def test_however_credits_are_split_into_files_each_is_booked_once(
    paid: list[tuple[str, int]], data: st.DataObject
) -> None:
    credits_ = [
        credit(
            entry=number,
            entry_ref=f"E{number}",
            structured=(reference,),
            amount_minor=minor,
        )
        for number, (reference, minor) in enumerate(paid, start=1)
    ]
    known: set[str] = set()
    booked: dict[str, int] = {}
    files = data.draw(
        st.lists(
            st.lists(st.sampled_from(credits_), unique_by=id, min_size=1), max_size=4
        )
    )
    for file in [*files, credits_]:
        taken = list(take_in(file, prints_of(file), bills=payables(), known=known))
        for each in taken:
            known |= each.kept_marks
            for part in each.match.parts:
                minor = booked.get(part.reference, 0) + part.amount_minor
                booked[part.reference] = minor

    wanted: dict[str, int] = {}
    for reference, minor in paid:
        wanted[reference] = wanted.get(reference, 0) + minor
    assert booked == wanted
