from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contract.money import Currency, Money
from hub.web.formats import MINUS, Formats, load_zone
from hub.web.texts import Language, texts

SUMMER = datetime(2026, 7, 4, 21, 15, 30, tzinfo=UTC)
WINTER = datetime(2026, 12, 31, 23, 30, 5, tzinfo=UTC)
SPACE = "\N{NO-BREAK SPACE}"


def formats(language: Language, zone: str = "Europe/Berlin") -> Formats:
    return Formats(texts(language).numbers, load_zone(zone))


@pytest.mark.parametrize(
    ("money", "german", "english"),
    [
        (Money(0), f"0,00{SPACE}€", "€0.00"),
        (Money(1200), f"12,00{SPACE}€", "€12.00"),
        (Money(-5), f"{MINUS}0,05{SPACE}€", f"{MINUS}€0.05"),
        (Money(123_456_789), f"1.234.567,89{SPACE}€", "€1,234,567.89"),
        (
            Money(550, Currency.CHF),
            f"5,50{SPACE}CHF",
            f"CHF{SPACE}5.50",
        ),
    ],
)
def test_money_looks_as_it_does_at_home(
    money: Money, german: str, english: str
) -> None:
    assert formats(Language.DE).money(money) == german
    assert formats(Language.EN).money(money) == english


@settings(max_examples=50)
@given(st.integers(-(2**62), 2**62), st.sampled_from(Language))
def test_an_amount_loses_no_cent(minor: int, language: Language) -> None:
    written = formats(language).amount(minor)
    digits = int(re.sub(r"\D", "", written))
    assert (-digits if written.startswith(MINUS) else digits) == minor


@pytest.mark.parametrize(
    ("basis_points", "german", "english"),
    [
        (1900, f"19{SPACE}%", "19%"),
        (550, f"5,5{SPACE}%", "5.5%"),
        (1070, f"10,7{SPACE}%", "10.7%"),
        (0, f"0{SPACE}%", "0%"),
        (5, f"0,05{SPACE}%", "0.05%"),
    ],
)
def test_rates_need_no_empty_decimals(
    basis_points: int, german: str, english: str
) -> None:
    assert formats(Language.DE).rate(basis_points) == german
    assert formats(Language.EN).rate(basis_points) == english


def test_times_are_the_event_s_and_name_their_zone() -> None:
    assert formats(Language.DE).minute(SUMMER) == "4. Juli 2026, 23:15 MESZ"
    assert formats(Language.DE).second(WINTER) == "1. Januar 2027, 00:30:05 MEZ"
    assert formats(Language.EN).second(SUMMER) == "4 July 2026, 23:15:30 CEST"


@pytest.mark.parametrize("zone", ["Nowhere/Atall", "../../etc/passwd", ""])
def test_without_zone_data_times_are_utc_and_say_so(zone: str) -> None:
    assert formats(Language.EN, zone).minute(SUMMER) == "4 July 2026, 21:15 UTC"
