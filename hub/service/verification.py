"""`verify`: recompute the whole ledger and say what is wrong where.

The chain is followed from batch to batch, each order is proved from its own bytes, and
what is materialized is added up again; large ledgers in several processes, all of which
look at one moment of the database.
"""

from __future__ import annotations

import asyncio
import gc
import multiprocessing
import signal
from concurrent.futures import ProcessPoolExecutor
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec

from hub.core.books import Books
from hub.core.tally import Finding, Tally
from hub.service.anchor_check import check_anchors, reigns
from hub.service.bill_check import check_bills
from hub.service.chain_check import ENTRY_MAX, check_chain
from hub.service.order_check import ORDER_MAX, OrderCheck, Signatures
from hub.service.payout_check import check_payouts
from hub.store.store import Store

if TYPE_CHECKING:
    from collections.abc import Sequence

    from contract.anchors import JournalAnchors
    from hub.service.anchor_check import Reign
    from hub.service.order_check import Span
    from hub.store.store import Row, Snapshot

ORDERS_AT_ONCE = 4000
"""So many are read at a time: some 30 MB."""
ORDERS_PER_PROCESS_MIN = 20_000

SUMS = {
    "verify_wallets": (
        "balance",
        "wallet account {id}",
        "It holds {balance_minor} and {vouchers} vouchers (overdraft "
        "{overdraft_minor}, above its limit {excess_minor}, used: {used}); its "
        "postings add up to {posted_minor} and {posted_vouchers}.",
    ),
    "verify_missing_wallets": (
        "balance",
        "wallet account {id}",
        "There are postings on it, but there is no wallet.",
    ),
    "verify_guests_money": (
        "balance",
        "all wallets",
        "Together they hold {wallets_minor}; the event's row says {held_minor}, "
        "{excess_minor} of it above its limit.",
    ),
    "verify_movements": (
        "history",
        "wallet account {wallet}",
        "Of the orders that moved it {missing} are missing in its history, and "
        "{strange} stand in it that did not.",
    ),
    "verify_holdings": (
        "balance",
        "{role} {key}",
        "It holds {balance_minor} by its own row; its postings add up to "
        "{posted_minor}.",
    ),
    "verify_wristbands": (
        "wristband",
        "wristband {serial}",
        "It does not stand as its latest change left it.",
    ),
    "verify_unknown_accounts": (
        "entry",
        "entry {entry}",
        "It posts on an account that there is none of.",
    ),
    "verify_signature_counters": (
        "signature",
        "TSE {tse_serial}",
        "Signature counter {counter} is claimed by {orders} orders.",
    ),
    "verify_catalogues": (
        "catalogue",
        "version {version}",
        "Its bytes are not those that were published.",
    ),
}
"""What one query finds: the check, where, and the sentence, filled in from its rows."""


class Incarnation(msgspec.Struct, frozen=True, kw_only=True):
    """A beginning of the ledger: the first, or after a restore."""

    id: UUID
    first_batch: int
    begun_at: datetime


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What `verify` found, and what it looked at; ok means not a single finding.

    Of the signatures, some were computed now, some by an earlier run, and the others
    were skipped. `anchors` are the chain heads that tills remember; those lost in a
    restore could not be compared.
    """

    ok: bool
    orders: int
    entries: int
    signatures: int
    batches: int
    findings: tuple[Finding, ...]
    findings_total: int = 0
    signatures_computed: int = 0
    signatures_known: int = 0
    signatures_skipped: int = 0
    losses: int = 0
    bills: int = 0
    payments: int = 0
    steps_waiting: int = 0
    """What bills have the ledger book that it has not booked yet."""
    anchors: int = 0
    anchors_lost: int = 0
    incarnations: tuple[Incarnation, ...] = ()


async def verify(
    store: Store,
    event: int,
    incarnation: UUID,
    *,
    signatures: Signatures = Signatures.NEW,
    journals: Sequence[JournalAnchors] = (),
    processes: int = 1,
) -> Report:
    """Recompute chain, balances, entries, orders and signatures of one event.

    Reads one moment of the database; at most 1000 findings are told. `journals` is
    what tills remember of the chain, beside what their closings say.
    """
    async with store.snapshot() as snapshot:
        await snapshot.fetch("plan_for_all")
        run = _Run(store, snapshot, event)
        return await run.report(incarnation, signatures, journals, processes)


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """One process's share of a verification."""

    event: int
    root: UUID
    batches: tuple[int, int]
    orders: tuple[tuple[UUID, UUID], ...]
    signatures: Signatures


class _Run:
    def __init__(self, store: Store, snapshot: Snapshot, event: int) -> None:
        self._store = store
        self._snapshot = snapshot
        self._event = event
        self._tally = Tally()

    async def report(
        self,
        incarnation: UUID,
        signatures: Signatures,
        journals: Sequence[JournalAnchors],
        processes: int,
    ) -> Report:
        (extent,) = await self._ask("verify_extent")
        begun = await self._ask("verify_incarnations")
        known = reigns(begun, extent["last_batch"] or 0)
        self._check_incarnations(known, incarnation)
        root = known[0].id if known else incarnation
        parts = max(1, min(processes, extent["orders"] // ORDERS_PER_PROCESS_MIN))
        spans = await self._spans(extent["orders"] // ORDERS_AT_ONCE + 1)
        jobs = [
            Job(
                event=self._event,
                root=root,
                batches=batches,
                orders=tuple(spans[place::parts]),
                signatures=signatures,
            )
            for place, batches in enumerate(_cut(extent["last_batch"] or 0, parts))
        ]
        await self._do(jobs)
        self._tally.add(
            await check_anchors(self._snapshot, self._event, known, journals)
        )
        self._tally.add(await check_bills(self._snapshot, self._event))
        self._tally.add(await check_payouts(self._snapshot, self._event))
        return self._told(known)

    async def _do(self, jobs: Sequence[Job]) -> None:
        """Do the jobs, in processes of their own where there are several."""
        if len(jobs) == 1:
            await self._check_sums()
            self._tally.add(await work(self._store, self._snapshot, jobs[0]))
            return
        exported = await self._snapshot.export()
        loop = asyncio.get_running_loop()
        # Not by fork: this process has threads and an event loop.
        spawning = multiprocessing.get_context("spawn")
        quiet = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)  # at Ctrl+C
        with ProcessPoolExecutor(len(jobs), spawning, quiet) as pool:
            working = [
                loop.run_in_executor(pool, _work_apart, self._store.dsn, exported, job)
                for job in jobs
            ]
            await self._check_sums()
            for each in working:
                self._tally.add(await each)

    def _check_incarnations(self, known: Sequence[Reign], current: UUID) -> None:
        if not known or known[0].first != 0:
            self._tally.find("chain", "incarnation", "The first one is missing.")
        elif known[-1].id != current:
            self._tally.find(
                "chain",
                f"incarnation {current}",
                "The event names it, but the ledger does not say where it begins.",
            )

    async def _spans(self, count: int) -> list[Span]:
        """Cut the orders into spans of about the same size."""
        shares = [part / count for part in range(1, count)]
        (row,) = await self._snapshot.fetch("verify_splits", self._event, shares)
        starts = sorted({each.int for each in row["starts"] or () if each.int})
        firsts = [0, *starts]
        lasts = [*(each - 1 for each in starts), ORDER_MAX.int]
        return [
            (UUID(int=first), UUID(int=last))
            for first, last in zip(firsts, lasts, strict=True)
        ]

    async def _check_sums(self) -> None:
        for query, (check, where, text) in SUMS.items():
            for row in await self._ask(query):
                self._tally.find(check, where.format_map(row), text.format_map(row))

    async def _ask(self, query: str) -> list[Row]:
        return await self._snapshot.fetch(query, self._event)

    def _told(self, known: Sequence[Reign]) -> Report:
        counts = self._tally.counts
        return Report(
            ok=not counts["findings"],
            orders=counts["orders"],
            entries=counts["entries"],
            signatures=counts["signatures"],
            batches=counts["batches"],
            findings=tuple(self._tally.findings),
            findings_total=counts["findings"],
            signatures_computed=counts["signatures_computed"],
            signatures_known=counts["signatures_known"],
            signatures_skipped=counts["signatures_skipped"],
            losses=counts["losses"],
            bills=counts["bills"],
            payments=counts["payments"],
            steps_waiting=counts["steps_waiting"],
            anchors=counts["anchors"],
            anchors_lost=counts["anchors_lost"],
            incarnations=tuple(
                Incarnation(id=each.id, first_batch=each.first, begun_at=each.begun_at)
                for each in known
            ),
        )


async def work(store: Store, snapshot: Snapshot, job: Job) -> Tally:
    """Do a process's share: follow some batches, prove some orders."""
    tally = await check_chain(snapshot, job.event, job.batches, job.root)
    (event,) = await snapshot.fetch("verify_currency", job.event)
    books = Books(
        await snapshot.fetch("verify_accounts", job.event),
        await snapshot.fetch("verify_bands", job.event),
        event["currency"],
    )
    check = OrderCheck(store, snapshot, books, job.signatures)
    for span in job.orders:
        tally.add(await check.check(job.event, span))
    return tally


def _work_apart(dsn: str, exported: str, job: Job) -> Tally:
    """Do a share in a process of its own."""

    async def do() -> Tally:
        store = await Store.open(dsn)
        try:
            async with store.snapshot(exported) as snapshot:
                await snapshot.fetch("plan_for_all")
                return await work(store, snapshot, job)
        finally:
            await store.close()

    # Nothing here lives in cycles; looking for them takes a tenth of the time.
    gc.disable()
    return asyncio.run(do())


def _cut(last_batch: int, parts: int) -> list[tuple[int, int]]:
    """Cut the chain into parts; the last one goes on to whatever claims to follow."""
    starts = [part * (last_batch + 1) // parts for part in range(parts)]
    return [
        (first, following - 1)
        for first, following in zip(starts, [*starts[1:], ENTRY_MAX + 1], strict=True)
    ]
