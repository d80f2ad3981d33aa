from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.core.type2 import (
    Damaged,
    DoesNotFit,
    Missing,
    NotNdef,
    data_size,
    find_message,
    write_plan,
)
from edge.core.wristband import Flaw, Wristband, WristbandProblem, read_wristband
from tests.edge.core.issuing import EVENT, KEYS, UID, issue

NTAG213 = bytes.fromhex("E1101200")
NTAG215 = bytes.fromhex("E1103E00")
SIZE = 144


def memory(data: bytes, cc: bytes = NTAG213) -> bytes:
    return cc + data.ljust(data_size(cc), b"\0")


def written(message: bytes, cc: bytes = NTAG213) -> bytes:
    octets = bytearray(memory(b"", cc))
    for write in write_plan(cc, message):
        octets[(write.page - 3) * 4 : (write.page - 2) * 4] = write.data
    return bytes(octets)


def test_the_message_is_found_behind_other_blocks() -> None:
    lock_control = bytes.fromhex("0103A00C34")  # as NTAG213 leaves the factory
    assert find_message(memory(b"\0" + lock_control + b"\x03\x02hi\xfe")) == b"hi"


@pytest.mark.parametrize(
    "data", [b"\x03\x00", b"\xfe\x03\x02hi", b"", b"\x01\x01x\xfe"]
)
def test_no_message_is_an_empty_one(data: bytes) -> None:
    assert find_message(memory(data)) == b""


def test_a_blank_chip_is_empty() -> None:
    assert find_message(bytes(16)) == b""


@pytest.mark.parametrize("cc", ["E1201200", "E1101210", "E2101200", "FFFFFFFF"])
def test_another_format_is_not_read(cc: str) -> None:
    with pytest.raises(NotNdef):
        find_message(bytes.fromhex(cc) + b"\x03\x02hi")


@pytest.mark.parametrize(
    "data",
    [
        b"\x03\xfehello",  # 254 bytes on a tag of 144
        b"\x03\xff\xff\xffhello",
        b"\0" * 143 + b"\x03",  # the length would lie behind the memory
        b"\0" * 141 + b"\x03\xff\x01",
        b"\x01\x90" + bytes(140),  # another block that runs out of the tag
    ],
)
def test_blocks_that_contradict_the_size_are_damage(data: bytes) -> None:
    with pytest.raises(Damaged):
        find_message(memory(data))


def test_no_more_is_read_than_the_message_needs() -> None:
    whole = written(b"x" * 30)
    octets = b""
    while isinstance(found := find_message(octets), Missing):
        assert found.octets > len(octets)
        octets = whole[: found.octets]
    assert found == b"x" * 30
    assert len(octets) == 4 + 2 + 30


@given(st.binary(max_size=500))
def test_reading_ends_whatever_the_tag_holds(data: bytes) -> None:
    whole = memory(data, NTAG215)
    octets = b""
    try:
        while isinstance(found := find_message(octets), Missing):
            assert len(octets) < found.octets <= len(whole)
            octets = whole[: found.octets]
    except Damaged:
        return
    assert found in whole


@given(st.binary(max_size=480))
def test_what_is_written_is_found(message: bytes) -> None:
    assert find_message(written(message, NTAG215)) == message


def test_a_message_longer_than_the_chip_is_refused_before_the_first_write() -> None:
    write_plan(NTAG213, b"x" * (SIZE - 3))
    with pytest.raises(DoesNotFit, match="needs 145 bytes, this tag has 144"):
        write_plan(NTAG213, b"x" * (SIZE - 2))


def test_a_chip_nobody_formatted_takes_no_message() -> None:
    with pytest.raises(NotNdef):
        write_plan(bytes(4), b"hi")


def torn_writes(old: bytes, new: bytes) -> list[bytes]:
    """Every memory that a write torn away can leave, also in the middle of a page."""
    octets = bytearray(old)
    left = []
    for write in write_plan(old[:4], new):
        at = (write.page - 3) * 4
        for done in range(4):
            half = bytes(write.data[:done]) + octets[at + done : at + 4]
            left.append(bytes(octets[:at] + half + octets[at + 4 :]))
        octets[at : at + 4] = write.data
    return left


def judge(octets: bytes) -> Wristband | Flaw:
    try:
        message = find_message(octets)
    except Damaged:
        return Flaw.DAMAGED
    assert isinstance(message, bytes)
    found = read_wristband(UID, message, KEYS, EVENT)
    return found.kind if isinstance(found, WristbandProblem) else found


@pytest.mark.parametrize("extra", [0, 7])
def test_a_torn_write_never_reads_as_another_wallet(extra: int) -> None:
    old = written(issue(serial=1, url="https://kb.example.org/w/" + "A" * 16))
    new = issue(
        serial=2, url="https://kb.example.org/" + "p" * extra + "/w/" + "B" * 16
    )
    before = judge(old)
    assert isinstance(before, Wristband)
    after = read_wristband(UID, new, KEYS, EVENT)
    for octets in torn_writes(old, new):
        found = judge(octets)
        assert found in {before, after} or found in {Flaw.EMPTY, Flaw.DAMAGED}
