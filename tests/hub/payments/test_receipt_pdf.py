from __future__ import annotations

from datetime import UTC, datetime

import msgspec
import pypdfium2
import pytest

from contract.money import Currency
from hub.core.bills.bill import Bill, Line, LineKind, Movement, MovementKind, standing
from hub.payments.receipt_pdf import BillReceipt, Received, receipt_pdf
from tests.hub.core.bills.billing import PIA, REFERENCE

NOW = datetime(2026, 5, 4, tzinfo=UTC)
PAID_AT = datetime(2026, 4, 30, 21, 5, tzinfo=UTC)


def receipt(*paid: int, lines: int = 2, language: str = "en") -> BillReceipt:
    bill = Bill(
        reference=REFERENCE,
        event="sola-2026",
        currency=Currency.CHF,
        payer=PIA,
        lines=tuple(
            Line(
                kind=LineKind.START_FEE,
                label=f"Team {number}",
                amount_minor=100_000,
                team=str(number),
            )
            for number in range(lines)
        ),
        created_at=NOW,
    )
    return BillReceipt(
        bill=bill,
        standing=standing(
            bill, [Movement(MovementKind.PAYMENT, each) for each in paid]
        ),
        title="Sola 2026",
        payee=("OL Regio", "8000 Zürich"),
        received=tuple(
            Received(at=PAID_AT, label="E-banking", amount_minor=each) for each in paid
        ),
        language=language,
    )


def text(data: bytes) -> str:
    document = pypdfium2.PdfDocument(data)
    return "\n".join(page.get_textpage().get_text_range() for page in document)


def test_a_receipt_names_what_was_billed_and_each_payment() -> None:
    said = text(receipt_pdf(receipt(150_000, 50_000), NOW))

    for words in (
        "Receipt: Sola 2026",
        PIA.name,
        "OL Regio",
        "Team 0",
        "Team 1",
        "CHF 2 000.00",
        "30.04.2026 E-banking",
        "1 500.00",
        "paid in full",
    ):
        assert words in " ".join(said.split()), words


@pytest.mark.parametrize(
    ("paid", "words"),
    [
        ((50_000,), "Still open CHF 1 500.00"),
        ((250_000,), "Paid too much, to be given back CHF 500.00"),
    ],
)
def test_a_receipt_says_what_is_open_or_too_much(
    paid: tuple[int, ...], words: str
) -> None:
    said = " ".join(text(receipt_pdf(receipt(*paid), NOW)).split())
    assert words in said
    assert "paid in full" not in said


def test_what_went_back_is_shown_below_zero() -> None:
    given = receipt(100_000)
    back = Received(at=PAID_AT, label="Refund", amount_minor=-25_000)
    given = msgspec.structs.replace(given, received=(*given.received, back))
    assert "-250.00" in text(receipt_pdf(given, NOW))


def test_a_long_receipt_goes_on_overleaf_and_loses_nothing() -> None:
    data = receipt_pdf(receipt(5_000_000, lines=120, language="de"), NOW)
    said = text(data)

    assert len(pypdfium2.PdfDocument(data)) > 3
    assert all(f"Team {number}" in said for number in range(120))
    assert "Quittung" in said
    assert data == receipt_pdf(receipt(5_000_000, lines=120, language="de"), NOW)
