"""The payment slip: a bill's letter with the Swiss QR-bill's two parts at its foot.

Measures in millimeters and words from the style guide QR-bill (SIX, 2.3): receipt 62,
payment part 148 wide, 105 high, QR code 46 with a cross of 7; Helvetica is one of the
fonts it allows. Names that it can not print are in the code as they are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import segno

from hub.payments.letter import (
    PAGE_HEIGHT,
    PAGE_WIDTH,
    POINT,
    Letter,
    amount_text,
    cut,
    person,
)
from hub.payments.slip_words import WORDS, Words
from hub.payments.transfer import Transfer, swiss_payload

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

FOOT = PAGE_HEIGHT - 105
RECEIPT_WIDTH = 62
QR_SIZE, CROSS_SIZE = 46, 7
FIRST_PAGE_LINES, NEXT_PAGE_LINES = 14, 40


class Slip(msgspec.Struct, frozen=True, kw_only=True):
    """A bill as it is posted."""

    transfer: Transfer
    title: str
    lines: tuple[tuple[str, int], ...]
    """What is billed, and how much in minor units."""
    language: str = "de"


def slip_pdf(slip: Slip, issued_at: datetime) -> bytes:
    """Print a bill with its payment slip; the same bill gives the same bytes."""
    page = _Page(slip)
    page.set_creation_date(issued_at)
    page.letter(issued_at)
    page.foot()
    page.more_lines()
    return bytes(page.output())


class _Page(Letter):
    """A bill and its slip."""

    def __init__(self, slip: Slip) -> None:
        super().__init__(slip.title)
        self._slip = slip
        self._words: Words = WORDS.get(slip.language, WORDS["en"])

    def letter(self, issued_at: datetime) -> None:
        """Write the bill above the slip."""
        transfer = self._slip.transfer
        self.block(20, 20, person(transfer.creditor), 9)
        self.block(120, 45, person(transfer.payer), 11)
        self.put(20, 85, self._slip.title, 14, is_bold=True)
        self.put(20, 92, f"{self._words.date} {issued_at:%d.%m.%Y}", 9)
        rows = self._slip.lines[:FIRST_PAGE_LINES]
        below = self.rows(101, rows)
        if len(self._slip.lines) > FIRST_PAGE_LINES:
            self.put(20, below, self._words.overleaf, 9)
            below += 5
        total = f"{transfer.currency.value} {amount_text(transfer.amount_minor)}"
        self.put(20, below + 2, self._words.to_pay, 10, is_bold=True)
        self.right(190, below + 2, total, 10, is_bold=True)

    def foot(self) -> None:
        """Print receipt and payment part."""
        self.set_draw_color(0)
        self.set_line_width(0.1)
        self.set_dash_pattern(dash=1, gap=1)
        self.line(0, FOOT, PAGE_WIDTH, FOOT)
        self.line(RECEIPT_WIDTH, FOOT, RECEIPT_WIDTH, PAGE_HEIGHT)
        self.set_dash_pattern()
        self.put(60, FOOT - 4, self._words.separate, 7)
        self._receipt()
        self._payment_part()

    def more_lines(self) -> None:
        """Go on with the lines that had no room on the first page."""
        rest = self._slip.lines[FIRST_PAGE_LINES:]
        for start in range(0, len(rest), NEXT_PAGE_LINES):
            self.add_page()
            self.put(20, 20, self._slip.title, 11, is_bold=True)
            self.rows(30, rest[start : start + NEXT_PAGE_LINES])

    def _receipt(self) -> None:
        transfer, words = self._slip.transfer, self._words
        self.put(5, FOOT + 5, words.receipt, 11, is_bold=True)
        top = self._part(5, FOOT + 12, words.payable_to, self._payee(), (6, 8))
        top = self._part(5, top, words.reference, [transfer.shown_reference], (6, 8))
        self._part(5, top, words.payable_by, person(transfer.payer), (6, 8))
        self._money(5, FOOT + 68, (6, 8))
        self.right(57, FOOT + 82, words.acceptance_point, 6, is_bold=True)

    def _payment_part(self) -> None:
        transfer, words = self._slip.transfer, self._words
        left = RECEIPT_WIDTH + 5
        self.put(left, FOOT + 5, words.payment_part, 11, is_bold=True)
        self._code(left, FOOT + 17)
        self._money(left, FOOT + 68, (8, 10))
        side = left + 51
        top = self._part(side, FOOT + 5, words.payable_to, self._payee(), (8, 10))
        shown = [transfer.shown_reference]
        top = self._part(side, top, words.reference, shown, (8, 10))
        if transfer.message:
            message = [cut(transfer.message, 45)]
            top = self._part(side, top, words.more, message, (8, 10))
        self._part(side, top, words.payable_by, person(transfer.payer), (8, 10))

    def _payee(self) -> list[str]:
        iban = self._slip.transfer.creditor.compact_iban
        groups = [iban[at : at + 4] for at in range(0, len(iban), 4)]
        return [" ".join(groups), *person(self._slip.transfer.creditor)]

    def _money(self, left: float, top: float, sizes: tuple[int, int]) -> None:
        transfer, words = self._slip.transfer, self._words
        self._part(left, top, words.currency, [transfer.currency.value], sizes)
        amount = [amount_text(transfer.amount_minor)]
        self._part(left + 16, top, words.amount, amount, sizes)

    def _part(
        self,
        left: float,
        top: float,
        heading: str,
        values: list[str],
        sizes: tuple[int, int],
    ) -> float:
        """Print a heading with what belongs to it; returns where the next may begin."""
        self.put(left, top, heading, sizes[0], is_bold=True)
        top = self.block(left, top + sizes[0] * POINT * 1.25, values, sizes[1])
        return top + 2.5

    def _code(self, left: float, top: float) -> None:
        """Draw the QR code in squares, and the cross over its middle."""
        payload = swiss_payload(self._slip.transfer, self._slip.language)
        code = segno.make_qr(payload, error="m", encoding="utf-8", boost_error=False)
        rows = [list(row) for row in code.matrix]
        module = QR_SIZE / len(rows)
        self.set_fill_color(0)
        for down, row in enumerate(rows):
            for start, length in _runs(row):
                self.rect(
                    left + start * module,
                    top + down * module,
                    length * module,
                    module,
                    style="F",
                )
        self._cross(left + QR_SIZE / 2, top + QR_SIZE / 2)

    def _cross(self, middle: float, center: float) -> None:
        """Draw the Swiss cross: white border, black square, white cross in it."""
        for width, height, gray in (
            (CROSS_SIZE, CROSS_SIZE, 255),
            (6.2, 6.2, 0),
            (3.9, 1.17, 255),
            (1.17, 3.9, 255),
        ):
            self.set_fill_color(gray)
            self.rect(middle - width / 2, center - height / 2, width, height, style="F")
        self.set_fill_color(0)


def _runs(row: list[int]) -> Iterable[tuple[int, int]]:
    """Find the black stretches of a row: fewer, wider squares leave no hairlines."""
    start: int | None = None
    for at, module in enumerate([*row, 0]):
        if module and start is None:
            start = at
        elif not module and start is not None:
            yield start, at - start
            start = None
