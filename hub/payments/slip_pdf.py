"""The payment slip: a bill's letter with the Swiss QR-bill's two parts at its foot.

Measures in millimeters and words from the style guide QR-bill (SIX, 2.3): receipt 62,
payment part 148 wide, 105 high, QR code 46 with a cross of 7; Helvetica is one of the
fonts it allows. Characters that the font lacks are printed without their accents; the
code holds them as they are.
"""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

import msgspec
import segno
from fpdf import FPDF

from contract.money import plain_amount
from hub.payments.slip_words import WORDS, Words
from hub.payments.transfer import Transfer, swiss_payload

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from hub.core.bills.bill import Payer
    from hub.payments.transfer import Creditor

PAGE_WIDTH, PAGE_HEIGHT = 210, 297
FOOT = PAGE_HEIGHT - 105
RECEIPT_WIDTH = 62
QR_SIZE, CROSS_SIZE = 46, 7
FIRST_PAGE_LINES, NEXT_PAGE_LINES = 14, 40
FONT = "Helvetica"
ENCODING = "cp1252"
"""What PDF readers' own fonts hold (WinAnsiEncoding)."""

_POINT = 0.3528
_STROKED = {"Ł": "L", "ł": "l", "Đ": "D", "đ": "d", "Ħ": "H", "ħ": "h"}
"""Letters that Unicode does not take apart."""


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


class _Page(FPDF):
    """An A4 sheet in millimeters that is written at fixed places only."""

    def __init__(self, slip: Slip) -> None:
        super().__init__(unit="mm", format="A4")
        self.core_fonts_encoding = ENCODING
        self.set_auto_page_break(auto=False)
        self.set_title(_plain(slip.title))
        self._slip = slip
        self._words: Words = WORDS.get(slip.language, WORDS["en"])
        self.add_page()

    def letter(self, issued_at: datetime) -> None:
        """Write the bill above the slip."""
        transfer = self._slip.transfer
        self._block(20, 20, _person(transfer.creditor), 9)
        self._block(120, 45, _person(transfer.payer), 11)
        self._put(20, 85, self._slip.title, 14, is_bold=True)
        self._put(20, 92, f"{self._words.date} {issued_at:%d.%m.%Y}", 9)
        rows = self._slip.lines[:FIRST_PAGE_LINES]
        below = self._rows(101, rows)
        if len(self._slip.lines) > FIRST_PAGE_LINES:
            self._put(20, below, self._words.overleaf, 9)
            below += 5
        total = f"{transfer.currency.value} {_amount(transfer.amount_minor)}"
        self._put(20, below + 2, self._words.to_pay, 10, is_bold=True)
        self._right(190, below + 2, total, 10, is_bold=True)

    def foot(self) -> None:
        """Print receipt and payment part."""
        self.set_draw_color(0)
        self.set_line_width(0.1)
        self.set_dash_pattern(dash=1, gap=1)
        self.line(0, FOOT, PAGE_WIDTH, FOOT)
        self.line(RECEIPT_WIDTH, FOOT, RECEIPT_WIDTH, PAGE_HEIGHT)
        self.set_dash_pattern()
        self._put(60, FOOT - 4, self._words.separate, 7)
        self._receipt()
        self._payment_part()

    def more_lines(self) -> None:
        """Go on with the lines that had no room on the first page."""
        rest = self._slip.lines[FIRST_PAGE_LINES:]
        for start in range(0, len(rest), NEXT_PAGE_LINES):
            self.add_page()
            self._put(20, 20, self._slip.title, 11, is_bold=True)
            self._rows(30, rest[start : start + NEXT_PAGE_LINES])

    def _rows(self, top: int, rows: Iterable[tuple[str, int]]) -> int:
        for label, minor in rows:
            self._put(20, top, _cut(label, 90), 10)
            self._right(190, top, _amount(minor), 10)
            top += 6
        return top

    def _receipt(self) -> None:
        transfer, words = self._slip.transfer, self._words
        self._put(5, FOOT + 5, words.receipt, 11, is_bold=True)
        top = self._part(5, FOOT + 12, words.payable_to, self._payee(), (6, 8))
        top = self._part(5, top, words.reference, [transfer.shown_reference], (6, 8))
        self._part(5, top, words.payable_by, _person(transfer.payer), (6, 8))
        self._money(5, FOOT + 68, (6, 8))
        self._right(57, FOOT + 82, words.acceptance_point, 6, is_bold=True)

    def _payment_part(self) -> None:
        transfer, words = self._slip.transfer, self._words
        left = RECEIPT_WIDTH + 5
        self._put(left, FOOT + 5, words.payment_part, 11, is_bold=True)
        self._code(left, FOOT + 17)
        self._money(left, FOOT + 68, (8, 10))
        side = left + 51
        top = self._part(side, FOOT + 5, words.payable_to, self._payee(), (8, 10))
        shown = [transfer.shown_reference]
        top = self._part(side, top, words.reference, shown, (8, 10))
        if transfer.message:
            message = [_cut(transfer.message, 45)]
            top = self._part(side, top, words.more, message, (8, 10))
        self._part(side, top, words.payable_by, _person(transfer.payer), (8, 10))

    def _payee(self) -> list[str]:
        iban = self._slip.transfer.creditor.compact_iban
        groups = [iban[at : at + 4] for at in range(0, len(iban), 4)]
        return [" ".join(groups), *_person(self._slip.transfer.creditor)]

    def _money(self, left: float, top: float, sizes: tuple[int, int]) -> None:
        transfer, words = self._slip.transfer, self._words
        self._part(left, top, words.currency, [transfer.currency.value], sizes)
        amount = [_amount(transfer.amount_minor)]
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
        self._put(left, top, heading, sizes[0], is_bold=True)
        top = self._block(left, top + sizes[0] * _POINT * 1.25, values, sizes[1])
        return top + 2.5

    def _block(
        self, left: float, top: float, values: Iterable[str], size: int
    ) -> float:
        for value in values:
            self._put(left, top, value, size)
            top += size * _POINT * 1.2
        return top

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

    def _put(
        self, left: float, top: float, text: str, size: int, *, is_bold: bool = False
    ) -> None:
        self.set_font(FONT, "B" if is_bold else "", size)
        self.text(left, top + size * _POINT, _plain(text))

    def _right(
        self, right: float, top: float, text: str, size: int, *, is_bold: bool = False
    ) -> None:
        self.set_font(FONT, "B" if is_bold else "", size)
        text = _plain(text)
        self.text(right - self.get_string_width(text), top + size * _POINT, text)


def _runs(row: list[int]) -> Iterable[tuple[int, int]]:
    """Find the black stretches of a row: fewer, wider squares leave no hairlines."""
    start: int | None = None
    for at, module in enumerate([*row, 0]):
        if module and start is None:
            start = at
        elif not module and start is not None:
            yield start, at - start
            start = None


def _person(of: Creditor | Payer) -> list[str]:
    return [
        _cut(of.name, 38),
        f"{of.street} {of.house_number}".strip()[:38],
        f"{of.country}-{of.postal_code} {of.town}"[:38],
    ]


def _amount(minor: int) -> str:
    """Write an amount as slips do, thousands parted by a blank."""
    whole, _, cents = plain_amount(minor).partition(".")
    return f"{int(whole):,}".replace(",", " ") + f".{cents}"


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[: length - 3]}..."


def _plain(text: str) -> str:
    """Keep what the font has (cp1252); of other letters print the base letter."""
    kept = []
    for each in unicodedata.normalize("NFC", text):
        base = each
        if not each.isprintable():
            base = " "
        elif not _is_in_font(each):
            base = _STROKED.get(each) or unicodedata.normalize("NFKD", each)[0]
        kept.append(base if _is_in_font(base) else "?")
    return "".join(kept)


def _is_in_font(character: str) -> bool:
    try:
        character.encode(ENCODING)
    except UnicodeEncodeError:
        return False
    return True
