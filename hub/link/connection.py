"""One connection to the broker: paho's thread on one side, asyncio on the other."""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from paho.mqtt.client import MQTTMessage

log = logging.getLogger(__name__)

KEEP_ALIVE_S = 5
CONNECT_TIMEOUT_S = 5
FLUSH_TIMEOUT_S = 2
RECEIVE_MAXIMUM = 65_535  # above the largest batch, for acks wait for its COMMIT
IN_FLIGHT_MAX = 65_000  # paho's own 20 would throttle the answers of a batch


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


@dataclass(frozen=True, slots=True)
class Incoming:
    """A message as the broker delivered it; `ticket` acknowledges it.

    `content_type` is empty when its sender named none, or could not: MQTT 3.1.1.
    """

    topic: str
    payload: bytes
    ticket: tuple[int, int]
    content_type: str


class Connection:
    """A connection that is made once, used, and thrown away when it ends.

    paho keeps what it could not send and delivers it after a reconnect; a client per
    connection is what prevents that.
    """

    def __init__(
        self, broker: Broker, heard: Callable[[Sequence[Incoming]], None]
    ) -> None:
        self._broker = broker
        self._heard = heard
        self._loop = asyncio.get_running_loop()
        self._lock = threading.Lock()
        self._burst: list[Incoming] = []
        self._welcomed: asyncio.Future[str] = self._loop.create_future()
        self.ended = asyncio.Event()
        self._client = self._make_client()

    @classmethod
    async def open(
        cls,
        broker: Broker,
        heard: Callable[[Sequence[Incoming]], None],
        *,
        will: tuple[str, bytes],
    ) -> Self:
        """Connect, the retained last will in hand; raises BrokerGone."""
        connection = cls(broker, heard)
        connection._client.will_set(*will, qos=1, retain=True)
        await connection._connect()
        return connection

    def subscribe(self, topics: Sequence[str]) -> None:
        """Ask for topics, at QoS 1."""
        self._client.subscribe([(topic, 1) for topic in topics])

    def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        """Send at QoS 1; what the connection can't carry any more is dropped."""
        self._client.publish(topic, payload, qos=1, retain=retain)

    def acknowledge(self, incoming: Incoming) -> None:
        """Tell the broker that a message is dealt with."""
        self._client.ack(*incoming.ticket)

    @property
    def tcp_nodelay(self) -> bool:
        """Whether small packets leave at once."""
        plain = self._client.socket()
        assert isinstance(plain, socket.socket), "only while connected"
        return bool(plain.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))

    async def close(self, farewell: tuple[str, bytes] | None = None) -> None:
        """End the connection, after a last retained message if there is one."""
        await asyncio.to_thread(self._close, farewell)

    def _close(self, farewell: tuple[str, bytes] | None) -> None:
        if farewell is not None and self._client.is_connected():
            sent = self._client.publish(*farewell, qos=1, retain=True)
            if sent.rc is MQTTErrorCode.MQTT_ERR_SUCCESS:
                sent.wait_for_publish(FLUSH_TIMEOUT_S)
        self._client.disconnect()
        self._client.loop_stop()

    def _make_client(self) -> Client:
        client = Client(
            CallbackAPIVersion.VERSION2,
            client_id=self._broker.client_id,
            protocol=MQTTProtocolVersion.MQTTv5,
            reconnect_on_failure=False,
            manual_ack=True,
        )
        client.connect_timeout = CONNECT_TIMEOUT_S
        client.max_inflight_messages_set(IN_FLIGHT_MAX)
        client.max_queued_messages_set(0)
        client.on_socket_open = _send_at_once
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_message = self._on_message
        if self._broker.tls is not None:
            client.tls_set_context(_tls_context(self._broker.tls))
        return client

    async def _connect(self) -> None:
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        properties.ReceiveMaximum = RECEIVE_MAXIMUM
        properties.SessionExpiryInterval = 0
        try:
            await asyncio.to_thread(
                self._client.connect,
                self._broker.host,
                self._broker.port,
                KEEP_ALIVE_S,
                clean_start=True,
                properties=properties,
            )
            self._client.loop_start()
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                refused = await self._welcomed
        except (OSError, ValueError, TimeoutError) as error:
            await asyncio.to_thread(self._client.loop_stop)
            raise BrokerGone(
                f"The broker at {self._broker} does not answer "
                f"({error or 'no answer in time'}). Check that it runs and that its "
                "certificate is of this event."
            ) from error
        if refused:
            await self.close()
            raise BrokerGone(
                f"The broker at {self._broker} refuses the hub: {refused}. "
                "Check the hub's client certificate and the broker's access list."
            )

    # --- called by paho's thread ---

    def _on_connect(
        self, _client: Any, _data: Any, _flags: Any, code: Any, _p: Any
    ) -> None:
        text = str(code) if code.is_failure else ""
        self._call(self._welcome, text)

    def _on_disconnect(
        self, _client: Any, _data: Any, _flags: Any, code: Any, _properties: Any
    ) -> None:
        self._call(self._welcome, str(code))
        self._call(self.ended.set)

    def _on_message(self, _client: Any, _data: Any, message: MQTTMessage) -> None:
        try:
            topic = message.topic
        except UnicodeDecodeError:
            topic = ""
        incoming = Incoming(
            topic,
            bytes(message.payload),
            (message.mid, message.qos),
            getattr(message.properties, "ContentType", ""),
        )
        with self._lock:
            self._burst.append(incoming)
            is_first = len(self._burst) == 1
        if is_first:  # a burst costs one wake-up of the loop
            self._call(self._deliver)

    def _call(self, function: Callable[..., None], *values: Any) -> None:
        try:
            self._loop.call_soon_threadsafe(function, *values)
        except RuntimeError:
            log.debug("The loop has ended before the broker's thread.")

    # --- called by the loop ---

    def _welcome(self, refused: str) -> None:
        if not self._welcomed.done():
            self._welcomed.set_result(refused)

    def _deliver(self) -> None:
        with self._lock:
            burst, self._burst = self._burst, []
        self._heard(burst)


def _send_at_once(_client: Any, _data: Any, plain: Any) -> None:
    # Without it every hop waits some 40 ms for the peer's delayed acknowledgment.
    plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def _tls_context(files: Tls) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=str(files.ca))
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        context.load_cert_chain(files.certificate, files.key)
    except (OSError, ssl.SSLError) as error:
        raise BrokerGone(
            f"The hub's certificate {files.certificate} can't be used ({error}). "
            "Make it anew with 'kassenband-provision hub'."
        ) from error
    return context
