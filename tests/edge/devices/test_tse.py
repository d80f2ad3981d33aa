from __future__ import annotations

import asyncio
import contextlib
import functools
import io
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from contract.messages import LampState
from edge.core.errors import FiscalModuleDown, FiscalModuleSilent
from edge.core.records import FiscalStart
from edge.devices.tse import BASKET_S, Patience, SerialTse
from tests.edge.devices.tse_bench import (
    CLIENT,
    PATIENT,
    QUICK,
    WAIT_S,
    Bench,
    Hung,
)
from tests.patience import be_patient
from tse_driver.clock import SystemClock
from tse_driver.export_reader import check_export
from tse_driver.log_message import (
    Certified,
    Kind,
    Operation,
    Protocolled,
    TimeFormat,
    signed_bytes,
)
from tse_driver.session import Pins, Session
from tse_driver.signature import PublicKey, algorithm_named
from tse_driver.simulator.faults import Fault, FaultyTse
from tse_driver.simulator.module import SimulatedTse
from tse_driver.simulator.server import PtyServer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from contract.fiscal import Signature
    from edge.ports import FiscalModule

BEER = "Beleg^4.00_0.00_0.00_0.00_0.00^4.00:Bar"
LOOP_TURNS = 20  # a timer, the task it wakes, and what that hands over
UNKNOWN = FiscalStart(
    number=4711, counter=1, started_at=datetime(2026, 6, 1, tzinfo=UTC)
)


class LoopTime:
    """The event loop's time, which a test lets pass."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.loop = asyncio.get_running_loop()
        self._ahead_s = 0.0
        real = self.loop.time
        monkeypatch.setattr(self.loop, "time", lambda: real() + self._ahead_s)

    async def pass_by(self, seconds: float) -> None:
        """Let time pass, and all that then is due be taken in hand."""
        self._ahead_s += seconds
        for _ in range(LOOP_TURNS):
            await asyncio.sleep(0)


@contextlib.asynccontextmanager
async def opened(bench: Bench, patience: Patience = QUICK) -> AsyncIterator[SerialTse]:
    bench.set_up()
    tse = bench.tse(patience=patience)
    await tse.open()
    try:
        yield tse
    finally:
        await tse.close()


def verifies(signature: Signature) -> bool:
    """Check it as an accountant would, from the fields alone."""
    key = PublicKey.from_bytes(signature.public_key)
    algorithm = algorithm_named(signature.algorithm)
    said = Certified(
        Operation.FINISH,
        signature.client,
        signature.process_data.encode(),
        signature.process_type,
        signature.number,
    )
    protocolled = Protocolled(
        bytes.fromhex(signature.tse_serial),
        algorithm,
        signature.counter,
        signature.finished_at,
        TimeFormat(signature.time_format),
    )
    signed = signed_bytes(Kind.TRANSACTION, said.to_bytes(), protocolled)
    return key.verify(signature.value, algorithm, signed)


async def test_an_order_is_signed_from_its_first_item_to_its_receipt() -> None:
    bench = Bench()
    async with opened(bench) as tse:
        module: FiscalModule = tse
        start = await module.start()
        signature = await module.finish(start, BEER)
    assert verifies(signature)
    assert (signature.client, signature.number) == (CLIENT, start.number)
    assert signature.process_data == BEER
    assert signature.start_counter == start.counter < signature.counter
    assert signature.started_at == start.started_at <= signature.finished_at
    assert bench.device.module.finished == [start.number]


async def test_the_lamp_changes_only_when_something_changed() -> None:
    bench = Bench()
    async with opened(bench) as tse:
        for _ in range(3):
            await tse.finish(await tse.start(), BEER)
    assert bench.lamps == [(LampState.GOOD, "The TSE at /dev/demo-tse is ready.")]


async def test_opening_tells_serial_expiry_and_what_was_left_open() -> None:
    bench = Bench()
    async with opened(bench) as tse:
        start = await tse.start()
        info = await tse.open()
    assert info.open_numbers == (start.number,)
    assert info.expires is not None
    assert len(info.serial) == 64


async def test_a_signature_made_unheard_is_found_in_the_log() -> None:
    bench = Bench()
    async with opened(bench) as tse:
        start = await tse.start()
        assert await tse.find(start) is None
        signature = await tse.finish(start, BEER)
        assert await tse.find(start) == signature
        assert await tse.find(UNKNOWN) is None


async def test_a_silent_tse_leaves_the_fate_open_and_comes_back_by_itself() -> None:
    bench = Bench()
    async with opened(bench) as tse:
        start = await tse.start()
        bench.device.faults.add(Fault.SILENT)
        with pytest.raises(FiscalModuleSilent, match="does not answer"):
            await tse.finish(start, BEER)
        assert bench.lamps[-1][0] is LampState.BAD
        bench.device.faults.clear()
        assert (await bench.brought_back()).open_numbers == (start.number,)
        assert await tse.find(start) is None  # so it may be signed now
        assert verifies(await tse.finish(start, BEER))
    assert [state for state, _ in bench.lamps][-1] is LampState.GOOD


async def test_an_unplugged_tse_is_taken_into_service_again() -> None:
    bench = Bench()
    async with opened(bench) as tse:
        start = await tse.start()
        bench.device.faults.add(Fault.UNPLUG)
        with pytest.raises(FiscalModuleSilent, match="Plug the TSE in"):
            await tse.finish(start, BEER)
        back = await bench.brought_back()
        assert back.open_numbers == (start.number,)
        assert verifies(await tse.finish(start, BEER))


async def test_after_a_fall_the_log_is_read_once_it_is_back() -> None:
    bench = Bench()
    async with opened(bench) as tse:
        start = await tse.start()
        signature = await tse.finish(start, BEER)
        bench.device.faults.add(Fault.UNPLUG)
        with pytest.raises(FiscalModuleSilent):
            await tse.finish(await tse.start(), BEER)
        assert await tse.find(start) == signature


async def test_a_wrong_pin_is_tried_once_and_not_until_it_is_blocked() -> None:
    bench = Bench()
    bench.set_up()
    bench.device.module.lose_power()  # the time must be set: a PIN is needed
    tse = bench.tse(pins=Pins(time_admin="00000"))
    with pytest.raises(FiscalModuleDown, match="refused the PIN"):
        await tse.open()
    for _ in range(5):  # a sale does not try it again either
        with pytest.raises(FiscalModuleDown, match="refused the PIN"):
            await tse.start()
    for _ in range(5):  # nor does somebody who presses 'Restart TSE' in despair
        with pytest.raises(FiscalModuleDown, match="refused the PIN"):
            await tse.open()
    assert len(bench.wires) == 1
    assert bench.lamps[-1][0] is LampState.BAD
    await tse.close()
    right = bench.tse()  # not blocked: the right one is still taken
    await right.open()
    await right.close()


async def test_the_lamp_says_that_the_tills_clock_is_wrong_until_it_is_set(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bench = Bench()
    bench.set_up()
    bench.device.module.lose_power()  # the time must be set, by the till's clock
    tse = bench.tse()
    with monkeypatch.context() as unset:
        unset.setattr(SystemClock, "now", lambda _: datetime(1970, 1, 1, tzinfo=UTC))
        with pytest.raises(FiscalModuleDown, match="Set the clock of this till"):
            await tse.open()
    ((state, text),) = bench.lamps
    assert state is LampState.BAD
    assert text.startswith(
        "The TSE at /dev/demo-tse can't be given the time 1970-01-01 00:00 UTC. Set the"
        " clock of this till (time server, battery), then press 'Restart TSE'"
    )
    await tse.open()
    assert verifies(await tse.finish(await tse.start(), BEER))
    await tse.close()
    assert bench.lamps[-1] == (LampState.GOOD, "The TSE at /dev/demo-tse is ready.")


async def test_a_new_tse_names_its_set_up() -> None:
    bench = Bench()
    tse = bench.tse()
    with pytest.raises(FiscalModuleDown, match="kassenband-tse setup"):
        await tse.open()
    with pytest.raises(FiscalModuleDown, match="kassenband-tse setup"):
        await tse.start()
    await tse.close()


async def test_nothing_is_asked_of_a_tse_that_was_never_opened() -> None:
    tse = Bench().tse()
    with pytest.raises(FiscalModuleDown, match="not opened yet"):
        await tse.start()
    await tse.close()


async def test_an_expiring_certificate_is_seen_before_it_ends() -> None:
    bench = Bench(FaultyTse(SimulatedTse(valid_days=10)))
    async with opened(bench):
        pass
    state, text = bench.lamps[-1]
    assert state is LampState.WARN
    assert "Order a new TSE" in text


async def test_no_guest_waits_for_a_hanging_tse() -> None:
    Hung.gate.set()
    bench = Bench(wire=Hung)
    patience = replace(PATIENT, start_s=0.05, finish_s=0.05)
    async with opened(bench, PATIENT) as slow:
        start = await slow.start()
    tse = bench.tse(patience=patience)
    await tse.open()
    Hung.gate.clear()
    with pytest.raises(FiscalModuleSilent, match="did not answer within"):
        await tse.finish(start, BEER)
    with pytest.raises(FiscalModuleDown, match="busy") as busy:
        await tse.start()
    assert not isinstance(busy.value, FiscalModuleSilent)  # it never reached the TSE
    Hung.gate.set()
    assert await tse.find(start) is not None  # the late signature is not lost
    await tse.close()


async def test_a_fault_of_the_driver_costs_a_signature_and_no_sale(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def stumble(_: Session) -> None:
        raise ZeroDivisionError

    bench = Bench()
    async with opened(bench) as tse:
        with monkeypatch.context() as broken:
            broken.setattr(Session, "start", stumble)
            with pytest.raises(FiscalModuleDown, match="does not know"):
                await tse.start()
        # It may be back already, and the lamp be good again.
        assert LampState.BAD in {state for state, _ in bench.lamps}
        await bench.brought_back()
        assert await tse.start()


async def test_an_idle_tse_is_kept_awake(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench()
    looked = asyncio.Event()
    loop = asyncio.get_running_loop()
    monkeypatch.setattr(
        Session, "keep_alive", lambda _: loop.call_soon_threadsafe(looked.set)
    )
    async with opened(bench, replace(PATIENT, look_s=0.01)):
        await asyncio.wait_for(looked.wait(), WAIT_S)


async def test_over_a_real_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    be_patient(monkeypatch)
    bench = Bench()
    bench.set_up()
    server = PtyServer(bench.device, tmp_path / "kb-tse").start()
    tse = SerialTse(
        port=str(tmp_path / "kb-tse"), client=CLIENT, post=bench.posted.append
    )
    try:
        await tse.open()
        assert verifies(await tse.finish(await tse.start(), BEER))
    finally:
        await tse.close()
        server.close()
    again = SerialTse(port=server.path, client=CLIENT, post=bench.posted.append)
    with pytest.raises(FiscalModuleDown, match="Plug the TSE in"):
        await again.open()
    await again.close()


async def test_a_tse_waits_until_somebody_vouches_for_the_clock() -> None:
    bench = Bench()
    bench.set_up()
    bench.refusal = "The clock is not confirmed."
    tse = bench.tse()
    try:
        with pytest.raises(FiscalModuleDown, match="clock is not confirmed"):
            await tse.open()
        assert bench.seen is not None  # what its log said last
        with pytest.raises(FiscalModuleDown, match="clock is not confirmed"):
            await tse.start()
        await tse.open(clock_confirmed=True)
        assert (await tse.start()).number
    finally:
        await tse.close()


async def test_it_comes_into_use_by_itself_once_the_clock_is_set() -> None:
    bench = Bench()
    bench.set_up()
    bench.refusal = "The clock is not confirmed."
    tse = bench.tse()
    try:
        with pytest.raises(FiscalModuleDown):
            await tse.open()
        bench.refusal = None  # the server of time has answered
        assert (await bench.brought_back()).serial
    finally:
        await tse.close()


async def test_it_tells_all_that_the_tax_audit_asks_of_it() -> None:
    bench = Bench()
    async with opened(bench) as tse:
        facts = (await tse.open()).facts
    assert facts is not None
    key = PublicKey.from_bytes(facts.public_key)
    assert key.serial.hex() == facts.serial
    assert len(facts.certificates) == 3
    assert facts.time_format == "unixTime"
    assert facts.algorithm == "ecdsa-plain-SHA384"
    assert facts.signatures_left > 0


async def test_what_another_tse_began_is_neither_signed_nor_found_here() -> None:
    bench, other = Bench(), Bench()
    async with opened(bench) as tse:
        start = await tse.start()
        await tse.finish(start, BEER)
    async with opened(other) as tse:
        await tse.start()  # its number is the same
        with pytest.raises(FiscalModuleDown, match="not the one that began"):
            await tse.finish(start, BEER)
        assert await tse.find(start) is None
    states = {state for state, _ in other.lamps}
    assert LampState.BAD not in states  # it signs all others
    assert other.device.module.finished == []


async def test_an_export_of_numbers_holds_these_and_nothing_where_there_are_none() -> (
    None
):
    bench = Bench()
    async with opened(bench) as tse:
        for _ in range(3):
            await tse.finish(await tse.start(), BEER)
        serial = (await tse.open()).serial
        tar = await tse.export(serial, 2, 3)
        assert await tse.export(serial, 100, 200) == b""
        with pytest.raises(FiscalModuleDown, match="not the one"):
            await tse.export("ab" * 32, 2, 3)
    check = check_export(io.BytesIO(tar))
    assert check.valid
    assert sorted(check.transactions) == [2, 3]


async def test_a_self_test_waits_for_the_end_of_the_basket(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bench, time, kept_awake = Bench(), LoopTime(monkeypatch), asyncio.Event()
    note = functools.partial(time.loop.call_soon_threadsafe, kept_awake.set)
    monkeypatch.setattr(Session, "keep_alive", lambda _: note())
    async with opened(bench) as tse:
        start = await tse.start()
        await time.pass_by(QUICK.look_s + 1)
        # The TSE does one thing after the other: what was due would be done by now.
        await tse.finish(start, BEER)
        assert not kept_awake.is_set()
        await time.pass_by(QUICK.look_s + 1)
        await asyncio.wait_for(kept_awake.wait(), WAIT_S)


async def test_a_basket_that_nobody_ended_holds_up_no_self_test(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bench, time, kept_awake = Bench(), LoopTime(monkeypatch), asyncio.Event()
    note = functools.partial(time.loop.call_soon_threadsafe, kept_awake.set)
    monkeypatch.setattr(Session, "keep_alive", lambda _: note())
    async with opened(bench) as tse:
        await tse.start()
        await time.pass_by(BASKET_S + 1)
        await asyncio.wait_for(kept_awake.wait(), WAIT_S)
