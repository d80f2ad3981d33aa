from __future__ import annotations

from datetime import UTC, datetime

import msgspec
import pypdfium2
import pytest

from contract.bill_reference import make_reference
from contract.money import Currency
from hub.payments.statement_pdf import Statement, statement_pdf
from hub.payments.transfer import Creditor

MAY = datetime(2026, 5, 2, tzinfo=UTC)
PAYEE = Creditor(
    iban="DE89370400440532013000",
    name="Füchse e. V.",
    street="Waldweg",
    house_number="3",
    postal_code="80331",
    town="München",
    country="DE",
)
STATEMENT = Statement(
    organizer="Füchse e. V.",
    name="Fuchslauf",
    number=2,
    currency=Currency.EUR,
    paid_bills_minor=123450,
    surcharges_minor=0,
    method_fees_minor=-295,
    taken_back_minor=0,
    carried_in_minor=-4500,
    payout_minor=118655,
    carried_out_minor=0,
    payer=None,
    payee=PAYEE,
    bills=((make_reference(123456789012345678901), "Pia Muster", 4205),),
    drawn_up_by="ann",
    approved_by="bob",
)


def texts(data: bytes) -> list[str]:
    document = pypdfium2.PdfDocument(data)
    try:
        return [page.get_textpage().get_text_range() for page in document]
    finally:
        document.close()


def changed(**more: object) -> Statement:
    return msgspec.structs.replace(STATEMENT, **more)


def test_the_statement_says_what_is_paid_and_why() -> None:
    (page,) = texts(statement_pdf(STATEMENT, MAY))

    for part in (
        "Abrechnung 2: Fuchslauf",
        "vom 02.05.2026",
        "Füchse e. V.",
        "Bezahlte Rechnungen",
        "1 234.50",
        "-2.95",
        "-45.00",
        "Auszahlung",
        "EUR 1 186.55",
        "DE89 3704 0044 0532 0130 00",
        "Erstellt von ann, freigegeben von bob",
        "Pia Muster",
        "42.05",
    ):
        assert part in page
    assert "Zuschläge" not in page


def test_what_is_not_approved_is_a_draft_and_debts_are_carried_forward() -> None:
    owed = changed(
        payout_minor=0, carried_out_minor=-500, approved_by=None, language="en"
    )

    (page,) = texts(statement_pdf(owed, MAY))

    assert "Draft: not yet approved by two people" in page
    assert "Carried over to the next settlement" in page
    assert "EUR -5.00" in page
    assert "DE89" not in page


def test_the_same_settlement_gives_the_same_bytes() -> None:
    assert statement_pdf(STATEMENT, MAY) == statement_pdf(STATEMENT, MAY)


@pytest.mark.parametrize(("count", "pages"), [(1, 1), (300, 8)])
def test_every_bill_has_its_line(count: int, pages: int) -> None:
    many = tuple(
        (make_reference(10**20 + number), f"Payer {number}", 100 + number)
        for number in range(count)
    )

    found = texts(statement_pdf(changed(bills=many), MAY))

    assert len(found) == pages
    assert f"Payer {count - 1}" in found[-1]
