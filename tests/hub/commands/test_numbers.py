from __future__ import annotations

import argparse
from datetime import date

import pytest

from hub.commands.numbers import NUMBER_MAX, day, number

ODD = ["", "abc", "-1", "0", "1.5", "\u0663", "9" * 5000, str(NUMBER_MAX + 1)]


@pytest.mark.parametrize("text", ODD)
def test_what_is_no_number_is_named(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="is no number from 1"):
        number(text)


def test_the_largest_number_is_the_readers_own() -> None:
    assert number("12", most=12) == 12
    with pytest.raises(argparse.ArgumentTypeError, match="from 1 to 12"):
        number("13", most=12)


@pytest.mark.parametrize("text", [*ODD, "2026-13-45", "4 May"])
def test_what_is_no_day_is_named(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="Write it as 2026-05-04"):
        day(text)


def test_numbers_and_days_are_read() -> None:
    assert number(str(NUMBER_MAX)) == NUMBER_MAX
    assert day("2026-05-04") == date(2026, 5, 4)
