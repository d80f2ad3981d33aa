from __future__ import annotations

import csv
import re
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from hub.export import dialect

MINOR = st.integers(-(10**12), 10**12)


@settings(max_examples=60)
@given(MINOR, st.sampled_from([2, 5]))
def test_amounts_have_all_their_decimals_and_no_separators(
    minor: int, decimals: int
) -> None:
    written = dialect.money(minor, decimals)

    assert re.fullmatch(rf"-?[0-9]+,[0-9]{{{decimals}}}", written)
    assert Decimal(written.replace(",", ".")) * 100 == minor


@settings(max_examples=60)
@given(st.lists(st.text(max_size=40), min_size=2, max_size=5))
def test_any_reader_of_csv_finds_the_texts_again(texts: list[str]) -> None:
    line = dialect.line(dialect.cell(text, 40) for text in texts)

    assert line.endswith("\r\n")
    assert "\n" not in line[:-2]
    (row,) = csv.reader([line], delimiter=";", strict=True)
    for text, found in zip(texts, row, strict=True):
        if text.isprintable():
            assert found == text


def test_quotes_stand_only_where_they_must() -> None:
    assert dialect.cell("Bier, kalt", 40) == "Bier, kalt"
    assert dialect.cell("Bier; kalt", 40) == '"Bier; kalt"'
    assert dialect.cell('ein "Maß"', 40) == '"ein ""Maß"""'


def test_texts_are_cut_to_their_columns_before_they_are_quoted() -> None:
    assert dialect.cell("Bier; kalt", 5) == '"Bier;"'
    assert dialect.cell("Zeile\r\nzwei", 40) == "Zeile zwei"


def test_times_are_in_utc() -> None:
    summer = timezone(timedelta(hours=2))
    when = datetime(2026, 7, 4, 1, 30, 5, 700_000, summer)

    assert dialect.moment(when) == "2026-07-03T23:30:05Z"
    assert dialect.log_time(when) == "2026-07-03T23:30:05.700Z"
    assert dialect.log_time(datetime(2026, 7, 4, tzinfo=UTC)).endswith("00.000Z")


def test_rates_and_quantities() -> None:
    assert dialect.percent(1070) == "10,70"
    assert dialect.percent(0) == "0,00"
    assert dialect.count(-3) == "-3,000"
