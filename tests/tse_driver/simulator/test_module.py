from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.tse_driver.bench import BEER, TYPE, Bench
from tse_driver.command_table import COMMANDS
from tse_driver.commands import ADMIN, StartInit
from tse_driver.connection import Connection
from tse_driver.errors import PortBusy, TseCode, TseError, TseRefused, Unreadable
from tse_driver.export_reader import check_export
from tse_driver.framing import Request
from tse_driver.session import Session
from tse_driver.simulator.device import Limits
from tse_driver.simulator.faults import FaultyTse
from tse_driver.simulator.log_store import LOG_FILE
from tse_driver.simulator.module import SimulatedTse
from tse_driver.simulator.wires import Direct, VirtualClock
from tse_driver.upkeep_commands import UnblockUser

if TYPE_CHECKING:
    from pathlib import Path


def woken(state: Path, client: str = "bar-3") -> tuple[Session, SimulatedTse]:
    clock = VirtualClock()
    tse = SimulatedTse(state, clock=clock)
    return Session(Direct(FaultyTse(tse), clock), client, clock=clock), tse


def limited(**limits: int) -> Bench:
    tse = SimulatedTse(clock=VirtualClock(), limits=Limits(**limits))
    bench = Bench(tse=FaultyTse(tse))
    bench.session.setup()
    return bench


def test_a_restart_keeps_keys_counters_clients_and_what_is_open(tmp_path: Path) -> None:
    session, tse = woken(tmp_path / "state")
    serial = session.setup().serial
    session.finish(session.start().transaction_number, TYPE, BEER)
    left = session.start()
    tse.close()

    session, tse = woken(tmp_path / "state")
    info = session.open()
    assert info.serial == serial
    assert info.open_transactions == (left.transaction_number,)
    signature = session.finish(left.transaction_number, TYPE, BEER)
    assert signature.signature_counter > left.signature_counter
    check = check_export(io.BytesIO(b"".join(session.export_all())))
    assert check.valid
    assert not check.findings
    assert check.messages == signature.signature_counter
    tse.close()


def test_a_torn_last_record_is_cut_off(tmp_path: Path) -> None:
    session, tse = woken(tmp_path)
    session.setup()
    tse.close()
    path = tmp_path / LOG_FILE
    whole = path.read_bytes()
    path.write_bytes(whole + whole[:37])
    session, tse = woken(tmp_path)
    session.open()
    session.finish(session.start().transaction_number, TYPE, BEER)
    assert check_export(io.BytesIO(b"".join(session.export_all()))).valid
    tse.close()


def test_one_state_serves_one_simulator(tmp_path: Path) -> None:
    _, tse = woken(tmp_path)
    with pytest.raises(PortBusy, match="another simulator runs on it"):
        woken(tmp_path)
    tse.close()


def test_a_damaged_key_is_named(tmp_path: Path) -> None:
    _, tse = woken(tmp_path)
    tse.close()
    (tmp_path / "tse_key.pem").write_text("rubbish")
    with pytest.raises(Unreadable, match="The simulator's state in"):
        woken(tmp_path)


def test_three_wrong_pins_block_until_the_puk_comes(tmp_path: Path) -> None:
    session, tse = woken(tmp_path)
    for _ in range(3):
        tse.device.users.login(ADMIN, "00000")
    tse.close()
    session, tse = woken(tmp_path)
    with pytest.raises(TseError, match="PUK"):
        session.setup()
    connection = session.access.connection
    assert connection.ask(UnblockUser("1", ADMIN, "999999", "54321")).value == 2
    assert connection.ask(UnblockUser("1", ADMIN, "123456", "12345")).value == 1
    session.access.learn_pin(ADMIN, "12345")
    assert session.setup().initialized
    kept = json.loads((tmp_path / "users.json").read_text())
    assert kept[ADMIN]["tries_left"] == 3
    tse.close()


@pytest.mark.parametrize(
    ("limits", "code"),
    [
        ({"transactions": 1}, TseCode.MAX_PARALLEL_TRANSACTIONS),
        ({"signatures": 12}, TseCode.MAX_SIGNATURES),
        ({"capacity": 2600}, TseCode.STORAGE),
    ],
)
def test_limits_end_in_their_own_code(limits: dict[str, int], code: TseCode) -> None:
    bench = limited(**limits)

    def sell() -> None:
        for _ in range(20):
            bench.session.start()

    with pytest.raises(TseRefused) as caught:
        sell()
    assert caught.value.code == code


def test_too_many_clients_are_refused() -> None:
    bench = limited(clients=2)
    bench.session.register("bar-4")
    with pytest.raises(TseRefused) as caught:
        bench.session.register("bar-5")
    assert caught.value.code == TseCode.MAX_CLIENTS


@pytest.mark.parametrize(
    ("command", "parameters", "code"),
    [
        ("999", (), TseCode.UNKNOWN_CMD),
        ("200", (b"0",), TseCode.PARA_COUNT),
        ("200", (b"x", b"", b"0"), TseCode.PARA_VALUE),
        ("201", (), TseCode.WRONG_ORDER),
        ("206", (b"0", b"QUJD"), TseCode.WRONG_ORDER),
        ("207", (), TseCode.NO_TRANSACTION),
        ("106", (b"1",), TseCode.USER_NOT_AUTHENTICATED),
        ("101", (b"01.06.2026 12:00:00",), TseCode.USER_NOT_AUTHENTICATED),
        ("100", (b"1", b""), TseCode.USER_NOT_AUTHENTICATED),
        ("104", (b"1",), TseCode.USER_NOT_AUTHENTICATED),
        ("502", (b"1",), TseCode.USER_NOT_AUTHENTICATED),
        ("004", (b"7", b"0"), TseCode.NO_DATA),
    ],
)
def test_what_can_not_be_done_is_silence_and_a_code(
    bench: Bench, command: str, parameters: tuple[bytes, ...], code: TseCode
) -> None:
    assert bench.module.handle(Request(command, parameters, str(uuid4()))) is None
    assert Connection(bench.wire, bench.clock).status().error == code


def test_a_second_step_waits_for_the_first_to_be_voided(bench: Bench) -> None:
    connection = Connection(bench.wire, bench.clock)
    bench.session.open_transactions()
    connection.ask(StartInit(0, ""))
    with pytest.raises(TseRefused) as caught:
        connection.ask(StartInit(0, ""))
    assert caught.value.code == TseCode.WRONG_ORDER
    bench.session.void()
    bench.session.void()
    connection.ask(StartInit(0, ""))


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(sorted(set(COMMANDS) - {"104"})),
            st.lists(
                st.sampled_from([b"", b"0", b"1", b"2", b"bar-3", b"12345", b"QQ=="]),
                max_size=4,
            ).map(tuple),
            st.sampled_from([None, 1]),
        ),
        max_size=15,
    )
)
def test_any_requests_in_any_order_leave_a_valid_log(
    requests: list[tuple[str, tuple[bytes, ...], int | None]],
) -> None:
    for command, parameters, buffer in requests:
        FUZZED.handle(Request(command, parameters, str(uuid4()), buffer))
    counters = [int(stored["counter"] or 0) for stored in FUZZED.device.element.log]
    assert counters == list(range(1, len(counters) + 1))


FUZZED = SimulatedTse(clock=VirtualClock())
