"""Every sentence of the office's bank pages, in German and English."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import msgspec

from hub.web.texts import LOCALE_FOLDER

if TYPE_CHECKING:
    from hub.web.texts import Language


class BankTexts(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One locale file: sentences of each page by their names."""

    bank: dict[str, str]
    credit: dict[str, str]
    imported: dict[str, str]
    slips: dict[str, str]
    refunds: dict[str, str]
    settlements: dict[str, str]
    dispositions: dict[str, str]
    reasons: dict[str, str]
    decisions: dict[str, str]
    refund_states: dict[str, str]
    settlement_states: dict[str, str]
    shares: dict[str, str]


@cache
def bank_texts(language: Language) -> BankTexts:
    """Load a language's texts; raises msgspec.ValidationError naming what is wrong."""
    data = (LOCALE_FOLDER / f"bank.{language.value}.json").read_bytes()
    return msgspec.json.decode(data, type=BankTexts)
