"""What is noted of the TSE is found again, on disk as in memory."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec

from contract.ids import OrderId, TillId, new_order_id
from contract.messages import (
    Anchor,
    ClockConfirmation,
    TillDescribed,
    TseNotes,
    TseOutage,
)
from contract.order import OrderKind
from edge.core.records import (
    ClockVouched,
    ClosingBegun,
    ClosingMade,
    FiscalBegun,
    FiscalStart,
    LedgerRestored,
    OrderOpened,
    OutageNoted,
    TseDescribed,
    TseNewsRecorded,
)
from edge.journal.journal import SqliteJournal
from edge.journal.memory import MemoryJournal
from tests.contract.samples import AT, DEVICE, EVENT, TSE

if TYPE_CHECKING:
    from pathlib import Path

    from edge.core.records import Record

BEFORE = TseOutage(id=UUID(int=1), since=AT, reason="No answer.")
ENDED = msgspec.structs.replace(BEFORE, until=AT + timedelta(minutes=3))
LASTING = TseOutage(id=UUID(int=2), since=AT + timedelta(hours=1), reason="Unplugged.")
CLOCK = ClockConfirmation(id=UUID(int=3), at=AT, by="maria")
FIRST = TillDescribed(id=UUID(int=4), device=DEVICE, tse=TSE, since=AT, z_number=1)
NEWER = msgspec.structs.replace(
    FIRST, id=UUID(int=5), tse=msgspec.structs.replace(TSE, firmware="2.0")
)
SECOND = msgspec.structs.replace(
    FIRST, id=UUID(int=6), since=AT + timedelta(days=1), z_number=2, reason="Full."
)
RESTORED = Anchor(incarnation=UUID(int=7), batch=0, chain_head="ab" * 32)
STEPS: tuple[Record, ...] = (
    TseDescribed(FIRST),
    OutageNoted(BEFORE),
    ClockVouched(CLOCK),
    TseNewsRecorded(TseNotes(id=UUID(int=8), outages=(BEFORE,), clocks=(CLOCK,))),
    OutageNoted(ENDED),
    TseNewsRecorded(FIRST),
    TseDescribed(NEWER),
    TseNewsRecorded(FIRST),  # a late answer to what was said before
    TseDescribed(SECOND),
    TseNewsRecorded(TseNotes(id=UUID(int=9), outages=(ENDED,))),
    OutageNoted(LASTING),
    TseNewsRecorded(TseNotes(id=UUID(int=10), outages=(LASTING,))),
    LedgerRestored(RESTORED),
)


async def opened(where: Path) -> SqliteJournal:
    return await SqliteJournal.open(
        where, till=TillId("bar-1"), event=EVENT, require_disk=False
    )


async def test_disk_and_memory_find_the_same_after_each_step(tmp_path: Path) -> None:
    memory, disk = MemoryJournal(), await opened(tmp_path)
    try:
        for record in STEPS:
            memory.write((record,))
            await disk.commit((record,))
            assert (await disk.recover()).tse_news == memory.read().tse_news, record
    finally:
        await disk.close()


async def test_what_the_hub_lacks_is_found_after_a_restart(tmp_path: Path) -> None:
    disk = await opened(tmp_path)
    await disk.commit(STEPS[:-1])
    await disk.close()
    disk = await opened(tmp_path)
    found = (await disk.recover()).tse_news
    await disk.commit(STEPS[-1:])
    after = (await disk.recover()).tse_news
    await disk.close()
    assert (found.latest, found.outage) == (SECOND, LASTING)
    assert (found.described, found.outages, found.clocks) == ((NEWER, SECOND), (), ())
    # A ledger that was restored may lack all of it.
    assert after.outages == (ENDED, LASTING)
    assert (after.described, after.clocks) == ((NEWER, SECOND), (CLOCK,))


async def test_the_numbers_at_a_tse_are_known(tmp_path: Path) -> None:
    memory, disk = MemoryJournal(), await opened(tmp_path)
    try:
        for sequence, (number, serial) in enumerate(((7, "a"), (8, "a"), (1, "b")), 1):
            order = OrderId(new_order_id())
            made = OrderOpened(order, sequence, 1, OrderKind.SALE, AT, b"{}")
            begun = FiscalBegun(order, FiscalStart(number, 1, AT, serial))
            memory.write((made, begun))
            await disk.commit((made, begun))
        for journal in (memory, disk):
            assert await journal.fiscal_spans() == {"a": (7, 8), "b": (1, 1)}
        assert (await disk.recover()).z_orders == 3
        closing = OrderId(new_order_id())
        made_z = ClosingMade(closing, 1, b"{}", AT)
        begun_z = ClosingBegun(closing, FiscalStart(9, 1, AT, "a"))
        memory.write((made_z, begun_z))
        await disk.commit((made_z, begun_z))
        for journal in (memory, disk):
            assert (await journal.fiscal_spans())["a"] == (7, 9), "a closing counts"
    finally:
        await disk.close()
