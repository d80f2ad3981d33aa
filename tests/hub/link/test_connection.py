"""The connection against a broker that does what a real one rarely does."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest

from hub.link import connection as module
from hub.link import packets
from hub.link.connection import Broker, BrokerGone, Connection
from provisioning.processes import free_port
from tests.hub.hubs import PATIENCE_S

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from hub.link.packets import Publication

WILL = ("hub/status", b"offline")
WELCOME = b"\x20\x03\x00\x00\x00"


class Peer:
    """Hears what the hub says, says what the test wants."""

    def __init__(self, welcome: bytes) -> None:
        self.heard: asyncio.Queue[packets.Packet] = asyncio.Queue()
        self._welcome = welcome
        self._writer: asyncio.StreamWriter | None = None

    async def serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._writer = writer
        writer.write(self._welcome)
        buffer = bytearray()
        while data := await reader.read(65_536):
            buffer += data
            for packet in packets.take_packets(buffer):
                self.heard.put_nowait(packet)
        writer.close()

    def say(self, data: bytes) -> None:
        assert self._writer is not None
        self._writer.write(data)

    async def hears(self, first: int) -> packets.Packet:
        async with asyncio.timeout(PATIENCE_S):
            while True:
                packet = await self.heard.get()
                if packet.first == first:
                    return packet


class Ear:
    def __init__(self) -> None:
        self.bursts: list[Sequence[Publication]] = []
        self.heard = asyncio.Event()

    def __call__(self, burst: Sequence[Publication]) -> None:
        self.bursts.append(burst)
        self.heard.set()


@asynccontextmanager
async def peer(welcome: bytes = WELCOME) -> AsyncIterator[tuple[Peer, Broker]]:
    playing = Peer(welcome)
    server = await asyncio.start_server(playing.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    try:
        yield playing, Broker(host="127.0.0.1", port=port, tls=None)
    finally:
        server.close()


async def ended(connection: Connection) -> None:
    async with asyncio.timeout(PATIENCE_S):
        await connection.ended.wait()


async def test_a_burst_is_handed_over_at_once_and_answered_in_one_write() -> None:
    ear = Ear()
    async with peer() as (broker_side, broker):
        connection = await Connection.open(broker, ear, will=WILL)
        said = [packets.publish(b"up", b"%d" % i, i, retain=False) for i in (1, 2, 3)]
        broker_side.say(b"".join(said))
        async with asyncio.timeout(PATIENCE_S):
            await ear.heard.wait()
        [burst] = ear.bursts
        assert [each.payload for each in burst] == [b"1", b"2", b"3"]
        for each in burst:
            connection.publish("down", each.payload)
            connection.acknowledge(each)
        await broker_side.hears(packets.Kind.PUBLISH | 0x02)
        acknowledged = await broker_side.hears(packets.Kind.PUBACK)
        assert packets.read_acknowledgment(acknowledged) == (1, 0)
        await connection.close()


async def test_the_brokers_receive_maximum_is_kept() -> None:
    welcome = b"\x20\x06\x00\x00\x03\x21\x00\x02"
    async with peer(welcome) as (broker_side, broker):
        connection = await Connection.open(broker, Ear(), will=WILL)
        for number in range(4):
            connection.publish("down", b"%d" % number)
        first, second = [
            packets.read_publication(await broker_side.hears(0x32)) for _ in range(2)
        ]
        assert (first.payload, second.payload) == (b"0", b"1")
        await asyncio.sleep(0)
        assert broker_side.heard.empty()
        assert first.packet_id is not None
        broker_side.say(packets.acknowledge(first.packet_id))
        third = packets.read_publication(await broker_side.hears(0x32))
        assert third.payload == b"2"
        await connection.close()


async def test_a_refusal_is_told_with_its_reason() -> None:
    async with peer(b"\x20\x03\x00\x87\x00") as (_, broker):
        with pytest.raises(BrokerGone, match="refuses the hub: not authorized"):
            await Connection.open(broker, Ear(), will=WILL)


async def test_a_broker_that_is_not_there_is_named() -> None:
    broker = Broker(host="127.0.0.1", port=free_port(), tls=None)
    with pytest.raises(BrokerGone, match=f"{broker.port} does not answer"):
        await Connection.open(broker, Ear(), will=WILL)


@pytest.mark.parametrize(
    ("said", "logged"),
    [
        (b"\xe0\x01\x8e", "another hub took over"),
        (b"\x90\x04\x00\x01\x00\x87", "does not let the hub hear the tills"),
        (b"\x32\x01\x00", "cut short"),
    ],
    ids=["taken over", "may not listen", "broken"],
)
async def test_the_end_is_explained(
    caplog: pytest.LogCaptureFixture, said: bytes, logged: str
) -> None:
    async with peer() as (broker_side, broker):
        connection = await Connection.open(broker, Ear(), will=WILL)
        broker_side.say(said)
        await ended(connection)
    assert logged in caplog.text


async def test_a_message_the_broker_refuses_is_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with peer() as (broker_side, broker):
        connection = await Connection.open(broker, Ear(), will=WILL)
        connection.publish("till/bar-1/down", b"x")
        await broker_side.hears(0x32)
        broker_side.say(b"\x40\x03\x00\x01\x87")
        broker_side.say(b"\xe0\x00")
        await ended(connection)
    assert "refuses a message on till/bar-1/down: not authorized" in caplog.text


async def test_a_broker_that_falls_silent_is_given_up(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(module, "KEEP_ALIVE_S", 0.05)
    keep_alive: Any = packets.connect
    monkeypatch.setattr(packets, "connect", lambda c, _s, m, w: keep_alive(c, 1, m, w))
    async with peer() as (broker_side, broker):
        connection = await Connection.open(broker, Ear(), will=WILL)
        await broker_side.hears(packets.PING[0])
        await ended(connection)
    assert "fallen silent" in caplog.text


async def test_the_farewell_comes_before_the_end() -> None:
    async with peer() as (broker_side, broker):
        connection = await Connection.open(broker, Ear(), will=WILL)
        closing = asyncio.create_task(connection.close(WILL))
        said = packets.read_publication(await broker_side.hears(0x33))
        assert said.payload == b"offline"
        assert said.packet_id is not None
        broker_side.say(packets.acknowledge(said.packet_id))
        await broker_side.hears(packets.DISCONNECT[0])
        await closing
        assert connection.ended.is_set()
