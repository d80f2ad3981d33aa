"""The words of a payment slip; those of its parts are the style guide's, annex C."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping


class Words(msgspec.Struct, frozen=True, kw_only=True):
    """What is printed in one language."""

    receipt: str
    payment_part: str
    payable_to: str
    reference: str
    more: str
    payable_by: str
    currency: str
    amount: str
    acceptance_point: str
    separate: str
    date: str
    to_pay: str
    overleaf: str


WORDS: Mapping[str, Words] = {
    "de": Words(
        receipt="Empfangsschein",
        payment_part="Zahlteil",
        payable_to="Konto / Zahlbar an",
        reference="Referenz",
        more="Zusätzliche Informationen",
        payable_by="Zahlbar durch",
        currency="Währung",
        amount="Betrag",
        acceptance_point="Annahmestelle",
        separate="Vor der Einzahlung abzutrennen",
        date="Rechnung vom",
        to_pay="Zu zahlen",
        overleaf="Weitere Positionen auf der nächsten Seite",
    ),
    "en": Words(
        receipt="Receipt",
        payment_part="Payment part",
        payable_to="Account / Payable to",
        reference="Reference",
        more="Additional information",
        payable_by="Payable by",
        currency="Currency",
        amount="Amount",
        acceptance_point="Acceptance point",
        separate="Separate before paying in",
        date="Bill of",
        to_pay="To be paid",
        overleaf="More lines on the next page",
    ),
}
"""By ISO 639-1 code; the portal's languages."""
