from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tse_driver import tlv
from tse_driver.errors import Unreadable


@given(st.integers(-(2**200), 2**200))
def test_an_integer_survives_and_is_minimal(number: int) -> None:
    element = tlv.read_one(tlv.write_integer(number))
    assert tlv.read_integer(element.value) == number
    body = element.value
    assert len(body) == 1 or not (body[0] == 0 and body[1] < 0x80)


@given(st.binary(max_size=400))
def test_any_value_survives_and_its_raw_slice_is_kept(value: bytes) -> None:
    raw = tlv.write(tlv.OCTET_STRING, value)
    element = tlv.read_one(raw)
    assert (element.value, element.raw) == (value, raw)


@settings(max_examples=200)
@given(st.binary(max_size=60))
def test_garbage_is_read_or_refused_but_never_crashes(garbage: bytes) -> None:
    try:
        elements = tlv.read_all(garbage)
    except Unreadable:
        return
    assert b"".join(element.raw for element in elements) == garbage


@pytest.mark.parametrize(
    ("raw", "kind", "value"),
    [
        (bytes.fromhex("A280 0402 4142 0401 43 0000"), 0x82, b"ABC"),
        (bytes.fromhex("A280 2480 0401 41 0000 0401 42 0000"), 0x82, b"AB"),
        (bytes.fromhex("2480 0000"), 0x04, b""),
        (bytes.fromhex("8103414243"), 0x81, b"ABC"),
    ],
)
def test_indefinite_lengths_join_their_parts(
    raw: bytes, kind: int, value: bytes
) -> None:
    element = tlv.read_one(raw)
    assert (element.kind, element.value, element.raw) == (kind, value, raw)


@pytest.mark.parametrize(
    "raw",
    ["", "04", "0405 4142", "0480 41 0000", "A280 0401 41", "0485 01", "1F0100", "00"],
)
def test_broken_elements_are_refused(raw: str) -> None:
    with pytest.raises(Unreadable, match="can't be read"):
        tlv.read_one(bytes.fromhex(raw))


def test_deep_nesting_is_refused() -> None:
    with pytest.raises(Unreadable, match="nested too deeply"):
        tlv.read_one(b"\x24\x80" * 5000)


def test_bytes_behind_the_end_are_refused() -> None:
    with pytest.raises(Unreadable, match="behind its end"):
        tlv.read_one(b"\x04\x01\x41\x00\x00")


def test_object_identifiers_survive() -> None:
    dotted = "0.4.0.127.0.7.1.1.4.1.4"
    raw = tlv.write_oid(dotted)
    assert raw.hex() == "060a04007f00070101040104"
    assert tlv.read_oid(tlv.read_one(raw).value) == dotted
