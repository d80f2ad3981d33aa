"""Every command of the protocol, over the pseudo terminal, as the driver sends it."""

from __future__ import annotations

import io
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from tests.tse_driver.bench import BEER, TYPE, Bench
from tse_driver.command_table import COMMANDS
from tse_driver.commands import ADMIN, TIME_ADMIN, StartInit
from tse_driver.errors import TseCode, TseRefused
from tse_driver.export_reader import check_export
from tse_driver.simulator.faults import FaultyTse
from tse_driver.simulator.module import SimulatedTse
from tse_driver.simulator.users import FACTORY_PUK
from tse_driver.simulator.wires import Pty
from tse_driver.technician import Technician
from tse_driver.upkeep_commands import StartFirmwareUpdate

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tse_driver.framing import Request
    from tse_driver.simulator.faults import Outcome


class Listening(FaultyTse):
    """Remembers which commands came."""

    def __init__(self, module: SimulatedTse) -> None:
        super().__init__(module)
        self.heard: set[str] = set()

    def receive(self, request: Request) -> Outcome:
        self.heard.add(request.command)
        return super().receive(request)


@pytest.fixture
def listening() -> Iterator[tuple[Bench, Listening]]:
    tse = Listening(SimulatedTse(developer=True))
    bench = Bench(Pty, tse=tse)
    yield bench, tse
    bench.session.close()


def test_every_command_works_over_the_line(
    listening: tuple[Bench, Listening],
) -> None:
    bench, tse = listening
    session, technician = bench.session, Technician(bench.session)
    serial = session.setup("a developer's stick").serial
    sell(bench)
    look(technician)
    export(bench)
    change(bench, technician)
    retire(bench, technician, serial)
    assert sorted(tse.heard) == sorted(COMMANDS)


def sell(bench: Bench) -> None:
    session = bench.session
    number = session.start().transaction_number
    session.update(number, "Bestellung-V1", '2;"Bier";4.00')
    session.finish(number, TYPE, BEER)
    session.access.name(session.client_id)
    session.access.ask(StartInit(0, ""))
    session.void()
    assert session.open_transactions() == ()
    assert bench.module.finished == [number]


def look(technician: Technician) -> None:
    assert technician.country().country == "DE"
    assert technician.device().slots == 1
    assert technician.limits().clients == 1
    assert len(technician.serial_number()) == 64
    assert technician.last_log_message().operation == "FinishTransaction"


def export(bench: Bench) -> None:
    session, moment = bench.session, bench.clock.now()
    whole = b"".join(session.export_all())
    parts = (
        session.export_transaction(1),
        b"".join(session.export_interval(1, 1)),
        b"".join(session.export_period(moment - timedelta(days=1), moment)),
    )
    for tar in (whole, *parts):
        assert list(check_export(io.BytesIO(tar)).transactions) == [1]
    assert len(session.certificates()) == 3
    Technician(session).delete_exported(len(b"".join(session.export_all())))


def change(bench: Bench, technician: Technician) -> None:
    session = bench.session
    session.register("bar-4")
    session.deregister("bar-4")
    assert session.clients() == ("bar-3",)
    technician.change_pin(TIME_ADMIN, "24680")
    technician.change_puk(TIME_ADMIN, FACTORY_PUK, "135791")
    technician.unblock(TIME_ADMIN, "135791", "13579")
    session.set_time()
    technician.enter_maintenance()
    technician.leave_maintenance()
    with (
        session.access.logged_in(ADMIN),
        pytest.raises(TseRefused) as caught,
    ):
        session.access.ask(StartFirmwareUpdate())
    assert caught.value.code == TseCode.COMMAND_FAILED


def retire(bench: Bench, technician: Technician, serial: str) -> None:
    technician.disable(serial)
    assert bench.session.info().disabled
    technician.factory_reset(serial)
    info = bench.session.info()
    assert not info.initialized
    assert not info.disabled
