from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.bill_reference import grouped
from hub.core.bills.fingerprints import fingerprints
from tests.hub.core.bills.billing import OTHER_REFERENCE, REFERENCE, credit

if TYPE_CHECKING:
    from hub.core.bills.credits import Credit

NOTIFIED = credit(entry_ref="E1", bank_ref="T1", structured=(REFERENCE,))


def taken(*files: list[Credit]) -> list[list[str]]:
    """Take files in one after the other; say of each credit what it seems to be."""
    known: set[str] = set()
    told: list[list[str]] = []
    for file in files:
        prints = list(fingerprints(file))
        words = []
        for each in prints:
            if each.sure & known:
                words.append("known")
            elif each.weak & known:
                words.append("maybe")
            else:
                words.append("new")
        told.append(words)
        for each, one in zip(prints, file, strict=True):
            if not one.is_sum:
                known |= each.marks
    return told


@pytest.mark.parametrize(
    "again",
    [
        NOTIFIED,
        credit(entry_ref="E1", bank_ref="T1", text=(f"Ref {grouped(REFERENCE)}",)),
        credit(entry_ref="E1", structured=(REFERENCE,)),
        credit(entry_ref="T1", structured=(REFERENCE,)),
        credit(entry_ref="E1", text=("Gutschrift",)),
        credit(entry_ref="E1", entry=7, part=3, bank_ref="T1", structured=(REFERENCE,)),
    ],
)
def test_the_same_money_in_another_file_is_known(again: Credit) -> None:
    assert taken([NOTIFIED], [again]) == [["new"], ["known"]]


@pytest.mark.parametrize(
    "other",
    [
        credit(entry_ref="E2", bank_ref="T2", structured=(REFERENCE,)),
        credit(entry_ref="E1", bank_ref="T2", structured=(REFERENCE,)),
        credit(entry_ref="E1", bank_ref="T1", structured=(OTHER_REFERENCE,)),
        credit(
            entry_ref="E1", bank_ref="T1", structured=(REFERENCE,), amount_minor=4501
        ),
        credit(entry_ref="E1", bank_ref="T1", structured=(REFERENCE,), account="CH0"),
        credit(entry_ref="E1", bank_ref="T1", structured=(REFERENCE,), value_on=None),
    ],
)
def test_other_money_is_not(other: Credit) -> None:
    assert taken([NOTIFIED], [other]) == [["new"], ["new"]]


def test_equal_credits_of_one_batch_are_different_ones_and_known_later() -> None:
    twice = [
        credit(entry_ref="E1", structured=(REFERENCE,), part=1),
        credit(entry_ref="E1", structured=(REFERENCE,), part=2),
    ]

    assert taken(twice, twice) == [["new", "new"], ["known", "known"]]
    assert taken(twice[:1], twice) == [["new"], ["known", "new"]]


def test_without_the_banks_references_two_equal_credits_need_a_look() -> None:
    plain = credit(structured=(REFERENCE,))

    assert taken([plain], [plain]) == [["new"], ["maybe"]]


def test_one_that_names_a_bill_after_one_that_did_not_needs_a_look() -> None:
    assert taken([credit(entry_ref="E1")], [NOTIFIED]) == [["new"], ["maybe"]]


def test_a_sum_is_known_once_its_parts_were_taken_in() -> None:
    total = credit(entry_ref="E1", amount_minor=9000, is_sum=True)

    assert taken([NOTIFIED], [total]) == [["new"], ["known"]]
    assert taken([total], [NOTIFIED]) == [["new"], ["new"]]


@given(
    st.lists(
        st.builds(
            lambda entry, own, bill_, minor: credit(
                entry_ref=entry,
                bank_ref=own,
                structured=(bill_,),
                amount_minor=minor,
            ),
            st.sampled_from(["E1", "E2"]),
            st.sampled_from(["", "T1", "T2"]),
            st.sampled_from([REFERENCE, OTHER_REFERENCE]),
            st.sampled_from([100, 200]),
        ),
        max_size=8,
    )
)
def test_a_file_imported_again_brings_nothing_new(file: list[Credit]) -> None:
    first, second = taken(file, file)

    assert set(first) <= {"new"}
    assert set(second) <= {"known"}
