from __future__ import annotations

import base64
from base64 import b64decode
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.tse_driver.bench import log_messages, receipts
from tse_driver import tlv
from tse_driver.certificate import key_of, read_certificate
from tse_driver.errors import TseError, Unreadable
from tse_driver.log_message import (
    Certified,
    Kind,
    Operation,
    Protocolled,
    Receipt,
    TimeFormat,
    parse,
    read_time,
    signed_bytes,
    verify_receipt,
    write_message,
    write_time,
)
from tse_driver.signature import PublicKey, algorithm_named
from tse_driver.simulator import keys

RECEIPTS = receipts()
ANNEX: str = RECEIPTS[0]["qr"]
LOG = log_messages()
KEY = key_of(read_certificate(base64.b64decode(LOG["certificate"])))
IDENTITY = keys.create(datetime(2026, 6, 1, tzinfo=UTC))
SHA384 = algorithm_named("ecdsa-plain-SHA384")


def with_field(index: int, value: str) -> str:
    fields = ANNEX.split(";")
    fields[index] = value
    return ";".join(fields)


@pytest.mark.parametrize("vector", RECEIPTS, ids=lambda v: v["id"])
def test_a_receipt_is_judged_as_published(vector: dict[str, Any]) -> None:
    check = verify_receipt(vector["qr"])
    assert check.valid is vector["valid"], check.reason
    if "tse_serial" in vector:
        assert check.tse_serial == vector["tse_serial"]
    if "tbs_hex" in vector:
        receipt = Receipt.from_text(vector["qr"])
        key = PublicKey.from_bytes(base64.b64decode(receipt.public_key))
        assert receipt.signed_bytes(key).hex() == vector["tbs_hex"]


@pytest.mark.parametrize("vector", LOG["messages"], ids=lambda v: v["id"])
def test_a_log_message_is_judged_as_published(vector: dict[str, Any]) -> None:
    message = parse(base64.b64decode(vector["log_b64"]))
    assert message.verifies(KEY) is vector["valid"]
    assert message.kind == vector["kind"]
    assert message.signature_counter == vector["counter"]
    assert message.serial == vector["serial"]
    assert message.protocolled.algorithm.name == vector["alg"]
    name = vector["id"].removeprefix("neg-")
    assert name.startswith(f"Unixt_{message.log_time.timestamp():.0f}_")


def test_a_receipt_in_hex_and_with_a_wrapped_key_is_accepted() -> None:
    fields = ANNEX.split(";")
    point = base64.b64decode(fields[11])
    oid = tlv.write_oid("1.2.840.10045.2.1") + tlv.write_oid("1.3.36.3.3.2.8.1.1.11")
    info = tlv.write(0x30, oid) + tlv.write(0x03, b"\x00" + point)
    fields[10] = base64.b64decode(fields[10]).hex()
    fields[11] = base64.b64encode(tlv.write(0x30, info)).decode()
    check = verify_receipt(";".join(fields))
    assert check.valid
    assert check.tse_serial == RECEIPTS[0]["tse_serial"]


@pytest.mark.parametrize(
    ("index", "value"),
    [
        (1, "AMA-2643"),
        (2, "KassenBeleg-V1"),
        (3, "Beleg^4.05_3.00_0.00_0.00_0.00^7.05:Unbar"),
        (4, "14"),
        (5, "44132"),
        (7, "2019-11-22T11:29:50.000Z"),
        (8, "ecdsa-plain-SHA256"),
        (9, "utcTime"),
    ],
)
def test_each_signed_field_counts(index: int, value: str) -> None:
    check = verify_receipt(with_field(index, value))
    assert not check.valid
    assert "does not match" in check.reason


@pytest.mark.parametrize(
    ("index", "value", "reason"),
    [
        (8, "ecsdsa-plain-SHA384", "signature algorithm that is not known"),
        (9, "lunarTime", "time format is unknown"),
        (10, "AAAA", "96"),
        (10, "not base64!", "signature is no Base64"),
        (11, "not base64!", "key is no Base64"),
        (11, base64.b64encode(b"\x04" + b"\x07" * 96).decode(), "on no known curve"),
        (11, base64.b64encode(b"\x04" + b"\x07" * 7).decode(), "on no known curve"),
        (11, base64.b64encode(b"\x02" + b"\x07" * 48).decode(), "on no known curve"),
        (11, base64.b64encode(b"\x30\x03\x01\x02").decode(), "can't be read"),
        (11, "", "on no known curve"),
    ],
)
def test_a_bad_receipt_gets_its_reason(index: int, value: str, reason: str) -> None:
    check = verify_receipt(with_field(index, value))
    assert not check.valid
    assert reason in check.reason


@pytest.mark.parametrize(
    "text",
    [
        "",
        "V0",
        "V0;a;b;c",
        "V1" + ANNEX[2:],
        with_field(4, "13.5"),
        with_field(4, "9" * 5000),
        with_field(7, "yesterday"),
        with_field(3, "\udc80"),
    ],
)
def test_what_is_no_receipt_is_unreadable(text: str) -> None:
    with pytest.raises(Unreadable, match="The receipt can't be read"):
        verify_receipt(text)


@settings(max_examples=150)
@example(121, "1")
@example(412, "B")
@given(st.integers(0, len(ANNEX) - 1), st.characters(exclude_categories=[]))
def test_no_changed_receipt_crashes_or_passes(at: int, character: str) -> None:
    text = ANNEX[:at] + character + ANNEX[at + 1 :]
    try:
        check = verify_receipt(text)
    except Unreadable:
        return
    start = Receipt.from_text(ANNEX).start
    if check.valid and text.strip() != ANNEX:
        # Only what is not signed may change: the start time, a way to write a time or
        # the same key (base64's last bits), and what is less than a second, of which
        # this TSE knows nothing (unixTime).
        changed, original = Receipt.from_text(text), Receipt.from_text(ANNEX)
        assert b64decode(changed.public_key) == b64decode(original.public_key)
        signed = replace(
            changed,
            finish=changed.finish.replace(microsecond=0),
            public_key=original.public_key,
        )
        assert changed.start != start or signed == original


@given(st.text('0123456789^_.:;"\r\n üBelegBar', max_size=80))
def test_a_receipt_of_any_text_verifies_and_survives(text: str) -> None:
    moment = datetime(2026, 6, 1, 20, 15, 3, tzinfo=UTC)
    certified = Certified(Operation.FINISH, "bar-3", text.encode(), "Bestellung-V1", 7)
    protocolled = Protocolled(IDENTITY.public_key.serial, SHA384, 200, moment)
    signed = signed_bytes(Kind.TRANSACTION, certified.to_bytes(), protocolled)
    signature = IDENTITY.sign(signed)
    receipt = Receipt(
        "bar-3",
        "Bestellung-V1",
        text,
        7,
        200,
        moment,
        moment,
        SHA384.name,
        "unixTime",
        base64.b64encode(signature).decode(),
        base64.b64encode(IDENTITY.public_key.point).decode(),
    )
    assert Receipt.from_text(receipt.to_text()) == receipt
    assert verify_receipt(receipt.to_text()).valid
    message = parse(write_message(signed, signature))
    assert message.certified == certified
    assert message.protocolled == protocolled
    assert message.verifies(IDENTITY.public_key)


def test_a_message_with_indefinite_lengths_is_verified_over_its_raw_bytes() -> None:
    """Real devices write processData as A2 80 04.. 00 00 and may leave tag 83 out."""
    moment = datetime(2026, 6, 1, tzinfo=UTC)
    protocolled = Protocolled(
        IDENTITY.public_key.serial, SHA384, 3, moment, TimeFormat.UTC
    )
    certified = (
        tlv.write(0x80, b"StartTransaction")
        + tlv.write(0x81, b"bar-3")
        + bytes.fromhex("A280 0401 61 0401 62 0000")
        + tlv.write_integer(128, 0x85)
    )
    signed = signed_bytes(Kind.TRANSACTION, certified, protocolled)
    body = signed + tlv.write(4, IDENTITY.sign(signed))
    message = parse(b"\x30\x80" + body + b"\x00\x00")
    assert message.certified == Certified("StartTransaction", "bar-3", b"ab", "", 128)
    assert message.signed == signed
    assert message.verifies(IDENTITY.public_key)
    assert not message.verifies(KEY)


def test_an_audit_message_is_read() -> None:
    moment = datetime(2026, 6, 1, tzinfo=UTC)
    head = Protocolled(IDENTITY.public_key.serial, SHA384, 1, moment).to_bytes()
    serial_and_algorithm, rest = head[:48], head[48:]
    body = tlv.write_integer(2) + tlv.write_oid(Kind.AUDIT)
    signed = body + serial_and_algorithm + tlv.write(4, b"audit data") + rest
    message = parse(write_message(signed, IDENTITY.sign(signed)))
    assert message.kind is Kind.AUDIT
    assert message.verifies(IDENTITY.public_key)


@settings(max_examples=150)
@given(st.data())
def test_a_damaged_message_is_refused_or_does_not_verify(data: st.DataObject) -> None:
    raw = bytearray(base64.b64decode(LOG["messages"][1]["log_b64"]))
    at = data.draw(st.integers(0, len(raw) - 1))
    raw[at] ^= data.draw(st.integers(1, 255))
    try:
        message = parse(bytes(raw))
    except TseError:
        return
    assert not message.verifies(KEY)


@pytest.mark.parametrize("time_format", list(TimeFormat))
def test_log_times_survive(time_format: TimeFormat) -> None:
    moment = datetime(2026, 6, 1, 20, 15, 3, tzinfo=UTC)
    element = tlv.read_one(write_time(moment, time_format))
    assert read_time(element)[0] == moment


def test_a_message_of_a_megabyte_is_refused() -> None:
    with pytest.raises(Unreadable, match="bytes"):
        parse(tlv.write(0x30, bytes(1 << 20)))
