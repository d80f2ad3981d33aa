from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from contract.order import make_line
from hub.export.closing_rows import ClosingRows
from hub.export.tse_register import TseRegister
from tests.hub.export import exports
from tests.hub.export.exports import EVENT, rows
from tests.hub.export.till_days import BEER, CASH, Till, sale

if TYPE_CHECKING:
    from pathlib import Path


def of_till(path: Path, file: str, till: str = "bar-1") -> list[dict[str, str]]:
    return [row for row in rows(path, file) if row["Z_KASSE_ID"] == till]


def test_each_closing_says_who_sold_and_what_it_came_to(exported: Path) -> None:
    first, second = of_till(exported, "cashpointclosing.csv")

    assert first["TAXONOMIE_VERSION"] == "2.4"
    assert (first["NAME"], first["ORT"], first["LAND"]) == (
        "Sommernacht e. V.",
        "München",
        "DEU",
    )
    assert (first["STNR"], first["USTID"]) == ("143/000/00000", "")
    assert (first["Z_SE_ZAHLUNGEN"], first["Z_SE_BARZAHLUNGEN"]) == ("214,76", "212,55")
    assert (second["Z_SE_ZAHLUNGEN"], second["Z_SE_BARZAHLUNGEN"]) == ("-4,50", "-9,00")
    assert second["Z_ENDE_ID"] == "Z2-bar-1"
    (place, _) = of_till(exported, "location.csv")
    assert place["LOC_NAME"] == EVENT.name


def test_tills_name_themselves_as_they_do_at_their_tse(exported: Path) -> None:
    registers = rows(exported, "cashregister.csv")

    assert [row["KASSE_SERIENNR"] for row in registers] == ["bar-1"] * 2 + ["bar-2"] * 2
    assert {row["KASSE_BASISWAEH_CODE"] for row in registers} == {"EUR"}
    assert {row["TSE_ID"] for row in of_till(exported, "tse.csv")} == {"1"}
    assert {row["TSE_ID"] for row in of_till(exported, "tse.csv", "bar-2")} == {"2"}


def test_only_receipts_that_count_are_added_up(exported: Path) -> None:
    """Seven beers were rung up in training, some more never paid."""
    (beer,) = [
        row["Z_UMS_BRUTTO"]
        for row in of_till(exported, "businesscases.csv")
        if (row["GV_TYP"], row["UST_SCHLUESSEL"], row["Z_NR"]) == ("Umsatz", "1", "1")
    ]

    assert beer == "27,00000"


@pytest.mark.parametrize(
    ("till", "how"),
    [("bar-1", "Guthabenkarte"), ("bar-2", "MehrzweckgutscheinEinloesung")],
)
def test_either_booking_model_is_told(exported: Path, till: str, how: str) -> None:
    payments = {row["ZAHLART_TYP"] for row in of_till(exported, "payment.csv", till)}
    cases = {row["GV_TYP"] for row in of_till(exported, "businesscases.csv", till)}

    assert how in payments | cases
    assert ("Guthabenkarte" in payments) is (till == "bar-1")


def test_every_key_that_is_used_is_explained(exported: Path) -> None:
    used = {
        (row["Z_KASSE_ID"], row["Z_NR"], row["UST_SCHLUESSEL"])
        for row in rows(exported, "lines_vat.csv")
    }
    known = {
        (row["Z_KASSE_ID"], row["Z_NR"], row["UST_SCHLUESSEL"]): row["UST_SATZ"]
        for row in rows(exported, "vat.csv")
    }

    assert used == set(known)
    assert known["bar-1", "1", "2"] == "7,00"


def test_an_empty_closing_names_itself_and_a_vat_id_has_its_own_column() -> None:
    till = Till()
    point = till.close()
    written: Counter[str] = Counter()
    texts: list[str] = []
    seller = EVENT.seller

    def write(file: str, text: str) -> None:
        written[file] += 1
        texts.append(text)

    numbered = type(seller)(
        name="A; B",
        street="",
        postal_code="",
        city="",
        country="DEU",
        tax_number="DE123456789",
    )
    rows_ = ClosingRows(
        replace(EVENT, seller=numbered), point, TseRegister([till.facts]), write
    )
    rows_.finish()

    assert written["transactions.csv"] == written["transactions_tse.csv"] == 1
    assert written["lines.csv"] == 0
    closing = next(each for each in texts if ";2.4;" in each)
    assert ';Z1-bar-1;Z1-bar-1;"A; B";;;;DEU;;DE123456789;0,00;0,00\r\n' in closing


def test_a_tse_that_nobody_described_is_known_by_what_it_signed(tmp_path: Path) -> None:
    till = Till(tse=2)
    till.ring(sale(CASH, make_line(BEER, 1)))
    till.close()
    tses = TseRegister([])
    texts: dict[str, str] = {}
    for point, orders in till.closed:
        made = ClosingRows(
            exports.EVENT, point, tses, lambda file, text: texts.update({file: text})
        )
        for ended in orders:
            made.add(ended)
        made.finish()

    assert till.facts.serial in texts["tse.csv"]
    assert texts["tse.csv"].endswith(";;\r\n")
    assert tses.without_certificate == (till.facts.serial,)
