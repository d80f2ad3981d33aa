from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.ui import text
from edge.ui.widgets.big_text import CUTS, LETTERS, digits, largest_digits, letters

amounts = st.integers(-9_999_999, 9_999_999).map(
    lambda minor: f"{minor // 100}.{minor % 100:02d}"
)


@given(amount=amounts, width=st.integers(1, 100), height=st.integers(1, 9))
def test_an_amount_never_leaves_its_box(amount: str, width: int, height: int) -> None:
    lines = largest_digits(amount, width, height)
    assert 1 <= len(lines) <= height
    assert max(len(line) for line in lines) <= width


@pytest.mark.parametrize("cut", CUTS)
def test_digits_can_be_told_apart(cut: object) -> None:
    assert cut in CUTS
    drawn = {"\n".join(digits(digit, cut)) for digit in "0123456789"}
    assert len(drawn) == 10


def test_all_lines_of_a_drawing_are_equally_wide() -> None:
    for lines in (letters("PRESENT"), *(digits("1234567.89", cut) for cut in CUTS)):
        assert len({len(line) for line in lines}) == 1


def test_every_heading_can_be_drawn_and_fits_the_smallest_panel() -> None:
    headings = (
        *text.PRESENT_HEADING,
        *text.CHECKING_HEADING,
        text.PAID_HEADING,
        text.DECLINED_HEADING,
        text.HANDED_OUT_HEADING,
        text.STARTING_HEADING,
        text.HALTED_HEADING,
    )
    for heading in headings:
        assert set(heading) <= set(LETTERS)
        assert len(letters(heading)) == 3
        assert len(letters(heading)[0]) <= 68


def test_amounts_side_by_side_have_one_size() -> None:
    short = largest_digits("7.20", 22, 5, "1234.50")
    long = largest_digits("1234.50", 22, 5, "1234.50")
    assert len(short) == len(long)
