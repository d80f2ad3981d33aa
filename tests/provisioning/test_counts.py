from __future__ import annotations

from argparse import ArgumentTypeError

import pytest

from provisioning.counts import count, counts


@pytest.mark.parametrize(
    "text", ["", "abc", "-1", "1.5", "\u0663", "0", "17", "9" * 99]
)
def test_what_is_no_number_in_bounds_is_named(text: str) -> None:
    with pytest.raises(ArgumentTypeError, match="is no number from 1 to 16"):
        count(1, 16)(text)


def test_numbers_are_read_with_their_bounds() -> None:
    assert [count(1, 16)(text) for text in ("1", "16")] == [1, 16]
    assert count(0)("0") == 0
    assert counts("8,32") == (8, 32)


def test_of_several_the_wrong_one_is_named() -> None:
    with pytest.raises(ArgumentTypeError, match="'x' is no number"):
        counts("8,x")
