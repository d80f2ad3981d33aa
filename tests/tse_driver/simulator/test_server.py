from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import pytest

from tests.tse_driver.bench import BEER, TYPE
from tse_driver.errors import PortBusy, TseGone
from tse_driver.port import Port
from tse_driver.session import Session
from tse_driver.simulator import server as server_module
from tse_driver.simulator.faults import Fault, FaultyTse
from tse_driver.simulator.module import SimulatedTse
from tse_driver.simulator.server import PtyServer

if TYPE_CHECKING:
    from pathlib import Path


def test_an_idle_server_uses_no_cpu_after_a_client_has_gone() -> None:
    server = PtyServer(FaultyTse(SimulatedTse())).start()
    try:
        Port(server.path).close()
        spent = [cpu_s_within(0.2) for _ in range(3)]
        assert min(spent) < 0.1, "other threads of the tests may use some"
    finally:
        server.close()


def cpu_s_within(wall_s: float) -> float:
    before = time.process_time()
    threading.Event().wait(wall_s)
    return time.process_time() - before


def test_the_link_is_stable_and_taken_away(tmp_path: Path) -> None:
    link = tmp_path / "kb-tse"
    link.symlink_to("/dev/stale")
    server = PtyServer(FaultyTse(SimulatedTse()), link).start()
    assert str(link.readlink()) == server.path
    server.close()
    assert not link.is_symlink()


def test_a_file_in_the_links_place_is_kept(tmp_path: Path) -> None:
    link = tmp_path / "kb-tse"
    link.write_text("precious")
    with pytest.raises(PortBusy):
        PtyServer(FaultyTse(SimulatedTse()), link).start()
    assert link.read_text() == "precious"


def test_an_unplugged_device_comes_back_at_its_link(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_module, "AWAY_S", 0.1)
    link = tmp_path / "kb-tse"
    tse = FaultyTse(SimulatedTse(), [Fault.UNPLUG])
    server = PtyServer(tse, link).start()
    try:
        session = Session(Port(str(link)), "bar-3")
        session.setup()
        number = session.start().transaction_number
        with pytest.raises(TseGone):
            session.finish(number, TYPE, BEER)
        session.close()
        while not link.is_symlink():
            threading.Event().wait(0.02)
        session = Session(Port(str(link)), "bar-3")
        assert session.open().open_transactions == (number,)
        assert session.finish(number, TYPE, BEER)
        session.close()
    finally:
        server.close()


@pytest.mark.parametrize("fault", [Fault.SPLIT, Fault.ASB])
def test_pieces_and_noise_on_a_real_line(fault: Fault) -> None:
    server = PtyServer(FaultyTse(SimulatedTse(), [fault], latency_s=0.01)).start()
    try:
        session = Session(Port(server.path), "bar-3")
        session.setup()
        number = session.start().transaction_number
        assert session.finish(number, TYPE, BEER)
        session.close()
    finally:
        server.close()
