from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.payments.postfinance_sha import (
    SHA_IN,
    SHA_OUT,
    Algorithm,
    is_same,
    sha_in,
    sha_out,
)

PASSPHRASE = "Mysecretsig1875!?"
FORM = {
    "AMOUNT": "1500",
    "CURRENCY": "EUR",
    "LANGUAGE": "en_US",
    "ORDERID": "1234",
    "PSPID": "MyPSPID",
}
FEEDBACK = {
    "ACCEPTANCE": "1234",
    "amount": "15",
    "BRAND": "VISA",
    "CARDNO": "XXXXXXXXXXXX1111",
    "currency": "EUR",
    "NCERROR": "0",
    "orderID": "12",
    "PAYID": "32100123",
    "PM": "CreditCard",
    "STATUS": "9",
}


def test_the_guides_form_has_the_guides_digest() -> None:
    assert (
        sha_in(FORM, PASSPHRASE, Algorithm.SHA1)
        == "F4CC376CD7A834D997B91598FA747825A238BE0A"
    )


def test_the_guides_feedback_has_the_guides_digest() -> None:
    assert (
        sha_out(FEEDBACK, PASSPHRASE, Algorithm.SHA1)
        == "209113288F93A9AB8E474EA78D899AFDBB874355"
    )


def test_another_programs_feedback_has_its_sha_512_digest() -> None:
    given_ = FEEDBACK | {"CARDNO": "xxxxxxxxxxxx1111"}

    assert sha_out(given_, PASSPHRASE) == (
        "5377F95D498947BECC23E02C2C7DDE182EE1221F1A6629B091110DF653FE0C32"
        "FCACF5F9B87B4C5168FC12B7183095623750004355DE938A2B8DECC6DB6D9F62"
    )


@pytest.mark.parametrize(
    ("algorithm", "length"),
    [(Algorithm.SHA1, 40), (Algorithm.SHA256, 64), (Algorithm.SHA512, 128)],
)
def test_each_algorithm_signs_in_each_direction(
    algorithm: Algorithm, length: int
) -> None:
    for digest in (
        sha_in(FORM, PASSPHRASE, algorithm),
        sha_out(FEEDBACK, PASSPHRASE, algorithm),
    ):
        assert len(digest) == length
        assert is_same(digest, digest.lower())
        assert not is_same(digest, digest[:-1] + "x")
        assert not is_same(digest, "")


def test_only_listed_parameters_with_a_value_are_signed() -> None:
    more = {"COMPANY": "x", "SHASIGN": "y", "CVC": ""}

    assert sha_in(FORM | more, PASSPHRASE) == sha_in(FORM, PASSPHRASE)
    assert sha_in(FORM | {"CVCFLAG": "0"}, PASSPHRASE) != sha_in(FORM, PASSPHRASE)


def test_numbered_parameters_stand_in_the_order_of_their_numbers() -> None:
    items = {f"ITEMNAME{number}": f"n{number}" for number in (1, 2, 10)}
    digest = sha_in(items, "p", Algorithm.SHA1)
    reordered = {name: items[name] for name in sorted(items, reverse=True)}
    swapped = {"ITEMNAME1": "n1", "ITEMNAME10": "n10", "ITEMNAME2": "n2"}

    assert digest == sha_in(reordered, "p", Algorithm.SHA1)
    assert digest == sha_in(swapped, "p", Algorithm.SHA1)
    # ITEMNAME2 before ITEMNAME10, not as text would be sorted
    text = "ITEMNAME1=n1pITEMNAME2=n2pITEMNAME10=n10p"
    assert digest == hashlib.sha1(text.encode()).hexdigest().upper()


def test_the_lists_are_the_guides() -> None:
    assert (len(SHA_IN), len(SHA_OUT)) == (323, 63)
    assert len(set(SHA_IN)) == 323
    assert {"ORDERID", "AMOUNT", "PSPID", "ITEMNAME*XX*"} <= set(SHA_IN)
    assert {"ORDERID", "PAYIDSUB", "STATUS", "NBRIPUSAGE_ALLTX"} <= set(SHA_OUT)


@given(st.sampled_from(sorted(FEEDBACK)), st.text("0123456789abcXYZ", min_size=1))
def test_whatever_is_changed_changes_the_digest(name: str, value: str) -> None:
    changed = FEEDBACK | {name: value}
    same = changed[name] == FEEDBACK[name]

    assert (sha_out(changed, "p") == sha_out(FEEDBACK, "p")) is same
