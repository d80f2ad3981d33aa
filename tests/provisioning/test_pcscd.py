from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from provisioning import pcscd
from provisioning.pcscd import PrivatePcscd, check_prerequisites
from provisioning.processes import ProvisioningError

# A process of its own: libpcsclite remembers its socket for good.
CLIENT = """
import json, sys
from smartcard import scard
result, context = scard.SCardEstablishContext(scard.SCARD_SCOPE_SYSTEM)
readers = scard.SCardListReaders(context, [])[1] if result == 0 else []
states = [(name, scard.SCARD_STATE_UNAWARE) for name in readers]
result, states = scard.SCardGetStatusChange(context, 0, states)
held = [name for name, state, _ in states if state & scard.SCARD_STATE_PRESENT]
print(json.dumps({"result": result, "readers": sorted(readers), "held": held}))
"""


def ask(daemon: PrivatePcscd) -> dict[str, object]:
    answer = subprocess.run(
        [sys.executable, "-c", CLIENT],
        env={**os.environ, **daemon.environment},
        capture_output=True,
        text=True,
        check=True,
    )
    seen = json.loads(answer.stdout)
    assert isinstance(seen, dict)
    return seen


def test_virtual_readers_appear_under_their_names(tmp_path: Path) -> None:
    with PrivatePcscd(tmp_path, slots=4) as daemon:
        names = [slot.reader for slot in daemon.slots]
        assert len(set(names)) == 4
        assert ask(daemon)["readers"] == sorted(names)
        if os.geteuid() == 0:
            assert Path(f"/proc/{daemon.pid}").stat().st_uid != 0


def test_a_connection_is_a_card_on_that_reader(tmp_path: Path) -> None:
    with PrivatePcscd(tmp_path, slots=4, fast_poll=True) as daemon:
        third = daemon.slots[2]
        with socket.create_connection(("127.0.0.1", third.port)) as card:
            thread = threading.Thread(target=answer_as_card, args=(card,))
            thread.start()
            held = ask_held(daemon)
            while not held:  # ends with the daemon's next look, or by the time-out
                held = ask_held(daemon)
            assert held == [third.reader]
            card.shutdown(socket.SHUT_RDWR)
            thread.join()


def answer_as_card(card: socket.socket) -> None:
    """Answer each question for the ATR, as long as the connection stands."""
    card.settimeout(60)
    with contextlib.suppress(ConnectionError):
        while length := card.recv(2):
            if card.recv(length[1]) == b"\x04":
                card.sendall(b"\x00\x02\x3b\x00")


def ask_held(daemon: PrivatePcscd) -> list[str]:
    held = ask(daemon)["held"]
    assert isinstance(held, list)
    return held


def test_readers_are_unplugged_and_come_back_on_the_same_socket(
    tmp_path: Path,
) -> None:
    with PrivatePcscd(tmp_path, slots=2) as daemon:
        before = ask(daemon)["readers"]
        daemon.kill()
        daemon.start(slots=0)
        assert ask(daemon)["readers"] == []
        daemon.stop()
        daemon.start(slots=2)
        assert ask(daemon)["readers"] == before


def test_two_daemons_run_side_by_side(tmp_path: Path) -> None:
    with (
        PrivatePcscd(tmp_path / "a") as first,
        PrivatePcscd(tmp_path / "b") as second,
    ):
        ports = {slot.port for slot in (*first.slots, *second.slots)}
        assert len(ports) == 4
        assert ask(first)["readers"]
        assert ask(second)["readers"]


def test_missing_parts_are_named_with_their_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ProvisioningError, match="at most 16 readers"):
        PrivatePcscd(tmp_path, slots=17)
    monkeypatch.setattr(pcscd, "RUN_DIRECTORY", tmp_path / "none" / "pcscd")
    with pytest.raises(ProvisioningError, match="sudo mkdir"):
        check_prerequisites()
    monkeypatch.setattr(pcscd, "VPCD_LIBRARY", tmp_path / "none.so")
    with pytest.raises(ProvisioningError, match="package vsmartcard-vpcd"):
        check_prerequisites()
