from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
import sepaxml
import xmlschema

from contract.money import Currency
from hub.payments.errors import NotOffered
from hub.payments.pain001 import (
    NAMESPACE,
    Party,
    Payout,
    PayoutFile,
    bank_text,
    pain_001,
)

SCHEMA = xmlschema.XMLSchema(
    Path(sepaxml.__file__).parent / "schemas" / "pain.001.001.09.xsd"
)
HUB_CHF = Party("Kassenband AG", "CH5604835012345678009", "CRESCHZZ80A")
HUB_EUR = Party("Kassenband e.V.", "DE71110220330123456789")
SWISS = Party("Pfadi Müller & Söhne", "CH9300762011623852957")
GERMAN = Party("Jörg Łuczak", "DE89 3704 0044 0532 0130 00", "COBADEFFXXX")


def file(
    *payouts: Payout, currency: Currency = Currency.EUR, from_: Party = HUB_EUR
) -> PayoutFile:
    return PayoutFile(
        message_id="settle-7",
        created_at=datetime(2026, 7, 1, 8, 30, tzinfo=UTC),
        execute_on=date(2026, 7, 2),
        from_=from_,
        currency=currency,
        payouts=payouts,
    )


def payout(to: Party = GERMAN, minor: int = 123456, name: str = "settle-7-1") -> Payout:
    return Payout(
        to=to, amount_minor=minor, text="Startgelder Söla 2026", end_to_end_id=name
    )


def values(data: bytes, name: str) -> list[str]:
    return [
        each.text or "" for each in ET.fromstring(data).iter(f"{{{NAMESPACE}}}{name}")
    ]


@pytest.mark.parametrize(
    "one",
    [
        file(payout()),
        file(payout(), payout(SWISS, 1, "settle-7-2")),
        file(payout(SWISS), currency=Currency.CHF, from_=HUB_CHF),
    ],
)
def test_the_banks_schema_accepts_every_file(one: PayoutFile) -> None:
    SCHEMA.validate(pain_001(one).decode())


def test_euros_go_by_sepa() -> None:
    data = pain_001(file(payout(), payout(GERMAN, 44, "settle-7-2")))

    assert values(data, "Cd") == ["SEPA"]
    assert values(data, "ChrgBr") == ["SLEV"]
    assert values(data, "CtrlSum") == ["1235.00", "1235.00"]
    assert values(data, "NbOfTxs") == ["2", "2"]
    assert values(data, "InstdAmt") == ["1234.56", "0.44"]
    assert values(data, "Nm")[-1] == "Joerg Luczak"
    assert values(data, "Ustrd")[0] == "Startgelder Soela 2026"
    assert values(data, "IBAN") == [
        "DE71110220330123456789",
        *["DE89370400440532013000"] * 2,
    ]


def test_francs_are_paid_within_switzerland() -> None:
    data = pain_001(file(payout(SWISS), currency=Currency.CHF, from_=HUB_CHF))

    assert values(data, "Cd") == []
    assert values(data, "BICFI") == ["CRESCHZZ80A"]
    assert values(data, "Nm")[-1] == "Pfadi Mueller + Soehne"
    with pytest.raises(NotOffered, match="Swiss accounts only"):
        pain_001(file(payout(GERMAN), currency=Currency.CHF, from_=HUB_CHF))


def test_the_same_payouts_give_the_same_bytes() -> None:
    assert pain_001(file(payout())) == pain_001(file(payout()))


def test_what_can_not_be_paid_out_is_refused_early() -> None:
    with pytest.raises(ValueError, match="more than zero"):
        payout(minor=0)
    with pytest.raises(ValueError, match="check digits"):
        Party("x", "DE89370400440532013001")
    with pytest.raises(ValueError, match="BIC"):
        Party("x", "DE89370400440532013000", "NOBIC")
    with pytest.raises(ValueError, match="name"):
        Party("李", "DE89370400440532013000")
    with pytest.raises(ValueError, match="same end-to-end"):
        file(payout(), payout())
    with pytest.raises(ValueError, match="payouts"):
        file()
    with pytest.raises(ValueError, match="no id"):
        payout(name="x" * 36)


def test_no_markup_gets_into_a_text() -> None:
    assert bank_text("<b>&amp;\n</b>", 140) == "b +amp /b"
    assert bank_text("é" * 200, 70) == "e" * 70
