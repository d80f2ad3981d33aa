"""Asks the demo's three witnesses: the tills' journals, the ledger, the TSEs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from edge.journal.reading import JournaledOrder, last_closing, read_orders
from hub.export.check.dsfinvk import check_dsfinvk
from hub.service.archive_check import ArchiveReport
from hub.service.context import ContextKeeper
from hub.service.dsfinvk import NothingToExport, Period, export
from hub.service.verification import verify
from hub.store.store import Store
from provisioning import demo_event
from provisioning.audit import (
    ArchiveCount,
    KeptArchive,
    LedgerOrder,
    SignedProcess,
    TaxExport,
    archives,
)
from provisioning.processes import ProvisioningError
from provisioning.shop import program
from tse_driver.export_reader import check_export

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from provisioning.shop import Counter, Shop

EXPORT_TIMEOUT_S = 120.0


def ask_journals(counters: Sequence[Counter]) -> dict[str, list[JournaledOrder]]:
    """Read what each till has promised, from its disk."""
    return {each.till: read_orders(each.journal) for each in counters}


def ask_tses(shop: Shop) -> set[SignedProcess]:
    """Export each TSE over its serial line and keep what verifies."""
    children = [
        (
            counter,
            shop.run(
                f"{counter.till}-tse-export",
                [
                    *program("tse_driver"),
                    *("export", "--port", counter.tse, "--client", counter.till),
                    *("--out", counter.directory / "tse-export.tar"),
                ],
            ),
        )
        for counter in shop.counters
    ]
    signed: set[SignedProcess] = set()
    for counter, child in children:
        if shop.await_end(child, timeout_s=EXPORT_TIMEOUT_S) != 0:
            raise ProvisioningError(
                f"The TSE of {counter.till} could not be exported. See {child.log}."
            )
        with (counter.directory / "tse-export.tar").open("rb") as file:
            check = check_export(file)
        signed |= {
            SignedProcess(
                finished.client_id, number, finished.process_data.decode("utf-8")
            )
            for number, finished in check.transactions.items()
        }
    return signed


async def ask_ledger(
    dsn: str,
) -> tuple[dict[str, LedgerOrder], int, list[str]]:
    """Read the orders booked and not reversed, the declines, and what verify finds."""
    event = demo_event.EVENT_NUMBER
    store = await Store.open(dsn)
    try:
        rows = await store.fetch("booked_orders", event)
        declined = await store.fetch_value("declined_attempts", event)
        row = await store.fetch_row("event_by_slug", demo_event.EVENT)
        assert row is not None, "the demo's event was created at its opening"
        report = await verify(store, event, row["incarnation"])
    finally:
        await store.close()
    booked = {
        str(row["order_id"]): LedgerOrder(
            str(row["order_id"]),
            row["live_entries"],
            row["total_minor"],
            row["paid_minor"],
        )
        for row in rows
    }
    findings = [f"{each.check}: {each.text}" for each in report.findings]
    return booked, declined, findings


async def ask_tax_export(dsn: str, file: Path) -> tuple[TaxExport, list[str]]:
    """Export all closings for the tax office, and have the file judged by itself."""
    store = await Store.open(dsn)
    try:
        context = ContextKeeper(store, demo_event.EVENT)
        try:
            await export(store, await context.refresh(), Period(), file)
        except NothingToExport as nothing:
            return TaxExport(), [f"tax export: {nothing}"]
    finally:
        await store.close()
    check = check_dsfinvk(file)
    said = TaxExport(check.closings, check.receipts, check.verified)
    wrong = [f"tax export: {each}" for each in check.findings if not each.is_note]
    return said, wrong


async def ask_archives(
    dsn: str, counters: Sequence[Counter]
) -> tuple[ArchiveCount, list[str]]:
    """Compare the tills' last closings with the TSE logs that the hub has recorded."""
    store = await Store.open(dsn)
    try:
        rows = await store.fetch("tse_archives", demo_event.EVENT_NUMBER)
    finally:
        await store.close()
    reports = [msgspec.json.decode(row["report"], type=ArchiveReport) for row in rows]
    kept = [
        KeptArchive(row["till"], row["tse_serial"], report.numbers[1], report.valid)
        for row, report in zip(rows, reports, strict=True)
        if report.numbers is not None
    ]
    return archives({each.till: last_closing(each.journal) for each in counters}, kept)


async def ask_closings(dsn: str) -> int:
    """Count the closings that the ledger has recorded."""
    store = await Store.open(dsn)
    try:
        found = await store.fetch_value("count_closings", demo_event.EVENT_NUMBER)
    finally:
        await store.close()
    return int(found)
