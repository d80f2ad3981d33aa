"""Every sentence of the portal, in German and English, and the choice between them."""

from __future__ import annotations

import enum
import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from contract.money import Currency
from contract.order import OrderKind
from hub.web.bill_texts import BillTexts

if TYPE_CHECKING:
    from collections.abc import Iterator

LOCALE_FOLDER = Path(__file__).parent / "locale"
_WEIGHT = re.compile(r"q=(?P<whole>[01])(\.(?P<fraction>[0-9]{0,3}))?")


class Language(enum.Enum):
    """A language the portal speaks (ISO 639-1)."""

    EN = "en"
    DE = "de"


class _Texts(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A part of a locale file: a missing or misspelled text stops the hub's start."""


class NumberTexts(_Texts, frozen=True):
    """How a language writes numbers, money, dates and the names of time zones."""

    decimal: str
    group: str
    money: dict[Currency, str]
    percent: str
    date: str
    minute: str
    second: str
    months: tuple[str, ...]
    zones: dict[str, str]


class SiteTexts(_Texts, frozen=True):
    """What stands on every page."""

    language: str
    switch: str
    skip: str
    tagline: str
    demo: str
    demo_hint: str


class StartTexts(_Texts, frozen=True):
    """The start page."""

    title: str
    lead: str
    receipt_title: str
    receipt_text: str
    help_title: str
    help_text: str


class ReceiptTexts(_Texts, frozen=True):
    """The receipt page."""

    titles: dict[OrderKind, str]
    cancels: str
    number: str
    till: str
    date: str
    tax_number: str
    items: str
    quantity: str
    item: str
    unit_price: str
    line_total: str
    each: str
    total: str
    paid_wallet: str
    paid_cash: str
    paid_card: str
    refunded_wallet: str
    refunded_cash: str
    refunded_card: str
    vouchers_given: str
    vouchers_taken: str
    tax_title: str
    rate: str
    net: str
    tax: str
    gross: str
    not_taxable: str
    tax_free: str
    not_determinable: str
    zero_rated: str
    thanks: str
    print_hint: str
    pdf: str
    training: str
    card: str
    card_receipt: str
    bill: str


class FiscalTexts(_Texts, frozen=True):
    """The fiscal part of the receipt page (KassenSichV section 6)."""

    title: str
    qr_label: str
    qr_caption: str
    details: str
    till_serial: str
    tse_serial: str
    number: str
    counter: str
    started: str
    finished: str
    algorithm: str
    signature: str
    qr_text: str
    outage_title: str
    outage_text: str
    outage_since: str
    outage_reason: str
    outage_legal: str


class OutstandingTexts(_Texts, frozen=True):
    """The page of an order whose receipt is still at the till."""

    title: str
    text: str
    hint: str


class Problem(_Texts, frozen=True):
    """What went wrong in plain words, and what to do about it."""

    title: str
    text: str
    remedy: str


class ProblemTexts(_Texts, frozen=True):
    """Everything that can go wrong on the portal."""

    back: str
    again: str
    not_found: Problem
    office_not_found: Problem
    receipt_unknown: Problem
    bad_address: Problem
    not_allowed: Problem
    payment_unread: Problem
    unavailable: Problem
    crashed: Problem


class Texts(_Texts, frozen=True):
    """One locale file."""

    numbers: NumberTexts
    site: SiteTexts
    start: StartTexts
    receipt: ReceiptTexts
    fiscal: FiscalTexts
    outstanding: OutstandingTexts
    problems: ProblemTexts
    bills: BillTexts


@cache
def texts(language: Language) -> Texts:
    """Load a language's texts; raises msgspec.ValidationError naming what is wrong."""
    data = (LOCALE_FOLDER / f"{language.value}.json").read_bytes()
    return msgspec.json.decode(data, type=Texts)


def spoken(name: str | None) -> Language | None:
    """Find the language of a tag such as "de-CH"; None for one we don't speak."""
    primary = (name or "").partition("-")[0].strip().lower()
    return next((each for each in Language if each.value == primary), None)


def negotiate(accept_language: str) -> Language:
    """Choose by an Accept-Language header (RFC 9110, 12.5.4); English if in doubt."""
    wishes = sorted(_wishes(accept_language), key=lambda wish: -wish[1])
    return next((language for language, _ in wishes), Language.EN)


def _wishes(accept_language: str) -> Iterator[tuple[Language, int]]:
    for wish in accept_language.split(","):
        tag, _, weight = wish.partition(";")
        language, thousandths = spoken(tag), _thousandths(weight)
        if language is not None and thousandths > 0:
            yield language, thousandths


def _thousandths(weight: str) -> int:
    found = _WEIGHT.fullmatch(weight.replace(" ", "").lower())
    if found is None:
        return 0 if weight.strip() else 1000
    return int(found["whole"]) * 1000 + int(f"{found['fraction'] or '':0<3}")
