from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest

from tests.tse_driver.bench import BEER, TYPE, Bench
from tse_driver.answers import SlotState
from tse_driver.commands import ADMIN, TIME_ADMIN
from tse_driver.errors import (
    Disabled,
    NotConfirmed,
    NotExported,
    PinBlocked,
    PukBlocked,
    SecretUnfit,
    StillOpen,
    TseRefused,
    WrongPin,
    WrongPuk,
)
from tse_driver.export_reader import check_export
from tse_driver.session import Pins, Session
from tse_driver.simulator.faults import FaultyTse
from tse_driver.simulator.module import SimulatedTse
from tse_driver.simulator.users import FACTORY_PUK
from tse_driver.simulator.wires import Direct, VirtualClock
from tse_driver.technician import Technician

if TYPE_CHECKING:
    from pathlib import Path

    from tse_driver.vendor import FiscalSession


@pytest.fixture
def technician(bench: Bench) -> Technician:
    return Technician(bench.session)


def test_a_session_is_what_a_till_needs_of_any_maker(bench: Bench) -> None:
    session: FiscalSession = bench.session
    assert session.client_id == "bar-3"


def test_it_is_told_how_much_is_left(bench: Bench, technician: Technician) -> None:
    bench.session.start()
    limits = technician.limits()
    assert (limits.clients, limits.clients_max) == (1, 100)
    assert (limits.open, limits.open_max) == (1, 512)
    assert 0 < limits.signatures_left < 20_000_000
    assert 0 < limits.free_bytes < limits.capacity_bytes
    assert limits.self_test_due_s > 0
    assert limits.time_valid_s > 0
    assert limits.update_variants == ("0",)
    assert technician.country().hardware == 64
    assert technician.device().serial.startswith("DEMO-")
    assert technician.serial_number() == bench.session.info().serial


def test_the_last_log_message_is_verified(bench: Bench, technician: Technician) -> None:
    counter = bench.sale()
    message = technician.last_log_message()
    assert message.signature_counter == counter
    assert message.operation == "FinishTransaction"


def test_a_new_pin_is_used_at_once_and_by_the_next_session(
    bench: Bench, technician: Technician
) -> None:
    technician.change_pin(ADMIN, "98765")
    bench.session.register("bar-4")
    with pytest.raises(SecretUnfit, match="A PIN has 5 to 8 digits"):
        technician.change_pin(ADMIN, "98765")
    pins = Pins(admin="98765")
    again = Session(bench.wire, "bar-3", clock=bench.clock, pins=pins)
    assert again.clients() == ("bar-3", "bar-4")


@pytest.mark.parametrize("pin", ["", "1234", "123456789", "abcde", "١٢٣٤٥"])
def test_a_secret_the_tse_can_not_take_is_not_sent(
    technician: Technician, pin: str
) -> None:
    with pytest.raises(SecretUnfit):
        technician.change_pin(ADMIN, pin)
    with pytest.raises(SecretUnfit):
        technician.unblock(ADMIN, FACTORY_PUK, pin)
    with pytest.raises(SecretUnfit):
        technician.change_puk(ADMIN, FACTORY_PUK, pin[:5])


def test_a_wrong_old_pin_is_tried_once_only(bench: Bench) -> None:
    pins = Pins(time_admin="00000")
    technician = Technician(Session(bench.wire, "bar-3", clock=bench.clock, pins=pins))
    for _ in range(4):
        with pytest.raises(WrongPin, match="the time admin"):
            technician.change_pin(TIME_ADMIN, "54321")
    assert bench.module.device.users.users[TIME_ADMIN].tries_left == 2


def test_a_blocked_user_is_freed_by_the_puk(
    bench: Bench, technician: Technician
) -> None:
    for _ in range(3):
        bench.module.device.users.login(ADMIN, "00000")
    with pytest.raises(PinBlocked):
        bench.session.register("bar-4")
    with pytest.raises(WrongPuk, match="after three wrong tries"):
        technician.unblock(ADMIN, "999999", "54321")
    technician.unblock(ADMIN, FACTORY_PUK, "54321")
    bench.session.register("bar-4")


def test_a_puk_can_be_changed_and_blocked(technician: Technician) -> None:
    technician.change_puk(ADMIN, FACTORY_PUK, "654321")
    for error in (WrongPuk, WrongPuk, PukBlocked, PukBlocked):
        with pytest.raises(error):
            technician.change_puk(ADMIN, FACTORY_PUK, "777777")


def test_only_what_was_exported_whole_is_deleted(tmp_path: Path) -> None:
    clock = VirtualClock()
    module = SimulatedTse(tmp_path, clock=clock)
    bench = Bench(tse=FaultyTse(module))
    bench.session.setup()
    technician = Technician(bench.session)
    before = bench.sale()
    with pytest.raises(NotExported, match="keep the file"):
        technician.delete_exported(1)
    whole = b"".join(bench.session.export_all())
    with pytest.raises(NotExported):
        technician.delete_exported(len(whole) - 1)
    whole = b"".join(bench.session.export_all())
    open_number = bench.session.start().transaction_number
    with pytest.raises(StillOpen):
        technician.delete_exported(len(whole))
    bench.session.finish(open_number, TYPE, BEER)
    technician.delete_exported(len(whole))
    left = check_export(io.BytesIO(b"".join(bench.session.export_all())))
    assert left.valid
    assert list(left.transactions) == [open_number]  # came after the export
    assert bench.sale() > before
    module.close()

    woken = SimulatedTse(tmp_path, clock=clock)
    session = Session(Direct(FaultyTse(woken), clock), "bar-3", clock=clock)
    assert session.open().initialized
    assert session.start().transaction_number == open_number + 2
    assert session.clients() == ("bar-3",)
    woken.close()


def test_maintenance_stops_the_selling_until_it_ends(
    bench: Bench, technician: Technician
) -> None:
    technician.enter_maintenance()
    assert technician.slot().slot_state & SlotState.MAINTENANCE_ACTIVE
    with pytest.raises(TseRefused):
        bench.session.start()
    technician.leave_maintenance()
    assert bench.sale()


def test_it_is_disabled_for_good_after_a_consent(
    bench: Bench, technician: Technician
) -> None:
    serial = bench.session.info().serial
    with pytest.raises(NotConfirmed, match="Give its own serial number"):
        technician.disable("0" * 64)
    number = bench.session.start().transaction_number
    with pytest.raises(StillOpen):
        technician.disable(serial)
    bench.session.finish(number, TYPE, BEER)
    technician.disable(serial)
    assert bench.session.info().disabled
    with pytest.raises(Disabled, match="Exchange the device"):
        bench.session.start()
    check = check_export(io.BytesIO(b"".join(bench.session.export_all())))
    assert check.valid
    assert list(check.transactions) == [number]


def test_a_developers_stick_can_be_made_as_new(bench: Bench) -> None:
    with pytest.raises(TseRefused):
        Technician(bench.session).factory_reset(bench.session.info().serial)
    module = SimulatedTse(clock=VirtualClock(), developer=True)
    stick = Bench(tse=FaultyTse(module))
    stick.session.setup()
    technician = Technician(stick.session)
    technician.change_pin(ADMIN, "98765")
    stick.sale()
    technician.factory_reset(stick.session.info().serial)
    again = Session(stick.wire, "bar-3", clock=stick.clock)
    assert not again.info().initialized
    again.setup()
    assert again.start().transaction_number == 1
