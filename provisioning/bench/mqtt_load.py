"""A load of MQTT 5 tills in one process: as cheap as a client can be.

System calls are made per received chunk, not per packet: acknowledgments and the next
publication leave in one write. What a till needs for safety (retransmission,
keep-alive, flow control) is left out; the real tills have it.
"""

from __future__ import annotations

import asyncio
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple, Protocol, cast

from contract.topics import CONTENT_TYPE
from provisioning.processes import ProvisioningError

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator

CONNECT_TIMEOUT_S = 20.0
RECEIVE_MAXIMUM = 65_535
PACKET_ID_MAX = 65_535
MESSAGE_EXPIRY_S = 30

CONNACK, PUBLISH, PUBACK, SUBACK, DISCONNECT = 0x20, 0x30, 0x40, 0x90, 0xE0
QOS_1 = 0x02


class BrokenPacket(ValueError):
    """The peer does not speak MQTT 5, or refuses us."""


class Packet(NamedTuple):
    """One control packet: type and flags of its first byte, and the rest."""

    kind: int
    flags: int
    body: bytes


class Till(Protocol):
    """Who talks over a connection."""

    def answered(self, payload: bytes) -> bytes | None:
        """Take a message to this till; what to publish next, None to fall silent."""


class TillConnection(asyncio.Protocol):
    """One till's connection: subscribes to its answers, publishes its requests."""

    def __init__(self, name: str, up: str, down: str, till: Till) -> None:
        self.ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._name = name
        self._up = up.encode()
        self._down = down.encode()
        self._till = till
        self._buffer = bytearray()
        self._packet_id = 1
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Introduce the till; the subscription follows in the same write."""
        self._transport = cast("asyncio.Transport", transport)
        self._transport.write(connect_packet(self._name) + subscribe_packet(self._down))

    def data_received(self, data: bytes) -> None:
        """Take all complete packets; answer them with a single write."""
        assert self._transport is not None
        self._buffer += data
        out: list[bytes] = []
        try:
            for packet in take_packets(self._buffer):
                self._take(packet, out)
        except BrokenPacket as error:
            self._fail(error)
            self._transport.close()
            return
        if out:
            self._transport.write(b"".join(out))

    def connection_lost(self, exc: Exception | None) -> None:
        """Whoever waits for the subscription must not wait for ever."""
        self._fail(exc or ConnectionError(f"The broker dropped {self._name}."))

    def publish(self, payload: bytes) -> None:
        """Send a request."""
        assert self._transport is not None
        self._transport.write(self._publication(payload))

    def close(self) -> None:
        """Leave in good order."""
        if self._transport is not None:
            self._transport.write(bytes([DISCONNECT, 0]))
            self._transport.close()

    def _take(self, packet: Packet, out: list[bytes]) -> None:
        kind = packet.kind
        if kind == PUBLISH:
            acknowledgment, payload = read_publication(packet)
            out.append(acknowledgment)
            following = self._till.answered(payload)
            if following is not None:
                out.append(self._publication(following))
        elif kind != PUBACK:
            self._take_welcome(packet)

    def _take_welcome(self, packet: Packet) -> None:
        if packet.kind == CONNACK and packet.body[1]:
            raise BrokenPacket(f"CONNACK to {self._name} says {packet.body[1]:#x}.")
        if packet.kind == SUBACK:
            if packet.body[-1] >= 0x80:
                raise BrokenPacket(f"SUBACK to {self._name} says {packet.body[-1]:#x}.")
            self.ready.set_result(None)
        if packet.kind == DISCONNECT:
            reason = packet.body[0] if packet.body else 0
            raise BrokenPacket(f"The broker ends {self._name} by {reason:#x}.")

    def _publication(self, payload: bytes) -> bytes:
        self._packet_id = self._packet_id % PACKET_ID_MAX + 1
        return publish_packet(self._up, payload, self._packet_id)

    def _fail(self, error: Exception) -> None:
        if not self.ready.done():
            self.ready.set_exception(error)


async def connect_till(
    connection: TillConnection,
    host: str,
    port: int,
    context: ssl.SSLContext | None = None,
) -> TillConnection:
    """Open a connection; it is subscribed when this returns."""
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(CONNECT_TIMEOUT_S):
            await loop.create_connection(lambda: connection, host, port, ssl=context)
            await connection.ready
    except (OSError, BrokenPacket, TimeoutError) as error:
        raise ProvisioningError(
            f"A till of the load can't connect with the broker at {host}:{port}"
            f" ({error or 'no answer in time'}). Look into its log."
        ) from error
    return connection


def take_packets(buffer: bytearray) -> Iterator[Packet]:
    """Yield every complete packet and remove them from the buffer (section 2.1)."""
    position, size = 0, len(buffer)
    try:
        while size - position >= 2:
            head = _read_length(buffer, position + 1)
            if head is None:
                return
            length, start = head
            if size < start + length:
                return
            first = buffer[position]
            position = start + length
            body = bytes(buffer[start:position])
            yield Packet(first & 0xF0, first & 0x0F, body)
    finally:
        del buffer[:position]


def read_publication(packet: Packet) -> tuple[bytes, bytes]:
    """Split a PUBLISH into the acknowledgment it wants and its payload."""
    body = packet.body
    position = 2 + int.from_bytes(body[:2])
    acknowledgment = b""
    if packet.flags & 0x06 == QOS_1:
        acknowledgment = _PUBACK + body[position : position + 2]
        position += 2
    if body[position : position + 1] == b"\x00":
        return acknowledgment, body[position + 1 :]
    properties = _read_length(body, position)
    if properties is None:
        raise BrokenPacket("A PUBLISH ends within its properties.")
    length, start = properties
    return acknowledgment, body[start + length :]


def connect_packet(client: str) -> bytes:
    """CONNECT: clean start, no keep-alive, Receive Maximum 65535 (section 3.1)."""
    properties = b"\x21" + RECEIVE_MAXIMUM.to_bytes(2)
    body = b"\x00\x04MQTT\x05\x02\x00\x00"
    body += bytes([len(properties)]) + properties + _text(client.encode())
    return b"\x10" + write_length(len(body)) + body


def subscribe_packet(topic: bytes) -> bytes:
    """SUBSCRIBE to one topic at QoS 1 (section 3.8)."""
    body = b"\x00\x01\x00" + _text(topic) + b"\x01"
    return b"\x82" + write_length(len(body)) + body


def publish_packet(topic: bytes, payload: bytes, packet_id: int) -> bytes:
    """PUBLISH at QoS 1 with Message Expiry and Content Type (section 3.3)."""
    head = b"".join((_text(topic), packet_id.to_bytes(2), _PROPERTIES))
    return b"".join(
        (_PUBLISH_AT_QOS_1, write_length(len(head) + len(payload)), head, payload)
    )


@lru_cache(maxsize=256)
def write_length(length: int) -> bytes:
    """A variable byte integer (section 1.5.5)."""
    octets = bytearray()
    while True:
        length, digit = divmod(length, 128)
        octets.append(digit | (0x80 if length else 0))
        if not length:
            return bytes(octets)


def _read_length(buffer: bytes | bytearray, position: int) -> tuple[int, int] | None:
    """The integer there and the position after it, or None if it is not all there."""
    value = 0
    for place in range(4):
        if position + place >= len(buffer):
            return None
        octet = buffer[position + place]
        value |= (octet & 0x7F) << (7 * place)
        if octet < 0x80:
            return value, position + place + 1
    raise BrokenPacket("A length has more than four bytes.")


def _text(octets: bytes) -> bytes:
    return len(octets).to_bytes(2) + octets


def _publish_properties() -> bytes:
    properties = b"\x02" + MESSAGE_EXPIRY_S.to_bytes(4)
    properties += b"\x03" + _text(CONTENT_TYPE.encode())
    return bytes([len(properties)]) + properties


_PROPERTIES = _publish_properties()
_PUBACK = bytes([PUBACK, 2])
_PUBLISH_AT_QOS_1 = bytes([PUBLISH | QOS_1])
