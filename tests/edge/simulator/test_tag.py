from __future__ import annotations

import pytest

from contract.ids import WristbandUid
from edge.core import type2
from edge.simulator.tag import (
    ACK,
    MODELS,
    NAK_ARGUMENT,
    NAK_AUTHENTICATION,
    NTAG213,
    TagModel,
    Type2Tag,
)

UID = WristbandUid.parse("04A2B3C4D5E6F7")
PASSWORD = b"open"
CONFIGURATION = 0x29  # of NTAG213


@pytest.fixture
def tag() -> Type2Tag:
    return Type2Tag(UID)


def write(tag: Type2Tag, page: int, data: bytes) -> bytes:
    return tag.command(bytes([0xA2, page]) + data)


def protect(tag: Type2Tag, first_page: int, *, reading: bool) -> None:
    assert write(tag, CONFIGURATION + 2, PASSWORD) == ACK
    assert write(tag, CONFIGURATION + 3, b"PK\0\0") == ACK
    assert write(tag, CONFIGURATION + 1, bytes([0x80 * reading, 0, 0, 0])) == ACK
    assert write(tag, CONFIGURATION, bytes([0, 0, 0, first_page])) == ACK


@pytest.mark.parametrize("model", MODELS.values(), ids=str)
def test_every_model_leaves_the_factory_empty(model: TagModel) -> None:
    tag = Type2Tag(UID, model)
    first = tag.command(b"\x30\x00")
    assert first[:9] == bytes.fromhex("04A2B39D C4D5E6F7 00")
    assert type2.find_message(tag.command(b"\x30\x03")) == b""
    assert tag.command(b"\x60") == (tag.model.version or NAK_ARGUMENT)


def test_a_read_rolls_over_at_the_end_of_the_memory(tag: Type2Tag) -> None:
    assert tag.command(b"\x30\x2c")[4:] == tag.command(b"\x30\x00")[:12]
    assert tag.command(b"\x30\x2d") == NAK_ARGUMENT


def test_pages_are_written_one_at_a_time(tag: Type2Tag) -> None:
    assert write(tag, 5, b"beer") == ACK
    assert tag.command(b"\x3a\x04\x06") == tag.page(4) + b"beer" + bytes(4)
    for refused in (b"\xa2\x05abc", b"\xa2\x01abcd", b"\xa2\x2dabcd", b"\x30", b"\x3a"):
        assert tag.command(refused) == NAK_ARGUMENT
    assert tag.command(b"\x3a\x06\x04") == NAK_ARGUMENT


def test_locked_pages_stay_as_they_are(tag: Type2Tag) -> None:
    assert write(tag, 2, bytes([0, 0, 1 << 5, 0])) == ACK
    assert write(tag, 2, bytes(4)) == ACK  # a lock bit can't be cleared
    assert write(tag, 5, b"beer") == NAK_ARGUMENT
    assert write(tag, 6, b"beer") == ACK


def test_the_capability_container_is_programmed_once(tag: Type2Tag) -> None:
    assert write(tag, 3, bytes([0, 0, 0, 0x0F])) == ACK
    assert tag.page(3) == NTAG213.cc[:3] + b"\x0f"


def test_a_password_guards_writing_and_on_request_reading(tag: Type2Tag) -> None:
    protect(tag, 4, reading=True)
    assert write(tag, 4, b"beer") == NAK_ARGUMENT
    assert tag.command(b"\x30\x04") == NAK_ARGUMENT
    assert tag.command(b"\x3a\x03\x04") == NAK_ARGUMENT
    assert tag.command(b"\x1bnope") == NAK_AUTHENTICATION
    assert tag.command(b"\x1b" + PASSWORD) == b"PK"
    assert write(tag, 4, b"beer") == ACK
    tag.reset()  # the field was lost
    assert write(tag, 4, b"wine") == NAK_ARGUMENT


def test_without_read_protection_anyone_may_look(tag: Type2Tag) -> None:
    protect(tag, 4, reading=False)
    assert tag.command(b"\x30\x04")[:3] == b"\x03\x00\xfe"


def test_the_password_is_never_shown(tag: Type2Tag) -> None:
    protect(tag, 0xFF, reading=False)
    assert tag.command(b"\x30\x2b")[:8] == bytes(8)


def test_counter_and_signature_are_there_to_be_read(tag: Type2Tag) -> None:
    assert len(tag.command(b"\x39\x02")) == 3
    assert len(tag.command(b"\x3c\x00")) == 32
    assert tag.command(b"\x39") == tag.command(b"\x3c\x01") == NAK_ARGUMENT


def test_a_plain_ultralight_knows_two_commands() -> None:
    tag = Type2Tag(UID, MODELS["Ultralight"])
    for command in (b"\x60", b"\x3a\x00\x01", b"\x39\x02", b"\x3c\x00", b"\x1b1234"):
        assert tag.command(command) == NAK_ARGUMENT
    assert write(tag, 15, b"last") == ACK


def test_a_dump_brings_the_same_chip_back(tag: Type2Tag) -> None:
    tag.put_message(b"hello")
    again = Type2Tag.from_memory(bytes(tag.memory))
    assert (again.uid, again.model, again.memory) == (UID, NTAG213, tag.memory)
    with pytest.raises(ValueError, match="No known chip has 3 bytes"):
        Type2Tag.from_memory(b"abc")


def test_a_short_uid_is_no_type_2_tag() -> None:
    with pytest.raises(ValueError, match="7 bytes"):
        Type2Tag(WristbandUid(bytes(4)))
