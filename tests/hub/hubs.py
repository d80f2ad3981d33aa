"""A whole hub in the test's own loop, and hand-made MQTT clients to talk with it."""

from __future__ import annotations

import asyncio
import ssl
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec
import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from contract.ids import TillId, WalletSerial, new_uuid7
from contract.messages import Message, OrderRequest, decode_from_hub, encode
from contract.order import Order, encode_order
from contract.topics import CONTENT_TYPE, Topics
from hub.core.booking import credit_item
from hub.link.connection import Broker, Tls
from hub.link.link import Link, Services
from hub.service.booking import Booking
from hub.service.closings import Closings
from hub.service.inquiries import Inquiries
from hub.service.orders import Orders
from hub.service.staff import Staff
from hub.service.tse_news import TseNews
from hub.service.wallet_news import WalletNews
from hub.service.wristbands import Wristbands
from tests.hub import samples

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from uuid import UUID

    from hub.service.context import ContextKeeper
    from hub.store.store import Store
    from provisioning.broker import PrivateBroker
    from provisioning.ca import EventCa, Leaf

Heard = TypeVar("Heard", bound=Message)

TOPICS = Topics(samples.EVENT.slug)
PATIENCE_S = 60
UID_SECRET = b"s" * 32


@dataclass
class Parts:
    """The services of a hub and a wallet shorthand."""

    store: Store
    context: ContextKeeper
    booking: Booking
    orders: Orders
    wristbands: Wristbands
    news: WalletNews
    staff: Staff
    inquiries: Inquiries
    closings: Closings
    tse_news: TseNews

    async def wallet(self, balance_minor: int, uid_end: int = 1) -> WalletSerial:
        """Issue a wristband with money on it; its serial."""
        uid = samples.uid(uid_end)
        issued = await self.wristbands.issue(uid)
        if balance_minor:
            await self.booking.submit(
                credit_item(new_uuid7(), issued.wallet, balance_minor, "test")
            )
        return issued.wallet


@asynccontextmanager
async def running_parts(store: Store, context: ContextKeeper) -> AsyncIterator[Parts]:
    """Run the services, elected."""
    booking = Booking(store, context.current.number)
    staff = Staff(store, context)
    await staff.load()
    orders = Orders(store, context, booking, staff)
    parts = Parts(
        store,
        context,
        booking,
        orders,
        Wristbands(store, context, booking, samples.SIGNER, UID_SECRET),
        WalletNews(store, context, booking, orders),
        staff,
        Inquiries(store, context, orders, staff),
        Closings(store, context, booking, orders),
        TseNews(store, context),
    )
    task = asyncio.create_task(booking.run())
    try:
        async with asyncio.timeout(PATIENCE_S):
            await booking.elected()
        yield parts
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@asynccontextmanager
async def running_link(
    parts: Parts, broker: PrivateBroker, ca: EventCa, leaf: Leaf
) -> AsyncIterator[Link]:
    """Run the link over the private broker."""
    tls = Tls(ca=ca.certificate, certificate=leaf.certificate, key=leaf.key)
    link = Link(
        Broker(host=broker.host, port=broker.port, tls=tls),
        Services(
            context=parts.context,
            booking=parts.booking,
            orders=parts.orders,
            wristbands=parts.wristbands,
            staff=parts.staff,
            inquiries=parts.inquiries,
            closings=parts.closings,
            tse_news=parts.tse_news,
        ),
    )
    tasks = [
        asyncio.create_task(link.run()),
        asyncio.create_task(parts.news.run(link.tell_wallets)),
    ]
    try:
        await until(lambda: link.connected)
        yield link
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class Client:
    """A till as MQTT sees it: it says bytes and hears messages."""

    def __init__(
        self,
        name: str,
        *,
        protocol: MQTTProtocolVersion = MQTTProtocolVersion.MQTTv5,
    ) -> None:
        self.name = name
        self.heard: asyncio.Queue[tuple[str, bytes]] = asyncio.Queue()
        self._ready = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._paho = paho.Client(
            CallbackAPIVersion.VERSION2, client_id=name, protocol=protocol
        )
        self._protocol = protocol
        self._paho.on_connect = self._on_connect
        self._paho.on_subscribe = lambda *_: self._soon(self._ready.set)
        self._paho.on_message = lambda _c, _d, message: self._soon(
            self.heard.put_nowait, (message.topic, bytes(message.payload))
        )

    async def connect(self, broker: PrivateBroker, ca: EventCa, leaf: Leaf) -> None:
        context = ssl.create_default_context(cafile=str(ca.certificate))
        context.load_cert_chain(leaf.certificate, leaf.key)
        self._paho.tls_set_context(context)
        await asyncio.to_thread(self._paho.connect, broker.host, broker.port)
        self._paho.loop_start()
        async with asyncio.timeout(PATIENCE_S):
            await self._ready.wait()

    async def close(self) -> None:
        self._paho.disconnect()
        await asyncio.to_thread(self._paho.loop_stop)

    def say(
        self,
        payload: bytes,
        topic: str | None = None,
        content_type: str = CONTENT_TYPE,
    ) -> paho.MQTTMessageInfo:
        """Publish on the till's up topic, or on another one."""
        properties = None
        if self._protocol is MQTTProtocolVersion.MQTTv5:
            properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
            if content_type:
                properties.ContentType = content_type
        up = TOPICS.up(self.name)
        return self._paho.publish(topic or up, payload, qos=1, properties=properties)

    async def hear(self, kind: type[Heard]) -> Heard:
        """Wait for the next message of a kind; others are passed over."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                _, payload = await self.heard.get()
                if payload and isinstance(said := decode_from_hub(payload), kind):
                    return said

    def _on_connect(self, *_: Any) -> None:
        own = (TOPICS.down(self._till), TOPICS.config(self._till))
        shared = (TOPICS.wallets, TOPICS.hub_status)
        self._paho.subscribe([(topic, 1) for topic in (*own, *shared)])

    @property
    def _till(self) -> TillId:
        return TillId(self.name)

    def _soon(self, function: Callable[..., Any], *values: Any) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(function, *values)


def request(
    about: Order, credential: Any = None, message_id: UUID | None = None
) -> bytes:
    """The bytes of a request for an order, with its wallet's genuine token."""
    wallet = about.payment.wallet if about.payment else None
    if credential is None and wallet is not None:
        credential = samples.credential(wallet)
    return encode(
        OrderRequest(
            id=message_id or new_uuid7(),
            order=msgspec.Raw(encode_order(about)),
            answer_by=samples.NOW,
            credential=credential,
        )
    )


async def until(holds: Callable[[], object]) -> None:
    """Wait until something holds; fails when it does not in good time."""
    async with asyncio.timeout(PATIENCE_S):
        while not holds():  # noqa: ASYNC110 - nobody signals what is looked at
            await asyncio.sleep(0.02)
