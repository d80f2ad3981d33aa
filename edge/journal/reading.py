"""Reads a journal beside its till, for people, audits and imports; changes nothing."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import msgspec

from contract.anchors import encode_anchors
from contract.fiscal import Outage, Signature
from edge.core.errors import JournalBroken
from edge.journal.journal import JOURNAL_FILE
from edge.journal.queries import queries

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class JournaledAttempt:
    """A try to pay, and what the hub said of it."""

    number: int
    verdict: str | None
    batch: int | None


@dataclass(frozen=True, slots=True)
class JournaledOrder:
    """An order as its till has it on disk; times as ISO 8601, money in minor units."""

    id: str
    sequence: int
    z_number: int
    kind: str
    opened_at: str
    cancels: str | None
    outcome: str | None
    path: str | None
    decided_at: str | None
    total_minor: int | None
    wallet: int | None
    process_data: str | None
    shown: bool
    card_to_decision_us: int | None
    card_to_shown_us: int | None
    signature: Signature | None
    outage: Outage | None
    sealed: bool
    recorded: bool
    flags: tuple[str, ...]
    batch: int | None
    attempts: tuple[JournaledAttempt, ...]


def read_orders(directory: Path) -> list[JournaledOrder]:
    """Read every order of a journal, by sequence; raises JournalBroken."""
    attempts, orders = _read(directory, "all_attempts", "all_orders")
    tried: dict[str, list[JournaledAttempt]] = {}
    for row in attempts:
        tried.setdefault(row["order_id"], []).append(
            JournaledAttempt(row["number"], row["verdict"], row["batch"])
        )
    return [_order(row, tuple(tried.get(row["id"], ()))) for row in orders]


def read_anchors(directory: Path) -> bytes:
    """Write the chain heads the journal remembers, for the hub's `verify`."""
    (owner,), heads = _read(directory, "owner", "all_anchors")
    till, _, event = owner["value"].decode().partition(" at ")
    return encode_anchors(till, event, (tuple(head) for head in heads))


def closings_ended(directory: Path) -> bool:
    """Whether the hub has recorded every closing of a journal."""
    (still_open,) = _read(directory, "open_closings")
    return not still_open


def fiscal_spans(directory: Path) -> dict[str, tuple[int, int]]:
    """Say which number the till began first at each TSE, and which last."""
    (found,) = _read(directory, "fiscal_spans")
    return {row["serial"]: (row["first"], row["last"]) for row in found}


def last_closing(directory: Path) -> Signature | None:
    """Read what the TSE said of the newest closing that it has signed, if any."""
    (found,) = _read(directory, "last_signed_closing")
    for row in found:
        return msgspec.json.decode(row["signature"], type=Signature)
    return None


def summary(orders: list[JournaledOrder]) -> dict[str, int]:
    """Count what a journal holds."""
    return {
        "orders": len(orders),
        "completed": sum(each.outcome == "completed" for each in orders),
        "aborted": sum(each.outcome == "aborted" for each in orders),
        "undecided": sum(each.outcome is None for each in orders),
        "stand_in": sum(each.path == "stand_in" for each in orders),
        "signed": sum(each.signature is not None for each in orders),
        "outages": sum(each.outage is not None for each in orders),
        "undelivered": sum(not each.recorded for each in orders),
    }


def show(orders: list[JournaledOrder]) -> Iterator[str]:
    """Describe a journal for a person: one line per order, then the counts."""
    for each in orders:
        money = "-" if each.total_minor is None else f"{each.total_minor} minor units"
        state = each.outcome or "undecided"
        told = "recorded" if each.recorded else "undelivered"
        signed = "signed" if each.signature else "not signed"
        number = f"{each.sequence:>6}"
        yield f"{number}  {each.id}  {each.kind}  {money}  {state}, {signed}, {told}"
    yield ", ".join(f"{name}: {count}" for name, count in summary(orders).items())


def export(orders: list[JournaledOrder]) -> Iterator[str]:
    """Write every order as a line of JSON."""
    for each in orders:
        yield msgspec.json.encode(asdict_shallow(each)).decode()


def summary_json(orders: list[JournaledOrder]) -> str:
    """Write the counts as one JSON object."""
    return json.dumps(summary(orders))


def asdict_shallow(order: JournaledOrder) -> dict[str, object]:
    """Return an order's fields by name; attempts become objects too."""
    fields = {name: getattr(order, name) for name in order.__dataclass_fields__}
    fields["attempts"] = [asdict(each) for each in order.attempts]
    return fields


def _read(directory: Path, *names: str) -> list[list[sqlite3.Row]]:
    """Run some statements on a journal that its till may be using."""
    path = directory / JOURNAL_FILE
    if not path.is_file():
        raise JournalBroken(f"There is no journal in {directory}.")
    try:
        # Not "immutable": the till may be writing, and what it has just committed
        # lies in the WAL.
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
            database.row_factory = sqlite3.Row
            return [database.execute(queries()[name]).fetchall() for name in names]
    except sqlite3.Error as error:
        raise JournalBroken(f"The journal {path} can't be read: {error}.") from error


def _order(row: sqlite3.Row, attempts: tuple[JournaledAttempt, ...]) -> JournaledOrder:
    signature, outage = row["signature"], row["outage"]
    return JournaledOrder(
        id=row["id"],
        sequence=row["sequence"],
        z_number=row["z_number"],
        kind=row["kind"],
        opened_at=row["opened_at"],
        cancels=row["cancels"],
        outcome=row["outcome"],
        path=row["path"],
        decided_at=row["decided_at"],
        total_minor=row["total_minor"],
        wallet=row["wallet"],
        process_data=row["process_data"],
        shown=bool(row["shown"]),
        card_to_decision_us=row["card_to_decision_us"],
        card_to_shown_us=row["card_to_shown_us"],
        signature=signature and msgspec.json.decode(signature, type=Signature),
        outage=outage and msgspec.json.decode(outage, type=Outage),
        sealed=row["advice"] is not None,
        recorded=bool(row["recorded"]),
        flags=tuple(filter(None, (row["flags"] or "").split(","))),
        batch=row["batch"],
        attempts=attempts,
    )
