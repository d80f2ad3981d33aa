"""A letter on paper: text at fixed places of an A4 sheet, in a font all readers have.

Measures are millimeters from the upper left corner. Characters that the font lacks are
printed without their accents.
"""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

from fpdf import FPDF

from contract.money import plain_amount

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hub.core.bills.bill import Payer
    from hub.payments.transfer import Creditor

PAGE_WIDTH, PAGE_HEIGHT = 210, 297
LEFT, RIGHT = 20, 190
ROW_HEIGHT = 6
LABEL_MAX = 90
POINT = 0.3528
FONT = "Helvetica"
ENCODING = "cp1252"
"""What PDF readers' own fonts hold (WinAnsiEncoding)."""

_STROKED = {"Ł": "L", "ł": "l", "Đ": "D", "đ": "d", "Ħ": "H", "ħ": "h"}
"""Letters that Unicode does not take apart."""


class Letter(FPDF):
    """An A4 sheet that is written at fixed places only; the first page is there."""

    def __init__(self, title: str) -> None:
        super().__init__(unit="mm", format="A4")
        self.core_fonts_encoding = ENCODING
        self.set_auto_page_break(auto=False)
        self.set_title(plain(title))
        self.add_page()

    def put(
        self, left: float, top: float, text: str, size: int, *, is_bold: bool = False
    ) -> None:
        """Print one line from a place on; the size is in points."""
        self.set_font(FONT, "B" if is_bold else "", size)
        self.text(left, top + size * POINT, plain(text))

    def right(
        self, right: float, top: float, text: str, size: int, *, is_bold: bool = False
    ) -> None:
        """Print one line that ends at a place."""
        self.set_font(FONT, "B" if is_bold else "", size)
        text = plain(text)
        self.text(right - self.get_string_width(text), top + size * POINT, text)

    def block(self, left: float, top: float, values: Iterable[str], size: int) -> float:
        """Print lines below each other; returns where the next would begin."""
        for value in values:
            self.put(left, top, value, size)
            top += size * POINT * 1.2
        return top

    def rows(self, top: float, rows: Iterable[tuple[str, int]]) -> float:
        """Print labels with their amounts in minor units; returns what is below."""
        for label, minor in rows:
            self.put(LEFT, top, cut(label, LABEL_MAX), 10)
            self.right(RIGHT, top, amount_text(minor), 10)
            top += ROW_HEIGHT
        return top


def person(of: Creditor | Payer) -> list[str]:
    """Write an address as it stands on letters."""
    return [
        cut(of.name, 38),
        f"{of.street} {of.house_number}".strip()[:38],
        f"{of.country}-{of.postal_code} {of.town}"[:38],
    ]


def amount_text(minor: int) -> str:
    """Write an amount as slips do, thousands parted by a blank."""
    whole, _, cents = plain_amount(abs(minor)).partition(".")
    return f"{'-' if minor < 0 else ''}{int(whole):,}".replace(",", " ") + f".{cents}"


def cut(text: str, length: int) -> str:
    """Shorten a text that has no room."""
    return text if len(text) <= length else f"{text[: length - 3]}..."


def plain(text: str) -> str:
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
