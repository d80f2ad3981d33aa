from __future__ import annotations

from dataclasses import fields

import pytest

from contract.acts import OrderKind, PaymentMethod, PlaceRole
from contract.lines import LineRole
from contract.money import Currency, Money
from contract.sheet_words import SheetLanguage, sheet_words
from tests.contract.closed_receipts import BERLIN
from tests.contract.samples import AT

OF_PRODUCTS = {LineRole.ITEM, LineRole.DEPOSIT}


@pytest.mark.parametrize("language", SheetLanguage)
def test_everything_that_can_be_printed_has_a_word(language: SheetLanguage) -> None:
    words = sheet_words(language)
    assert set(words.titles) == set(words.kinds) == set(OrderKind)
    for named in (words.paid, words.given_back, words.methods):
        assert set(named) == set(PaymentMethod)
    assert set(words.places) == set(PlaceRole)
    texts = [getattr(words, each.name) for each in fields(words)]
    assert all(text for text in texts if isinstance(text, str))
    assert set(words.lines).isdisjoint(OF_PRODUCTS)


def test_figures_are_written_as_the_language_does() -> None:
    german, english = (sheet_words(each) for each in SheetLanguage)
    assert german.money(Money(-123_456, Currency.CHF)) == "-1234,56 CHF"
    assert english.money(Money(5)) == "0.05 EUR"
    assert [german.percent(each) for each in (1900, 550, 0)] == ["19 %", "5,5 %", "0 %"]
    assert german.at(AT, BERLIN) == "04.07.2026 23:15:30 MESZ"
    assert english.at(AT, BERLIN) == "2026-07-04 23:15:30 CEST"
