"""Whether the ledger still is what tills were told it was, answer by answer."""

from __future__ import annotations

from itertools import zip_longest
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from contract.anchors import JournalAnchors, RememberedHead
from contract.closing import decode_closing
from hub.core.proof import OTHER_BYTES
from hub.core.tally import Tally

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime
    from uuid import UUID

    from hub.store.store import Row, Snapshot

PART = 10_000


class Reign(NamedTuple):
    """An incarnation and its batches; `last` is the one before the next reign."""

    id: UUID
    first: int
    last: int
    begun_at: datetime
    is_current: bool


class Witness(NamedTuple):
    """Who remembers a head, and what of it."""

    name: str
    head: RememberedHead


def reigns(incarnations: Sequence[Row], last_batch: int) -> list[Reign]:
    """Say which batches belong to which incarnation."""
    found = []
    for row, after in zip_longest(incarnations, incarnations[1:]):
        last = last_batch if after is None else after["batch"] - 1
        found.append(
            Reign(row["id"], row["batch"], last, row["begun_at"], after is None)
        )
    return found


async def check_anchors(
    snapshot: Snapshot,
    event: int,
    known: Sequence[Reign],
    journals: Sequence[JournalAnchors],
) -> Tally:
    """Compare what tills' journals and closings remember with the chain.

    A head above the batch at which a restored ledger begins again is lost, not wrong:
    it is counted, and so a restore that never was shows, too.
    """
    tally = Tally()
    by_id = {each.id: each for each in known}
    witnesses = [*_journaled(journals), *await _closed(snapshot, event, tally)]
    for start in range(0, len(witnesses), PART):
        part = witnesses[start : start + PART]
        numbers = sorted({each.head.batch for each in part})
        rows = await snapshot.fetch("verify_heads", event, numbers)
        heads = {row["number"]: row["chain_head"].hex() for row in rows}
        for each in part:
            tally.counts["anchors"] += 1
            _compare(each, by_id.get(each.head.incarnation), heads, tally)
    return tally


def _journaled(journals: Sequence[JournalAnchors]) -> Iterator[Witness]:
    for journal in journals:
        for head in journal.anchors:
            yield Witness(f"till {journal.till}", head)


async def _closed(snapshot: Snapshot, event: int, tally: Tally) -> list[Witness]:
    found = []
    async for page in snapshot.pages("verify_closings", event):
        for row in page:
            name = f"closing {row['z_number']} of till {row['till']}"
            if not row["is_whole"]:
                tally.find("digest", name, OTHER_BYTES)
            try:
                anchor = decode_closing(row["report"]).anchor
            except msgspec.DecodeError as error:
                tally.find("digest", name, f"The closing can't be read: {error}.")
                continue
            if anchor is not None:
                head = RememberedHead(
                    anchor.incarnation, anchor.batch, anchor.chain_head
                )
                found.append(Witness(name, head))
    return found


def _compare(
    witness: Witness, reign: Reign | None, heads: dict[int, str], tally: Tally
) -> None:
    name, head = witness
    if reign is None:
        tally.find(
            "anchor",
            name,
            f"It remembers incarnation {head.incarnation}, which this ledger says it "
            "never had.",
        )
    elif head.batch > reign.last and not reign.is_current:
        tally.counts["anchors_lost"] += 1
    elif heads.get(head.batch) != head.chain_head or head.batch < reign.first:
        there = "with another content" if head.batch in heads else "not at all"
        tally.find(
            "anchor",
            name,
            f"It remembers batch {head.batch} with the head {head.chain_head[:16]}...; "
            f"the ledger has that batch {there}: it was rewritten since.",
        )
