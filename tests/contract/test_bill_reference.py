from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stdnum import iso11649
from stdnum.ch import esr

from contract.bill_reference import (
    ATTEMPT_MAX,
    NUMBER_MAX,
    NUMBER_MIN,
    BadReference,
    Mention,
    Shape,
    check_digit,
    creditor_reference,
    grouped,
    is_reference,
    make_reference,
    mentions,
    number_of,
    order_id,
    read_order_id,
    spaced,
)

NUMBERS = st.integers(NUMBER_MIN, NUMBER_MAX)
PREFIXES = st.text("0123456789", min_size=5, max_size=5)
REFERENCES = st.builds(make_reference, NUMBERS, PREFIXES)


@pytest.mark.parametrize(
    ("digits", "check"),
    [
        ("21000000000313947143000901", 7),
        ("00000421234567890123456789", 2),
        ("00000000000201603000098562", 0),
    ],
)
def test_check_digits_are_those_of_the_banks(digits: str, check: int) -> None:
    assert check_digit(digits) == check
    assert is_reference(f"{digits}{check}")


@given(REFERENCES)
def test_others_accept_our_references_in_both_forms(reference: str) -> None:
    assert esr.is_valid(reference)
    assert iso11649.is_valid(creditor_reference(reference))
    assert len(reference) == 27
    assert len(creditor_reference(reference)) == 25


@given(REFERENCES, st.integers(0, 26), st.integers(1, 9))
def test_a_mistyped_digit_is_no_reference(reference: str, at: int, by: int) -> None:
    digit = (int(reference[at]) + by) % 10

    assert not is_reference(f"{reference[:at]}{digit}{reference[at + 1 :]}")


@given(REFERENCES, st.integers(1, ATTEMPT_MAX))
def test_a_provider_gets_30_characters_that_lead_back(
    reference: str, attempt: int
) -> None:
    named = order_id(reference, attempt)

    assert len(named) <= 30
    assert read_order_id(named) == (reference, attempt)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "12-1",
        "1" * 26,
        "1" * 26 + "-",
        "1" * 26 + "-0",
        "1" * 26 + "-1000",
        "1" * 27 + "-1",
        "x" + "1" * 26 + "-1",
        "1" * 26 + "-1\n",
        "\N{FULLWIDTH DIGIT ONE}" * 26 + "-1",
    ],
)
def test_what_is_no_order_id_names_no_bill(text: str) -> None:
    with pytest.raises(BadReference, match="no order id"):
        read_order_id(text)


@pytest.mark.parametrize(
    ("number", "prefix"),
    [
        (1, "00000"),
        (NUMBER_MAX + 1, "00000"),
        (NUMBER_MIN, "123"),
        (NUMBER_MIN, "x1234"),
    ],
)
def test_a_reference_is_made_of_21_digits_and_five(number: int, prefix: str) -> None:
    with pytest.raises(BadReference):
        make_reference(number, prefix)


def test_people_read_it_in_groups() -> None:
    assert grouped("210000000003139471430009017") == "21 00000 00003 13947 14300 09017"
    assert spaced("RF18539007547034") == "RF18 5390 0754 7034"


def written(reference: str, shape: Shape) -> list[str]:
    match shape:
        case Shape.ORDER_ID:
            return [order_id(reference, 17)]
        case Shape.CREDITOR_REFERENCE:
            creditor = creditor_reference(reference)
            return [creditor, spaced(creditor), creditor.lower()]
        case Shape.REFERENCE:
            dotted = grouped(reference).replace(" ", ".")
            return [reference, grouped(reference), dotted, reference.lstrip("0")]


@settings(max_examples=50)
@given(
    REFERENCES,
    st.sampled_from(Shape),
    st.sampled_from(["", "Rechnung ", "Ref:", "Team 12, ", "4711 ", "Thanks!\n"]),
    st.sampled_from(["", " danke", " 2026", ";", "\nMuster AG"]),
    st.integers(1, 40),
)
def test_a_bill_is_found_however_it_is_written(
    reference: str, shape: Shape, before: str, after: str, cut_at: int
) -> None:
    for form in written(reference, shape):
        for text in (form, f"{before}{form}{after}"):
            named = [each.names(reference) for each in mentions([text])]
            assert any(named), text
            cut = [text[:cut_at], text[cut_at:]]
            assert any(each.names(reference) for each in mentions(cut)), cut


def test_a_mention_says_in_which_form_it_was() -> None:
    reference = make_reference(123456789012345678901, "21000")
    number = number_of(reference)

    assert mentions([creditor_reference(reference)]) == (
        Mention(Shape.CREDITOR_REFERENCE, number),
    )
    assert mentions([reference]) == (Mention(Shape.REFERENCE, number, reference),)
    assert mentions([order_id(reference, 2)]) == (
        Mention(Shape.ORDER_ID, number, reference),
    )


def test_others_references_are_told_as_they_are() -> None:
    (qr,) = mentions(["210000000003139471430009017"])
    (rf,) = mentions(["RF73KB000042"])

    assert str(qr) == "210000000003139471430009017"
    assert str(rf) == "RF73KB000042"
    assert not rf.names(make_reference(NUMBER_MIN))


def test_two_bills_in_one_text_are_both_found() -> None:
    first, second = make_reference(NUMBER_MIN), make_reference(NUMBER_MAX)

    found = mentions([f"{grouped(first)} und {grouped(second)}"])

    assert {each.reference for each in found} == {first, second}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "NOTPROVIDED",
        "4654654654654654",
        "Ref number V3 block 1",
        "1234567890123456789012345678901234567890",
        "210000000003139471430009018",
        "RF19539007547034123456789",
        "0" * 27,
    ],
)
def test_other_numbers_are_no_mention(text: str) -> None:
    assert mentions([text]) == ()


def test_an_endless_text_is_not_searched_endlessly() -> None:
    assert mentions(["1 " * 500_000]) == mentions(["1 " * 1000])
