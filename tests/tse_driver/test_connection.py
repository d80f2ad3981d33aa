"""The line between till and TSE: five wires, from perfect to hostile."""

from __future__ import annotations

import io

import pytest

from tests.tse_driver.bench import BEER, TYPE, WIRES, Bench
from tse_driver.clock import SystemClock
from tse_driver.commands import (
    ExportAll,
    GetMemoryInfo,
    GetSlotInfo,
    SetAsb,
    SetClientId,
    StartEnd,
    StartInit,
)
from tse_driver.connection import Connection
from tse_driver.errors import (
    AnswerLost,
    CertificateExpired,
    ProtocolError,
    TryAgain,
    TseCode,
    TseRefused,
    TseSilent,
)
from tse_driver.export_reader import check_export
from tse_driver.framing import Request, RequestDecoder, Response
from tse_driver.log_message import parse
from tse_driver.session import Session, Signature
from tse_driver.simulator.faults import Fault
from tse_driver.simulator.wires import Direct, Late, Lossy, Pty, VirtualClock

TRIES = 60


def patiently(session: Session, text: str) -> Signature:
    """Sell as a stubborn till does: whatever gets lost, ask again."""
    number = 0
    for _ in range(TRIES):
        try:
            number = number or session.start().transaction_number
            return session.find_signature(number) or session.finish(number, TYPE, text)
        except TryAgain:
            continue
    raise AssertionError


def set_up(session: Session) -> None:
    for _ in range(TRIES):
        try:
            session.setup()
        except TryAgain:
            continue
        return
    raise AssertionError


@pytest.mark.parametrize("kind", WIRES)
def test_a_sale_is_signed_once_over_any_wire(kind: type[Direct | Pty]) -> None:
    bench = Bench(kind, seed=7)
    try:
        set_up(bench.session)
        signatures = [patiently(bench.session, BEER) for _ in range(3)]
    finally:
        bench.session.close()
    numbers = [signature.transaction_number for signature in signatures]
    assert bench.module.finished == numbers
    assert len(set(numbers)) == 3
    stored = {
        message.signature_counter: message.value for message in bench_messages(bench)
    }
    for signature in signatures:
        assert stored[signature.signature_counter] == signature.value


@pytest.mark.parametrize("kind", [Lossy, Late])
@pytest.mark.parametrize("seed", range(6))
def test_a_bad_line_costs_time_but_never_truth(kind: type[Direct], seed: int) -> None:
    bench = Bench(kind, seed=seed)
    set_up(bench.session)
    done = [patiently(bench.session, f"{BEER}{n}") for n in range(4)]
    check = check_export(io.BytesIO(export(bench)))
    assert check.valid, check.findings
    for n, signature in enumerate(done):
        logged = check.transactions[signature.transaction_number]
        assert logged.process_data == f"{BEER}{n}".encode()
        assert logged.signature == signature.value
    # A start whose answer never came may stay open; the till is told about it.
    assert set(check.open_numbers) == set(bench.module.device.element.open)


def test_silence_after_a_failed_command_is_explained(bench: Bench) -> None:
    connection = Connection(bench.wire, bench.clock)
    connection.ask(SetClientId("stranger"))
    with pytest.raises(TseRefused, match="not registered with it") as caught:
        connection.ask(StartInit(0, ""))
    assert caught.value.code == TseCode.CLIENT_NOT_REGISTERED


def test_silence_of_everything_is_named() -> None:
    bench = Bench(Direct, Fault.SILENT)
    with pytest.raises(TseSilent, match="Check its cable"):
        Connection(bench.wire, bench.clock).ask(GetSlotInfo())
    assert bench.clock.monotonic() < 10


def test_answers_to_other_requests_are_named() -> None:
    bench = Bench(Direct, Fault.WRONG_UUID)
    with pytest.raises(ProtocolError, match="the answer to another request"):
        Connection(bench.wire, bench.clock).ask(GetSlotInfo())


def test_noise_can_not_keep_a_command_waiting() -> None:
    class Noisy(Direct):
        def read(self, timeout_s: float) -> bytes:
            self.clock.advance(min(0.1, timeout_s))
            return b"\x1b\x6b\x10"

    bench = Bench(Noisy)
    with pytest.raises(TseSilent):
        Connection(bench.wire, bench.clock).ask(SetAsb(0))
    assert bench.clock.monotonic() < 20


class Scripted:
    """Answers each command number with what the script says."""

    name = "/dev/scripted"

    def __init__(self, script: dict[str, tuple[bytes, ...] | None]) -> None:
        self.script = script
        self.asked: list[str] = []
        self._line = b""
        self._decoder = RequestDecoder()

    def write(self, data: bytes) -> None:
        for request in self._decoder.feed(data):
            self.asked.append(request.command)
            self._line += self._answer(request)

    def read(self, _: float) -> bytes:
        data, self._line = self._line, b""
        return data

    def close(self) -> None:
        self._line = b""

    def _answer(self, request: Request) -> bytes:
        parameters = self.script[request.command]
        if parameters is None or request.buffer is not None:
            return b""
        return Response(request.command, parameters, request.request_id).to_bytes()


def scripted(**script: tuple[bytes, ...] | None) -> tuple[Scripted, Connection]:
    wire = Scripted({name[1:]: answer for name, answer in script.items()})
    return wire, Connection(wire, VirtualClock())


def test_an_expired_certificate_is_a_warning_where_nothing_is_answered() -> None:
    _, connection = scripted(_003=None, _201=None, _001=(b"0102", b"01"))
    connection.ask(SetAsb(0))
    with pytest.raises(CertificateExpired, match="carried out 'StartEnd'"):
        connection.ask(StartEnd())


def test_what_only_reads_is_asked_again_and_what_signs_is_not() -> None:
    wire, connection = scripted(_102=None, _201=None, _001=(b"0000", b"01"))
    with pytest.raises(AnswerLost):
        connection.ask(GetMemoryInfo())
    assert wire.asked.count("102") == 3
    with pytest.raises(AnswerLost):
        connection.ask(StartEnd())
    assert wire.asked.count("201") == 1


@pytest.mark.parametrize(
    "answer", [(), (b"1",), (b"x", b"y"), (b"1", b"2", b"3"), (b"-1", b"2")]
)
def test_an_answer_that_does_not_fit_is_a_protocol_error(
    answer: tuple[bytes, ...],
) -> None:
    _, connection = scripted(_102=answer)
    with pytest.raises(ProtocolError):
        connection.ask(GetMemoryInfo())


@pytest.mark.parametrize(
    "packet",
    [
        (b"1", b"5", b"01", b"3", b"abc"),
        (b"2", b"0", b"01", b"3", b"abc"),
        (b"1", b"0", b"01", b"3", b"\x1b\x91300\x1b\x92QUJD"),
        (b"1", b"0", b"01", b"3", b"\x1b\x91301\x1b\x92QUJD\x1b\x99x\x1b\x9f"),
        (b"1", b"0", b"01", b"600", b"x" * 600),
    ],
)
def test_a_broken_export_is_named(packet: tuple[bytes, ...]) -> None:
    _, connection = scripted(_300=(), _004=packet, _001=(b"0000", b"01"))
    with pytest.raises((ProtocolError, TseRefused), match=r"export|sequence|stream"):
        list(connection.stream(ExportAll()))


def test_an_endless_export_of_nothing_is_given_up() -> None:
    class Endless(Scripted):
        def _answer(self, request: Request) -> bytes:
            self.clock.advance(1)
            sequence = request.parameters[-1]
            self.script["004"] = (b"1", sequence, b"00", b"0", b"")
            return super()._answer(request)

        clock = VirtualClock()

    wire = Endless({"300": ()})
    with pytest.raises(TseSilent):
        list(Connection(wire, wire.clock).stream(ExportAll()))


def export(bench: Bench) -> bytes:
    for _ in range(TRIES):
        try:
            return b"".join(bench.session.export_all())
        except TryAgain:
            continue
    raise AssertionError


def bench_messages(bench: Bench) -> list[Signature]:
    found = []
    for stored in bench.module.device.element.log:
        message = parse(stored.message)
        if message.certified and message.operation == "FinishTransaction":
            found.append(
                Signature(
                    message.certified.transaction_number,
                    message.signature_counter,
                    message.log_time,
                    message.signature,
                )
            )
    return found


def test_the_system_clock_runs_in_utc() -> None:
    clock = SystemClock()
    assert clock.now().utcoffset() is not None
    assert clock.monotonic() <= clock.monotonic()
