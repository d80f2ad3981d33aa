from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

from contract.ids import WristbandUid
from edge.simulator.drawer import Drawer
from edge.simulator.wristband import VirtualWristband
from tests.edge.simulator.vpcd_reader import TIMEOUT_S, FakeReader

if TYPE_CHECKING:
    import pytest

GET_UID = bytes.fromhex("FFCA000000")
UIDS = {
    "full": WristbandUid.parse("04000000000001"),
    "blocked": WristbandUid.parse("04000000000002"),
}


def make_drawer(port: int, hold_s: float) -> Drawer:
    wristbands = {name: VirtualWristband.blank(uid) for name, uid in UIDS.items()}
    return Drawer(port, wristbands, hold_s=hold_s)


def test_a_tap_by_name_puts_that_wristband_on() -> None:
    with FakeReader() as reader:
        drawer = make_drawer(reader.port, hold_s=60)
        assert drawer.names == ("full", "blocked")
        for name, uid in UIDS.items():
            drawer.tap(name)
            reader.accept()
            assert reader.ask(GET_UID) == uid.octets + b"\x90\x00"
            reader.drop()
            join(f"tap-{name}")


def test_it_is_taken_away_when_its_time_is_over() -> None:
    with FakeReader() as reader:
        drawer = make_drawer(reader.port, hold_s=0.05)
        for name in UIDS:
            drawer.tap(name)
            reader.accept()
            while reader.ask(GET_UID) is not None:
                pass
            join(f"tap-{name}")
            reader.drop()


def test_two_wristbands_do_not_fit_on_one_reader() -> None:
    with FakeReader() as reader:
        drawer = make_drawer(reader.port, hold_s=60)
        drawer.tap("full")
        reader.accept()
        drawer.tap("blocked")
        assert reader.ask(GET_UID) == UIDS["full"].octets + b"\x90\x00"
        join("tap-blocked")
        reader.drop()


def test_a_missing_reader_is_logged_not_raised(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with FakeReader() as reader:
        port = reader.port
    with caplog.at_level(logging.WARNING):
        make_drawer(port, hold_s=1).tap("full")
        join("tap-full")
    assert "No virtual reader" in caplog.text


def join(name: str) -> None:
    for thread in threading.enumerate():
        if thread.name == name:
            thread.join(TIMEOUT_S)
