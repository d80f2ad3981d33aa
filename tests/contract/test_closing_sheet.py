from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from contract.closing_sheet import ClosedShift, cash_minor, closing_sheet
from contract.fiscal import Outage
from contract.receipt import qr_text
from contract.sheet_words import SheetLanguage
from tests.contract.closed_receipts import BERLIN
from tests.contract.samples import AT, CLOSING, SELLER, SIGNATURE

if TYPE_CHECKING:
    from contract.sheet import Sheet

SHIFT = ClosedShift(
    report=CLOSING, seller=SELLER, event_name="Summer 2026", signature=SIGNATURE
)


def text(sheet: Sheet) -> str:
    return "\n".join(sheet.texts())


def test_it_says_who_sold_how_much_and_which_signatures() -> None:
    sheet = closing_sheet(SHIFT, BERLIN)
    said = text(sheet)
    assert "Sommerfest e. V." in said
    assert f"Z-Bericht {CLOSING.z_number}" in said
    span, counters = CLOSING.span, CLOSING.counters
    assert counters is not None
    assert f"Belege {span.first} - {span.last} (6)" in said
    assert f"Signaturen {counters.first} - {counters.last}" in said
    assert CLOSING.digest in said
    assert sheet.codes() == (qr_text(SIGNATURE),)


def test_an_outage_is_said() -> None:
    report = msgspec.structs.replace(CLOSING, counters=None, trained=2)
    shift = ClosedShift(
        report=report,
        seller=SELLER,
        event_name="x",
        outage=Outage(since=AT, reason="silent"),
        demo=True,
    )
    said = text(closing_sheet(shift, BERLIN, is_copy=True))
    assert "Ohne Signatur: TSE ausgefallen" in said
    assert "silent" in said
    assert "keine Signatur" in said
    assert "davon im Training 2" in said
    assert "KOPIE" in said
    assert "DEMO" in said


def test_it_can_be_had_in_english_and_with_its_signature_in_clear() -> None:
    said = text(closing_sheet(SHIFT, BERLIN, language=SheetLanguage.EN, whole=True))
    assert f"Z report {CLOSING.z_number}" in said
    assert "Signature: " in said


def test_cash_is_what_was_paid_in_cash() -> None:
    assert cash_minor(CLOSING.totals) == sum(
        each.total_minor
        for each in CLOSING.totals
        if each.method is not None and each.method.value == "cash"
    )
