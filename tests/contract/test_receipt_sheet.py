from __future__ import annotations

import msgspec
import pytest

from contract.receipt_sheet import receipt_sheet
from contract.sheet_words import SheetLanguage
from contract.stocking import Pieces, Stocking
from tests.contract.closed_receipts import BERLIN, CLOSED
from tests.contract.legal_items import missing_items


def text_of(name: str, *, is_copy: bool = False, whole: bool = False) -> str:
    sheet = receipt_sheet(CLOSED[name], BERLIN, is_copy=is_copy, whole=whole)
    return "\n".join(sheet.texts())


@pytest.mark.parametrize("name", CLOSED)
def test_every_item_of_the_law_is_on_it(name: str) -> None:
    receipt = CLOSED[name]
    sheet = receipt_sheet(receipt, BERLIN)
    text = "\n".join(sheet.texts())
    assert missing_items(receipt, text, sheet.codes(), BERLIN) == []


@pytest.mark.parametrize("name", CLOSED)
def test_in_english_an_outage_still_has_the_words_of_the_law(name: str) -> None:
    receipt = CLOSED[name]
    sheet = receipt_sheet(receipt, BERLIN, language=SheetLanguage.EN)
    text = "\n".join(sheet.texts())
    assert ("TSE ausgefallen" in text) == (receipt.outage is not None)


def test_what_is_cut_away_is_missed() -> None:
    receipt = CLOSED["sale"]
    sheet = receipt_sheet(receipt, BERLIN)
    lines = list(sheet.texts())
    for gone, name in (
        ("Sommerfest", "1 name"),
        ("3 x Beer", "3 kind"),
        ("13,50", "5 sum"),
        ("Seriennummer TSE", "6 serial number of the TSE"),
    ):
        left = "\n".join(line for line in lines if gone not in line)
        assert name in missing_items(receipt, left, sheet.codes(), BERLIN)
    assert missing_items(receipt, "\n".join(lines), (), BERLIN) == [
        "2 start",
        "2 end",
        "7 signature",
        "the QR code of DSFinV-K annex I",
    ]


def test_a_copy_says_so() -> None:
    assert "KOPIE" in text_of("sale", is_copy=True)
    assert "KOPIE" not in text_of("sale")


def test_where_there_is_room_the_signature_stands_in_clear() -> None:
    assert "Prüfwert" in text_of("sale", whole=True)
    assert "Prüfwert" not in text_of("sale")


def test_lines_point_to_their_tax() -> None:
    text = text_of("sale")
    assert "3 x Beer 0.5 13,50 A" in text
    assert "1 x Pretzel 3,00 B" in text
    assert "A 19 % 8,82 1,68 10,50" in text


def test_money_given_back_is_named_so() -> None:
    assert "Bar ausgezahlt -10,55" in text_of("payout")
    assert "Bezahlt bar 20,00" in text_of("top_up")


def test_a_close_out_tells_what_was_missing() -> None:
    text = text_of("shift_end")
    assert "Differenz -2,00" in text
    assert "Vielen Dank" not in text


def test_a_register_that_is_handed_out_says_what_is_in_its_drawer() -> None:
    receipt = CLOSED["shift_start"]
    assert receipt.order.cash is not None
    filled = Stocking(
        name="Bar float",
        pieces=(
            Pieces(value_minor=10_00, count=5),
            Pieces(value_minor=2_00, count=2, in_roll=25),
        ),
    )
    cash = msgspec.structs.replace(receipt.order.cash, stocking=filled)
    order = msgspec.structs.replace(receipt.order, cash=cash)
    receipt = msgspec.structs.replace(receipt, order=order)
    text = "\n".join(receipt_sheet(receipt, BERLIN).texts())
    assert "Bar float\n5 x 10,00 50,00\n2 x 25 x 2,00 100,00" in text


def test_only_what_is_closed_can_be_shown() -> None:
    half = msgspec.structs.replace(CLOSED["sale"], signature=None)
    with pytest.raises(AssertionError):
        receipt_sheet(half, BERLIN)
