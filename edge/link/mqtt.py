"""The till's link to the hub: paho-mqtt behind `send` and posted events.

paho queues what is published while it is offline and hands it over later, even past
its expiry; so nothing is published unless connected, and each connection gets a paho
client of its own. paho's callbacks do one thing: they hand over to the till's loop.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions

from contract.ids import new_uuid7
from contract.messages import (
    Lamp,
    LampState,
    Malformed,
    TillOnline,
    TillStatus,
    decode_from_hub,
    encode,
)
from contract.topics import CONTENT_TYPE, Topics
from edge.core.errors import CallTheTechnician, NotConnected
from edge.core.events import HubLamp, HubSaid, LinkDown, LinkUp, NobodyListens
from edge.link import trouble

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable

    from paho.mqtt.reasoncodes import ReasonCode

    from contract.ids import EventId, TillId
    from contract.messages import FromTill
    from edge.core.events import Event
    from edge.link.tls import TillCertificate

KEEPALIVE_S: Final = 5
CONNECT_TIMEOUT_S: Final = 5.0
GREETING_TIMEOUT_S: Final = 5.0
BACKOFF_S_MIN: Final = 0.2
BACKOFF_S_MAX: Final = 5.0
RECEIVE_MAXIMUM: Final = 65_535
NO_MATCHING_SUBSCRIBERS: Final = 0x10
NOT_AUTHORIZED: Final = 0x87
FAILURE: Final = 0x80  # and above
TAKEN_OVER: Final = 0x8E

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Broker:
    """Where the hub's broker listens."""

    host: str
    port: int


class MqttLink:
    """A Hub: `send` publishes at once or raises; `run` keeps a connection up.

    Posts HubLamp, LinkUp, LinkDown, HubSaid and NobodyListens.
    """

    def __init__(
        self,
        *,
        broker: Broker,
        certificate: TillCertificate,
        till: TillId,
        event: EventId,
        post: Callable[[Event], None],
    ) -> None:
        self._broker = broker
        self._certificate = certificate
        self._till = till
        self._topics = Topics(event)
        self._post = post
        self._session: _Session | None = None
        self._lamp: Lamp | None = None
        self._backoff_s = BACKOFF_S_MIN

    def send(self, message: FromTill, *, expires_s: int | None = None) -> None:
        """Publish at once, or raise NotConnected; nothing is ever queued."""
        session = self._session
        if session is None or not session.up:
            raise NotConnected("The till is not connected to the hub.")
        match message:
            case TillStatus():
                topic, retain = self._topics.status(self._till), True
            case TillOnline():
                topic, retain = self._topics.online(self._till), True
            case _:
                topic, retain = self._topics.up(self._till), False
        session.publish(topic, encode(message), retain=retain, expires_s=expires_s)

    async def run(self) -> None:
        """Keep a connection up until canceled; says goodbye then."""
        while True:
            session = _Session(self)
            try:
                await self._serve(session)
            finally:
                self._session = None
                await asyncio.shield(asyncio.to_thread(session.stop))
            pause_s = self._backoff_s * random.uniform(0.5, 1)  # not all tills at once
            self._backoff_s = min(2 * self._backoff_s, BACKOFF_S_MAX)
            await asyncio.sleep(pause_s)

    async def _serve(self, session: _Session) -> None:
        broker = self._broker
        try:
            await asyncio.to_thread(session.connect)
            async with asyncio.timeout(GREETING_TIMEOUT_S):
                await session.subscribed
        except CallTheTechnician as error:
            self._show(str(error))
            return
        except OSError as error:  # a TimeoutError is one
            self._show(trouble.why_not_connected(error, broker.host, broker.port))
            return
        self._session = session
        self._backoff_s = BACKOFF_S_MIN
        self._say_online(online=True)
        self._show("", LampState.GOOD)
        self._post(LinkUp())
        try:
            await session.ended
        except asyncio.CancelledError:
            self._say_online(online=False)
            await asyncio.shield(asyncio.to_thread(session.say_goodbye))
            raise
        self._session = None
        if session.taken_over:
            self._show(trouble.taken_over(self._till))
        else:
            self._show(trouble.gone(broker.host, broker.port))
        self._post(LinkDown())

    def _say_online(self, *, online: bool) -> None:
        with contextlib.suppress(NotConnected):  # then the last will speaks
            self.send(TillOnline(id=new_uuid7(), till=self._till, online=online))

    def _show(self, text: str, state: LampState = LampState.BAD) -> None:
        lamp = Lamp(state=state, text=text)
        if lamp != self._lamp:
            self._lamp = lamp
            if text:
                logger.warning("%s", text)
            self._post(HubLamp(lamp))

    # --- called by a session, in the loop --------------------------------------------

    def _arrived(self, topic: str, payload: bytes) -> None:
        try:
            message = decode_from_hub(payload)
        except Malformed as error:
            logger.error("Rejected a message on %s: %s", topic, error)  # noqa: TRY400 - a peer's fault
            return
        self._post(HubSaid(message))

    def _acknowledged(self, topic: str, code: ReasonCode) -> None:
        if code.value == NOT_AUTHORIZED:
            self._show(trouble.not_allowed(topic, self._till))
        elif code.value >= FAILURE:
            logger.warning("%s", trouble.not_taken(topic, str(code)))
        elif code.value == NO_MATCHING_SUBSCRIBERS and topic == self._topics.up(
            self._till
        ):
            self._post(NobodyListens())


class _Session:
    """One connection: a paho client that is used once."""

    def __init__(self, link: MqttLink) -> None:
        self._link = link
        self._loop = asyncio.get_running_loop()
        self.subscribed: asyncio.Future[None] = self._loop.create_future()
        self.ended: asyncio.Future[None] = self._loop.create_future()
        self.up = False
        self.taken_over = False
        self._sent: dict[int, str] = {}
        self._stopped = False
        self._client = self._make_client()

    def connect(self) -> None:
        """Connect and greet; blocking. Raises OSError or CallTheTechnician."""
        link = self._link
        self._client.trust(link._certificate.context())
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        properties.SessionExpiryInterval = 0
        properties.ReceiveMaximum = RECEIVE_MAXIMUM
        self._client.connect(
            link._broker.host,
            link._broker.port,
            keepalive=KEEPALIVE_S,
            clean_start=True,
            properties=properties,
        )
        if self._stopped:  # the till gave up while this thread was connecting
            self._client.disconnect()
            return
        self._client.loop_start()

    def publish(
        self, topic: str, payload: bytes, *, retain: bool, expires_s: int | None
    ) -> None:
        """Publish with QoS 1; raises NotConnected when paho has just lost it."""
        properties = _json_in(PacketTypes.PUBLISH)
        if expires_s is not None:
            properties.MessageExpiryInterval = expires_s
        info = self._client.publish(
            topic, payload, qos=1, retain=retain, properties=properties
        )
        if info.rc != paho.MQTT_ERR_SUCCESS:
            raise NotConnected(paho.error_string(info.rc))
        self._sent[info.mid] = topic

    def say_goodbye(self) -> None:
        """Leave in good order; blocking, bounded."""
        self._client.disconnect()  # paho's thread sends what is before it first
        self._client.loop_stop()

    def stop(self) -> None:
        """Give the client up; blocking, ends its thread."""
        self.up = False
        self._stopped = True
        with contextlib.suppress(OSError, ValueError):
            self._client.disconnect()
        self._client.loop_stop()

    def _make_client(self) -> _Client:
        link = self._link
        client = _Client(
            CallbackAPIVersion.VERSION2,
            client_id=link._till,
            protocol=paho.MQTTv5,
            reconnect_on_failure=False,
        )
        client.connect_timeout = CONNECT_TIMEOUT_S
        client.on_socket_open = _without_delay
        client.on_connect = self._on_connect
        client.on_subscribe = self._on_subscribe
        client.on_publish = self._on_publish
        client.on_message = self._on_message
        client.on_disconnect = self._on_disconnect
        offline = TillOnline(id=new_uuid7(), till=link._till, online=False)
        topic = link._topics.online(link._till)
        client.will_set(
            topic,
            encode(offline),
            qos=1,
            retain=True,
            properties=_json_in(PacketTypes.WILLMESSAGE),
        )
        return client

    # --- paho's thread: hand over to the loop, nothing else --------------------------

    def _on_connect(
        self,
        _client: paho.Client,
        _data: Any,
        _flags: Any,
        code: ReasonCode,
        _props: Any,
    ) -> None:
        self._hand_over(self._greeted, code)

    def _on_subscribe(
        self, _client: paho.Client, _data: Any, _mid: int, codes: Any, _props: Any
    ) -> None:
        self._hand_over(self._listening, [code.value for code in codes])

    def _on_publish(
        self, _client: paho.Client, _data: Any, mid: int, code: ReasonCode, _props: Any
    ) -> None:
        self._hand_over(self._acknowledged, mid, code)

    def _on_message(
        self, _client: paho.Client, _data: Any, message: paho.MQTTMessage
    ) -> None:
        self._hand_over(self._link._arrived, message.topic, message.payload)

    def _on_disconnect(
        self,
        _client: paho.Client,
        _data: Any,
        _flags: Any,
        code: ReasonCode,
        _props: Any,
    ) -> None:
        self._hand_over(self._over, code.value)

    def _hand_over(self, callback: Callable[..., None], *arguments: object) -> None:
        with contextlib.suppress(RuntimeError):  # the loop has ended before paho
            self._loop.call_soon_threadsafe(callback, *arguments)

    # --- the loop --------------------------------------------------------------------

    def _greeted(self, code: ReasonCode) -> None:
        if code.is_failure:
            text = trouble.refused(str(code), self._link._till)
            self._fail(CallTheTechnician(text))
            return
        topics, till = self._link._topics, self._link._till
        options = SubscribeOptions(qos=1)
        self._client.subscribe(
            [
                (topics.down(till), options),
                (topics.config(till), options),
                (topics.wallets, options),
                (topics.hub_status, options),
            ]
        )

    def _listening(self, codes: list[int]) -> None:
        if any(code >= 0x80 for code in codes):
            text = trouble.not_allowed("its topics", self._link._till)
            self._fail(CallTheTechnician(text))
            return
        self.up = True
        if not self.subscribed.done():
            self.subscribed.set_result(None)

    def _acknowledged(self, mid: int, code: ReasonCode) -> None:
        topic = self._sent.pop(mid, None)
        if topic is not None:
            self._link._acknowledged(topic, code)

    def _over(self, code: int) -> None:
        self.up = False
        self.taken_over = code == TAKEN_OVER
        broker = self._link._broker
        own_fault = self._link._certificate.expired()
        text = trouble.hung_up(broker.host, broker.port, own_fault)
        self._fail(CallTheTechnician(text))
        if not self.ended.done():
            self.ended.set_result(None)

    def _fail(self, error: CallTheTechnician) -> None:
        if not self.subscribed.done():
            self.subscribed.set_exception(error)
            self.subscribed.exception()  # nobody may be waiting any more


class _Client(paho.Client):
    """paho, but closing the socket of a failed TLS handshake."""

    def trust(self, context: ssl.SSLContext) -> None:
        """Use TLS with this context."""
        self._trusted = context
        self.tls_set_context(context)

    def _ssl_wrap_socket(self, tcp_sock: Any) -> ssl.SSLSocket:
        wrapped = self._trusted.wrap_socket(
            tcp_sock, server_hostname=self._host, do_handshake_on_connect=False
        )
        try:
            wrapped.settimeout(self.connect_timeout)
            wrapped.do_handshake()
        except OSError:
            wrapped.close()
            raise
        return wrapped


def _json_in(packet: int) -> Properties:
    properties = Properties(packet)  # type: ignore[no-untyped-call]
    properties.ContentType = CONTENT_TYPE
    return properties


def _without_delay(_client: paho.Client, _data: Any, opened: Any) -> None:
    # paho never does; two small writes in a row would wait for the peer's late ACK.
    opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
