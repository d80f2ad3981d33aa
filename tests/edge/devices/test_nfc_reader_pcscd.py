"""The reader on a real pcscd: everything between the tag's bytes and the event."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from edge.core.wristband import Flaw, Wristband, WristbandProblem, read_wristband
from edge.simulator.vpcd import tap
from edge.simulator.wristband import VirtualWristband
from provisioning.pcscd import PrivatePcscd
from tests.edge.core.issuing import EVENT, KEYS, OTHER_UID, UID, issue, make_signer

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[3]
WAIT_S = 120.0
# NFCForum-TS-RTD_URI_1.0 example A.1: a foreign tag that is well-formed
FOREIGN = bytes.fromhex("d1010855016e66632e636f6d")


class Watch:
    """A watched reader of a private pcscd, and the events it reported."""

    def __init__(self, daemon: PrivatePcscd, slot: int = 0) -> None:
        self.daemon = daemon
        self._slot = slot
        self._events: queue.Queue[dict[str, str]] = queue.Queue()
        self._process = subprocess.Popen(
            [
                *(sys.executable, "-m", "tests.edge.devices.watch_reader"),
                daemon.slots[slot].reader,
            ],
            cwd=ROOT,
            env={**os.environ, **daemon.environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as lines:
            for line in lines:
                self._events.put(json.loads(line))

    def close(self) -> int:
        assert self._process.stdin is not None
        self._process.stdin.close()
        code = self._process.wait(WAIT_S)
        self._thread.join()
        return code

    def next(self) -> dict[str, str]:
        return self._events.get(timeout=WAIT_S)

    def until(self, kind: str, **fields: str) -> dict[str, str]:
        """Take events until one of this kind with these fields."""
        while True:
            event = self.next()
            if event["event"] == kind and fields.items() <= event.items():
                return event

    def tap(self, wristband: VirtualWristband) -> dict[str, str]:
        """Tap once; return what was read or why not."""
        # A reader that was unplugged comes back on another port.
        with tap(self.daemon.slots[self._slot].port, wristband):
            event = self.next()
        assert self.next() == {"event": "WristbandLeft"}
        return event


@contextlib.contextmanager
def watching(directory: Path) -> Iterator[Watch]:
    with PrivatePcscd(directory, slots=2, fast_poll=True) as daemon:
        watch = Watch(daemon)
        try:
            watch.until("ReaderLamp", state="good")
            yield watch
        finally:
            code = watch.close()
        assert code == 0


@pytest.fixture(scope="module")
def watch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watch]:
    with watching(tmp_path_factory.mktemp("pcscd")) as watch:
        yield watch


def judged(event: dict[str, str]) -> Wristband | Flaw:
    assert event["event"] == "WristbandRead", event
    message = bytes.fromhex(event["message"])
    found = read_wristband(UID, message, KEYS, EVENT)
    return found.kind if isinstance(found, WristbandProblem) else found


def test_a_tapped_wristband_is_read_whole(watch: Watch) -> None:
    event = watch.tap(VirtualWristband.issued(UID, issue(serial=42)))
    assert event["uid"] == str(UID)
    found = judged(event)
    assert isinstance(found, Wristband)
    assert found.serial == 42


@pytest.mark.parametrize(
    ("message", "flaw"),
    [
        (b"", Flaw.EMPTY),
        (FOREIGN, Flaw.FOREIGN),
        (issue(uid=OTHER_UID), Flaw.FORGED),
        (issue(signer=make_signer(2)), Flaw.FORGED),
        (issue(event=EVENT + 1), Flaw.OTHER_EVENT),
        (issue(signer=make_signer(key_id=9)), Flaw.UNKNOWN_KEY),
        (issue()[:-20], Flaw.DAMAGED),
    ],
)
def test_a_wristband_that_cannot_pay_is_told_apart(
    watch: Watch, message: bytes, flaw: Flaw
) -> None:
    # Each from a chip of its own: the same one twice within a second is held back.
    wristband = VirtualWristband.blank()
    wristband.tag.put_message(message)
    assert judged(watch.tap(wristband)) is flaw


def test_a_torn_wristband_is_empty_and_a_broken_one_is_named(watch: Watch) -> None:
    torn = VirtualWristband.blank()
    torn.tag.put_message(issue())
    torn.tag.memory[17] = 0  # the first page of the write plan, and then no more
    assert judged(watch.tap(torn)) is Flaw.EMPTY
    broken = VirtualWristband.blank()
    broken.tag.memory[16:18] = b"\x03\xfe"
    event = watch.tap(broken)
    assert event["event"] == "WristbandUnreadable"
    assert "damaged" in event["text"]


@pytest.mark.parametrize("commands", [0, 1, 4, 7])
def test_a_card_pulled_while_it_is_read_is_explained(
    watch: Watch, commands: int
) -> None:
    wristband = VirtualWristband.blank()
    wristband.tag.put_message(issue())
    wristband.pulled_after = commands
    event = watch.tap(wristband)
    assert event["event"] == "WristbandUnreadable"
    assert "Hold it still" in event["text"]


def test_two_quick_taps_are_two_guests(watch: Watch) -> None:
    wristbands = [VirtualWristband.blank() for _ in range(5)]
    seen = [watch.tap(each)["uid"] for each in wristbands]
    assert seen == [str(each.uid) for each in wristbands]


def test_the_same_wristband_again_counts_once_it_has_stayed(watch: Watch) -> None:
    wristband = VirtualWristband.blank()
    assert [watch.tap(wristband)["uid"] for _ in range(2)] == [str(wristband.uid)] * 2


def test_pcscd_and_reader_go_and_come_back(tmp_path: Path) -> None:
    with watching(tmp_path) as watch:
        daemon = watch.daemon
        daemon.kill()
        text = watch.until("ReaderLamp", state="bad")["text"]
        assert "systemctl start pcscd.socket" in text
        daemon.start(slots=0)
        text = watch.until("ReaderLamp", state="bad")["text"]
        assert "Plug the reader in" in text
        daemon.stop()
        daemon.start(slots=2)
        watch.until("ReaderLamp", state="good")
        assert watch.tap(VirtualWristband.blank())["event"] == "WristbandRead"


def test_a_wristband_lying_there_before_has_to_be_lifted(tmp_path: Path) -> None:
    forgotten = VirtualWristband.blank()
    with PrivatePcscd(tmp_path, slots=2, fast_poll=True) as daemon:
        with tap(daemon.slots[0].port, forgotten) as held:
            assert held.powered.wait(WAIT_S)
            watch = Watch(daemon)
            assert "Take it away" in watch.until("ReaderLamp")["text"]
        watch.until("ReaderLamp", state="good")
        assert watch.tap(forgotten)["uid"] == str(forgotten.uid)
        assert watch.close() == 0
