from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.link import packets
from hub.link.packets import BrokenPacket, Kind, Packet

TOPIC = "kassenband/1/e/till/bar-1/up"
KIND = b"\x03\x00\x10application/json"
# One of each kind of value: fixed, counted, a pair of texts, a variable integer.
OTHERS = [
    b"\x01\x01",
    b"\x02\x00\x00\x00\x1e",
    b"\x08\x00\x01r",
    b"\x09\x00\x02\x00\xff",
    b"\x26\x00\x01a\x00\x02bc",
    b"\x0b\x80\x01",
    b"\x23\x00\x07",
]


def arrived(payload: bytes, properties: bytes = b"", *, first: int = 0x32) -> bytes:
    """A PUBLISH as a broker sends it."""
    packet_id = b"\x00\x07" if first & 0x06 else b""
    length = packets._written_length(len(properties))
    head = len(TOPIC).to_bytes(2) + TOPIC.encode() + packet_id + length
    return packets._packet(first, head, properties, payload)


def only(data: bytes) -> Packet:
    [packet] = packets.take_packets(bytearray(data))
    return packet


@given(st.lists(st.binary(max_size=300), max_size=5), st.data())
@settings(max_examples=50, deadline=None)
def test_packets_come_out_whole_however_the_bytes_are_cut(
    payloads: list[bytes], data: st.DataObject
) -> None:
    stream = b"".join(arrived(each) for each in payloads)
    buffer, heard = bytearray(), []
    while stream:
        cut = data.draw(st.integers(1, len(stream)))
        buffer += stream[:cut]
        stream = stream[cut:]
        heard += list(packets.take_packets(buffer))
    assert [packets.read_publication(each).payload for each in heard] == payloads
    assert not buffer


@given(st.lists(st.sampled_from(OTHERS)), st.lists(st.sampled_from(OTHERS)))
@settings(max_examples=50)
def test_the_content_type_is_found_among_other_properties(
    before: list[bytes], after: list[bytes]
) -> None:
    properties = b"".join([*before, KIND, *after])
    said = packets.read_publication(only(arrived(b"hello", properties)))
    assert said == packets.Publication(TOPIC, b"hello", 7, "application/json")


@pytest.mark.parametrize("properties", [b"", *OTHERS])
def test_without_a_content_type_it_is_empty(properties: bytes) -> None:
    assert packets.read_publication(only(arrived(b"", properties))).content_type == ""


def test_a_message_at_qos_0_wants_no_acknowledgment() -> None:
    said = packets.read_publication(only(arrived(b"x", first=0x30)))
    assert (said.packet_id, said.payload) == (None, b"x")


def test_a_message_that_ends_within_its_head_is_refused() -> None:
    whole = only(arrived(b"", KIND)).body
    for length in range(len(whole)):
        with pytest.raises(BrokenPacket):
            packets.read_publication(Packet(0x32, whole[:length]))


@given(st.binary(max_size=40), st.sampled_from([0x20, 0x32, 0x40]))
@settings(max_examples=300)
def test_whatever_arrives_is_read_or_refused(body: bytes, first: int) -> None:
    packet = Packet(first, body)
    with suppress(BrokenPacket):
        match packet.kind:
            case Kind.CONNACK:
                packets.read_welcome(packet)
            case Kind.PUBLISH:
                packets.read_publication(packet)
            case _:
                packets.read_acknowledgment(packet)


@pytest.mark.parametrize(
    "data", [b"\x30\xff\xff\xff\xff\x01", b"\x30\xff\xff\xff\x7f", b"\x30\x81\x80\x40"]
)
def test_an_absurd_length_is_refused(data: bytes) -> None:
    with pytest.raises(BrokenPacket):
        list(packets.take_packets(bytearray(data)))


@pytest.mark.parametrize(
    "properties",
    [b"\x7f\x00", b"\x03\x00\xff", b"\x02\x00", b"\x0b\xff\xff\xff\xff"],
    ids=["unknown", "beyond the end", "cut short", "endless length"],
)
def test_broken_properties_are_refused(properties: bytes) -> None:
    with pytest.raises(BrokenPacket):
        packets.read_publication(only(arrived(b"", properties)))


@given(st.integers(0, 300_000))
def test_lengths_survive_the_wire(length: int) -> None:
    written = packets._written_length(length)
    assert packets._length(written, 0) == (length, len(written))


def test_the_brokers_limits_are_read() -> None:
    plain = packets.read_welcome(only(b"\x20\x03\x00\x00\x00"))
    assert plain == packets.Welcome(0, 65_535, None)
    limits = b"\x21\x00\x14\x13\x00\x3c"
    told = packets.read_welcome(only(b"\x20\x09\x00\x00\x06" + limits))
    assert told == packets.Welcome(0, 20, 60)


def test_an_acknowledgment_may_leave_out_its_reason() -> None:
    assert packets.read_acknowledgment(only(b"\x40\x02\x01\x02")) == (258, 0)
    assert packets.read_acknowledgment(only(b"\x40\x03\x00\x02\x87")) == (2, 0x87)


def test_what_is_said_is_as_the_standard_wants_it() -> None:
    will = ("t/w", b"gone")
    assert packets.connect("hub", 5, 65_535, will) == (
        b"\x10\x1f\x00\x04MQTT\x05\x2e\x00\x05\x03\x21\xff\xff\x00\x03hub"
        b"\x00\x00\x03t/w\x00\x04gone"
    )
    assert packets.subscribe(1, ["a/+", "b"]) == (
        b"\x82\x0d\x00\x01\x00\x00\x03a/+\x01\x00\x01b\x01"
    )
    assert packets.publish(b"a", b"hi", 258, retain=True) == (
        b"\x33\x08\x00\x01a\x01\x02\x00hi"
    )
    assert packets.publish(b"a", b"", 1, retain=False)[0] == 0x32
    assert packets.acknowledge(258) == b"\x40\x02\x01\x02"


def test_a_reason_is_told_in_words() -> None:
    assert packets.reason(0x87) == "not authorized"
    assert packets.reason(0x9F) == "reason code 0x9f"
