from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contract.ids import EventId, TillId
from contract.topics import Topics
from provisioning.bench.mqtt_load import (
    BrokenPacket,
    TillConnection,
    connect_packet,
    connect_till,
    publish_packet,
    read_publication,
    subscribe_packet,
    take_packets,
    write_length,
)
from provisioning.broker import BrokerFiles, PrivateBroker
from provisioning.ca import EventCa
from provisioning.processes import ProvisioningError, free_port

if TYPE_CHECKING:
    from pathlib import Path

CONNECTED = bytes([0x20, 3, 0, 0, 0])
SUBSCRIBED = bytes([0x90, 4, 0, 1, 0, 1])
TOPIC = b"kassenband/1/e/till/bar-1/down"


def publication(payload: bytes, properties: bytes = b"", packet_id: int = 7) -> bytes:
    body = len(TOPIC).to_bytes(2, "big") + TOPIC + packet_id.to_bytes(2, "big")
    body += write_length(len(properties)) + properties + payload
    return b"\x32" + write_length(len(body)) + body


class Wire(asyncio.Transport):
    def __init__(self) -> None:
        super().__init__()
        self.writes: list[bytes] = []
        self.closed = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.writes.append(bytes(data))

    def close(self) -> None:
        self.closed = True


class Talker:
    def __init__(self, *answers: bytes | None) -> None:
        self.heard: list[bytes] = []
        self.was_told = asyncio.Event()
        self._answers = list(answers)

    def answered(self, payload: bytes) -> bytes | None:
        self.heard.append(payload)
        self.was_told.set()
        return self._answers.pop(0) if self._answers else None


async def connected(talker: Talker) -> tuple[TillConnection, Wire]:
    connection, wire = TillConnection("bar-1", "up", "down", talker), Wire()
    connection.connection_made(wire)
    return connection, wire


@given(st.lists(st.binary(max_size=300), max_size=5), st.data())
@settings(max_examples=50, deadline=None)
def test_packets_come_out_whole_however_the_bytes_are_cut(
    payloads: list[bytes], data: st.DataObject
) -> None:
    stream = b"".join(publication(each, b"\x26" * 200) for each in payloads)
    buffer, heard = bytearray(), []
    while stream:
        cut = data.draw(st.integers(1, len(stream)))
        buffer += stream[:cut]
        stream = stream[cut:]
        heard += [read_publication(packet)[1] for packet in take_packets(buffer)]
    assert heard == payloads
    assert not buffer


@given(st.integers(0, 268_435_455))
def test_lengths_take_as_many_bytes_as_they_need(length: int) -> None:
    octets = write_length(length)
    assert len(octets) == max(1, -(-length.bit_length() // 7))
    assert all(octet >= 0x80 for octet in octets[:-1])
    assert octets[-1] < 0x80


def test_a_length_of_five_bytes_is_no_mqtt() -> None:
    with pytest.raises(BrokenPacket):
        list(take_packets(bytearray(b"\x30\xff\xff\xff\xff\x01")))


async def test_a_till_introduces_itself_and_subscribes_in_one_write() -> None:
    _, wire = await connected(Talker())
    assert wire.writes == [connect_packet("bar-1") + subscribe_packet(b"down")]


async def test_acknowledgment_and_next_request_leave_in_one_write() -> None:
    connection, wire = await connected(Talker(b"second", None))
    connection.data_received(CONNECTED + SUBSCRIBED)
    await connection.ready
    connection.publish(b"first")
    connection.data_received(publication(b"verdict"))
    assert wire.writes[-2] == publish_packet(b"up", b"first", 2)
    acknowledged = bytes([0x40, 2, 0, 7])
    assert wire.writes[-1] == acknowledged + publish_packet(b"up", b"second", 3)
    connection.data_received(publication(b"the last"))
    assert wire.writes[-1] == acknowledged


@pytest.mark.parametrize(
    "refusal",
    [
        bytes([0x20, 3, 0, 0x87, 0]),
        CONNECTED + bytes([0x90, 4, 0, 1, 0, 0x87]),
        CONNECTED + bytes([0xE0, 2, 0x8E, 0]),
    ],
)
async def test_a_refusal_ends_the_connection(refusal: bytes) -> None:
    connection, wire = await connected(Talker())
    connection.data_received(refusal)
    with pytest.raises(BrokenPacket, match="0x8"):
        await connection.ready
    assert wire.closed


async def test_a_lost_connection_keeps_nobody_waiting() -> None:
    connection, _ = await connected(Talker())
    connection.connection_lost(None)
    with pytest.raises(ConnectionError):
        await connection.ready


async def test_a_broker_that_is_not_there_is_named() -> None:
    connection = TillConnection("bar-1", "up", "down", Talker())
    with pytest.raises(ProvisioningError, match="can't connect with the broker"):
        await connect_till(connection, "127.0.0.1", free_port())


async def test_a_real_broker_carries_a_request_and_its_answer(tmp_path: Path) -> None:
    ca = EventCa.create(tmp_path / "ca", "e")
    server = ca.issue_server("broker", ["127.0.0.1"])
    files = BrokerFiles(ca.certificate, server.certificate, server.key, ca.revocations)
    topics, till = Topics(EventId("e")), TillId("bar-1")
    hub_side, till_side = Talker(b"the verdict"), Talker()
    broker = PrivateBroker(
        tmp_path / "broker", files, event="e", tills=[till], plain=True
    )
    with broker:
        port = cast("int", broker.plain_port)
        hub = TillConnection("hub", topics.down(till), topics.up(till), hub_side)
        selling = TillConnection(till, topics.up(till), topics.down(till), till_side)
        for each in (hub, selling):
            await connect_till(each, "127.0.0.1", port)
        selling.publish(b"a request")
        await asyncio.wait_for(till_side.was_told.wait(), 60)
        for each in (hub, selling):
            each.close()
    assert hub_side.heard == [b"a request"]
    assert till_side.heard == [b"the verdict"]
