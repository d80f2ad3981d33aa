from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from hub.export.check import signatures
from hub.export.check.dsfinvk import check_dsfinvk
from hub.export.index import DTD_NAME, INDEX_NAME
from hub.export.tables import BY_FILE
from tests.hub.export import exports
from tests.hub.export.exports import tampered

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def replacing(old: str, new: str) -> Callable[[str], str]:
    """Change the first place where something is said; it must be there."""

    def change(text: str) -> str:
        assert re.search(old, text), f"{old} is not there"
        return re.sub(old, new, text, count=1)

    return change


def without_line(word: str) -> Callable[[str], str]:
    """Leave out the first line that says something."""

    def change(text: str) -> str:
        lines = text.splitlines(keepends=True)
        place = next(number for number, line in enumerate(lines) if word in line)
        return "".join(lines[:place] + lines[place + 1 :])

    return change


def test_our_own_export_is_good_and_every_signature_verifies(exported: Path) -> None:
    heard: list[tuple[int, int]] = []
    check = check_dsfinvk(exported, lambda done, total: heard.append((done, total)))

    assert check.findings == ()
    assert check.ok
    assert (check.closings, check.receipts) == (4, 40)
    assert (check.signatures, check.verified) == (38, 38)
    assert check.figures()["ok"] is True


WRONG = {
    "a changed amount of a line": (
        "lines_vat.csv",
        replacing(";9,00000;7,56000;", ";9,50000;7,56000;"),
        {"sum"},
        "lines_vat.csv line 3: 9,50 is not 7,56 + 1,44.",
    ),
    "a changed turnover": (
        "transactions.csv",
        replacing(";19,63;", ";19,64;"),
        {"sum"},
        "transactions.csv line 3, UMS_BRUTTO: It is 19,64; payments are 19,63.",
    ),
    "a changed payment": (
        "datapayment.csv",
        replacing("Bar;;EUR;;150,00", "Bar;;EUR;;151,00"),
        {"sum", "process data"},
        "Bar EUR was signed with 150,00; datapayment.csv says 151,00.",
    ),
    "cash that was told as another payment": (
        "datapayment.csv",
        replacing("Bar;;EUR;;20,63", "Kreditkarte;;EUR;;20,63"),
        {"sum", "process data"},
        "Bar EUR was signed with 20,63; datapayment.csv says 0,00.",
    ),
    "changed process data": (
        "transactions_tse.csv",
        replacing("150.00:Bar", "150.00:Unbar"),
        {"signature", "process data"},
        "The signature does not match: a row was changed, or is another's.",
    ),
    "a changed counter": (
        "transactions_tse.csv",
        replacing(r"Kassenbeleg-V1;2;", "Kassenbeleg-V1;3;"),
        {"signature"},
        "transactions_tse.csv line 2, TSE_TA_SIG: The signature does not match",
    ),
    "a counter that is used twice": (
        "transactions_tse.csv",
        replacing(r"Kassenbeleg-V1;4;", "Kassenbeleg-V1;2;"),
        {"signature", "twice"},
        "Signature counter 2 of this TSE is there twice.",
    ),
    "a signature that was taken out": (
        "transactions_tse.csv",
        replacing(r"Kassenbeleg-V1;2;[^;]+;", "Kassenbeleg-V1;2;;"),
        {"signature"},
        "It is not whole, and names no fault of the TSE.",
    ),
    "a receipt without a row of the TSE": (
        "transactions_tse.csv",
        without_line(";Kassenbeleg-V1;2;"),
        {"signature"},
        "It has no row of the TSE, not even for an outage.",
    ),
    "a receipt that is gone": (
        "transactions.csv",
        without_line(";Beleg;"),
        {"reference", "sum"},
        "transactions.csv has no receipt",
    ),
    "a receipt that is there twice": (
        "transactions.csv",
        replacing(r"(bar-1;[^\n]+;Beleg;[^\n]+\n)", r"\1\1"),
        {"twice"},
        "The receipt is there twice.",
    ),
    "a line that is gone": (
        "lines.csv",
        without_line(";Bier;"),
        {"reference", "sum"},
        "lines.csv has no line 1 of",
    ),
    "a reference to nothing": (
        "references.csv",
        replacing(r";bar-1;1;[0-9a-f-]+", ";bar-1;1;nothing"),
        {"reference"},
        "references.csv line 2, REF_BON_ID: Z 1 of bar-1 has no receipt nothing.",
    ),
    "a wrong sum of turnover": (
        "businesscases.csv",
        replacing("27,00000;22,68000;4,32000", "28,00000;23,68000;4,32000"),
        {"sum"},
        "Z 1 of bar-1: Umsatz 0 1: gross is 28,00; the receipts add up to 27,00.",
    ),
    "a wrong sum of payments": (
        "payment.csv",
        replacing("Bar;;212,55", "Bar;;212,65"),
        {"sum"},
        "line 2: Z 1 of bar-1: Bar is 212,65; the receipts add up to 212,55.",
    ),
    "a wrong sum of cash": (
        "cash_per_currency.csv",
        replacing("EUR;212,55", "CHF;212,55"),
        {"sum"},
        "Z 1 of bar-1: CHF is 212,55; the receipts add up to 0,00.",
    ),
    "a wrong total": (
        "cashpointclosing.csv",
        replacing("214,76;212,55", "214,76;212,50"),
        {"sum"},
        "Z_SE_BARZAHLUNGEN is 212,50; the receipts add up to 212,55.",
    ),
    "a first receipt that is none": (
        "cashpointclosing.csv",
        replacing(r";2\.4;[0-9a-f-]+;", ";2.4;nothing;"),
        {"reference"},
        "Z 1 of bar-1 has no receipt nothing.",
    ),
    "no tax number at all": (
        "cashpointclosing.csv",
        replacing("143/000/00000", ""),
        {"cell"},
        "cashpointclosing.csv line 2, STNR: Neither STNR nor USTID is given.",
    ),
    "a key of tax that nobody explains": (
        "vat.csv",
        without_line(";2;7,00;"),
        {"reference"},
        "vat.csv has no key 2 for Z 1 of bar-1.",
    ),
    "a key of tax that the standard reserves": (
        "vat.csv",
        lambda text: text + "bar-1;2026-07-04T20:30:40Z;1;17;19,00;x\r\n",
        {"cell"},
        "UST_SCHLUESSEL: The standard has no key 17; keys of one's own begin at 1000.",
    ),
    "a closing without a register": (
        "cashregister.csv",
        without_line("bar-1"),
        {"closing", "signature"},
        "cashregister.csv: Z 1 of bar-1 has no register.",
    ),
    "another serial number of the register": (
        "cashregister.csv",
        replacing("5;bar-1;", "5;bar-9;"),
        {"signature"},
        "The signature does not match",
    ),
    "a TSE that nobody describes": (
        "tse.csv",
        without_line("bar-1"),
        {"reference"},
        "tse.csv has no TSE 1 for Z 1 of bar-1.",
    ),
    "a serial number that is not that of the key": (
        "tse.csv",
        replacing(r";1;[0-9a-f]{32}", ";1;" + 32 * "0"),
        {"tse"},
        "tse.csv line 2, TSE_SERIAL: It is not the SHA-256 of the public key.",
    ),
    "a key that was typed wrongly": (
        "tse.csv",
        replacing(r"UTF-8;B", "UTF-8;C"),
        {"tse"},
        "tse.csv line 2, TSE_PUBLIC_KEY: The key can't be used",
    ),
    "a certificate that is none": (
        "tse.csv",
        replacing(r";MII", ";MIJ"),
        {"tse"},
        "TSE_ZERTIFIKAT_I: The certificate can't be read",
    ),
    "another algorithm": (
        "tse.csv",
        replacing("ecdsa-plain-SHA384", "ecdsa-plain-SHA256"),
        {"signature"},
        "The signature does not match",
    ),
    "a value that is in no list": (
        "lines.csv",
        replacing(";Umsatz;", ";Umsaetze;"),
        {"cell", "sum"},
        "lines.csv line 3, GV_TYP: 'Umsaetze' is not in the standard's list.",
    ),
    "a cancellation that is marked": (
        "transactions.csv",
        replacing(";Beleg;;;0;", ";Beleg;;;1;"),
        {"cell"},
        "BON_STORNO: With a TSE, a cancellation is a Beleg of its own, unmarked.",
    ),
    "a type of receipt that no TSE signs": (
        "transactions.csv",
        replacing(";AVBelegabbruch;", ";AVBelegstorno;"),
        {"cell", "process data"},
        "With a TSE, a cancellation is a Beleg with amounts turned.",
    ),
    "something else without a name": (
        "transactions.csv",
        replacing(";AVSonstige;block;", ";AVSonstige;;"),
        {"cell"},
        "BON_NAME: AVSonstige needs a name.",
    ),
    "a text that is too long": (
        "cashregister.csv",
        replacing("Raspberry Pi", "R" * 51),
        {"cell"},
        "KASSE_BRAND: It has 51 characters; 50 are allowed.",
    ),
    "an empty cell that must be filled": (
        "location.csv",
        replacing("80939", ""),
        {"cell"},
        "location.csv line 2, LOC_PLZ: It must be filled.",
    ),
    "separators of thousands": (
        "payment.csv",
        replacing("Bar;;212,55", "Bar;;1.212,55"),
        {"cell", "sum"},
        "'1.212,55' has separators of thousands.",
    ),
    "a decimal point": (
        "payment.csv",
        replacing("Bar;;212,55", "Bar;;212.55"),
        {"cell", "sum"},
        "payment.csv line 2, Z_ZAHLART_BETRAG: '212.55' is no number.",
    ),
    "too few decimals": (
        "payment.csv",
        replacing("Bar;;212,55", "Bar;;212,5"),
        {"cell", "sum"},
        "'212,5' has 1 decimals, not 2.",
    ),
    "a time that is none": (
        "transactions.csv",
        replacing(r";2026-07-04T20:15:40Z;", ";04.07.2026 20:15;"),
        {"cell"},
        "BON_START: '04.07.2026 20:15' is no time (ISO 8601).",
    ),
    "another time of the closing": (
        "vat.csv",
        replacing(r";2026-07-04T20:30:40Z;1;", ";2026-07-04T20:30:41Z;1;"),
        {"closing"},
        "Z_ERSTELLUNG: Z 1 of bar-1 was made at 2026-07-04T20:30:40Z.",
    ),
    "rows of no closing": (
        "vat.csv",
        replacing(r"bar-1;", "bar-7;"),
        {"closing", "reference"},
        "vat.csv line 2: Z 1 of bar-7 is not in cashpointclosing.csv.",
    ),
    "a closing that is there twice": (
        "cashpointclosing.csv",
        replacing(r"(bar-1;[^\n]+\n)", r"\1\1"),
        {"twice"},
        "cashpointclosing.csv line 3, Z_NR: Z 1 of bar-1 is there twice.",
    ),
    "too many cells": (
        "vat.csv",
        replacing(r"19,00;19 %", "19,00;19 %;"),
        {"dialect", "reference"},
        "vat.csv line 2: It has 7 cells; the heading has 6.",
    ),
    "another end of line": (
        "vat.csv",
        replacing("19 %\r\n", "19 %\n"),
        {"dialect"},
        "vat.csv line 2: It does not end with CR and LF.",
    ),
    "a byte order mark": (
        "vat.csv",
        lambda text: "\ufeff" + text,
        {"dialect"},
        "vat.csv line 1: It begins with a byte order mark.",
    ),
    "quotes that never end": (
        "vat.csv",
        replacing(";19 %\r\n", ';"19 %\r\n'),
        {"archive", "reference"},
        "vat.csv: Line 2: its quotes never end.",
    ),
    "wrong quotes": (
        "vat.csv",
        replacing(";19 %\r\n", ';"1"9" %"\r\n'),
        {"dialect", "reference"},
        "vat.csv line 2: Its quotes are wrong",
    ),
    "a line break in a cell": (
        "vat.csv",
        replacing(";19 %\r\n", ';"19\n%"\r\n'),
        {"cell"},
        "UST_BESCHR: It holds a control character or a line break.",
    ),
    "an empty line": (
        "vat.csv",
        replacing("19 %\r\n", "19 %\r\n\r\n"),
        {"dialect"},
        "vat.csv line 3: The line is empty.",
    ),
    "an empty file": (
        "pa.csv",
        lambda _text: "",
        {"dialect"},
        "pa.csv: It is empty: not even a heading.",
    ),
    "another heading": (
        "pa.csv",
        replacing("AGENTUR_ID", "AGENTUR_NR"),
        {"heading"},
        "pa.csv line 1: It is not what index.xml says.",
    ),
    "a table that is missing": (
        "pa.csv",
        lambda _text: None,
        {"missing"},
        "pa.csv: The table is missing.",
    ),
    "no document type": (
        DTD_NAME,
        lambda _text: None,
        {"missing"},
        f"{DTD_NAME}: The document type is missing.",
    ),
    "another document type": (
        INDEX_NAME,
        replacing("01-09-2004", "01-08-2002"),
        {"index"},
        f"index.xml: It does not name {DTD_NAME} as its type.",
    ),
    "a table that the index does not have": (
        INDEX_NAME,
        replacing("<URL>pa.csv</URL>", "<URL>pb.csv</URL>"),
        {"index", "missing"},
        "index.xml: It does not name pa.csv.",
    ),
    "a length that is not the standard's": (
        INDEX_NAME,
        replacing("<MaxLength>50<", "<MaxLength>60<"),
        {"index"},
        "index.xml, Z_KASSE_ID: cashpointclosing.csv: it is not a text of 50.",
    ),
    "another decimal symbol": (
        INDEX_NAME,
        replacing("<DecimalSymbol>,<", "<DecimalSymbol>.<"),
        {"index"},
        "cashpointclosing.csv: its DecimalSymbol is not ','.",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_found_and_named(one_day: Path, case: str) -> None:
    file, change, kinds, text = WRONG[case]
    check = check_dsfinvk(tampered(one_day, {file: change}))

    assert not check.ok
    found = {each.kind for each in check.findings if not each.is_note}
    assert found == kinds, [str(each) for each in check.findings]
    assert any(text in str(each) for each in check.findings), [
        str(each) for each in check.findings
    ]


def test_a_gap_between_closings_is_found(exported: Path) -> None:
    """All that belongs to the second closing of three is left out."""

    def later(text: str) -> str:
        return text.replace("Z;2;", "Z;3;").replace(";bar-1;1;", ";bar-1;1;")

    check = check_dsfinvk(tampered(exported, dict.fromkeys(BY_FILE, later)))

    assert [str(each) for each in check.findings] == [
        "cashpointclosing.csv, Z_NR: bar-1: after Z 1 comes Z 3.",
        "cashpointclosing.csv, Z_NR: bar-2: after Z 1 comes Z 3.",
    ]


def test_fewer_decimals_than_declared_are_a_note(exported: Path) -> None:
    """The standard lets five digits be two; some programs read no other than five."""
    changes = {"transactions_vat.csv": lambda text: re.sub(",(..)000", r",\1", text)}
    check = check_dsfinvk(tampered(exported, changes))

    assert check.ok
    assert {each.kind for each in check.findings} == {"decimals"}
    assert check.found > len(check.findings)


def test_signed_texts_that_were_not_exported_are_rebuilt(exported: Path) -> None:
    """TSE_VORGANGSDATEN is optional: what was signed follows from the other rows."""

    def emptied(text: str) -> str:
        return re.sub(r";(Beleg|AV\w+)\^[^;\r]*", ";", text)

    check = check_dsfinvk(tampered(exported, {"transactions_tse.csv": emptied}))

    assert check.ok, [str(each) for each in check.findings]
    assert check.verified == check.signatures


def test_columns_and_files_of_others_are_no_harm(exported: Path) -> None:
    """Somebody else's till writes a column of its own, and one more file."""
    column = (
        "        <VariableColumn>\r\n          <Name>KASSENSCHUBLADENNR</Name>\r\n"
        "          <Numeric/>\r\n        </VariableColumn>\r\n      </VariableLength>"
    )

    def more(text: str) -> str:
        heading, *lines = text.split("\r\n")
        return "\r\n".join(
            [f"{heading};KASSENSCHUBLADENNR", *(f"{e};1" if e else e for e in lines)]
        )

    def told(text: str) -> str:
        before, vat, after = text.partition("<URL>vat.csv</URL>")
        return before + vat + after.replace("      </VariableLength>", column, 1)

    check = check_dsfinvk(tampered(exported, {"vat.csv": more, INDEX_NAME: told}))

    assert check.ok, [str(each) for each in check.findings]
    assert [each.is_note for each in check.findings] == [True]


def test_rows_may_stand_in_any_order(exported: Path) -> None:
    def turned(text: str) -> str:
        heading, *lines = text.splitlines(keepends=True)
        return "".join([heading, *reversed(lines)])

    check = check_dsfinvk(tampered(exported, dict.fromkeys(BY_FILE, turned)))

    assert check.findings == ()


def test_many_signatures_are_verified_by_several_processes(
    exported: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(signatures, "POOL_FROM", 1)
    monkeypatch.setattr(signatures, "AT_ONCE", 2)
    change = replacing(r"Kassenbeleg-V1;2;", "Kassenbeleg-V1;200;")
    check = check_dsfinvk(tampered(exported, {"transactions_tse.csv": change}))

    assert (check.signatures, check.verified) == (38, 37)
    assert [each.line for each in check.findings] == [2]


def test_what_was_said_before_is_not_said_endlessly(exported: Path) -> None:
    changes = {"lines.csv": lambda text: text.replace(";Umsatz;", ";Umsaetze;")}
    check = check_dsfinvk(tampered(exported, changes))

    assert check.found > 25
    cells = [each for each in check.findings if each.kind == "cell"]
    assert len(cells) == 25


def test_no_file_at_all_is_no_export(tmp_path: Path) -> None:
    check = check_dsfinvk(tmp_path / "nothing.zip")

    assert (check.ok, check.readable) == (False, False)
    assert "nothing.zip can't be read" in str(check.findings[0])


def test_exports_are_never_written_to(exported: Path) -> None:
    before = exported.read_bytes()
    check_dsfinvk(exported)

    assert exported.read_bytes() == before
    assert exports.texts(exported)
