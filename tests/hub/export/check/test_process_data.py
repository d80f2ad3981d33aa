from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.export.check import process_data
from hub.export.check.amounts import amount, whole, written

CENTS = st.integers(-(10**9), 10**9).map(lambda minor: minor * 1000)
EXAMPLE = (
    "Beleg^75.33_7.99_0.00_0.00_0.00^10.00:Bar_5.00:Bar:CHF_5.00:Bar:USD_64.30:Unbar"
)


def test_the_standards_own_example_is_taken_apart_and_put_together() -> None:
    said = process_data.read(EXAMPLE)

    assert said is not None
    assert said.sums == (7533000, 799000, 0, 0, 0)
    assert said.paid["Bar", "CHF"] == 500000
    assert process_data.write(said.kind, said.sums, said.paid) == EXAMPLE


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Beleg^1.00_0.00_0.00_0.00^1.00:Bar",
        "Beleg^1.0_0.00_0.00_0.00_0.00^1.00:Bar",
        "Beleg^1.00_0.00_0.00_0.00_0.00^Bar:1.00",
        "Beleg^1.00_0.00_0.00_0.00_0.00^1.00:Scheck",
        "Beleg^1,00_0,00_0,00_0,00_0,00^",
    ],
)
def test_what_is_no_kassenbeleg_is_not_read(text: str) -> None:
    assert process_data.read(text) is None


@settings(max_examples=50)
@given(
    st.tuples(*[CENTS] * 5),
    st.dictionaries(
        st.tuples(st.sampled_from(["Bar", "Unbar"]), st.sampled_from(["EUR", "CHF"])),
        CENTS.filter(bool),
    ),
)
def test_what_is_written_is_read_again(
    sums: tuple[int, ...], paid: dict[tuple[str, str], int]
) -> None:
    said = process_data.read(process_data.write("Beleg", sums, paid))

    assert said is not None
    assert (said.sums, dict(said.paid)) == (sums, paid)
    assert not list(process_data.differences(said, "Beleg", sums, paid))


def test_amounts_are_read_to_the_fifth_digit() -> None:
    assert amount("-0,00001") == -1
    assert amount("12,5") == 1250000
    assert amount("12.5") == amount("") == amount("²") == 0
    assert written(-1234000) == "-12,34"
    assert (whole("17"), whole("1,0"), whole("²")) == (17, None, None)
