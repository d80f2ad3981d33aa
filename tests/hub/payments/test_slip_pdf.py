from __future__ import annotations

from datetime import UTC, datetime

import msgspec
import pypdfium2
import pytest
import zxingcpp

from hub.payments.slip_pdf import Slip, slip_pdf
from hub.payments.transfer import swiss_payload
from tests.hub.core.bills.billing import PIA, REFERENCE
from tests.hub.payments.test_transfer import transfer

NOW = datetime(2026, 5, 4, tzinfo=UTC)


def slip(lines: int = 2, **changed: object) -> Slip:
    given: dict[str, object] = {
        "transfer": transfer(),
        "title": "Startgeld Sola 2026",
        "lines": tuple((f"Team {number}", 1000) for number in range(lines)),
    }
    return Slip(**(given | changed))  # type: ignore[arg-type]


def texts(data: bytes) -> list[str]:
    document = pypdfium2.PdfDocument(data)
    return [page.get_textpage().get_text_range() for page in document]


def test_another_program_reads_the_code_of_the_printed_slip() -> None:
    page = pypdfium2.PdfDocument(slip_pdf(slip(), NOW))[0]
    (found,) = zxingcpp.read_barcodes(page.render(scale=3).to_pil())

    assert found.text == swiss_payload(transfer(), "de")
    # 46 of 210 mm wide, at 67 mm from the left
    corners = found.position
    width = corners.top_right.x - corners.top_left.x
    assert abs(width - 46 * 3 * 72 // 25.4) <= 8


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("de", ("Empfangsschein", "Zahlteil", "Zahlbar durch", "Annahmestelle")),
        ("en", ("Receipt", "Payment part", "Payable by", "Acceptance point")),
        ("rm", ("Receipt", "Payment part")),
    ],
)
def test_the_slip_says_what_banks_demand(language: str, words: tuple[str, ...]) -> None:
    (text,) = texts(slip_pdf(slip(language=language), NOW))

    for word in words:
        assert word in text
    assert text.count("00 00012 34567 89012 34567 89012") == 2
    assert text.count("CH44 3199 9123 0008 8901 2") == 2
    assert "CHF 199.95" in text
    assert "04.05.2026" in text
    assert REFERENCE.endswith("89012")


def test_many_lines_go_on_overleaf() -> None:
    pages = texts(slip_pdf(slip(lines=60), NOW))

    assert len(pages) == 3
    assert "nächsten Seite" in pages[0]
    for number in range(60):
        assert sum(f"Team {number}\r\n" in page for page in pages) <= 1
        assert any(f"Team {number}" in page for page in pages)


def test_names_in_other_alphabets_are_printed_and_coded() -> None:
    payer = msgspec.structs.replace(PIA, name="Zoë Łukasz-Dvořák 李")
    one = slip(transfer=transfer(payer=payer))
    data = slip_pdf(one, NOW)

    (text,) = texts(data)
    assert "Zoë Lukasz-Dvorák ?" in text
    page = pypdfium2.PdfDocument(data)[0]
    (found,) = zxingcpp.read_barcodes(page.render(scale=3).to_pil())
    assert "Zoë Łukasz-Dvořák 李" in found.text


def test_the_same_bill_gives_the_same_bytes() -> None:
    assert slip_pdf(slip(), NOW) == slip_pdf(slip(), NOW)
