"""Whether a part of the ledger gives the chain heads that its batches have.

Each batch is compared with the head before it as stored, so that parts of the chain can
be looked at side by side: if every link holds, all of it does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hub.core import chain
from hub.core.records import read_postings
from hub.core.tally import Tally

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from uuid import UUID

    from hub.store.store import Row, Snapshot

ENTRY_MAX = 2**62

FIELDS: Mapping[str, tuple[str, ...]] = {
    "incarnation": ("id",),
    "attempt": ("order_id", "attempt", "digest", "till", "reason", "balance_minor"),
    "outcome": ("order_id", "outcome", "attempt", "advice_digest", "flags"),
    "contradiction": ("order_id", "advice_digest"),
    "signature": ("order_id", "tse_serial", "number", "counter"),
    "band": (
        "serial",
        "entry",
        "wallet",
        "blocked",
        "registered",
        "restriction",
        "successor",
        "note",
        "order_id",
    ),
    "shift": ("register", "entry", "holder", "z_number", "order_id"),
    "presale": ("code_hash", "entry", "holder", "order_id"),
    "closing": (
        "till",
        "z_number",
        "first_sequence",
        "last_sequence",
        "digest",
        "signature",
        "flags",
    ),
    "entry": ("id", "cause", "order_id", "attempt", "reverses", "cancels"),
}
"""What the chain says of each kind of record, by the columns it is kept in."""

COUNTED = {"outcome": "orders", "entry": "entries", "signature": "signatures"}


async def check_chain(
    snapshot: Snapshot, event: int, batches: tuple[int, int], root: UUID
) -> Tally:
    """Compare batches (first and last, both included) with what they are made of.

    `root` is the first incarnation, from which batch 0 has its head; a part that goes
    to the end of the chain ends with ENTRY_MAX.
    """
    check = _ChainCheck(snapshot, event, batches, root)
    await check.run()
    return check.tally


class _ChainCheck:
    def __init__(
        self, snapshot: Snapshot, event: int, batches: tuple[int, int], root: UUID
    ) -> None:
        self.tally = Tally()
        self._snapshot = snapshot
        self._event = event
        self._first, self._last = batches
        self._root = root
        self._streams: list[_Stream] = []

    async def run(self) -> None:
        """Follow the chain from head to head."""
        before, entry = await self._before()
        # What claims to belong to a batch before the first must be seen, too.
        low = self._first or -ENTRY_MAX
        span = (self._event, low, self._last)
        for kind in FIELDS:
            pages = self._snapshot.pages(f"chain_{kind}", *span)
            self._streams.append(_Stream(kind, pages))
        expected, head = self._first, before
        async for page in self._snapshot.pages("verify_batches", *span):
            for batch in page:
                number = batch["number"]
                if number != expected:
                    self._report_gap(expected, number - 1)
                    head = None
                entry = await self._check_batch(batch, head, entry)
                head, expected = batch["chain_head"], number + 1
        if expected <= self._last < ENTRY_MAX:
            self._report_gap(expected, self._last)
        for stream in self._streams:
            await stream.drain()
            if stream.strays:
                self.tally.find(
                    "chain",
                    stream.kind,
                    f"{stream.strays} records lie outside of any batch.",
                )

    async def _before(self) -> tuple[bytes | None, int]:
        """Read the head and the last entry before this part."""
        rows = await self._snapshot.fetch(
            "verify_heads", self._event, [self._first - 1]
        )
        return (rows[0]["chain_head"], rows[0]["last_entry"]) if rows else (None, 0)

    def _report_gap(self, first: int, last: int) -> None:
        self.tally.find(
            "chain", f"batch {first}", f"Batches {first} to {last} are missing."
        )

    async def _check_batch(self, batch: Row, head: bytes | None, entry: int) -> int:
        """Compare one batch with its records; returns its last entry."""
        number, lines = batch["number"], []
        for stream in self._streams:
            for row in await stream.take(number):
                lines.append(_line(stream.kind, row))
                if stream.kind in COUNTED:
                    self.tally.counts[COUNTED[stream.kind]] += 1
                if stream.kind == "entry":
                    entry += 1
                    self._check_number(row, entry)
        self.tally.counts["batches"] += 1
        if number == 0:
            head = chain.first_head(self._root)
        wanted = head
        if head is not None and (lines or number > 0):
            wanted = chain.next_head(head, lines)
        if wanted not in {None, batch["chain_head"]}:
            self.tally.find(
                "chain",
                f"batch {number}",
                "The batch's records do not give its chain head: something in it was "
                "changed, added or removed.",
            )
        last: int = batch["last_entry"]
        if head is not None and last != entry:
            self.tally.find(
                "chain",
                f"batch {number}",
                f"Its last entry is {entry}, not {last} as it says.",
            )
        return last

    def _check_number(self, row: Row, expected: int) -> None:
        if row["id"] != expected:
            self.tally.find(
                "chain",
                f"entry {row['id']}",
                f"Entry {expected} should stand in its place in the chain.",
            )


class _Stream:
    """Rows ordered by batch, taken batch by batch."""

    def __init__(self, kind: str, pages: AsyncIterator[list[Row]]) -> None:
        self.kind = kind
        self.strays = 0
        """Rows of batches that nobody asked for."""
        self._pages = pages
        self._page: list[Row] = []
        self._place = 0

    async def take(self, batch: int) -> list[Row]:
        """Return the rows of a batch; batches are asked for in order."""
        taken: list[Row] = []
        while await self._has_more():
            row = self._page[self._place]
            if row["batch"] > batch:
                break
            if row["batch"] == batch:
                taken.append(row)
            else:
                self.strays += 1
            self._place += 1
        return taken

    async def drain(self) -> None:
        """Count what is left as strays."""
        await self.take(ENTRY_MAX)

    async def _has_more(self) -> bool:
        while self._place >= len(self._page):
            page = await anext(self._pages, None)
            if page is None:
                return False
            self._page, self._place = page, 0
        return True


def _line(kind: str, row: Row) -> bytes:
    fields = [row[name] for name in FIELDS[kind]]
    if kind == "entry":
        fields.append(read_postings(row))
    return chain.line(kind, *fields)
