from __future__ import annotations

from datetime import date

from contract.bill_reference import Shape, creditor_reference, order_id
from tests.hub.core.bills.billing import OTHER_REFERENCE, REFERENCE, credit


def test_a_structured_reference_counts_before_any_text() -> None:
    (mention,) = credit(structured=(REFERENCE,), text=(OTHER_REFERENCE,)).mentions

    assert mention.names(REFERENCE)


def test_a_wrong_structured_reference_lets_the_text_speak() -> None:
    (mention,) = credit(structured=("RF number",), text=(OTHER_REFERENCE,)).mentions

    assert mention.names(OTHER_REFERENCE)


def test_the_shape_decides_and_not_the_banks_type() -> None:
    found = credit(structured=(creditor_reference(REFERENCE),)).mentions
    assert [each.shape for each in found] == [Shape.CREDITOR_REFERENCE]

    found = credit(end_to_end_id=order_id(REFERENCE, 3)).mentions
    assert [each.shape for each in found] == [Shape.ORDER_ID]


def test_a_reference_cut_by_the_bank_is_put_together() -> None:
    cut = credit(text=(f"Startgeld {REFERENCE[:11]}", REFERENCE[11:]))

    assert [each.names(REFERENCE) for each in cut.mentions] == [True]


def test_money_counts_from_its_value_date() -> None:
    assert credit(booked_on=date(2026, 5, 2)).day == date(2026, 5, 4)
    assert credit(booked_on=date(2026, 5, 2), value_on=None).day == date(2026, 5, 2)
