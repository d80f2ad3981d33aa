from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from tests.tse_driver.bench import BEER, TYPE, Bench
from tse_driver.answers import Digit, StartSigned, StepSigned
from tse_driver.certificate import key_of, read_certificate
from tse_driver.errors import (
    ClientIdInvalid,
    PinBlocked,
    ProtocolError,
    SelfTestFailed,
    SignatureInvalid,
    TseCode,
    TseError,
    TseGone,
    TseRefused,
    TseSilent,
    WrongPin,
    WrongTime,
)
from tse_driver.export_reader import check_export
from tse_driver.framing import Request, Response
from tse_driver.log_message import Certified, Kind, Operation, Protocolled, signed_bytes
from tse_driver.session import Pins, Session
from tse_driver.signature import PublicKey, algorithm_named
from tse_driver.simulator.faults import Fault, FaultyTse, Outcome
from tse_driver.simulator.module import SimulatedTse
from tse_driver.simulator.wires import Direct, VirtualClock

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tse_driver.codecs import Record


def test_a_new_device_is_set_up_and_tells_who_it_is() -> None:
    bench = Bench()
    new = bench.session.open()
    assert not new.initialized
    with pytest.raises(TseRefused, match="Run 'kassenband-tse setup' once"):
        bench.session.start()
    info = bench.session.setup("till at the bar")
    key = bench.module.device.element.identity.public_key
    assert info.initialized
    assert info.serial == key.serial.hex()
    assert info.public_key == key.point
    assert (info.algorithm, info.time_format) == ("ecdsa-plain-SHA384", "unixTime")
    assert info.signatures_left == 20_000_000 - len(
        list(bench.module.device.element.log)
    )
    assert info.certificate_expiry > bench.clock.now()
    assert bench.session.setup() == bench.session.info()  # may be repeated
    assert bench.session.clients() == ("bar-3",)


@pytest.mark.parametrize(
    "data", ["", "ä€ ;\r\n", BEER, "x" * 511, "x" * 512, "y" * 513, "z" * 5000]
)
def test_exactly_these_bytes_are_signed(bench: Bench, data: str) -> None:
    started = bench.session.start()
    signature = bench.session.finish(started.transaction_number, TYPE, data.encode())
    key = PublicKey.from_bytes(bench.session.info().public_key)
    said = Certified(Operation.FINISH, "bar-3", data.encode(), TYPE, 1)
    protocolled = Protocolled(
        key.serial,
        algorithm_named("ecdsa-plain-SHA384"),
        signature.signature_counter,
        signature.log_time,
    )
    signed = signed_bytes(Kind.TRANSACTION, said.to_bytes(), protocolled)
    assert key.verify(signature.value, protocolled.algorithm, signed)
    assert started.serial == key.serial.hex()
    assert signature.signature_counter == started.signature_counter + 1
    assert signature.log_time.utcoffset() == timedelta(0)


def test_an_export_is_streamed_and_verifies(bench: Bench) -> None:
    counters = [bench.sale(f"{BEER}{n}") for n in range(30)]
    pieces = list(bench.session.export_all())
    assert len(pieces) > 5
    check = check_export(io.BytesIO(b"".join(pieces)))
    assert check.valid
    assert [t.signature_counter for t in check.transactions.values()] == counters
    one = check_export(io.BytesIO(bench.session.export_transaction(7)))
    assert list(one.transactions) == [7]
    assert one.transactions[7].process_data == f"{BEER}6".encode()
    chain = [read_certificate(der) for der in bench.session.certificates()]
    assert key_of(chain[0]) == bench.session.public_key
    assert len(chain) == 3


def test_what_was_left_open_is_reported_and_can_be_closed(bench: Bench) -> None:
    number = bench.session.start().transaction_number
    other = Session(bench.wire, "bar-4", clock=bench.clock)
    other.register()
    again = Session(bench.wire, "bar-3", clock=bench.clock)
    assert other.open().open_transactions == ()
    assert again.open().open_transactions == (number,)
    again.finish(number, TYPE, "AVBelegabbruch^0.00_0.00_0.00_0.00_0.00^")
    assert again.info().open_transactions == ()
    assert again.find_signature(number) is not None
    assert again.find_signature(99) is None


def test_lost_power_is_healed_while_selling() -> None:
    bench = Bench(Direct, Fault.TIME_LOST)
    bench.session.setup()
    counters = [bench.sale() for _ in range(4)]
    assert counters == sorted(counters)
    assert bench.module.finished == [1, 2, 3, 4]


def test_a_lost_time_is_set_and_the_start_repeated_once(bench: Bench) -> None:
    bench.module.device.element.forget_time()
    assert bench.sale()
    assert bench.module.device.element.time_is_set


def test_keep_alive_does_what_is_due(bench: Bench) -> None:
    assert isinstance(bench.clock, VirtualClock)
    before = len(list(bench.module.device.element.log))
    bench.session.keep_alive()
    assert len(list(bench.module.device.element.log)) == before
    bench.clock.advance(23 * 3600)
    bench.session.keep_alive()
    bench.clock.advance(2 * 3600)
    bench.session.keep_alive()
    operations = [s["operation"] for s in bench.module.device.element.log][before:]
    assert operations.count("selfTest") == 1
    assert operations.count("updateTime") == 1
    assert bench.sale()


def test_a_drifted_clock_is_seen_and_set_again(bench: Bench) -> None:
    element = bench.module.device.element
    element.set_time(bench.clock.now() + timedelta(hours=1))
    bench.sale()
    assert bench.session.drift_s == pytest.approx(3600, abs=2)
    bench.session.keep_alive()
    bench.sale()
    assert abs(bench.session.drift_s) < 2


def test_a_wrong_pin_is_tried_once_only() -> None:
    bench = Bench()
    pins = Pins(admin="00000", time_admin="00000")
    session = Session(bench.wire, "bar-3", clock=bench.clock, pins=pins)
    for _ in range(5):
        with pytest.raises(
            WrongPin, match=r"restart the till.*after three wrong tries"
        ):
            session.setup()
    assert bench.module.device.users.users["1"].tries_left == 2
    assert "00000" not in repr(pins)


def test_a_blocked_pin_is_named() -> None:
    bench = Bench(Direct, Fault.PIN_BLOCKED)
    with pytest.raises(PinBlocked, match="PUK"):
        bench.session.open()


@pytest.mark.parametrize("year", [1970, 2023])
def test_a_till_without_time_is_told_so(year: int) -> None:
    clock = VirtualClock(epoch=datetime(year, 1, 1, tzinfo=UTC))
    tse = FaultyTse(SimulatedTse(clock=VirtualClock()))
    session = Session(Direct(tse, clock), "bar-3", clock=clock)
    with pytest.raises(WrongTime, match=f"{year}-01-01.*Set the clock of this till"):
        session.open()


def test_a_time_before_the_certificate_is_told() -> None:
    clock = VirtualClock(epoch=datetime(2024, 2, 1, tzinfo=UTC))
    tse = FaultyTse(SimulatedTse(clock=VirtualClock()))
    session = Session(Direct(tse, clock), "bar-3", clock=clock)
    with pytest.raises(WrongTime, match="2024-02-01"):
        session.setup()


def test_an_unplugged_tse_is_named_and_comes_back() -> None:
    bench = Bench(Direct, Fault.UNPLUG)
    bench.session.setup()
    number = bench.session.start().transaction_number
    with pytest.raises(TseGone, match=r"/dev/demo-tse is not there.*Plug the TSE in"):
        bench.session.finish(number, TYPE, BEER)
    with pytest.raises(TseGone):
        bench.session.start()
    bench.wire.plug_in()  # type: ignore[union-attr]
    again = Session(bench.wire, "bar-3", clock=bench.clock)
    assert again.open().open_transactions == (number,)
    assert again.finish(number, TYPE, BEER).transaction_number == number


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault.SILENT, TseSilent),
        (Fault.WRONG_UUID, ProtocolError),
        (Fault.FULL, TseRefused),
        (Fault.PIN_BLOCKED, PinBlocked),
    ],
)
def test_each_fault_ends_in_its_named_error(
    fault: Fault, error: type[TseError]
) -> None:
    bench = Bench(Direct, fault)

    def sell() -> None:
        bench.session.setup()
        bench.session.start()

    with pytest.raises(error) as caught:
        sell()
    assert "The TSE at /dev/demo-tse" in str(caught.value)
    assert str(caught.value).endswith(".")


def test_a_full_tse_still_finishes_nothing_but_exports() -> None:
    bench = Bench(Direct, Fault.FULL)
    bench.session.setup()
    with pytest.raises(TseRefused, match="memory is full"):
        bench.session.start()
    assert check_export(io.BytesIO(b"".join(bench.session.export_all()))).valid


@pytest.mark.parametrize("fault", [Fault.ASB, Fault.SPLIT, Fault.SLOW, Fault.EXPIRED])
def test_some_faults_do_not_stop_a_sale(fault: Fault) -> None:
    bench = Bench(Direct, fault)
    bench.session.setup()
    assert bench.sale() < bench.sale()
    expired = bench.session.info().certificate_expiry < bench.clock.now()
    assert expired is (fault is Fault.EXPIRED)


def test_an_unknown_till_is_told_to_register(bench: Bench) -> None:
    stranger = Session(bench.wire, "stranger", clock=bench.clock)
    stranger.open()
    with pytest.raises(TseRefused, match="not registered with it") as caught:
        stranger.start()
    assert caught.value.code == TseCode.CLIENT_NOT_REGISTERED
    stranger.register()
    assert stranger.start().transaction_number == 1
    with pytest.raises(TseRefused, match="still has an open order"):
        stranger.deregister()
    stranger.finish(1, TYPE, BEER)
    stranger.deregister()
    assert stranger.clients() == ("bar-3",)


@pytest.mark.parametrize("name", ["", "a" * 31, "bar_3", "bär", "a;b", "a/b"])
def test_a_name_the_tse_can_not_take_is_refused_at_once(name: str) -> None:
    bench = Bench()
    with pytest.raises(ClientIdInvalid, match="Use 1 to 30"):
        Session(bench.wire, name, clock=bench.clock)


def test_a_finish_of_nothing_is_refused(bench: Bench) -> None:
    with pytest.raises(TseRefused) as caught:
        bench.session.finish(77, TYPE, BEER)
    assert caught.value.code == TseCode.NO_TRANSACTION
    assert bench.sale()


class Meddling(FaultyTse):
    """Changes or drops the answer to one command."""

    def __init__(self, module: SimulatedTse, command: str) -> None:
        super().__init__(module)
        self.command = command
        self.times = 1
        self.answer: Record | None = None

    def receive(self, request: Request) -> Outcome:
        outcome = super().receive(request)
        if request.command != self.command or not self.times:
            return outcome
        self.times -= 1
        if self.answer is None:
            return Outcome()
        parameters = self.answer.to_parameters()
        response = Response(request.command, parameters, request.request_id)
        return Outcome((response.to_bytes(),))


def meddled(command: str) -> tuple[Bench, Meddling]:
    tse = Meddling(SimulatedTse(clock=VirtualClock()), command)
    tse.times = 0
    bench = Bench(tse=tse)
    bench.session.setup()
    return bench, tse


@pytest.mark.parametrize("command", ["201", "205"])
def test_a_signature_whose_answer_was_lost_is_found_in_the_log(command: str) -> None:
    bench, tse = meddled(command)
    tse.times = 1
    number = bench.session.start().transaction_number
    signature = bench.session.finish(number, TYPE, BEER)
    assert bench.module.finished == [number]
    assert bench.session.find_signature(number) == signature


@pytest.mark.parametrize("lost", [0, 1])
def test_an_update_is_signed_even_if_its_answer_is_lost(lost: int) -> None:
    bench, tse = meddled("203")
    tse.times = lost
    number = bench.session.start().transaction_number
    for text in ('1;"Bier";4.00', '2;"Bier";4.00'):
        signature = bench.session.update(number, "Bestellung-V1", text)
        newest = bench.session.logged(number)[-1]
        assert newest.operation == "UpdateTransaction"
        assert newest.signature == signature.value
        assert newest.certified is not None
        assert newest.certified.process_data == text.encode()
    bench.session.finish(number, TYPE, BEER)


def test_a_part_of_the_log_is_exported(bench: Bench) -> None:
    counters = {n: bench.sale() for n in range(1, 6)}
    moment = bench.clock.now()

    def numbers(pieces: Iterator[bytes]) -> list[int]:
        check = check_export(io.BytesIO(b"".join(pieces)))
        assert check.valid
        return sorted(check.transactions)

    assert numbers(bench.session.export_interval(2, 4)) == [2, 3, 4]
    assert numbers(bench.session.export_interval(2, 4, "bar-3")) == [2, 3, 4]
    day = timedelta(days=1)
    assert numbers(bench.session.export_period(moment - day, moment)) == [*counters]
    with pytest.raises(TseRefused, match="no data for this request"):
        list(bench.session.export_interval(2, 4, "bar-9"))
    with pytest.raises(TseRefused):
        list(bench.session.export_period(moment + day, moment + 2 * day))


def test_a_falsified_answer_is_replaced_by_the_truth_in_the_log() -> None:
    bench, tse = meddled("205")
    tse.times = 1
    tse.answer = StepSigned(bench.clock.now(), 5, b"\x01" * 96)
    number = bench.session.start().transaction_number
    signature = bench.session.finish(number, TYPE, BEER)
    assert signature.value != b"\x01" * 96
    assert signature == bench.session.find_signature(number)


def test_a_tse_that_signs_wrongly_is_exposed(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.sale()
    number = bench.session.start().transaction_number
    identity = type(bench.module.device.element.identity)
    monkeypatch.setattr(identity, "sign", lambda *_: b"\x01" * 96)
    with pytest.raises(SignatureInvalid, match="keep it for the tax office"):
        bench.session.finish(number, TYPE, BEER)
    bench.module.device.element.forget_time()  # what it signs then is looked at
    with pytest.raises(SignatureInvalid, match="the start of fiscal"):
        bench.session.start()


@pytest.mark.parametrize("position", [1, 2, 3])
def test_a_start_that_was_read_wrongly_is_looked_up(position: int) -> None:
    bench, tse = meddled("201")
    bench.sale()
    element = bench.module.device.element
    right = (2, element.signature_counter + 1)
    wrong = StartSigned(
        bench.clock.now() + timedelta(minutes=position == 1),
        2 + (position == 2),
        element.identity.public_key.serial,
        right[1] + (position == 3),
        b"\x01" * 96,
    )
    tse.times, tse.answer = 1, wrong
    started = bench.session.start()
    assert (started.transaction_number, started.signature_counter) == right
    assert abs((started.log_time - bench.clock.now()).total_seconds()) < 3


def test_a_failed_self_test_is_named() -> None:
    bench, tse = meddled("112")
    tse.times, tse.answer = 1, Digit(2)
    with pytest.raises(SelfTestFailed, match="exchange the device"):
        bench.session.self_test()


@pytest.mark.parametrize("command", ["204", "206", "205"])
def test_a_step_that_was_cut_off_blocks_nothing(command: str) -> None:
    bench, tse = meddled(command)
    number = bench.session.start().transaction_number
    tse.times = 1
    tse.answer = None
    try:
        bench.session.finish(number, TYPE, BEER)
    except TseError:
        bench.session.finish(number, TYPE, BEER)
    assert bench.sale()
    assert bench.module.finished == [number, number + 1]
