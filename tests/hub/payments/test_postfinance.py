from __future__ import annotations

from urllib.parse import quote, urlencode

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.core.bills.bill import Payer
from hub.core.bills.errors import NotAllowed
from hub.core.bills.reports import Report, Said
from hub.payments.errors import Forged, NotOffered, Unusable
from hub.payments.method import Ask, FormPost, Incoming
from hub.payments.postfinance import PostFinance, Settings
from hub.payments.postfinance_sha import Algorithm, sha_in, sha_out
from hub.payments.postfinance_status import STATUSES, meaning
from tests.hub.payments.samples import ORDER_ID, START, URLS, give_back, performed

IN, OUT = "in-Mysecretsig1875!?", "out-Mysecretsig1875!?"
FEEDBACK = {
    "orderID": ORDER_ID,
    "currency": "CHF",
    "amount": "46.28",
    "PM": "PostFinance Card",
    "ACCEPTANCE": "TEST",
    "STATUS": "9",
    "CARDNO": "",
    "TRXDATE": "05/04/26",
    "PAYID": "32100123",
    "PAYIDSUB": "0",
    "NCERROR": "0",
    "BRAND": "PostFinance Card",
}


def method(algorithm: Algorithm = Algorithm.SHA512) -> PostFinance:
    return PostFinance(
        Settings(pspid="sola", pass_in=IN, pass_out=OUT, algorithm=algorithm)
    )


def signed(
    changed: dict[str, str] | None = None,
    algorithm: Algorithm = Algorithm.SHA512,
    charsets: tuple[str, str] = ("utf-8", "utf-8"),
) -> bytes:
    sent, hashed = charsets
    parameters = FEEDBACK | (changed or {})
    digest = sha_out(parameters, OUT, algorithm, hashed)
    return urlencode(parameters | {"SHASIGN": digest}, encoding=sent).encode()


def told(data: bytes, algorithm: Algorithm = Algorithm.SHA512) -> Report:
    incoming = Incoming(action="post_sale", query=data)
    received, _ = performed(method(algorithm).receive(incoming))
    (report,) = received.proven
    return report


@pytest.mark.parametrize("algorithm", Algorithm)
def test_the_form_is_signed(algorithm: Algorithm) -> None:
    step, calls = performed(method(algorithm).start(START))

    assert isinstance(step, FormPost)
    assert calls == []
    fields = dict(step.fields)
    digest = fields.pop("SHASIGN")
    assert digest == sha_in(fields, IN, algorithm)
    assert step.url.endswith("/ncol/prod/orderstandard_utf8.asp")
    assert fields == {
        "PSPID": "sola",
        "ORDERID": ORDER_ID,
        "AMOUNT": "4628",
        "CURRENCY": "CHF",
        "LANGUAGE": "de_CH",
        "CN": "Pia Muster",
        "EMAIL": "pia@example.org",
        "OWNERZIP": "9400",
        "OWNERADDRESS": "Marktgasse 28",
        "OWNERCTY": "CH",
        "OWNERTOWN": "Rorschach",
        "COM": "Startgeld Sola 2026",
        "ACCEPTURL": URLS.accepted,
        "DECLINEURL": URLS.declined,
        "EXCEPTIONURL": URLS.exception,
        "CANCELURL": URLS.canceled,
        "HOMEURL": URLS.bill,
        "OPERATION": "SAL",
    }


def test_long_and_odd_names_fit_the_guides_fields() -> None:
    payer = Payer(
        name="Ä" * 100 + "\nx",
        street="s" * 80,
        postal_code="1",
        town="t",
        country="CH",
    )
    bill = msgspec.structs.replace(START.bill, payer=payer)
    step, _ = performed(
        method().start(msgspec.structs.replace(START, bill=bill, subject="y" * 300))
    )

    assert isinstance(step, FormPost)
    fields = dict(step.fields)
    assert (len(fields["CN"]), len(fields["COM"])) == (35, 100)
    assert "EMAIL" not in fields


@pytest.mark.parametrize("algorithm", Algorithm)
def test_signed_feedback_is_believed(algorithm: Algorithm) -> None:
    report = told(signed(algorithm=algorithm), algorithm)

    assert report == Report(
        order_id=ORDER_ID,
        said=Said.PAID,
        provider_ref="32100123",
        money_ref="32100123",
        amount_minor=4628,
        currency="CHF",
        status="STATUS 9: paid",
    )


def test_feedback_comes_by_get_or_post() -> None:
    incoming = Incoming(action="post_sale", query=b"", body=signed())

    received, _ = performed(method().receive(incoming))
    assert received.proven[0].said is Said.PAID


@pytest.mark.parametrize("sent", ["utf-8", "iso-8859-1"])
@pytest.mark.parametrize("hashed", ["utf-8", "iso-8859-1"])
def test_umlauts_are_believed_in_either_charset(sent: str, hashed: str) -> None:
    data = signed({"CN": "Zoë Müller"}, charsets=(sent, hashed))

    assert told(data).said is Said.PAID


def test_parameters_of_our_own_are_ignored() -> None:
    data = signed() + b"&session=4711&NOTLISTED=x"

    assert told(data) == told(signed())


def test_names_in_other_cases_are_the_same() -> None:
    data = signed().replace(b"orderID", b"ORDERID").replace(b"PAYID=", b"payid=")

    assert told(data) == told(signed())


@pytest.mark.parametrize(
    "data",
    [
        b"",
        signed()[:-1],
        signed()[: signed().index(b"&SHASIGN")],
        signed().replace(b"46.28", b"46.29"),
        signed() + b"&amount=1.00",
        signed() + b"&AMOUNT=1.00",
        signed().replace(b"&STATUS=9", b""),
        signed() + b"&CN=" + b"x" * 20_000,
        signed() + b"&a=1" * 300,
        signed(algorithm=Algorithm.SHA1),
        b"\xff\xfe",
        b"SHASIGN=",
    ],
)
def test_forged_or_damaged_feedback_is_not_believed(data: bytes) -> None:
    with pytest.raises(Forged):
        told(data)


@settings(max_examples=30)
@given(st.integers(0, len(signed()) - 1), st.integers(1, 255))
def test_no_changed_byte_says_anything_else(at: int, by: int) -> None:
    data = bytearray(signed())
    data[at] = (data[at] + by) % 256
    try:
        report = told(bytes(data))
    except (Forged, Unusable):
        return
    assert report == told(signed())


@pytest.mark.parametrize(
    "changed",
    [
        {"amount": "46,28"},
        {"amount": "46.281"},
        {"amount": "46.2800"},
        {"amount": "1.234,56"},
        {"amount": "-46.28"},
        {"orderID": "12"},
        {"orderID": ORDER_ID[:26]},
        {"orderID": ORDER_ID + "0000"},
        {"orderID": ""},
    ],
)
def test_signed_nonsense_is_a_warning(changed: dict[str, str]) -> None:
    with pytest.raises(Unusable):
        told(signed(changed))


@pytest.mark.parametrize(
    ("text", "minor"), [("15", 1500), ("15.00", 1500), ("1395.34", 139534), ("0.5", 50)]
)
def test_amounts_are_francs(text: str, minor: int) -> None:
    assert told(signed({"amount": text})).amount_minor == minor


SAID = {
    Said.FAILED: "0 2 93 94",
    Said.CANCELED: "1 6 64",
    Said.PENDING: "4 40 41 46 50 51 55 56 59 61 91 99",
    Said.RESERVED: "5 63",
    Said.UNCERTAIN: "52 62 92",
    Said.PAID: "9",
    Said.REFUNDED: "7 74 75 8 85",
    Said.REFUND_PENDING: "71 72 81 82",
    Said.REFUND_FAILED: "73 83 84",
    Said.NOTHING: "57 95",
}


@pytest.mark.parametrize(
    ("status", "said"),
    [(status, said) for said, all_ in SAID.items() for status in all_.split()],
)
def test_each_status_of_the_guide_means_one_thing(status: str, said: Said) -> None:
    assert told(signed({"STATUS": status})).said is said


def test_no_status_is_forgotten_and_the_doubtful_ones_are_alarming() -> None:
    assert set(STATUSES) == {each for all_ in SAID.values() for each in all_.split()}
    for status in ("5", "52", "92", "55", "72", "82", "83", "84"):
        assert meaning(status).alarm
    for status in ("0", "1", "2", "9", "91", "93"):
        assert meaning(status).alarm is None
    assert meaning("4711").said is Said.NOTHING
    assert meaning("4711").alarm


def test_money_back_has_a_reference_of_its_own() -> None:
    refund = told(signed({"STATUS": "8", "PAYIDSUB": "1", "amount": "10"}))

    assert (refund.said, refund.money_ref) == (Said.REFUNDED, "32100123/1")
    assert refund.money_ref != told(signed()).money_ref


def test_money_back_without_a_number_is_told_by_what_is_said_of_it() -> None:
    back = {"STATUS": "8", "PAYIDSUB": "", "amount": "10", "TRXDATE": "05/01/26"}
    refs = [
        told(signed(back | changed)).money_ref
        for changed in (
            {},
            {"STATUS": "85"},
            {"PAYIDSUB": "0"},
            {"amount": "20"},
            {"TRXDATE": "05/02/26"},
            {"ACCEPTANCE": "other"},
        )
    ]

    assert refs[0] == refs[1] == refs[2], "the same again is the same"
    assert len(set(refs)) == 4
    assert all(ref.startswith("32100123/back-") for ref in refs)


def test_staff_name_a_movement_as_the_feedback_does() -> None:
    def named(said: Said, typed: str) -> str:
        return method().money_ref(said, typed)

    assert named(Said.PAID, "32100123") == told(signed()).money_ref
    assert named(Said.PAID, "32100123/0") == told(signed()).money_ref
    back = told(signed({"STATUS": "8", "PAYIDSUB": "1", "amount": "10"})).money_ref
    assert named(Said.REFUNDED, "32100123 / 1") == back
    for said, typed in (
        (Said.REFUNDED, "32100123"),
        (Said.CHARGED_BACK, "32100123/0"),
        (Said.PAID, "CAP1"),
        (Said.PAID, ""),
    ):
        with pytest.raises(NotAllowed, match="PAYID/PAYIDSUB"):
            named(said, typed)


def test_money_back_without_a_number_may_be_what_staff_gave_its_number() -> None:
    unnumbered = told(signed({"STATUS": "8", "PAYIDSUB": "", "amount": "10"})).money_ref
    may_be_same = method().may_be_same

    assert may_be_same("32100123/1", unnumbered)
    assert may_be_same(unnumbered, "32100123/1")
    assert not may_be_same("32100124/1", unnumbered)
    assert not may_be_same("32100123/1", "32100123/2")
    assert not may_be_same(unnumbered, "32100123/back-0123456789abcdef")


def test_refunds_are_made_in_the_back_office() -> None:
    with pytest.raises(NotOffered, match="back office"):
        performed(method().refund(give_back()))
    assert performed(method().fetch(Ask(ORDER_ID))) == ((), [])


def test_secrets_are_needed_and_not_shown() -> None:
    with pytest.raises(ValueError, match="both passphrases"):
        PostFinance(Settings(pspid="sola", pass_in=IN, pass_out=""))
    assert IN not in repr(Settings(pspid="sola", pass_in=IN, pass_out=OUT))


def test_quoted_blanks_are_read_either_way() -> None:
    plus = signed({"CN": "Pia Muster"})
    percent = plus.replace(b"Pia+Muster", quote("Pia Muster").encode())

    assert told(percent) == told(plus)
