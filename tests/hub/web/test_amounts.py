"""Amounts are read as people type them, in German and in English."""

from __future__ import annotations

import pytest

from hub.web.amounts import typed_amount


@pytest.mark.parametrize(
    ("typed", "minor"),
    [
        ("20", 2000),
        ("12,5", 1250),
        ("12.05", 1205),
        ("45,00", 4500),
        (" 7 ", 700),
        ("0", 0),
        ("1'234.50", 123450),
        ("1 234,50", 123450),
        ("1\N{NO-BREAK SPACE}234", 123400),
        ("1.234", None),
        ("12,3456", None),
        ("1.234,50", None),
        ("1,2,3", None),
        ("12.", None),
        (".5", None),
        ("1e3", None),
        ("", None),
        ("-1", None),
        ("\N{FULLWIDTH DIGIT TWO}0", None),
        ("9" * 30, None),
    ],
)
def test_an_amount_is_read_or_refused_whole(typed: str, minor: int | None) -> None:
    assert typed_amount(typed) == minor
