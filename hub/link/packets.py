"""MQTT 5 control packets as the hub needs them (OASIS MQTT 5.0, sections 2 and 3).

Bytes in, bytes out. paho spends 0.1 ms on each PUBLISH it reads, mostly on its object
for properties, and an order means four packets: too much for the one hub of all tills.
"""

from __future__ import annotations

import enum
from functools import lru_cache
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

PACKET_BYTES_MAX = 1024 * 1024  # the broker's own limit is far below
RECEIVE_MAXIMUM_DEFAULT = 65_535
REFUSED_FROM = 0x80
PING = bytes([0xC0, 0])
DISCONNECT = bytes([0xE0, 0])

_CLEAN_START, _WILL, _WILL_QOS_1, _WILL_RETAIN = 0x02, 0x04, 0x08, 0x20
_QOS_BITS = 0x06
_PUBLISH, _RETAINED_PUBLISH = b"\x32", b"\x33"  # at QoS 1
_RECEIVE_MAXIMUM, _SERVER_KEEP_ALIVE, _CONTENT_TYPE = 0x21, 0x13, 0x03
_REMEMBERED_MAX = 256  # tills say the same few properties, answers have few lengths

_REASONS = {
    0x84: "it does not speak MQTT 5",
    0x85: "it does not accept the client id",
    0x86: "bad user name or password",
    0x87: "not authorized",
    0x88: "it is not available",
    0x89: "it is busy",
    0x8A: "banned",
    0x8B: "it is shutting down",
    0x8D: "it heard nothing from us for too long",
    0x8E: "another hub took over the connection",
    0x93: "more messages than it takes at a time",
    0x95: "a packet is too large",
    0x97: "a quota is exceeded",
}


class BrokenPacket(ValueError):
    """The peer does not speak MQTT 5."""


class Kind(enum.IntEnum):
    """The packets that a broker sends us, by the upper half of their first byte."""

    CONNACK = 0x20
    PUBLISH = 0x30
    PUBACK = 0x40
    SUBACK = 0x90
    PINGRESP = 0xD0
    DISCONNECT = 0xE0


class Packet(msgspec.Struct, frozen=True):
    """One packet: its first byte, and all that follows the length."""

    first: int
    body: bytes

    @property
    def kind(self) -> int:
        """What it is; a Kind, unless the broker speaks of what we never asked for."""
        return self.first & 0xF0


class Welcome(msgspec.Struct, frozen=True):
    """A CONNACK: the reason code, and the broker's limits (keep-alive in s)."""

    code: int
    receive_maximum: int
    keep_alive_s: int | None


class Publication(msgspec.Struct, frozen=True):
    """A PUBLISH; without a packet id it wants no acknowledgment.

    `content_type` is empty when its sender named none, or could not: MQTT 3.1.1.
    """

    topic: str
    payload: bytes
    packet_id: int | None
    content_type: str


def reason(code: int) -> str:
    """Say what a reason code means (section 2.4)."""
    return _REASONS.get(code, f"reason code {code:#04x}")


def take_packets(buffer: bytearray) -> Iterator[Packet]:
    """Yield every complete packet and remove them; raises BrokenPacket."""
    data, position, size = bytes(buffer), 0, len(buffer)
    try:
        while size - position >= 2:
            length, start = data[position + 1], position + 2
            if length & 0x80:
                head = _long_length(data, position + 1)
                if head is None:
                    return
                length, start = head
            if length > PACKET_BYTES_MAX:
                raise BrokenPacket(f"A packet of {length} bytes is too large.")
            if size - start < length:
                return
            first = data[position]
            position = start + length
            yield Packet(first, data[start:position])
    finally:
        del buffer[:position]


def read_welcome(packet: Packet) -> Welcome:
    """Read a CONNACK (section 3.2)."""
    if len(packet.body) < 2:
        raise BrokenPacket("A CONNACK is cut short.")
    properties = _all_properties(packet.body, 2) if len(packet.body) > 2 else {}
    maximum, keep_alive = (
        properties.get(_RECEIVE_MAXIMUM),
        properties.get(_SERVER_KEEP_ALIVE),
    )
    return Welcome(
        code=packet.body[1],
        receive_maximum=int.from_bytes(maximum) if maximum else RECEIVE_MAXIMUM_DEFAULT,
        keep_alive_s=int.from_bytes(keep_alive) if keep_alive else None,
    )


def read_publication(packet: Packet) -> Publication:
    """Read a PUBLISH (section 3.3)."""
    body, packet_id = packet.body, None
    try:
        start = 2 + (body[0] << 8 | body[1])
        topic = str(body[2:start], "utf-8", "replace")
        if packet.first & _QOS_BITS:
            packet_id = body[start] << 8 | body[start + 1]
            start += 2
        length = body[start]
    except IndexError:
        raise BrokenPacket("A PUBLISH is cut short.") from None
    start += 1
    if length & 0x80:
        length, start = _length(body, start - 1)
    end = start + length
    content_type = _content_type(body[start:end], length) if length else ""
    return Publication(topic, body[end:], packet_id, content_type)


def read_acknowledgment(packet: Packet) -> tuple[int, int]:
    """Read a PUBACK: packet id and reason code, which is 0 when left out."""
    if len(packet.body) < 2:
        raise BrokenPacket("A PUBACK is cut short.")
    body = packet.body
    return body[0] << 8 | body[1], body[2] if len(body) > 2 else 0


def connect(
    client: str, keep_alive_s: int, receive_maximum: int, will: tuple[str, bytes]
) -> bytes:
    """CONNECT: clean start, no session that outlives it, a retained will (3.1)."""
    properties = bytes([_RECEIVE_MAXIMUM]) + receive_maximum.to_bytes(2)
    flags = _CLEAN_START | _WILL | _WILL_QOS_1 | _WILL_RETAIN
    topic, payload = will
    return _packet(
        0x10,
        b"\x00\x04MQTT\x05" + bytes([flags]) + keep_alive_s.to_bytes(2),
        bytes([len(properties)]) + properties,
        _text(client),
        b"\x00" + _text(topic),
        len(payload).to_bytes(2) + payload,
    )


def subscribe(packet_id: int, topics: Sequence[str]) -> bytes:
    """SUBSCRIBE to topics at QoS 1 (section 3.8)."""
    filters = (_text(topic) + b"\x01" for topic in topics)
    return _packet(0x82, packet_id.to_bytes(2) + b"\x00", *filters)


def publish(topic: bytes, payload: bytes, packet_id: int, *, retain: bool) -> bytes:
    """PUBLISH at QoS 1 (section 3.3)."""
    return b"".join(
        (
            _RETAINED_PUBLISH if retain else _PUBLISH,
            _written_length(len(topic) + len(payload) + 5),
            len(topic).to_bytes(2),
            topic,
            packet_id.to_bytes(2),
            b"\x00",
            payload,
        )
    )


def acknowledge(packet_id: int) -> bytes:
    """PUBACK: success (section 3.4)."""
    return b"\x40\x02" + packet_id.to_bytes(2)


def _packet(first: int, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return bytes([first]) + _written_length(len(body)) + body


@lru_cache(_REMEMBERED_MAX)
def _written_length(length: int) -> bytes:
    octets = bytearray()
    while length > 0x7F:
        octets.append(length & 0x7F | 0x80)
        length >>= 7
    octets.append(length)
    return bytes(octets)


def _text(text: str) -> bytes:
    octets = text.encode()
    return len(octets).to_bytes(2) + octets


def _length(data: bytes, position: int) -> tuple[int, int]:
    if position < len(data) and data[position] < 0x80:
        return data[position], position + 1
    head = _long_length(data, position)
    if head is None:
        raise BrokenPacket("A packet ends within a length.")
    return head


def _long_length(data: bytes, position: int) -> tuple[int, int] | None:
    """A variable byte integer and where it ends; None when it is not all there."""
    value = 0
    for place, octet in enumerate(data[position : position + 4]):
        value |= (octet & 0x7F) << (7 * place)
        if octet < 0x80:
            return value, position + place + 1
    if position + 4 > len(data):
        return None
    raise BrokenPacket("A length has more than four bytes.")


# Section 2.2.2.2: how long the value behind each property's number is.
_FIXED = {
    **dict.fromkeys((0x01, 0x17, 0x19, 0x24, 0x25, 0x28, 0x29, 0x2A), 1),
    **dict.fromkeys((0x13, 0x21, 0x22, 0x23), 2),
    **dict.fromkeys((0x02, 0x11, 0x18, 0x27), 4),
}
_COUNTED = frozenset({0x03, 0x08, 0x09, 0x12, 0x15, 0x16, 0x1A, 0x1C, 0x1F})
_SUBSCRIPTION, _USER_PROPERTY = 0x0B, 0x26


@lru_cache(_REMEMBERED_MAX)
def _content_type(properties: bytes, length: int) -> str:
    """Read the content type among properties that say to be of some length."""
    found = _properties(properties, 0, length).get(_CONTENT_TYPE, b"")
    return found.decode(errors="replace")


def _all_properties(data: bytes, position: int) -> dict[int, bytes]:
    length, start = _length(data, position)
    return _properties(data, start, start + length)


def _properties(data: bytes, position: int, end: int) -> dict[int, bytes]:
    """The values by number; of those that may repeat, the last."""
    found: dict[int, bytes] = {}
    while position < end:
        number = data[position] if position < len(data) else 0
        start, position = _value(data, number, position + 1)
        found[number] = data[start:position]
    if position != end or end > len(data):
        raise BrokenPacket("A packet's properties are not as long as they say.")
    return found


def _value(data: bytes, number: int, position: int) -> tuple[int, int]:
    """Where a property's value begins and ends."""
    if number in _FIXED:
        return position, position + _FIXED[number]
    if number in _COUNTED:
        return position + 2, _after_counted(data, position)
    if number == _USER_PROPERTY:
        return position, _after_counted(data, _after_counted(data, position))
    if number == _SUBSCRIPTION:
        return position, _length(data, position)[1]
    raise BrokenPacket(f"MQTT 5 has no property {number:#04x}.")


def _after_counted(data: bytes, position: int) -> int:
    return position + 2 + int.from_bytes(data[position : position + 2])
