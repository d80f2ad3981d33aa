"""The link over a real broker: sells, loses it, finds it again, explains refusals."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import socket
import threading
from typing import TYPE_CHECKING, Any

import paho.mqtt.client as paho
import pytest
from cryptography import x509
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from contract.ids import TillId
from contract.messages import (
    LampState,
    OrderRequest,
    TillOnline,
    TillStatus,
    decode_from_till,
    encode,
)
from contract.topics import CONTENT_TYPE, Topics
from edge.core.errors import NotConnected
from edge.core.events import HubLamp, HubSaid, LinkDown, LinkUp, NobodyListens
from edge.core.view import Phase
from edge.link.mqtt import Broker, MqttLink
from edge.link.tls import TillCertificate
from provisioning.broker import BrokerFiles, PrivateBroker
from provisioning.ca import EventCa
from tests.contract.samples import EVENT, MESSAGES
from tests.edge.parts import BAR, CONFIG, Bench
from tests.edge.test_till import all_delivered, in_phase, sell
from tests.patience import PATIENCE_S, be_patient

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from pathlib import Path

    from contract.messages import FromTill, Message
    from edge.core.events import Event
    from provisioning.ca import Leaf

TOPICS = Topics(EVENT)
REQUEST = next(each for each in MESSAGES if isinstance(each, OrderRequest))
STATUS = next(each for each in MESSAGES if isinstance(each, TillStatus))


@pytest.fixture(scope="module")
def ca(tmp_path_factory: pytest.TempPathFactory) -> EventCa:
    return EventCa.create(tmp_path_factory.mktemp("ca"), EVENT)


@pytest.fixture(scope="module")
def broker(
    ca: EventCa, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[PrivateBroker]:
    server = ca.issue_server("broker", ["127.0.0.1"])
    files = BrokerFiles(
        ca=ca.certificate,
        revocations=ca.revocations,
        certificate=server.certificate,
        key=server.key,
    )
    where = tmp_path_factory.mktemp("broker")
    with PrivateBroker(where, files, event=EVENT, tills=[BAR]) as running:
        yield running


@pytest.fixture(scope="module")
def leaf(ca: EventCa) -> Leaf:
    return ca.issue_client(BAR)


class HubClient:
    """The hub's end of the broker, on paho; answers as the reference hub does."""

    def __init__(self, ca: EventCa, port: int, loop: asyncio.AbstractEventLoop) -> None:
        leaf = ca.issue_client("hub")
        self.heard: asyncio.Queue[tuple[str, FromTill]] = asyncio.Queue()
        self.content_types: set[str] = set()
        self.answer: Callable[[FromTill], Message] | None = None
        self._loop = loop
        self._paho = paho.Client(CallbackAPIVersion.VERSION2, protocol=paho.MQTTv5)
        self._paho.tls_set(str(ca.certificate), str(leaf.certificate), str(leaf.key))
        self._paho.on_socket_open = lambda _c, _u, opened: opened.setsockopt(  # type: ignore[attr-defined]
            socket.IPPROTO_TCP, socket.TCP_NODELAY, 1
        )
        self._paho.on_message = self._on_message
        subscribed = threading.Event()
        self._paho.on_subscribe = lambda *_: subscribed.set()
        self._paho.connect("127.0.0.1", port)
        self._paho.subscribe([(f"{TOPICS.root}/till/+/{t}", 1) for t in LEAVES])
        self._paho.loop_start()
        assert subscribed.wait(PATIENCE_S)

    def say(self, topic: str, message: Message, *, retain: bool = False) -> None:
        self._paho.publish(topic, encode(message), qos=1, retain=retain)

    def close(self) -> None:
        self._paho.disconnect()
        self._paho.loop_stop()

    def _on_message(self, _c: Any, _u: Any, message: paho.MQTTMessage) -> None:
        self.content_types.add(getattr(message.properties, "ContentType", ""))
        said = decode_from_till(bytes(message.payload))
        if self.answer is not None and message.topic == TOPICS.up(BAR):
            self.say(TOPICS.down(BAR), self.answer(said))
        self._loop.call_soon_threadsafe(self.heard.put_nowait, (message.topic, said))

    async def hears(self, kind: type) -> FromTill:
        async with asyncio.timeout(PATIENCE_S):
            while True:
                _, message = await self.heard.get()
                if isinstance(message, kind):
                    return message


LEAVES = ("up", "online", "status")


@pytest.fixture
async def hub(ca: EventCa, broker: PrivateBroker) -> AsyncIterator[HubClient]:
    client = HubClient(ca, broker.port, asyncio.get_running_loop())
    yield client
    await asyncio.to_thread(client.close)


class Till:
    """A link on its own, with what it posted."""

    def __init__(self, link: Callable[[Callable[[Event], None]], MqttLink]) -> None:
        self.events: asyncio.Queue[Event] = asyncio.Queue()
        self.link = link(self.events.put_nowait)
        self._running: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Till:
        self._running = asyncio.create_task(self.link.run())
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._running is not None
        self._running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._running

    async def posts(self, kind: type) -> Any:
        async with asyncio.timeout(PATIENCE_S):
            while True:
                event = await self.events.get()
                if isinstance(event, kind):
                    return event

    async def complains(self) -> str:
        while True:
            lamp = (await self.posts(HubLamp)).lamp
            if lamp.state is LampState.BAD:
                assert isinstance(lamp.text, str)
                return lamp.text


def connect_to(
    ca: EventCa,
    leaf: Leaf,
    port: int,
    *,
    host: str = "127.0.0.1",
    till: str = BAR,
) -> Till:
    certificate = TillCertificate(ca.certificate, leaf.certificate, leaf.key)
    return Till(
        lambda post: MqttLink(
            broker=Broker(host, port),
            certificate=certificate,
            till=TillId(till),
            event=EVENT,
            post=post,
        )
    )


async def test_messages_go_both_ways(
    ca: EventCa, broker: PrivateBroker, leaf: Leaf, hub: HubClient
) -> None:
    async with connect_to(ca, leaf, broker.port) as till:
        await till.posts(LinkUp)
        online = await hub.hears(TillOnline)
        assert isinstance(online, TillOnline)
        assert online.online
        till.link.send(REQUEST, expires_s=2)
        assert await hub.hears(OrderRequest) == REQUEST
        hub.say(TOPICS.config(BAR), CONFIG)
        assert (await till.posts(HubSaid)).message == CONFIG
    farewell = await hub.hears(TillOnline)
    assert isinstance(farewell, TillOnline)
    assert not farewell.online
    assert hub.content_types == {CONTENT_TYPE}


async def test_it_refuses_to_send_unless_connected(
    ca: EventCa, broker: PrivateBroker, leaf: Leaf
) -> None:
    till = connect_to(ca, leaf, broker.port)
    with pytest.raises(NotConnected):
        till.link.send(REQUEST)


async def test_no_small_packet_waits_for_the_next(
    ca: EventCa, broker: PrivateBroker, leaf: Leaf
) -> None:
    async with connect_to(ca, leaf, broker.port) as till:
        await till.posts(LinkUp)
        assert till.link._session is not None
        opened = till.link._session._client.socket()
        assert isinstance(opened, socket.socket)
        assert opened.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


async def test_a_hub_that_is_not_there_is_known_from_the_broker(
    ca: EventCa, broker: PrivateBroker, leaf: Leaf
) -> None:
    async with connect_to(ca, leaf, broker.port) as till:
        await till.posts(LinkUp)
        till.link.send(REQUEST, expires_s=2)
        await till.posts(NobodyListens)


async def test_a_broker_that_restarts_is_found_again_and_nothing_stale_arrives(
    ca: EventCa, leaf: Leaf, tmp_path: Path
) -> None:
    server = ca.issue_server("other", ["127.0.0.1"])
    files = BrokerFiles(
        ca=ca.certificate,
        revocations=ca.revocations,
        certificate=server.certificate,
        key=server.key,
    )
    with PrivateBroker(tmp_path, files, event=EVENT, tills=[BAR]) as broker:
        async with connect_to(ca, leaf, broker.port) as till:
            await till.posts(LinkUp)
            broker.kill()
            await till.posts(LinkDown)
            with pytest.raises(NotConnected):
                till.link.send(REQUEST)
            assert "Nothing listens" in await till.complains()
            broker.start()
            hub = HubClient(ca, broker.port, asyncio.get_running_loop())
            await till.posts(LinkUp)
            till.link.send(STATUS)
            while True:
                _, first = await asyncio.wait_for(hub.heard.get(), PATIENCE_S)
                assert not isinstance(first, OrderRequest)
                if isinstance(first, TillStatus):
                    break
            await asyncio.to_thread(hub.close)


async def test_malformed_messages_are_rejected_and_logged(
    ca: EventCa,
    broker: PrivateBroker,
    leaf: Leaf,
    hub: HubClient,
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with connect_to(ca, leaf, broker.port) as till:
        await till.posts(LinkUp)
        hub._paho.publish(TOPICS.down(BAR), b"{nonsense", qos=1)
        hub.say(TOPICS.down(BAR), CONFIG)
        await till.posts(HubSaid)
    assert "not JSON" in caplog.text


# --- what the lamp says --------------------------------------------------------------


async def test_a_port_where_nothing_listens(ca: EventCa, leaf: Leaf) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        async with connect_to(ca, leaf, taken.getsockname()[1]) as till:
            assert "hub.broker_port" in await till.complains()


async def test_a_name_nobody_knows(ca: EventCa, leaf: Leaf) -> None:
    async with connect_to(ca, leaf, 8883, host="no-such-hub.invalid") as till:
        assert "hub.broker_host" in await till.complains()


async def test_a_broker_of_another_name(
    ca: EventCa, broker: PrivateBroker, leaf: Leaf
) -> None:
    async with connect_to(ca, leaf, broker.port, host="localhost") as till:
        assert "another name than localhost" in await till.complains()


async def test_a_broker_of_another_event(
    ca: EventCa, broker: PrivateBroker, leaf: Leaf, tmp_path: Path
) -> None:
    other = EventCa.create(tmp_path / "other", "elsewhere")
    async with connect_to(other, leaf, broker.port) as till:
        assert "not of this event's CA" in await till.complains()


async def test_a_certificate_of_another_event(
    ca: EventCa, broker: PrivateBroker, tmp_path: Path
) -> None:
    other = EventCa.create(tmp_path / "other", "elsewhere")
    foreign = other.issue_client(BAR)
    async with connect_to(ca, foreign, broker.port) as till:
        assert "does not accept this till's certificate" in await till.complains()


async def test_a_revoked_till(ca: EventCa, leaf: Leaf, tmp_path: Path) -> None:
    mine = EventCa.create(tmp_path / "ca", EVENT)
    gone = mine.issue_client(BAR)
    mine.revoke(gone.certificate)
    server = mine.issue_server("broker", ["127.0.0.1"])
    files = BrokerFiles(
        ca=mine.certificate,
        revocations=mine.revocations,
        certificate=server.certificate,
        key=server.key,
    )
    where = tmp_path / "broker"
    where.mkdir()
    with PrivateBroker(where, files, event=EVENT, tills=[BAR]) as broker:
        async with connect_to(mine, gone, broker.port) as till:
            assert "revoked" in await till.complains()


async def test_a_till_the_access_list_does_not_know(
    ca: EventCa, broker: PrivateBroker
) -> None:
    stranger = ca.issue_client("bar-7")
    async with connect_to(ca, stranger, broker.port, till="bar-7") as till:
        text = await till.complains()
    assert "access list (ACL)" in text
    assert "bar-7" in text


async def test_a_second_till_of_the_same_name(
    ca: EventCa, broker: PrivateBroker, leaf: Leaf
) -> None:
    async with connect_to(ca, leaf, broker.port) as till:
        await till.posts(LinkUp)
        assert till.link._session is not None
        # What MQTT 5 says then; Mosquitto 2.0.11 hangs up before it is read.
        till.link._session._over(0x8E)
        assert "Another computer is connected as till" in await till.complains()


async def test_a_message_the_broker_does_not_take_is_logged(
    ca: EventCa,
    broker: PrivateBroker,
    leaf: Leaf,
    caplog: pytest.LogCaptureFixture,
) -> None:
    quota = ReasonCode(PacketTypes.PUBACK, identifier=0x97)
    async with connect_to(ca, leaf, broker.port) as till:
        await till.posts(LinkUp)
        till.link._acknowledged(TOPICS.up(BAR), quota)
    assert "did not take a message" in caplog.text
    assert "Quota exceeded" in caplog.text


async def test_missing_files_are_named(
    ca: EventCa, broker: PrivateBroker, leaf: Leaf, tmp_path: Path
) -> None:
    certificate = TillCertificate(ca.certificate, tmp_path / "none.pem", leaf.key)
    till = Till(
        lambda post: MqttLink(
            broker=Broker("127.0.0.1", broker.port),
            certificate=certificate,
            till=BAR,
            event=EVENT,
            post=post,
        )
    )
    async with till:
        assert "none.pem (hub.certificate) is missing" in await till.complains()


def test_an_expired_certificate_is_known_without_asking(
    ca: EventCa, leaf: Leaf
) -> None:
    certificate = TillCertificate(ca.certificate, leaf.certificate, leaf.key)
    assert certificate.expired() is None
    found = x509.load_pem_x509_certificate(leaf.certificate.read_bytes())
    later = found.not_valid_after_utc + dt.timedelta(seconds=1)
    assert "expired on" in (certificate.expired(later) or "")
    early = found.not_valid_before_utc - dt.timedelta(seconds=1)
    assert "Set the clock" in (certificate.expired(early) or "")


async def test_a_whole_sale_over_the_broker(
    ca: EventCa,
    broker: PrivateBroker,
    leaf: Leaf,
    hub: HubClient,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    be_patient(monkeypatch)
    bench = Bench()
    certificate = TillCertificate(ca.certificate, leaf.certificate, leaf.key)
    link = MqttLink(
        broker=Broker("127.0.0.1", broker.port),
        certificate=certificate,
        till=BAR,
        event=EVENT,
        post=bench.till.post,
    )
    bench.hub.send = link.send  # type: ignore[method-assign]
    hub.answer = bench.hub.books.answer
    running = asyncio.create_task(link.run())
    async with bench:
        hub.say(TOPICS.config(BAR), CONFIG)
        await bench.until(lambda v: v.lamps.hub.state is LampState.GOOD)
        hub.say(TOPICS.config(BAR), CONFIG)
        await bench.until(in_phase(Phase.SELLING))
        for _ in range(3):
            view = await sell(bench, 1)
            assert view.approval is not None
            assert not view.approval.stand_in
            bench.till.shown(view.approval.order)
        await bench.until(all_delivered)
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running
    assert bench.hub.books.books.balances[1] == 10_000 - 3 * 450
    took = [
        row.order.decision.card_to_decision_us
        for row in bench.journal.rows.values()  # type: ignore[attr-defined]
        if row.order.decision is not None
    ]
    assert all(took)


def test_a_request_carries_its_time_limit() -> None:
    properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
    properties.MessageExpiryInterval = 2
    assert b"\x02" in bytes(properties.pack())  # type: ignore[no-untyped-call]
