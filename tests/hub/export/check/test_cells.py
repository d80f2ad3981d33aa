from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.export.check.cells import CellCheck
from hub.export.check.finding import Findings
from hub.export.tables import BY_FILE

COLUMNS = BY_FILE["vat.csv"].columns
GOOD = ("bar-1", "2026-07-04T20:30:40Z", "1", "2", "7,00", "7 %")


def faults(*cells: str) -> list[str]:
    findings = Findings()
    CellCheck("vat.csv", COLUMNS).look(cells, 2, findings)
    return [each.column for each in findings.shown]


def test_a_good_line_is_good_at_a_glance_and_when_looked_at() -> None:
    assert CellCheck("vat.csv", COLUMNS).is_plain(";".join(GOOD))
    assert faults(*GOOD) == []


@pytest.mark.parametrize(
    ("place", "text"),
    [
        (0, ""),
        (0, "x" * 51),
        (1, "2026-07-04"),
        (1, "2026-07-04T25.00"),
        (2, "1,0"),
        (2, "one"),
        (4, "7"),
        (4, "7,000"),
        (4, "7.00"),
        (4, "1.007,00"),
        (5, ""),
        (5, "x" * 56),
        (5, "a\tb"),
    ],
)
def test_what_is_wrong_is_wrong_at_a_glance_and_named(place: int, text: str) -> None:
    cells = [*GOOD]
    cells[place] = text

    assert not CellCheck("vat.csv", COLUMNS).is_plain(";".join(cells))
    assert faults(*cells) == [COLUMNS[place].name]


@settings(max_examples=80)
@given(
    st.integers(0, 5),
    st.text(st.characters(codec="utf-8", exclude_characters=';"\r\n'), max_size=60)
    | st.from_regex(r"-?[0-9]{1,20}(,[0-9]{1,6})?", fullmatch=True),
)
def test_the_glance_never_passes_what_a_look_would_not(place: int, text: str) -> None:
    cells = [*GOOD]
    cells[place] = text

    if CellCheck("vat.csv", COLUMNS).is_plain(";".join(cells)):
        assert faults(*cells) == []
