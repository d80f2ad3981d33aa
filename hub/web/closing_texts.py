"""Every sentence of the office's pages about closings, in German and English."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import msgspec

from hub.web.texts import LOCALE_FOLDER

if TYPE_CHECKING:
    from hub.web.texts import Language


class ClosingTexts(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True
):
    """One locale file."""

    title: str
    lead: str
    nothing: str
    till: str
    number: str
    closed: str
    orders: str
    total: str
    cash: str
    state: str
    well: str
    look: str
    gap: str
    report: str
    compared: str
    agrees: str
    differs: str
    pdf: str
    back: str
    alarm: str
    note: str


@cache
def closing_texts(language: Language) -> ClosingTexts:
    """Load a language's texts; raises msgspec.ValidationError naming what is wrong."""
    data = (LOCALE_FOLDER / f"closings.{language.value}.json").read_bytes()
    return msgspec.json.decode(data, type=ClosingTexts)
