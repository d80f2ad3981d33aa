from __future__ import annotations

import json

import msgspec
import pytest

from contract.catalogue import decode_catalogue, digest, encode_catalogue
from tests.contract.samples import CATALOGUE


def test_a_catalogue_comes_back_as_it_was() -> None:
    assert decode_catalogue(encode_catalogue(CATALOGUE)) == CATALOGUE


def test_its_digest_names_its_bytes() -> None:
    assert digest(b"abc") == (
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    )  # FIPS 180-4, example SHA-256


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("tax_code", 9, "tax code 9"),
        ("group", 9, "group 9"),
        ("label", "Much too long", "at most 2 lines"),
        ("label", "a\nb\nc", "at most 2 lines"),
        ("id", 2, "share one number"),
        ("price_minor", -1, "price_minor"),
        ("name", "", "name"),
        ("name", "a\u0007", "name"),
    ],
)
def test_a_broken_catalogue_says_what_is_wrong(
    field: str, value: object, words: str
) -> None:
    data = json.loads(encode_catalogue(CATALOGUE))
    data["products"][0][field] = value
    with pytest.raises(msgspec.ValidationError, match=words):
        decode_catalogue(json.dumps(data).encode())
