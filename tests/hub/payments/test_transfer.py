from __future__ import annotations

import io

import msgspec
import pytest
import zxingcpp
from PIL import Image

from contract.bill_reference import creditor_reference
from contract.money import Currency
from hub.payments.errors import NotOffered
from hub.payments.transfer import Creditor, Transfer, giro_code, swiss_payload
from tests.hub.core.bills.billing import PIA, REFERENCE

QR_ACCOUNT = Creditor(
    iban="CH44 3199 9123 0008 8901 2",
    name="Kassenband AG",
    street="Rue du Lac",
    house_number="1268",
    postal_code="2501",
    town="Biel",
    country="CH",
)
ORDINARY = msgspec.structs.replace(QR_ACCOUNT, iban="CH5604835012345678009")
GERMAN = Creditor(
    iban="DE71110220330123456789",
    name="Kassenband e.V.",
    street="Hauptstraße",
    postal_code="10115",
    town="Berlin",
    country="DE",
)


def transfer(creditor: Creditor = QR_ACCOUNT, **changed: object) -> Transfer:
    given: dict[str, object] = {
        "creditor": creditor,
        "payer": PIA,
        "reference": REFERENCE,
        "amount_minor": 19995,
        "currency": Currency.CHF,
        "message": "Bill 17",
    }
    return Transfer(**(given | changed))  # type: ignore[arg-type]


def test_a_qr_iban_gets_the_qr_reference() -> None:
    lines = swiss_payload(transfer()).split("\r\n")

    assert lines[:11] == [
        "SPC",
        "0200",
        "1",
        "CH4431999123000889012",
        "S",
        "Kassenband AG",
        "Rue du Lac",
        "1268",
        "2501",
        "Biel",
        "CH",
    ]
    assert lines[18:20] == ["199.95", "CHF"]
    assert lines[20:27] == [
        "S",
        "Pia Muster",
        "Marktgasse",
        "28",
        "9400",
        "Rorschach",
        "CH",
    ]
    assert lines[27:] == ["QRR", REFERENCE, "Bill 17", "EPD"]


def test_an_ordinary_iban_gets_the_creditor_reference() -> None:
    lines = swiss_payload(transfer(ORDINARY)).split("\r\n")

    assert lines[27:29] == ["SCOR", creditor_reference(REFERENCE)]
    assert transfer(ORDINARY).shown_reference.startswith("RF")
    assert transfer().shown_reference.startswith("00 00012")


def test_euros_go_to_an_ordinary_iban_only() -> None:
    payload = swiss_payload(transfer(ORDINARY, currency=Currency.EUR))
    assert "\r\nEUR\r\n" in payload

    with pytest.raises(NotOffered, match="ordinary IBAN"):
        swiss_payload(transfer(currency=Currency.EUR))


def test_a_swiss_code_needs_a_swiss_account() -> None:
    with pytest.raises(NotOffered, match="GiroCode"):
        swiss_payload(transfer(GERMAN))


def test_long_names_fit_the_code() -> None:
    payer = msgspec.structs.replace(PIA, name="x" * 200, town="y" * 99)

    assert "x" * 70 + "\r\n" in swiss_payload(transfer(payer=payer))


def test_guests_who_top_up_stand_on_the_code_without_an_address() -> None:
    nobody = msgspec.structs.replace(PIA, name="", street="", postal_code="", town="")
    lines = swiss_payload(transfer(payer=nobody)).split("\r\n")

    assert lines[20:27] == [""] * 7
    assert lines[27:29] == ["QRR", REFERENCE]


def test_a_giro_code_is_read_back_by_another_program() -> None:
    code = giro_code(transfer(GERMAN, currency=Currency.EUR, amount_minor=1230))
    image = io.BytesIO()
    code.save(image, kind="png", scale=6, border=4)
    (found,) = zxingcpp.read_barcodes(Image.open(image))

    assert found.text.split("\n") == [
        "BCD",
        "002",
        "1",
        "SCT",
        "",
        "Kassenband e.V.",
        "DE71110220330123456789",
        "EUR12.3",
        "",
        creditor_reference(REFERENCE),
    ]


def test_a_giro_code_is_for_euros() -> None:
    with pytest.raises(NotOffered, match="euros only"):
        giro_code(transfer(GERMAN))


@pytest.mark.parametrize(
    "changed",
    [{"amount_minor": 0}, {"amount_minor": 10**11}, {"reference": "0" * 26 + "1"}],
)
def test_what_fits_on_no_slip_is_refused(changed: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"slip|check digit"):
        transfer(QR_ACCOUNT, **changed)


def test_a_mistyped_iban_is_refused() -> None:
    with pytest.raises(ValueError, match="check digits"):
        msgspec.structs.replace(ORDINARY, iban="CH5604835012345678008")
