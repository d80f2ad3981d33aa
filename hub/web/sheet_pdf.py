"""A sheet as PDF: one narrow page, as long as it needs to be."""

from __future__ import annotations

import io
from functools import lru_cache
from typing import TYPE_CHECKING

import segno
from fpdf import FPDF
from fpdf.enums import XPos, YPos

from contract.sheet import Cells, Code, Pair, Rule, Style, Text
from hub.payments.letter import ENCODING, FONT, plain
from hub.web.qr_code import MASK, QUIET_ZONE

if TYPE_CHECKING:
    from datetime import datetime

    from contract.sheet import Sheet, SheetRow

PAGE_WIDTH_MM = 100
PAGE_HEIGHT_MM_MAX = 4_000  # PDF readers end at 5080 mm
MARGIN_MM = 8
CODE_MM = 62
GAP_MM = 1.2
_REMEMBERED_MAX = 128  # some 10 KiB each
RIGHT_PERCENT_MAX = 60
SIZES_PT = {Style.SMALL: 6.5, Style.NORMAL: 9, Style.BOLD: 9, Style.BIG: 14}
LINE_MM = {Style.SMALL: 3.2, Style.NORMAL: 4.4, Style.BOLD: 4.4, Style.BIG: 7}


@lru_cache(maxsize=_REMEMBERED_MAX)
def sheet_pdf(sheet: Sheet, made_at: datetime) -> bytes:
    """Print a sheet; the same one gives the same bytes.

    Takes some 90 ms of CPU for a receipt the first time: call it from a thread.
    """
    draft = _Strip(sheet, PAGE_HEIGHT_MM_MAX, is_draft=True)
    strip = _Strip(sheet, draft.fill())
    strip.set_creation_date(made_at)
    strip.fill()
    return bytes(strip.output())


class _Strip(FPDF):
    """The page, filled from top to bottom."""

    def __init__(
        self, sheet: Sheet, height_mm: float, *, is_draft: bool = False
    ) -> None:
        super().__init__(unit="mm", format=(PAGE_WIDTH_MM, height_mm))
        self._sheet = sheet
        self._is_draft = is_draft
        self.core_fonts_encoding = ENCODING
        self.set_auto_page_break(auto=False)
        self.set_margin(MARGIN_MM)
        self.c_margin = 0
        self.set_title(plain(sheet.title))
        self.add_page()

    def fill(self) -> float:
        """Write all rows; returns how high the page has to be."""
        for row in self._sheet.rows:
            self._row(row)
        return self.get_y() + MARGIN_MM

    def _row(self, row: SheetRow) -> None:
        match row:
            case Text(text=text, style=style, centered=centered):
                self._write(text, style, align="C" if centered else "L")
            case Pair(left=left, right=right, style=style):
                self._pair(left, right, style)
            case Cells(cells=cells, style=style):
                self._cells(cells, style)
            case Rule():
                self.ln(GAP_MM)
                self.line(MARGIN_MM, self.get_y(), PAGE_WIDTH_MM - MARGIN_MM, self.y)
                self.ln(GAP_MM)
            case Code(text=text):
                if not self._is_draft:
                    self._code(text)
                self.ln(CODE_MM)

    def _write(
        self, text: str, style: Style, *, align: str = "L", width_mm: float = 0
    ) -> None:
        self._choose(style)
        self.multi_cell(
            width_mm,
            LINE_MM[style],
            plain(text),
            align=align,
            new_x=XPos.LMARGIN,
            new_y=YPos.NEXT,
        )

    def _pair(self, left: str, right: str, style: Style) -> None:
        self._choose(style)
        full = self.epw
        beside = min(
            self.get_string_width(plain(right)), full * RIGHT_PERCENT_MAX / 100
        )
        self._write(left, style, width_mm=full - beside - 2)
        # The amount stands beside the last line of what it belongs to.
        self.set_xy(MARGIN_MM + full - beside - 1, self.get_y() - LINE_MM[style])
        self._write(right, style, align="R", width_mm=beside + 1)

    def _cells(self, cells: tuple[str, ...], style: Style) -> None:
        self._choose(style)
        others = len(cells) - 1
        each = self.epw * 0.22
        first = self.epw - each * others
        top = self.get_y()
        self._write(cells[0], style, width_mm=first)
        below = self.get_y()
        for place, cell in enumerate(cells[1:]):
            self.set_xy(MARGIN_MM + first + each * place, top)
            self.cell(each, LINE_MM[style], plain(cell), align="R")
        self.set_xy(MARGIN_MM, below)

    def _code(self, text: str) -> None:
        code = segno.make(text, error="m", micro=False, boost_error=False, mask=MASK)
        picture = io.BytesIO()
        code.save(picture, kind="png", scale=4, border=QUIET_ZONE)
        picture.seek(0)
        self.image(picture, x=(PAGE_WIDTH_MM - CODE_MM) / 2, y=self.get_y(), w=CODE_MM)

    def _choose(self, style: Style) -> None:
        bold = style in {Style.BOLD, Style.BIG}
        self.set_font(FONT, "B" if bold else "", SIZES_PT[style])
