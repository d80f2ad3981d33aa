from __future__ import annotations

import io
from contextlib import suppress
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.tse_driver.bench import BEER, TYPE
from tse_driver.commands import ADMIN
from tse_driver.errors import (
    KnobUnknown,
    PinBlocked,
    PukBlocked,
    SelfTestFailed,
    SignaturesUsedUp,
    StorageFull,
    TooManyClients,
    TooManyOpen,
    TryAgain,
    TseError,
    TseGone,
)
from tse_driver.export_reader import check_export
from tse_driver.port import Port
from tse_driver.session import Session, Signature
from tse_driver.simulator.faults import Fault
from tse_driver.simulator.keys import CURVES
from tse_driver.simulator.knobs import Knob, Knobs
from tse_driver.simulator.server import PtyServer
from tse_driver.simulator.wires import Direct, VirtualClock
from tse_driver.technician import Technician

TRIES = 30


def turned(text: str) -> Session:
    clock = VirtualClock()
    tse = Knobs.from_text(text).build(clock=clock)
    return Session(Direct(tse, clock), "bar-3", clock=clock)


def sell(session: Session) -> int:
    number = session.start().transaction_number
    return session.finish(number, TYPE, BEER).transaction_number


def test_faults_and_numbers_are_read() -> None:
    knobs = Knobs.from_text(" slow, signatures=100 ,expires=10,")
    assert knobs.faults == {Fault.SLOW}
    assert knobs.numbers == {Knob.SIGNATURES: 100, Knob.EXPIRES: 10}
    assert Knobs.from_text("") == Knobs()


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=20) | st.sampled_from(["slow=1", "clients", "clients=-1", "="]))
def test_what_is_no_knob_is_named_with_those_there_are(text: str) -> None:
    try:
        Knobs.from_text(text)
    except KnobUnknown as error:
        assert "slow, full" in str(error)  # noqa: PT017 - most texts are none
        assert "signatures=N" in str(error)  # noqa: PT017


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("signatures=20", SignaturesUsedUp),
        ("transactions=2", TooManyOpen),
        ("capacity=5000", StorageFull),
        ("full", StorageFull),
    ],
)
def test_what_there_is_little_of_ends_in_its_named_error(
    text: str, error: type[TseError]
) -> None:
    session = turned(text)
    session.setup()

    def sell_on() -> None:
        for _ in range(TRIES):
            session.start()

    with pytest.raises(error):
        sell_on()
    assert check_export(io.BytesIO(b"".join(session.export_all()))).valid


def test_few_tills_and_a_near_end_are_as_turned() -> None:
    session = turned("clients=1,expires=10")
    info = session.setup()
    left = info.certificate_expiry - VirtualClock().now()
    assert timedelta(days=9) < left < timedelta(days=11)
    with pytest.raises(TooManyClients, match="Deregister old ones"):
        session.register("bar-4")


@pytest.mark.parametrize("curve", sorted(CURVES))
def test_every_curve_signs_what_verifies(curve: str) -> None:
    clock = VirtualClock()
    tse = Knobs().build(clock=clock, curve=curve)
    session = Session(Direct(tse, clock), "bar-3", clock=clock)
    info = session.setup()
    assert sell(session) == 1
    assert session.public_key.curve == curve
    assert info.algorithm == (
        "ecdsa-plain-SHA256" if curve == "secp256r1" else "ecdsa-plain-SHA384"
    )
    assert check_export(io.BytesIO(b"".join(session.export_all()))).valid


def test_a_blocked_puk_is_lost_for_good() -> None:
    session = turned("puk-blocked")
    with pytest.raises(PinBlocked):
        session.open()
    with pytest.raises(PukBlocked, match="exchange it"):
        Technician(session).unblock(ADMIN, "123456", "54321")


def test_a_defective_one_fails_its_self_test() -> None:
    with pytest.raises(SelfTestFailed, match="exchange the device"):
        turned("self-test-failed").open()


def test_lost_power_within_a_finish_costs_no_signature() -> None:
    session = turned("power-lost")
    session.setup()
    assert [sell(session), sell(session)] == [1, 2]
    assert session.open_transactions() == ()


def test_a_wrong_signature_is_replaced_by_the_true_one() -> None:
    session = turned("wrong-signature")
    session.setup()
    number = session.start().transaction_number
    signature = session.finish(number, TYPE, BEER)
    assert session.find_signature(number) == signature


@pytest.mark.parametrize("text", ["lossy", "torn", "lossy,asb,split", "torn,asb"])
def test_a_damaged_line_costs_time_but_never_truth(text: str) -> None:
    clock = VirtualClock()
    tse = Knobs().build(clock=clock)
    session = Session(Direct(tse, clock), "bar-3", clock=clock)
    session.setup()
    tse.faults |= Knobs.from_text(text).faults
    done: dict[int, Signature] = {}
    for _ in range(TRIES):
        with suppress(TryAgain):
            number = session.start().transaction_number
            done[number] = session.finish(number, TYPE, BEER)
    tse.faults.clear()
    check = check_export(io.BytesIO(b"".join(session.export_all())))
    assert check.valid
    assert len(done) > TRIES / 2
    for number, signature in done.items():
        logged = check.transactions[number]
        assert (logged.signature, logged.signature_counter, logged.log_time) == (
            signature.value,
            signature.signature_counter,
            signature.log_time,
        )


def test_an_offline_one_never_comes_back() -> None:
    server = PtyServer(Knobs.from_text("offline").build()).start()
    try:
        session = Session(Port(server.path), "bar-3")
        with pytest.raises(TseGone):
            session.open()
        with pytest.raises(TseGone):
            Port(server.path)
        session.close()
    finally:
        server.close()
