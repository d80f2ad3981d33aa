from __future__ import annotations

import pytest

from edge.simulator.pseudo_reader import ATR
from edge.simulator.vpcd import NoVirtualReader, tap
from edge.simulator.wristband import VirtualWristband
from tests.edge.simulator.vpcd_reader import TIMEOUT_S, FakeReader

GET_UID = bytes.fromhex("FFCA000000")


def test_a_tap_is_a_powered_card_that_answers() -> None:
    wristband = VirtualWristband.blank()
    with FakeReader() as reader, tap(reader.port, wristband) as held:
        reader.accept()
        assert reader.ask(b"\x04") == ATR
        assert reader.ask(GET_UID) == wristband.uid.octets + b"\x90\x00"
        assert held.powered.is_set()
        assert held.connected_ns > 0


def test_taking_it_away_ends_the_connection() -> None:
    with FakeReader() as reader:
        with tap(reader.port, VirtualWristband.blank()) as held:
            reader.accept()
            assert reader.ask(b"\x04") == ATR
        assert held.gone.is_set()
        assert reader.ask(GET_UID) is None


def test_power_loss_ends_an_authentication() -> None:
    wristband = VirtualWristband.blank()
    wristband.tag.memory[0x29 * 4 + 3] = 4  # from page 4 on a password is needed
    write = bytes.fromhex("FFD6000404") + b"beer"
    authenticate = bytes.fromhex("FF00000007D4421BFFFFFFFF")
    with FakeReader() as reader, tap(reader.port, wristband):
        reader.accept()
        reader.ask(authenticate)
        assert reader.ask(write) == b"\x90\x00"
        reader.tell(b"\x02")
        assert reader.ask(write) == b"\x63\x00"


def test_a_card_can_leave_in_the_middle_of_a_command() -> None:
    wristband = VirtualWristband.blank()
    wristband.pulled_after = 1
    with FakeReader() as reader, tap(reader.port, wristband) as held:
        reader.accept()
        assert reader.ask(GET_UID) is not None
        assert reader.ask(GET_UID) is None
        assert held.gone.wait(TIMEOUT_S)
    assert len(wristband.apdus) == 1


def test_a_reader_that_stops_takes_nothing_down_with_it() -> None:
    with FakeReader() as reader, tap(reader.port, VirtualWristband.blank()) as held:
        reader.accept()
        reader.drop()
        assert held.gone.wait(TIMEOUT_S)


def test_no_reader_is_explained() -> None:
    with FakeReader() as reader:
        port = reader.port
    with (
        pytest.raises(NoVirtualReader, match=rf"port {port} .*private pcscd first"),
        tap(port, VirtualWristband.blank()),
    ):
        pass
