from __future__ import annotations

from contract.sheet import Cells, Code, Pair, Rule, Sheet, Text

SHEET = Sheet(
    "x",
    (
        Text("Beleg"),
        Rule(),
        Pair("Summe", "1,00"),
        Pair("Sum", ""),
        Cells(("A", "1", "2")),
        Code("V0;"),
    ),
)


def test_a_person_reads_all_but_the_codes() -> None:
    assert list(SHEET.texts()) == ["Beleg", "Summe 1,00", "Sum", "A 1 2"]
    assert SHEET.codes() == ("V0;",)
