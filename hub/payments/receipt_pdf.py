"""The receipt of a bill as a letter: what was billed, and what was paid, when and how.

It confirms payments; it is no till's receipt, which a TSE signs.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

from contract.bill_reference import grouped
from hub.core.bills.bill import Bill, Standing
from hub.payments.letter import LEFT, RIGHT, Letter, amount_text, person

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

PAGE_FOOT = 270
NEXT_PAGE_TOP = 30


class Received(msgspec.Struct, frozen=True, kw_only=True):
    """Money of the bill that moved; what went back is negative."""

    at: datetime
    label: str
    """How it was paid, in the payer's language."""
    amount_minor: int


class BillReceipt(msgspec.Struct, frozen=True, kw_only=True):
    """Everything the letter says."""

    bill: Bill
    standing: Standing
    title: str
    """What was billed for: the competition's name."""
    payee: tuple[str, ...]
    """Who was paid, as it stands on the letter's head."""
    received: tuple[Received, ...]
    language: str = "de"


class Words(msgspec.Struct, frozen=True, kw_only=True):
    """What is printed in one language."""

    receipt: str
    reference: str
    billed: str
    total: str
    paid: str
    kept: str
    settled: str
    open: str
    over: str


WORDS: Mapping[str, Words] = {
    "de": Words(
        receipt="Quittung",
        reference="Referenz",
        billed="In Rechnung gestellt am",
        total="Rechnungsbetrag",
        paid="Zahlungen",
        kept="Bezahlt",
        settled="Der Betrag ist vollständig bezahlt. Vielen Dank!",
        open="Noch offen",
        over="Zu viel bezahlt, wird zurückerstattet",
    ),
    "en": Words(
        receipt="Receipt",
        reference="Reference",
        billed="Billed on",
        total="Total",
        paid="Payments",
        kept="Paid",
        settled="This bill is paid in full. Thank you!",
        open="Still open",
        over="Paid too much, to be given back",
    ),
}
"""By ISO 639-1 code; the portal's languages."""


def receipt_pdf(receipt: BillReceipt, issued_at: datetime) -> bytes:
    """Print a bill's receipt; the same receipt gives the same bytes."""
    sheet = _Sheet(receipt)
    sheet.set_creation_date(issued_at)
    sheet.head(issued_at)
    sheet.billed()
    sheet.paid()
    return bytes(sheet.output())


class _Sheet(Letter):
    """A receipt, page by page; `_top` is where the next row goes."""

    def __init__(self, receipt: BillReceipt) -> None:
        self._words = WORDS.get(receipt.language, WORDS["en"])
        self._receipt = receipt
        self._top = 106.0
        super().__init__(f"{self._words.receipt} {receipt.title}")

    def head(self, issued_at: datetime) -> None:
        """Write who was paid, who paid, and what for."""
        words, bill = self._words, self._receipt.bill
        self.block(LEFT, 20, self._receipt.payee, 9)
        self.block(120, 45, person(bill.payer), 11)
        self.put(LEFT, 80, f"{words.receipt}: {self._receipt.title}", 14, is_bold=True)
        self.put(LEFT, 88, f"{words.reference} {grouped(bill.reference)}", 9)
        self.put(LEFT, 93, f"{words.billed} {bill.created_at:%d.%m.%Y}", 9)
        self.right(RIGHT, 93, f"{issued_at:%d.%m.%Y}", 9)

    def billed(self) -> None:
        """Write the bill's lines and their total."""
        bill = self._receipt.bill
        self._rows((line.label, line.amount_minor) for line in bill.lines)
        self._sum(self._words.total, bill.total_minor)

    def paid(self) -> None:
        """Write each payment, their sum, and what that means."""
        words, standing = self._words, self._receipt.standing
        self._room()
        self.put(LEFT, self._top + 4, words.paid, 10, is_bold=True)
        self._top += 12
        self._rows(
            (f"{each.at:%d.%m.%Y}  {each.label}", each.amount_minor)
            for each in self._receipt.received
        )
        self._sum(words.kept, standing.kept_minor)
        if standing.open_minor:
            self._sum(words.open, standing.open_minor)
        elif standing.over_minor:
            self._sum(words.over, standing.over_minor)
        else:
            self._room()
            self.put(LEFT, self._top + 4, words.settled, 10)

    def _rows(self, rows: Iterable[tuple[str, int]]) -> None:
        for row in rows:
            self._room()
            self._top = self.rows(self._top, [row])

    def _sum(self, label: str, minor: int) -> None:
        self._room()
        currency = self._receipt.bill.currency.value
        self.put(LEFT, self._top + 2, label, 10, is_bold=True)
        text = f"{currency} {amount_text(minor)}"
        self.right(RIGHT, self._top + 2, text, 10, is_bold=True)
        self._top += 10

    def _room(self) -> None:
        if self._top > PAGE_FOOT:
            self.add_page()
            self._top = NEXT_PAGE_TOP
