"""The journal on disk answers as its twin in memory does, and survives kill -9."""

from __future__ import annotations

import asyncio
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec
import pytest

from contract.fiscal import Outage
from contract.ids import EventId, OrderId, TillId, WalletSerial
from contract.messages import Anchor
from contract.order import decode_order
from edge.core.errors import JournalBroken
from edge.core.records import (
    CachedWallet,
    ClosingBegun,
    ClosingEnded,
    ClosingMade,
    ClosingSealed,
    ConfigKept,
    FiscalStart,
    LedgerRestored,
    LogoutsUnsaid,
    OrderOpened,
    PaperNoted,
    Record,
    Recovered,
)
from edge.journal.journal import JOURNAL_FILE, WALLETS_FILE, SqliteJournal
from edge.journal.memory import MemoryJournal
from edge.journal.queries import queries, read
from edge.journal.reading import read_orders, summary
from tests.contract.samples import AT
from tests.world.simulation import World

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from pathlib import Path

TILL = TillId("bar-0")
EVENT = EventId("summer-2026")


@dataclass(slots=True)
class Recorder(MemoryJournal):
    """Notes every commit of a simulated till."""

    written: list[tuple[Record, ...]] = field(default_factory=list)

    def write(self, records: Sequence[Record]) -> None:
        self.written.append(tuple(records))
        MemoryJournal.write(self, records)


def commits_of(seed: int) -> list[tuple[Record, ...]]:
    world = World(seed)
    recorder = Recorder()
    world.tills[0].journal = recorder
    world.run()
    return recorder.written


@pytest.fixture
async def journal(tmp_path: Path) -> AsyncIterator[SqliteJournal]:
    opened = await SqliteJournal.open(
        tmp_path, till=TILL, event=EVENT, require_disk=False
    )
    yield opened
    await opened.close()


@pytest.mark.parametrize("seed", [6, 12, 18])  # these restore the ledger, too
async def test_it_answers_as_its_twin_in_memory(
    journal: SqliteJournal, seed: int
) -> None:
    twin = MemoryJournal()
    for number, records in enumerate(commits_of(seed)):
        await journal.commit(records)
        twin.write(records)
        if number % 10 == 0:
            assert await journal.recover() == twin.read()
    assert await journal.recover() == twin.read()
    assert await journal.latest_recorded() == await twin.latest_recorded()
    everyone = list(twin.rows)
    assert await journal.advices(everyone) == twin.sealed(everyone)


@pytest.mark.parametrize("is_another", [True, False])
async def test_what_a_restored_ledger_can_t_know_is_sent_again(
    journal: SqliteJournal, *, is_another: bool
) -> None:
    """All of it to another incarnation; else what came after the batch it went to."""
    twin = MemoryJournal()
    for records in commits_of(1):
        await journal.commit(records)
        twin.write(records)
    before = await journal.recover()
    assert before.incarnation is not None
    assert before.undelivered == ()
    ledger = UUID(int=1) if is_another else before.incarnation
    batch = before.batch if is_another else 0
    anchor = Anchor(incarnation=ledger, batch=batch, chain_head="00" * 32)

    await journal.commit((LedgerRestored(anchor),))

    assert set((await journal.recover()).undelivered) == set(twin.rows)


async def test_what_may_be_on_paper_is_known_after_a_restart(
    journal: SqliteJournal,
) -> None:
    twin = MemoryJournal()

    async def write(*records: Record) -> Recovered:
        await journal.commit(records)
        twin.write(records)
        found = await journal.recover()
        assert found == twin.read()
        return found

    for records in commits_of(12):
        await journal.commit(records)
        twin.write(records)
    order, other = (
        OrderId(decode_order(past.document).id) for past in twin.read().recent[:2]
    )
    closed = OrderId(UUID(int=5))
    made = ClosingMade(closed, 900, b"{}", AT)
    before = await write(PaperNoted(order, may_exist=True), made)
    assert [past.printed for past in before.recent[:2]] == [True, False]
    sealed = ClosingSealed(closed, None, Outage(since=AT, reason="It is dead."))
    found = await write(PaperNoted(other, may_exist=True), sealed)
    assert [past.printed for past in found.recent[:2]] == [True, True]
    assert found.last_closing is not None
    assert found.last_closing.stored.z_number == 900
    assert not found.last_closing.printed
    found = await write(
        PaperNoted(other, may_exist=False),
        PaperNoted(closed, may_exist=True),
        PaperNoted(closed, may_exist=True),
    )
    assert [past.printed for past in found.recent[:2]] == [True, False]
    assert found.last_closing is not None
    assert found.last_closing.printed


async def test_what_the_tse_began_for_a_closing_is_known_until_it_is_signed(
    journal: SqliteJournal,
) -> None:
    twin, number = MemoryJournal(), OrderId(UUID(int=5))
    start = FiscalStart(7, 70, AT, "ab" * 32)
    outage = Outage(since=AT, reason="It is dead.")
    known = []
    for record in (
        ClosingMade(number, 1, b"{}", AT),
        ClosingBegun(number, start),
        ClosingSealed(number, None, outage),
    ):
        await journal.commit((record,))
        twin.write((record,))
        found = await journal.recover()
        assert found == twin.read()
        known.append(found.closings[0].start)
    assert known == [None, start, None]


async def test_a_restored_ledger_lacks_closings_too(journal: SqliteJournal) -> None:
    number = OrderId(UUID(int=5))
    anchor = Anchor(incarnation=UUID(int=1), batch=7, chain_head="00" * 32)
    await journal.commit((ClosingMade(number, 1, b"{}", AT),))
    outage = Outage(since=AT, reason="It is dead.")
    await journal.commit((ClosingSealed(number, None, outage),))
    await journal.commit((ClosingEnded(number, anchor),))
    assert (await journal.recover()).closings == ()

    restored = msgspec.structs.replace(anchor, incarnation=UUID(int=2))
    await journal.commit((LedgerRestored(restored),))
    (again,) = (await journal.recover()).closings
    assert (again.id, again.outage) == (number, outage)


async def test_the_reading_command_counts_what_is_there(
    journal: SqliteJournal, tmp_path: Path
) -> None:
    twin = MemoryJournal()
    for records in commits_of(1):
        await journal.commit(records)
        twin.write(records)
    orders = read_orders(tmp_path)
    counts = summary(orders)
    assert counts["orders"] == len(twin.rows)
    assert counts["undelivered"] == 0
    assert counts["signed"] + counts["outages"] == counts["orders"]
    assert {each.id for each in orders} == {str(order) for order in twin.rows}


async def test_a_failed_commit_writes_nothing(journal: SqliteJournal) -> None:
    opening = next(each for each in commits_of(1) if isinstance(each[0], OrderOpened))
    await journal.commit(opening)
    before = await journal.recover()
    with pytest.raises(JournalBroken, match="Check the disk"):
        await journal.commit((ConfigKept(b"new"), *opening))  # opened twice
    assert await journal.recover() == before


async def test_log_outs_left_unsaid_are_found_again(journal: SqliteJournal) -> None:
    assert (await journal.recover()).unsaid == b""
    await journal.commit((LogoutsUnsaid(b"[1]"),))
    await journal.commit((LogoutsUnsaid(b"[1,2]"),))
    assert (await journal.recover()).unsaid == b"[1,2]"


async def test_every_commit_goes_to_the_disk(journal: SqliteJournal) -> None:
    for pragma, expected in (("journal_mode", "wal"), ("synchronous", 2)):
        rows = await journal._orders.execute_fetchall(f"PRAGMA {pragma}")
        assert [next(iter(row)) for row in rows] == [expected]


async def test_wallets_are_remembered_and_forgotten(journal: SqliteJournal) -> None:
    known = CachedWallet(available_minor=500, blocked=False, batch=7)
    await journal.cache([(WalletSerial(4711), known)])
    assert (await journal.recover()).wallets == {4711: known}
    await journal.forget_wallets()
    assert (await journal.recover()).wallets == {}


async def test_a_torn_wallet_cache_is_made_anew(tmp_path: Path) -> None:
    (tmp_path / WALLETS_FILE).write_bytes(b"torn" * 1000)
    opened = await SqliteJournal.open(
        tmp_path, till=TILL, event=EVENT, require_disk=False
    )
    assert (await opened.recover()).wallets == {}
    await opened.close()


async def test_a_wallet_cache_with_a_torn_page_is_made_anew(tmp_path: Path) -> None:
    async def reopened() -> SqliteJournal:
        return await SqliteJournal.open(
            tmp_path, till=TILL, event=EVENT, require_disk=False
        )

    journal = await reopened()
    known = CachedWallet(available_minor=500, blocked=False, batch=7)
    await journal.cache([(WalletSerial(each), known) for each in range(1000)])
    await journal.close()
    file = tmp_path / WALLETS_FILE
    whole = file.read_bytes()
    first = 4096  # the page with the schema stays good, so that it still opens
    file.write_bytes(whole[:first] + b"\xff" * (len(whole) - first))
    journal = await reopened()
    assert (await journal.recover()).wallets == {}
    await journal.cache([(WalletSerial(1), known)])
    await journal.close()


async def test_a_torn_journal_is_explained(tmp_path: Path) -> None:
    (tmp_path / JOURNAL_FILE).write_bytes(b"torn" * 1000)
    with pytest.raises(JournalBroken, match="Check the disk"):
        await SqliteJournal.open(tmp_path, till=TILL, event=EVENT, require_disk=False)


OLD = """
CREATE TABLE kept (name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT;
CREATE TABLE orders (
    id TEXT PRIMARY KEY, sequence INTEGER NOT NULL UNIQUE, z_number INTEGER NOT NULL,
    kind TEXT NOT NULL, opened_at TEXT NOT NULL, cancels TEXT, document BLOB NOT NULL,
    attempt INTEGER, decided_document BLOB, outcome TEXT, path TEXT, decided_at TEXT,
    process_data TEXT, total_minor INTEGER, wallet INTEGER, basis_batch INTEGER,
    card_to_decision_us INTEGER, shown INTEGER NOT NULL DEFAULT 0,
    card_to_shown_us INTEGER, fiscal_number INTEGER, fiscal_counter INTEGER,
    fiscal_started_at TEXT, signature TEXT, outage TEXT, advice BLOB,
    recorded INTEGER NOT NULL DEFAULT 0, recorded_as INTEGER, flags TEXT,
    batch INTEGER, incarnation TEXT
) STRICT;
"""
ROW = """
INSERT INTO orders (id, sequence, z_number, kind, opened_at, document, attempt,
    decided_document, outcome, decided_at, process_data, total_minor, wallet, advice)
VALUES (?, ?, 1, 'sale', ?, ?, 1, ?, 'completed', ?, 'Beleg^', 450, ?, x'00')
"""


async def test_a_journal_of_the_first_version_is_taken_over(tmp_path: Path) -> None:
    at = "2026-07-04T21:15:30.000000+00:00"
    with closing(sqlite3.connect(tmp_path / JOURNAL_FILE)) as old:
        old.executescript(OLD)
        for number, (wallet, method) in enumerate([(7, "wallet"), (None, "cash")], 1):
            document = f'{{"till":"bar-0","payment":{{"method":"{method}"}}}}'.encode()
            order = str(UUID(int=number))
            old.execute(ROW, (order, number, at, document, document, at, wallet))
        old.commit()
    for _ in range(2):  # once is enough, and twice does no harm
        opened = await SqliteJournal.open(
            tmp_path, till=TILL, event=EVENT, require_disk=False
        )
        found = await opened.recover()
        await opened.close()
        assert [(e.wallet, e.total_minor) for e in found.spends] == [(7, 450)]
        assert found.registers == {"bar-0": 450}
        assert [past.printed for past in found.recent] == [True, True], "nobody knows"
        assert (found.next_sequence, found.z_number) == (3, 1)


async def test_a_journal_of_newer_software_is_refused(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / JOURNAL_FILE)) as newer:
        newer.execute("PRAGMA user_version = 99")
    with pytest.raises(JournalBroken, match="version 99"):
        await SqliteJournal.open(tmp_path, till=TILL, event=EVENT, require_disk=False)


async def test_an_older_wallet_cache_is_made_anew(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / WALLETS_FILE)) as old:
        old.execute("CREATE TABLE wallets (serial INTEGER PRIMARY KEY, batch INTEGER)")
    opened = await SqliteJournal.open(
        tmp_path, till=TILL, event=EVENT, require_disk=False
    )
    assert (await opened.recover()).wallets == {}
    await opened.close()


async def test_a_shifts_orders_are_read_as_its_twin_reads_them(
    journal: SqliteJournal,
) -> None:
    twin = MemoryJournal()
    for records in commits_of(6):
        await journal.commit(records)
        twin.write(records)
    assert await journal.shift(1) == twin.summed(1)
    for order in twin.rows:
        (mine, undoing), (its, its_undoing) = (
            await journal.find(order),
            twin.found(order),
        )
        assert mine is not None
        assert its is not None
        assert (mine.id, mine.attempts) == (its.id, its.attempts)
        assert {each.id for each in undoing} == {each.id for each in its_undoing}


async def test_two_processes_never_share_a_journal(
    journal: SqliteJournal, tmp_path: Path
) -> None:
    with pytest.raises(JournalBroken, match="Another till process"):
        await SqliteJournal.open(tmp_path, till=TILL, event=EVENT, require_disk=False)


async def test_another_tills_journal_is_refused(tmp_path: Path) -> None:
    first = await SqliteJournal.open(
        tmp_path, till=TILL, event=EVENT, require_disk=False
    )
    await first.close()
    other = TillId("bar-9")
    with pytest.raises(JournalBroken, match="belongs to till bar-0"):
        await SqliteJournal.open(tmp_path, till=other, event=EVENT, require_disk=False)


def test_every_query_can_be_prepared() -> None:
    database = sqlite3.connect(":memory:")
    database.executescript(read("schema.sql"))
    database.executescript(read("wallets.sql"))
    for name, sql in queries().items():
        database.execute(f"EXPLAIN {sql}", _Anything())
        assert sql.endswith(";"), name
    database.close()


class _Anything(dict[str, None]):
    def __missing__(self, key: str) -> None:
        return None


KILLED = """
import asyncio, os, sys
from pathlib import Path
from edge.journal.journal import SqliteJournal
from tests.edge.journal.test_journal import EVENT, TILL, commits_of

async def main() -> None:
    journal = await SqliteJournal.open(
        Path(sys.argv[1]), till=TILL, event=EVENT, require_disk=False
    )
    try:
        for number, records in enumerate(commits_of(1)):
            await journal.commit(records)
            if number == 10:
                os.kill(os.getpid(), 9)
    finally:
        await journal.close()

asyncio.run(main())
"""


async def test_what_was_committed_survives_kill_9(tmp_path: Path) -> None:
    done = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-c", KILLED, str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == -9, done.stderr
    twin = MemoryJournal()
    for records in commits_of(1)[:11]:
        twin.write(records)
    reopened = await SqliteJournal.open(
        tmp_path, till=TILL, event=EVENT, require_disk=False
    )
    assert await reopened.recover() == twin.read()
    await reopened.close()
