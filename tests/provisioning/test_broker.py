from __future__ import annotations

import os
import queue
import signal
import socket
import ssl
from pathlib import Path
from typing import TYPE_CHECKING, Any

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from contract.ids import EventId, TillId
from contract.topics import MESSAGE_BYTES_MAX, Topics
from provisioning.broker import BrokerFiles, PrivateBroker, render_access_list
from provisioning.ca import EventCa, Leaf

if TYPE_CHECKING:
    from collections.abc import Iterator

EVENT = EventId("summer")
TOPICS = Topics(EVENT)
BAR_1, BAR_2 = TillId("bar-1"), TillId("bar-2")
NOT_AUTHORIZED = 0x87
NO_SUBSCRIBER = 0x10
WAIT_S = 60


class Client:
    """A paho client that notes what it hears, for one identity."""

    def __init__(self, ca: EventCa, leaf: Leaf | None, port: int) -> None:
        self.events: queue.Queue[tuple[str, Any]] = queue.Queue()
        self.paho = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
        self.paho.reconnect_delay_set(60, 60)
        self.paho.max_inflight_messages_set(1000)
        if leaf is not None:
            self.paho.tls_set(str(ca.certificate), str(leaf.certificate), str(leaf.key))
        else:
            self.paho.tls_set(str(ca.certificate))
        self.paho.on_connect = lambda _c, _u, _f, code, _p: self.note("connect", code)
        self.paho.on_disconnect = lambda _c, _u, _f, code, _p: self.note("gone", code)
        self.paho.on_subscribe = lambda _c, _u, _m, codes, _p: self.note("sub", codes)
        self.paho.on_publish = lambda _c, _u, _m, code, _p: self.note("ack", code)
        self.paho.on_message = lambda _c, _u, message: self.note("heard", message)
        self.paho.connect("127.0.0.1", port)
        self.paho.loop_start()

    def note(self, kind: str, value: object) -> None:
        self.events.put((kind, value))

    def await_event(self, wanted: str) -> Any:
        while True:
            kind, value = self.events.get(timeout=WAIT_S)
            if kind == wanted:
                return value

    def subscribe(self, topic: str) -> None:
        self.paho.subscribe(topic, qos=1)
        self.await_event("sub")

    def publish(self, topic: str, payload: bytes = b"{}") -> int:
        self.paho.publish(topic, payload, qos=1)
        return int(self.await_event("ack").value)

    def close(self) -> None:
        self.paho.disconnect()
        self.paho.loop_stop()


class World:
    """A broker and the identities of its event."""

    def __init__(self, ca: EventCa, broker: PrivateBroker) -> None:
        self.ca = ca
        self.broker = broker
        self.clients: list[Client] = []

    def connect(self, name: str) -> Client:
        client = Client(self.ca, self.ca.issue_client(name), self.broker.port)
        self.clients.append(client)
        assert not client.await_event("connect").is_failure
        return client


def files_of(ca: EventCa) -> BrokerFiles:
    server = ca.issue_server("localhost", ["localhost", "127.0.0.1"])
    return BrokerFiles(ca.certificate, server.certificate, server.key, ca.revocations)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    ca = EventCa.create(tmp_path / "ca", EVENT)
    with PrivateBroker(
        tmp_path / "broker", files_of(ca), event=EVENT, tills=[BAR_1, BAR_2], plain=True
    ) as broker:
        world = World(ca, broker)
        yield world
        for client in world.clients:
            client.close()


def test_a_till_and_the_hub_reach_each_other(world: World) -> None:
    hub, till = world.connect("hub"), world.connect(BAR_1)
    hub.subscribe(TOPICS.up("+"))
    till.subscribe(TOPICS.down(BAR_1))
    till.subscribe(TOPICS.wallets)
    full = b"x" * MESSAGE_BYTES_MAX
    assert till.publish(TOPICS.up(BAR_1), full) == 0
    assert hub.await_event("heard").payload == full
    assert hub.publish(TOPICS.down(BAR_1), full) == 0
    assert till.await_event("heard").payload == full
    assert hub.publish(TOPICS.wallets) == 0
    assert till.await_event("heard").topic == TOPICS.wallets


def test_a_till_speaks_for_nobody_else(world: World) -> None:
    till = world.connect(BAR_1)
    for topic in (TOPICS.up(BAR_2), TOPICS.wallets, TOPICS.hub_status, "elsewhere"):
        assert till.publish(topic) == NOT_AUTHORIZED
    assert world.connect("hub").publish(TOPICS.up(BAR_1)) == NOT_AUTHORIZED


def test_a_till_hears_nobody_elses_messages(world: World) -> None:
    hub, till = world.connect("hub"), world.connect(BAR_1)
    till.subscribe("#")
    hub.publish(TOPICS.down(BAR_2))
    assert hub.publish(TOPICS.down(BAR_1)) == 0
    assert till.await_event("heard").topic == TOPICS.down(BAR_1)


def test_an_order_is_not_acknowledged_as_heard_without_a_hub(world: World) -> None:
    assert world.connect(BAR_1).publish(TOPICS.up(BAR_1)) == NO_SUBSCRIBER


def test_a_till_that_is_not_on_the_list_says_nothing_until_it_is(world: World) -> None:
    late = world.connect("bar-9")
    assert late.publish(TOPICS.up("bar-9")) == NOT_AUTHORIZED
    world.broker.allow(["bar-9"])
    while late.publish(TOPICS.up("bar-9")) == NOT_AUTHORIZED:
        continue  # until the broker has read its list again


def test_clients_without_a_valid_certificate_are_refused(
    world: World, tmp_path: Path
) -> None:
    foreign = EventCa.create(tmp_path / "other", "other").issue_client(BAR_1)
    revoked = world.ca.issue_client(BAR_2)
    world.ca.revoke(revoked.certificate)
    world.broker.stop()
    world.broker.files.copy_to(world.broker.directory, world.broker.user)
    world.broker.start()
    for leaf in (None, foreign, revoked):
        assert refusal(world, leaf) in {"certificate required", "unknown ca", "revoked"}
    assert world.connect(BAR_1).publish(TOPICS.up(BAR_1)) == NO_SUBSCRIBER


def refusal(world: World, leaf: Leaf | None) -> str:
    """The TLS alert with which the broker ends the connection."""
    context = ssl.create_default_context(cafile=world.ca.certificate)
    if leaf is not None:
        context.load_cert_chain(leaf.certificate, leaf.key)
    raw = socket.create_connection(("127.0.0.1", world.broker.port), timeout=WAIT_S)
    with raw, pytest.raises(ssl.SSLError) as error:  # noqa: SIM117
        with context.wrap_socket(raw, server_hostname="localhost") as connection:
            connection.recv(1)
    words = ("certificate required", "unknown ca", "revoked")
    text = str(error.value)
    return next((word for word in words if word in text), text)


def test_an_oversized_message_ends_the_connection_not_the_broker(world: World) -> None:
    till = world.connect(BAR_1)
    till.paho.publish(TOPICS.up(BAR_1), b"x" * (MESSAGE_BYTES_MAX + 4096), qos=1)
    assert till.await_event("gone").is_failure
    assert world.connect(BAR_2).publish(TOPICS.up(BAR_2)) == NO_SUBSCRIBER


def test_many_unacknowledged_messages_do_not_stall_the_hub(world: World) -> None:
    till = world.connect(BAR_1)
    hub = mqtt.Client(
        CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5, manual_ack=True
    )
    assert world.broker.plain_port is not None
    heard: queue.Queue[None] = queue.Queue()
    subscribed: queue.Queue[None] = queue.Queue()
    hub.on_message = lambda *_: heard.put(None)
    hub.on_subscribe = lambda *_: subscribed.put(None)
    connect = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
    connect.ReceiveMaximum = 65535
    hub.connect("127.0.0.1", world.broker.plain_port, properties=connect)
    hub.subscribe(TOPICS.up("+"), qos=1)
    hub.loop_start()
    subscribed.get(timeout=WAIT_S)
    for _ in range(300):
        till.paho.publish(TOPICS.up(BAR_1), b"{}", qos=1)
    for _ in range(300):
        heard.get(timeout=WAIT_S)
    hub.disconnect()
    hub.loop_stop()


def test_the_broker_does_not_run_as_root_and_comes_back(world: World) -> None:
    owner = Path(f"/proc/{world.broker.pid}").stat().st_uid
    assert owner != 0
    assert (world.broker.directory / "server.key").stat().st_mode & 0o777 == 0o600
    till = world.connect(BAR_1)
    port = world.broker.port
    world.broker.kill()
    till.await_event("gone")
    world.broker.start()
    assert world.broker.port == port
    assert world.connect(BAR_1).publish(TOPICS.up(BAR_1)) == NO_SUBSCRIBER
    os.kill(world.broker.pid, signal.SIGHUP)


def test_the_access_list_is_literal() -> None:
    text = render_access_list("fest", ["bar-1"])
    assert text == (
        "user hub\n"
        "topic read kassenband/1/fest/till/+/up\n"
        "topic read kassenband/1/fest/till/+/online\n"
        "topic read kassenband/1/fest/till/+/status\n"
        "topic write kassenband/1/fest/till/+/down\n"
        "topic write kassenband/1/fest/till/+/config\n"
        "topic write kassenband/1/fest/wallets\n"
        "topic write kassenband/1/fest/hub/status\n"
        "\n"
        "user bar-1\n"
        "topic write kassenband/1/fest/till/bar-1/up\n"
        "topic write kassenband/1/fest/till/bar-1/online\n"
        "topic write kassenband/1/fest/till/bar-1/status\n"
        "topic read kassenband/1/fest/till/bar-1/down\n"
        "topic read kassenband/1/fest/till/bar-1/config\n"
        "topic read kassenband/1/fest/wallets\n"
        "topic read kassenband/1/fest/hub/status\n"
    )
