from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from contract.receipt_sheet import receipt_sheet
from contract.sheet import Cells, Code, Pair, Rule, Sheet, Style, Text
from edge.core.typesetting import SetLine, typeset
from tests.contract.closed_receipts import BERLIN, CLOSED

WORDS = st.text(st.sampled_from("Käse 19,-€\tx"), max_size=60)
STYLES = st.sampled_from(Style)
ROWS = st.one_of(
    st.builds(Text, WORDS, STYLES, st.booleans()),
    st.builds(Pair, WORDS, WORDS, STYLES),
    st.builds(Cells, st.tuples(WORDS, WORDS, WORDS, WORDS), STYLES),
    st.just(Rule()),
)


def lines(*rows: Text | Pair | Cells | Rule | Code, columns: int = 24) -> list[str]:
    set_rows = typeset(Sheet("x", rows), columns)
    return [each.text for each in set_rows if isinstance(each, SetLine)]


@given(st.lists(ROWS, max_size=4), st.integers(24, 64))
@settings(max_examples=60)
def test_no_line_is_wider_than_the_paper_and_no_character_is_lost(
    rows: list[Text | Pair | Cells | Rule], columns: int
) -> None:
    shown = ""
    for each in typeset(Sheet("x", tuple(rows)), columns):
        assert isinstance(each, SetLine)
        width = columns // 2 if each.style is Style.BIG else columns
        assert len(each.text) <= width
        shown += each.text
    wanted = "".join(Sheet("x", tuple(rows)).texts())
    assert _letters(shown) == _letters(wanted)


def _letters(text: str) -> str:
    return "".join(text.replace("-", "").split())


def test_an_amount_stands_on_the_last_line_of_what_it_belongs_to() -> None:
    assert lines(Pair("2 x Beer", "9,00 A")) == ["2 x Beer          9,00 A"]
    assert lines(Pair("1 x Half a chicken with fries", "8,20")) == [
        "1 x Half a chicken with",
        "fries               8,20",
    ]


def test_large_sums_move_together_before_they_move_below() -> None:
    small = ("A 19 %", "7,56", "1,44", "9,00")
    large = ("A 19 %", "84.033,61", "15.966,39", "100.000,00")
    assert lines(Cells(small)) == ["A 19 %    7,56 1,44 9,00"]
    assert [len(line) <= 24 for line in lines(Cells(large))] == [True] * 3


def test_codes_keep_their_place() -> None:
    sheet = receipt_sheet(CLOSED["sale"], BERLIN)
    kinds = [type(each) for each in typeset(sheet, 32)]
    assert kinds.count(Code) == 1
    assert kinds[-3:] == [Code, SetLine, SetLine]
