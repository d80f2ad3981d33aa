"""A till and its TSEs over real lines: swapped, archived, left open by a crash."""

from __future__ import annotations

import asyncio
import contextlib
import io
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import pytest

from contract.closing import decode_closing
from contract.messages import decode_advice
from contract.receipt import qr_text
from edge.core.intents import Dismiss, Pick, RestartTse
from edge.core.view import Phase
from edge.devices.tse import SerialTse
from edge.devices.tse_archives import ArchiveFiles
from edge.journal.memory import MemoryJournal
from edge.till import Post
from tests.contract.samples import DEVICE
from tests.edge.parts import BAR, IDENTITY, Bench
from tests.edge.test_till import ready, sell
from tests.patience import PATIENCE_S, be_patient
from tse_driver.export_reader import check_export
from tse_driver.log_message import verify_receipt
from tse_driver.session import Session
from tse_driver.simulator.faults import FaultyTse
from tse_driver.simulator.module import SimulatedTse
from tse_driver.simulator.server import PtyServer
from tse_driver.simulator.wires import Direct, VirtualClock

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from pathlib import Path
    from uuid import UUID

    from contract.fiscal import Signature
    from edge.core.records import StoredOrder

TILL = replace(IDENTITY, device=DEVICE)


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    be_patient(monkeypatch)


@dataclass
class Hub:
    """Where archives are delivered to."""

    delivered: list[bytes] = field(default_factory=list)

    def deliver(self, path: Path, archive: UUID) -> None:
        del archive
        self.delivered.append(path.read_bytes())


@dataclass
class Stick:
    """A simulated TSE on a pty, put into service for this till."""

    device: FaultyTse = field(default_factory=lambda: FaultyTse(SimulatedTse()))
    serial: str = ""

    def __post_init__(self) -> None:
        wire = Direct(self.device, VirtualClock())
        self.serial = Session(wire, BAR).setup("demo").serial


@contextlib.contextmanager
def plugged(stick: Stick, path: Path) -> Iterator[PtyServer]:
    server = PtyServer(stick.device, path).start()
    try:
        yield server
    finally:
        server.close()


@contextlib.asynccontextmanager
async def a_till(path: Path, journal: MemoryJournal, hub: Hub) -> AsyncIterator[Bench]:
    post = Post()
    tse = SerialTse(port=str(path), client=BAR, post=post)
    archives = ArchiveFiles(path.parent / "archives", hub)
    bench = Bench(journal, tse, archives, TILL)
    post.to = bench.till.post
    async with bench:
        await ready(bench)
        yield bench
    await tse.close()


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not holds():  # noqa: ASYNC110 - nobody tells when a simulator is done
            await asyncio.sleep(0.01)


def signatures(journal: MemoryJournal) -> list[Signature | None]:
    rows = sorted(journal.rows.values(), key=lambda row: row.order.sequence)
    return [decode_advice(row.advice).signature for row in rows if row.advice]


async def sold(bench: Bench, journal: MemoryJournal) -> None:
    before = len(signatures(journal))
    await sell(bench, 1)
    await until(lambda: len(signatures(journal)) > before)
    bench.till.submit(Dismiss())
    await bench.until(lambda view: view.phase is Phase.SELLING)


async def test_a_till_changes_its_tse_with_a_closing_in_between(
    tmp_path: Path,
) -> None:
    journal, hub, port = MemoryJournal(), Hub(), tmp_path / "kb-tse"
    one, two = Stick(), Stick()
    async with contextlib.AsyncExitStack() as stack:
        with plugged(one, port):
            bench = await stack.enter_async_context(a_till(port, journal, hub))
            await until(lambda: bench.hub.books.described != [])
            await sold(bench, journal)
        with plugged(two, port):
            bench.till.submit(RestartTse())
            await until(lambda: 1 in bench.hub.books.closings)
            await sold(bench, journal)
            await until(lambda: len(hub.delivered) == 1)
            books = bench.hub.books
            await until(lambda: len(books.described) == 2)
            # It is told when its end is known, which is no matter of the others.
            await until(lambda: all(each.until for each in books.outages.values()))

    old, new = signatures(journal)
    assert old is not None
    assert new is not None
    assert (old.tse_serial, new.tse_serial) == (one.serial, two.serial)
    assert verify_receipt(qr_text(old)).valid
    assert verify_receipt(qr_text(new)).valid
    told = books.described
    assert [(each.tse.serial, each.z_number) for each in told] == [
        (one.serial, 1),
        (two.serial, 2),
    ]
    closing = books.closings[1]
    assert decode_closing(closing.report).tse_serial == one.serial
    assert closing.signature is not None
    assert closing.signature.tse_serial == two.serial
    # What the new one signed: the closing of the old one's Z number.
    check = check_export(io.BytesIO(hub.delivered[0]))
    assert check.valid
    assert check.serials == {two.serial}


async def test_what_a_crash_left_open_is_closed_as_aborted(tmp_path: Path) -> None:
    journal, hub, port = MemoryJournal(), Hub(), tmp_path / "kb-tse"
    stick = Stick()
    with plugged(stick, port):
        async with a_till(port, journal, hub) as bench:
            await until(lambda: bench.hub.books.described != [])
            await sold(bench, journal)
            bench.till.submit(Pick(1))
            await until(lambda: any(each.start for each in open_orders(journal)))
        assert stick.device.module.finished == [1]
        async with a_till(port, journal, hub) as bench:
            await until(lambda: len(stick.device.module.finished) == 2)
            await until(lambda: len(signatures(journal)) == 2)
    aborted = signatures(journal)[1]
    assert aborted is not None
    assert aborted.process_data.startswith("AVBelegabbruch^")
    assert verify_receipt(qr_text(aborted)).valid


def open_orders(journal: MemoryJournal) -> list[StoredOrder]:
    orders = (row.order for row in journal.rows.values())
    return [each for each in orders if each.decision is None]
