"""One connection to the broker, in the loop of whoever opens it.

What arrives together is handed over together, and what is said within one turn of the
loop leaves in one write: a batch of answers costs one system call, not one each.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self, cast

from hub.link import packets
from hub.link.packets import BrokenPacket, Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from hub.link.packets import Publication

log = logging.getLogger(__name__)

KEEP_ALIVE_S = 5
CONNECT_TIMEOUT_S = 5
FLUSH_TIMEOUT_S = 2
SILENT_BEATS_MAX = 3  # two pings per keep-alive
RECEIVE_MAXIMUM = 65_535  # above the largest batch, for acks wait for its COMMIT
PACKET_ID_MAX = 65_535


class BrokerGone(Exception):
    """The broker can't be reached, or refused us; the text names the remedy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tls:
    """The files with which the hub proves who it is."""

    ca: Path
    certificate: Path
    key: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Broker:
    """Where the broker listens; without TLS only in benches."""

    host: str
    port: int
    tls: Tls | None
    client_id: str = "hub"

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


class Connection:
    """A connection that is made once, used, and thrown away when it ends.

    So nothing that was said on one connection can arrive by the next.
    """

    def __init__(
        self, broker: Broker, heard: Callable[[Sequence[Publication]], None]
    ) -> None:
        self.ended = asyncio.Event()
        self._broker = broker
        self._heard = heard
        self._loop = asyncio.get_running_loop()
        self._welcomed: asyncio.Future[str] = self._loop.create_future()
        self._transport: asyncio.Transport | None = None
        self._out: list[bytes] = []
        self._last_id = 0
        self._in_flight: dict[int, str] = {}
        self._in_flight_max = packets.RECEIVE_MAXIMUM_DEFAULT
        self._waiting: deque[tuple[str, bytes, bool]] = deque()
        self._settled = asyncio.Event()
        self._silent_beats = 0
        self._heart: asyncio.TimerHandle | None = None

    @classmethod
    async def open(
        cls,
        broker: Broker,
        heard: Callable[[Sequence[Publication]], None],
        *,
        will: tuple[str, bytes],
    ) -> Self:
        """Connect, the retained last will in hand; raises BrokerGone."""
        connection = cls(broker, heard)
        await connection._connect(will)
        return connection

    def subscribe(self, topics: Sequence[str]) -> None:
        """Ask for topics, at QoS 1; a refusal ends the connection."""
        self._send(packets.subscribe(self._next_id(), topics))

    def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        """Send at QoS 1; what the connection can't carry any more is dropped."""
        if len(self._in_flight) >= self._in_flight_max:
            self._waiting.append((topic, payload, retain))
            return
        number = self._next_id()
        self._in_flight[number] = topic
        packet = packets.publish(topic.encode(), payload, number, retain=retain)
        self._send(packet)

    def acknowledge(self, heard: Publication) -> None:
        """Tell the broker that a message is dealt with."""
        if heard.packet_id is not None:
            self._send(packets.acknowledge(heard.packet_id))

    @property
    def tcp_nodelay(self) -> bool:
        """Whether small packets leave at once."""
        assert self._transport is not None, "only while connected"
        plain = self._transport.get_extra_info("socket")
        return bool(plain.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))

    async def close(self, farewell: tuple[str, bytes] | None = None) -> None:
        """End the connection, after a last retained message if there is one."""
        if self._transport is None:
            return
        if farewell is not None:
            self._settled.clear()
            self.publish(*farewell, retain=True)
            await self._until_settled()
        self._send(packets.DISCONNECT)
        self._flush()
        self._transport.close()
        try:
            async with asyncio.timeout(FLUSH_TIMEOUT_S):
                await self.ended.wait()
        except TimeoutError:
            self._abort()

    async def _until_settled(self) -> None:
        """Give the broker a moment to take what was said last."""
        over = asyncio.ensure_future(self.ended.wait())
        settled = asyncio.ensure_future(self._settled.wait())
        await asyncio.wait(
            (over, settled),
            timeout=FLUSH_TIMEOUT_S,
            return_when=asyncio.FIRST_COMPLETED,
        )
        over.cancel()
        settled.cancel()

    async def _connect(self, will: tuple[str, bytes]) -> None:
        broker = self._broker
        context = _tls_context(broker.tls) if broker.tls is not None else None
        greeting = packets.connect(
            broker.client_id, KEEP_ALIVE_S, RECEIVE_MAXIMUM, will
        )
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                await self._loop.create_connection(
                    lambda: _Wire(self, greeting),
                    broker.host,
                    broker.port,
                    ssl=context,
                )
                refused = await self._welcomed
        except asyncio.CancelledError:
            self._abort()
            raise
        # A TimeoutError is an OSError, and so is ssl's; the others say that there can
        # be no such host or port.
        except (OSError, ValueError, OverflowError) as error:
            self._abort()
            raise BrokerGone(
                f"The broker at {broker} does not answer "
                f"({error or 'no answer in time'}). Check that it runs, that its "
                "certificate is of this event, and 'broker_host' and 'broker_port'."
            ) from error
        if refused:
            await self.close()
            raise BrokerGone(
                f"The broker at {broker} refuses the hub: {refused}. "
                "Check the hub's client certificate and the broker's access list."
            )

    # --- called by the wire ---

    def begin(self, transport: asyncio.Transport, greeting: bytes) -> None:
        """Say who we are."""
        self._transport = transport
        transport.write(greeting)

    def take(self, buffer: bytearray) -> None:
        """Deal with all packets that are complete."""
        self._silent_beats = 0
        burst: list[Publication] = []
        try:
            for packet in packets.take_packets(buffer):
                kind = packet.kind
                if kind == Kind.PUBLISH:
                    burst.append(packets.read_publication(packet))
                elif kind == Kind.PUBACK:
                    self._settle(packet)
                else:
                    self._take(packet)
        except BrokenPacket as error:
            self._give_up(str(error))
        if burst:
            self._heard(burst)

    def end(self, error: Exception | None) -> None:
        """Note that nothing more can be said or heard."""
        if self._heart is not None:
            self._heart.cancel()
        self._welcome(str(error) if error else "it hung up")
        self.ended.set()

    def _take(self, packet: packets.Packet) -> None:
        match packet.kind:
            case Kind.CONNACK:
                welcome = packets.read_welcome(packet)
                self._in_flight_max = welcome.receive_maximum
                self._beat((welcome.keep_alive_s or KEEP_ALIVE_S) / 2)
                refused = welcome.code >= packets.REFUSED_FROM
                self._welcome(packets.reason(welcome.code) if refused else "")
            case Kind.SUBACK:
                if any(code >= packets.REFUSED_FROM for code in packet.body[3:]):
                    self._give_up("It does not let the hub hear the tills.")
            case Kind.DISCONNECT:
                code = packet.body[0] if packet.body else 0
                self._give_up(f"It ends the connection: {packets.reason(code)}.")

    def _settle(self, packet: packets.Packet) -> None:
        number, code = packets.read_acknowledgment(packet)
        topic = self._in_flight.pop(number, None)
        if topic is not None and code >= packets.REFUSED_FROM:
            log.warning(
                "The broker refuses a message on %s: %s. Check its access list.",
                topic,
                packets.reason(code),
            )
        if self._waiting:
            following, payload, retain = self._waiting.popleft()
            self.publish(following, payload, retain=retain)
        elif not self._in_flight:
            self._settled.set()

    def _give_up(self, text: str) -> None:
        log.warning("The broker at %s: %s", self._broker, text)
        self._welcome(text)
        self._abort()

    def _abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def _welcome(self, refused: str) -> None:
        if not self._welcomed.done():
            self._welcomed.set_result(refused)

    def _beat(self, interval_s: float) -> None:
        self._silent_beats += 1
        if self._silent_beats > SILENT_BEATS_MAX:
            self._give_up("It has fallen silent.")
            return
        self._send(packets.PING)
        self._heart = self._loop.call_later(interval_s, self._beat, interval_s)

    def _next_id(self) -> int:
        number = self._last_id
        while True:
            number = number % PACKET_ID_MAX + 1
            if number not in self._in_flight:
                self._last_id = number
                return number

    def _send(self, packet: bytes) -> None:
        if not self._out:
            self._loop.call_soon(self._flush)
        self._out.append(packet)

    def _flush(self) -> None:
        packet, self._out = b"".join(self._out), []
        if packet and self._transport is not None and not self._transport.is_closing():
            self._transport.write(packet)


class _Wire(asyncio.Protocol):
    """What asyncio calls; it keeps what is not yet a whole packet."""

    def __init__(self, connection: Connection, greeting: bytes) -> None:
        self._connection = connection
        self._greeting = greeting
        self._buffer = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # Without it every hop waits some 40 ms for the peer's delayed acknowledgment.
        plain = transport.get_extra_info("socket")
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._connection.begin(cast("asyncio.Transport", transport), self._greeting)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        self._connection.take(self._buffer)

    def connection_lost(self, exc: Exception | None) -> None:
        self._connection.end(exc)


def _tls_context(files: Tls) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=str(files.ca))
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        context.load_cert_chain(files.certificate, files.key)
    except (OSError, ValueError) as error:
        raise BrokerGone(
            f"The hub's certificate {files.certificate} can't be used ({error}). "
            "Make it anew with 'kassenband-provision hub'."
        ) from error
    return context
