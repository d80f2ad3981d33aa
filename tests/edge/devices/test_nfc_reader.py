from __future__ import annotations

import queue
from typing import TYPE_CHECKING

import pytest

from contract.messages import LampState
from edge.core.errors import TryAgain
from edge.core.events import (
    ReaderLamp,
    WristbandLeft,
    WristbandRead,
    WristbandUnreadable,
)
from edge.devices import nfc_reader, pcsc
from edge.devices.nfc_reader import NfcReader, Presence, present_card
from edge.devices.pcsc import ReaderGone, ReaderState, ServiceGone
from edge.simulator.wristband import VirtualWristband
from tests.edge.core.issuing import OTHER_UID, UID, issue
from tests.edge.devices.fake_scard import EMPTY, FakeScard
from tests.patience import PATIENCE_S, be_patient

if TYPE_CHECKING:
    from collections.abc import Iterator

    from edge.ports import Reader

NAME = "Kassenband 1 00 00"


class Watch:
    """A reader under test and the events it posts, in their order."""

    def __init__(self, scard: FakeScard, prefix: str = "Kassenband") -> None:
        self.scard = scard
        self.events: queue.Queue[object] = queue.Queue()
        self.reader = NfcReader(name_prefix=prefix, post=self.events.put)

    def next(self) -> object:
        return self.events.get(timeout=PATIENCE_S)

    def lamp(self) -> tuple[LampState, str]:
        event = self.next()
        assert isinstance(event, ReaderLamp)
        return event.lamp.state, event.lamp.text

    def until_good(self) -> None:
        while self.lamp()[0] is not LampState.GOOD:
            pass


@pytest.fixture
def scard(monkeypatch: pytest.MonkeyPatch) -> FakeScard:
    fake = FakeScard(NAME)
    be_patient(monkeypatch)
    monkeypatch.setattr(nfc_reader, "STOP_TIMEOUT_S", PATIENCE_S)
    monkeypatch.setattr(pcsc, "scard", fake)
    monkeypatch.setattr(nfc_reader, "BACK_OFF_S_MIN", 0.01)
    monkeypatch.setattr(nfc_reader, "LIST_AGAIN_S", 0.01)
    return fake


@pytest.fixture
def watch(scard: FakeScard) -> Iterator[Watch]:
    watch = Watch(scard)
    watch.reader.start()
    yield watch
    watch.reader.stop()
    assert (scard.connected, scard.contexts) == (0, 0)  # no handle is left behind


@pytest.fixture
def wristband() -> VirtualWristband:
    return VirtualWristband.issued(UID, issue())


def test_it_is_the_reader_the_till_asks_for() -> None:
    reader: Reader = NfcReader(name_prefix="x", post=print)
    reader.stop()  # before the start it has nothing to do


def test_a_tap_is_read_and_ends(watch: Watch, wristband: VirtualWristband) -> None:
    assert watch.lamp() == (LampState.GOOD, f"{NAME} is ready.")
    watch.scard.put(NAME, wristband)
    read = watch.next()
    assert isinstance(read, WristbandRead)
    assert (read.uid, read.message) == (UID, issue())
    watch.scard.take(NAME)
    assert watch.next() == WristbandLeft()


def test_a_wristband_that_lay_there_before_does_not_pay(
    scard: FakeScard, wristband: VirtualWristband
) -> None:
    scard.put(NAME, wristband)
    watch = Watch(scard)
    watch.reader.start()
    state, text = watch.lamp()
    assert state is LampState.WARN
    assert "Take it away" in text
    scard.take(NAME)
    watch.until_good()
    scard.put(NAME, wristband)
    assert isinstance(watch.next(), WristbandRead)
    watch.reader.stop()


def test_a_wristband_swapped_between_two_looks_is_two_taps(
    watch: Watch, wristband: VirtualWristband
) -> None:
    watch.until_good()
    watch.scard.put(NAME, wristband)
    assert isinstance(watch.next(), WristbandRead)
    watch.scard.swap(NAME, VirtualWristband.issued(OTHER_UID, b""))
    assert watch.next() == WristbandLeft()
    second = watch.next()
    assert isinstance(second, WristbandRead)
    assert second.uid == OTHER_UID


def test_a_wristband_at_the_fields_edge_counts_once(
    watch: Watch, wristband: VirtualWristband, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nfc_reader, "SAME_WRISTBAND_S", 3600)
    watch.until_good()
    watch.scard.put(NAME, wristband)
    assert isinstance(watch.next(), WristbandRead)
    for _ in range(3):
        watch.scard.take(NAME)
        watch.scard.await_seen(NAME)
        watch.scard.put(NAME, wristband)
        watch.scard.await_seen(NAME)  # or it is taken away while it is read
    watch.scard.take(NAME)
    watch.scard.await_seen(NAME)
    watch.scard.put(NAME, VirtualWristband.issued(OTHER_UID, b""))
    events = [watch.next()]
    while not isinstance(events[-1], WristbandRead):
        events.append(watch.next())
    assert events[-1].uid == OTHER_UID
    assert events[:-1] == [WristbandLeft()]


def test_the_same_guest_may_tap_again_at_once_if_they_hold_still(
    watch: Watch, wristband: VirtualWristband, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nfc_reader, "SAME_WRISTBAND_S", 0.2)
    watch.until_good()
    for _ in range(2):
        watch.scard.put(NAME, wristband)
        assert isinstance(watch.next(), WristbandRead)
        watch.scard.take(NAME)
        assert watch.next() == WristbandLeft()


def test_a_card_pulled_away_is_explained(
    watch: Watch, wristband: VirtualWristband
) -> None:
    watch.until_good()
    wristband.pulled_after = 3
    watch.scard.put(NAME, wristband)
    event = watch.next()
    assert isinstance(event, WristbandUnreadable)
    assert "Hold it still" in event.text
    watch.scard.take(NAME)
    assert watch.next() == WristbandLeft()


@pytest.mark.parametrize(
    "code", [0x80100069, 0x80100068, 0x80100066, 0x80100016, 0x8010000F, 0x80100013]
)
def test_one_disturbance_costs_the_guest_nothing(
    watch: Watch, wristband: VirtualWristband, code: int
) -> None:
    watch.until_good()
    watch.scard.fail("Transmit", code)
    watch.scard.put(NAME, wristband)
    assert isinstance(watch.next(), WristbandRead)


def test_a_mute_card_is_explained(watch: Watch, wristband: VirtualWristband) -> None:
    watch.until_good()
    watch.scard.mute = True
    watch.scard.put(NAME, wristband)
    assert isinstance(watch.next(), WristbandUnreadable)


def test_another_program_on_the_reader_is_named(
    watch: Watch, wristband: VirtualWristband
) -> None:
    watch.until_good()
    watch.scard.fail("Connect", pcsc.SHARING_VIOLATION)
    watch.scard.put(NAME, wristband)
    event = watch.next()
    assert isinstance(event, WristbandUnreadable)
    assert "Another program holds the reader" in event.text


def test_an_unplugged_reader_comes_back(
    watch: Watch, wristband: VirtualWristband
) -> None:
    watch.until_good()
    watch.scard.put(NAME, wristband)
    assert isinstance(watch.next(), WristbandRead)
    watch.scard.unplug(NAME)
    assert watch.lamp() == (
        LampState.BAD,
        f"The reader {NAME} is gone. Plug it in again.",
    )
    assert watch.next() == WristbandLeft()
    state, text = watch.lamp()
    assert text.startswith('No reader named "Kassenband..." is connected. Plug')
    watch.scard.plug_in(NAME)
    watch.until_good()
    watch.scard.put(NAME, VirtualWristband.issued(OTHER_UID, b""))
    assert isinstance(watch.next(), WristbandRead)
    assert state is LampState.BAD


def test_a_reader_of_another_name_is_mentioned(scard: FakeScard) -> None:
    watch = Watch(scard, prefix="ACS")
    watch.reader.start()
    assert watch.lamp()[1].endswith(f"Connected: {NAME}.")
    watch.reader.stop()


@pytest.mark.parametrize(
    ("code", "remedy"),
    [
        (pcsc.NO_SERVICE, "Start it with: systemctl start pcscd.socket"),
        (pcsc.COMM_ERROR, "Start it with: systemctl start pcscd.socket"),
        (pcsc.SERVICE_STOPPED, "of the same version"),
        (0x8010001F, "systemctl restart pcscd"),
        (-1, "Start it with: systemctl start pcscd.socket"),  # SystemError
    ],
)
def test_a_service_that_fails_is_named_and_tried_again(
    watch: Watch, wristband: VirtualWristband, code: int, remedy: str
) -> None:
    watch.until_good()
    watch.scard.always["EstablishContext"] = pcsc.NO_SERVICE
    watch.scard.fail("GetStatusChange", code)
    state, text = watch.lamp()
    assert state is LampState.BAD
    assert remedy in text
    del watch.scard.always["EstablishContext"]
    watch.until_good()
    watch.scard.put(NAME, wristband)
    assert isinstance(watch.next(), WristbandRead)


def test_a_service_that_refuses_is_named_with_its_own_remedy(watch: Watch) -> None:
    watch.until_good()
    watch.scard.always["EstablishContext"] = pcsc.SECURITY_VIOLATION
    watch.scard.fail("GetStatusChange", pcsc.SECURITY_VIOLATION)
    state, text = watch.lamp()
    assert state is LampState.BAD
    assert "polkit" in text
    del watch.scard.always["EstablishContext"]
    watch.until_good()


def test_a_dying_service_is_not_taken_for_one_that_refuses(watch: Watch) -> None:
    watch.until_good()
    watch.scard.always["EstablishContext"] = pcsc.NO_SERVICE
    watch.scard.fail("GetStatusChange", pcsc.SECURITY_VIOLATION)
    assert "systemctl start pcscd.socket" in watch.lamp()[1]


def test_a_service_lost_while_a_card_is_read_is_no_unreadable_card(
    watch: Watch, wristband: VirtualWristband
) -> None:
    watch.until_good()
    watch.scard.fail("Transmit", pcsc.NO_SERVICE)
    watch.scard.put(NAME, wristband)
    assert watch.lamp()[0] is LampState.BAD


def test_even_a_bug_only_interrupts_the_watch(
    watch: Watch, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    watch.until_good()
    with monkeypatch.context() as broken:
        broken.setattr(Presence, "observe", lambda *_: 1 / 0)
        watch.scard.put(NAME, VirtualWristband.blank(UID))
        state, text = watch.lamp()
    assert state is LampState.BAD
    assert "restart the till" in text
    assert "ZeroDivisionError" in caplog.text


def test_readers_are_told_not_to_beep(monkeypatch: pytest.MonkeyPatch) -> None:
    name = "ACS ACR122U PICC Interface 00 00"
    fake = FakeScard(name)
    fake.fail("Control", 0x8010001F)  # libccid's refusal changes nothing
    monkeypatch.setattr(pcsc, "scard", fake)
    watch = Watch(fake, prefix="ACS ACR122U")
    watch.reader.start()
    watch.until_good()
    watch.reader.stop()
    assert fake.escapes == [bytes.fromhex("FF00520000")]


def test_a_reader_that_takes_no_escapes_works_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    name = "ACS ACR1252 Reader 00 00"
    fake = FakeScard(name)
    fake.fail("Connect", pcsc.SHARING_VIOLATION)
    monkeypatch.setattr(pcsc, "scard", fake)
    watch = Watch(fake, prefix="ACS")
    watch.reader.start()
    watch.until_good()
    watch.reader.stop()
    assert not fake.escapes


def test_presence_tells_arrivals_from_flags() -> None:
    presence = Presence(ReaderState(EMPTY))
    assert presence.observe(ReaderState(1 << 16 | pcsc.PRESENT)) == (False, True)
    in_use = ReaderState(1 << 16 | pcsc.PRESENT | 0x100)
    assert presence.observe(in_use) == (False, False)
    assert presence.observe(ReaderState(3 << 16 | pcsc.PRESENT)) == (True, True)
    assert presence.observe(ReaderState(4 << 16 | EMPTY)) == (True, False)


def test_the_desk_takes_the_wristband_that_lies_there(scard: FakeScard) -> None:
    scard.put(NAME, VirtualWristband.blank(UID))
    with present_card("Kassenband", timeout_s=PATIENCE_S) as card:
        card.write_message(card.read_uid(), issue())
        assert card.read_message() == issue()
    assert (scard.connected, scard.contexts) == (0, 0)


def test_the_desk_says_what_is_missing(scard: FakeScard) -> None:
    with (
        pytest.raises(TryAgain, match="No wristband came"),
        present_card("Kassenband", timeout_s=0.01),
    ):
        pass
    with (
        pytest.raises(ReaderGone, match="Plug the reader in"),
        present_card("ACS", timeout_s=1),
    ):
        pass
    scard.fail("EstablishContext", pcsc.NO_SERVICE)
    with pytest.raises(ServiceGone), present_card("Kassenband", timeout_s=1):
        pass
