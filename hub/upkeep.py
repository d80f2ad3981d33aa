"""What an operator does to the ledger by command: bring it up to date, verify it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from contract.anchors import decode_anchors
from hub.service.context import ContextKeeper
from hub.service.order_check import Signatures
from hub.service.restoring import begin_incarnation
from hub.service.verification import verify
from hub.settings import SettingsError
from hub.store.migrate import migrate
from hub.store.store import Store

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from contract.anchors import JournalAnchors
    from hub.service.verification import Report
    from hub.settings import Settings


def add_migrate(parser: argparse.ArgumentParser) -> None:
    """Add what `migrate` understands."""
    parser.add_argument(
        "--restored",
        action="store_true",
        help="the database comes from a backup: let tills send again what it lacks",
    )


async def run_migrate(settings: Settings, options: argparse.Namespace) -> Iterator[str]:
    """Bring the database up to date, as its owner; says what was done."""
    applied = await migrate(settings.database)
    said = applied or ["The database is up to date."]
    if options.restored:
        said.append(await _begin_anew(settings))
    return iter(said)


async def _begin_anew(settings: Settings) -> str:
    store = await Store.open(settings.database)
    try:
        event = await ContextKeeper(store, settings.event).refresh()
        begun = await begin_incarnation(store, event.number)
    finally:
        await store.close()
    return (
        f"The ledger begins a new incarnation with batch {begun.batch}. Start the hub: "
        "the tills send again what this ledger lacks."
    )


def add_verify(parser: argparse.ArgumentParser) -> None:
    """Add what `verify` understands."""
    parser.add_argument("--json", action="store_true", help="one object, last line")
    parser.add_argument(
        "--signatures",
        choices=[each.value for each in Signatures],
        default=Signatures.NEW.value,
        help="which to compute; new: those that no earlier run found right",
    )
    parser.add_argument(
        "--journal",
        type=Path,
        nargs="+",
        action="extend",
        default=[],
        metavar="FILE",
        help="compare with what 'kassenband-till journal anchors --json' wrote",
    )
    parser.add_argument(
        "--processes",
        type=int,
        default=os.cpu_count() or 1,
        metavar="N",
        help="use at most so many for a large ledger",
    )


async def run_verify(settings: Settings, options: argparse.Namespace) -> Report:
    """Recompute the ledger of the hub's event."""
    journals = [_read_journal(path, settings) for path in options.journal]
    store = await Store.open(settings.database)
    try:
        event = await ContextKeeper(store, settings.event).refresh()
        return await verify(
            store,
            event.number,
            event.incarnation,
            signatures=Signatures(options.signatures),
            journals=journals,
            processes=options.processes,
        )
    finally:
        await store.close()


def told(report: Report, *, as_json: bool) -> str:
    """Write a report for a person, or as one JSON object."""
    if as_json:
        return msgspec.json.encode(report).decode()
    return "\n".join(sentences(report))


def sentences(report: Report) -> Iterator[str]:
    """Tell a report to a person: the findings, then what was looked at."""
    for finding in report.findings:
        yield f"{finding.check}: {finding.where}: {finding.text}"
    yield (
        f"{report.orders} orders, {report.entries} entries, {report.losses} of them "
        f"with a stand-in loss, in {report.batches} batches."
    )
    yield (
        f"{report.signatures} signatures: {report.signatures_computed} computed now, "
        f"{report.signatures_known} found right by an earlier run, "
        f"{report.signatures_skipped} not looked into."
    )
    yield (
        f"{report.anchors} chain heads that tills remember were compared, "
        f"{report.anchors_lost} of them lie in batches lost by a restore."
    )
    for each in report.incarnations[1:]:
        yield (
            f"The ledger began again with batch {each.first_batch}, on "
            f"{each.begun_at:%Y-%m-%d at %H:%M} UTC."
        )
    if report.ok:
        yield "All is well."
    else:
        yield f"{report.findings_total} findings."


def _read_journal(path: Path, settings: Settings) -> JournalAnchors:
    try:
        journal = decode_anchors(path.read_bytes())
    except (OSError, msgspec.DecodeError) as error:
        raise SettingsError(
            f"{path} is not what a till's journal remembers ({error}). "
            "Make it with 'kassenband-till journal anchors --json'."
        ) from error
    if journal.event != settings.event:
        raise SettingsError(
            f"{path} is of the event {journal.event}, this hub of {settings.event}."
        )
    return journal
