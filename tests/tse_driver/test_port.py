from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.tse_driver.bench import BEER, TYPE, Bench
from tse_driver.errors import PortBusy, TseGone
from tse_driver.port import Port
from tse_driver.session import Session
from tse_driver.simulator.wires import Pty

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("/dev/no-such-tse", "no such device"),
        ("/dev/null", "this is no serial device"),
        ("/dev/null/tse", "no such device"),
        ("/", "this is no serial device"),
        ("", "no such device"),
        ("a\x00b", "is not there"),
    ],
)
def test_a_port_that_is_none_is_named(path: str, reason: str) -> None:
    with pytest.raises(TseGone, match="Plug the TSE in") as caught:
        Port(path)
    assert reason in str(caught.value)


def test_a_port_in_use_is_named() -> None:
    bench = Bench(Pty)
    try:
        with pytest.raises(PortBusy, match="held by another program"):
            Port(bench.wire.name)
    finally:
        bench.session.close()


def test_a_line_cut_within_a_command_is_named() -> None:
    bench = Bench(Pty)
    assert isinstance(bench.wire, Pty)
    bench.session.setup()
    number = bench.session.start().transaction_number
    bench.wire.server.close()
    with pytest.raises(TseGone, match="unplugged"):
        bench.session.finish(number, TYPE, BEER)
    with pytest.raises(TseGone):
        bench.session.start()
    bench.session.close()
    bench.session.close()


def test_a_closed_port_says_so() -> None:
    bench = Bench(Pty)
    bench.session.close()
    with pytest.raises(TseGone, match="is not there"):
        bench.session.open()
    with pytest.raises(TseGone, match="is not there"):
        Port(bench.wire.name)


def test_the_port_may_be_closed_and_opened_again_and_again(tmp_path: Path) -> None:
    bench = Bench(Pty)
    assert isinstance(bench.wire, Pty)
    bench.session.setup()
    path = bench.wire.name
    bench.wire._port.close()
    link = tmp_path / "kb-tse"
    link.symlink_to(path)
    for _ in range(5):
        port = Port(str(link))
        port.write(b"\x1b\x91 rubbish \x1b\x9f")
        session = Session(port, "bar-3")
        session.open()
        started = session.start()
        session.finish(started.transaction_number, TYPE, BEER)
        session.close()
    assert len(bench.module.finished) == 5
    bench.session.close()
