from __future__ import annotations

import pypdfium2
import pytest
import zxingcpp

from contract.receipt_sheet import receipt_sheet
from contract.sheet import Pair, Sheet, Text
from hub.web.sheet_pdf import sheet_pdf
from tests.contract.closed_receipts import BERLIN, CLOSED, OUTAGE
from tests.contract.legal_items import missing_items
from tests.contract.samples import AT

KINDS = ("sale", "payout", "ticket", "bill_payment", "cancellation", "demo", "outage")


def read(data: bytes) -> tuple[str, tuple[str, ...]]:
    """Read a PDF's text, and its QR codes as a phone would."""
    document = pypdfium2.PdfDocument(data)
    assert len(document) == 1
    page = document[0]
    picture = page.render(scale=3).to_pil()
    codes = tuple(each.text for each in zxingcpp.read_barcodes(picture))
    text: str = page.get_textpage().get_text_bounded()
    document.close()
    return text, codes


@pytest.mark.parametrize("name", KINDS)
def test_every_item_of_the_law_is_on_it(name: str) -> None:
    receipt = CLOSED[name]
    sheet = receipt_sheet(receipt, BERLIN, whole=True)
    text, codes = read(sheet_pdf(sheet, receipt.issued_at))
    assert missing_items(receipt, text, codes, BERLIN) == []


def test_the_same_sheet_is_the_same_file() -> None:
    sheet = receipt_sheet(CLOSED["sale"], BERLIN)
    assert sheet_pdf(sheet, AT) == sheet_pdf.__wrapped__(sheet, AT)


def test_the_page_is_as_long_as_what_is_on_it() -> None:
    rows = tuple(Pair(f"Line {number}", "1,00") for number in range(200))
    short = pypdfium2.PdfDocument(sheet_pdf(Sheet("short", rows[:1]), AT))
    long = pypdfium2.PdfDocument(sheet_pdf(Sheet("long", rows), AT))
    assert len(short) == len(long) == 1
    assert long[0].get_height() > 20 * short[0].get_height()
    assert "Line 199" in long[0].get_textpage().get_text_bounded()
    short.close()
    long.close()


def test_letters_that_the_font_lacks_are_written_without_their_accents() -> None:
    text, _ = read(sheet_pdf(Sheet("x", (Text("Łódź für 5 €, ☺"),)), AT))
    assert "Lódz für 5 €, ?" in text


def test_an_outage_has_no_code() -> None:
    assert CLOSED["outage"].outage is OUTAGE
    sheet = receipt_sheet(CLOSED["outage"], BERLIN)
    assert read(sheet_pdf(sheet, AT))[1] == ()
