"""Whether what the ledger holds of an order follows from the order, signature too.

The orders are read in the order of their ids, some thousand at a time.
"""

from __future__ import annotations

import enum
import random
from typing import TYPE_CHECKING
from uuid import UUID

from contract.receipt import qr_text
from hub.core.proof import OrderRecords, prove
from hub.core.tally import Tally
from tse_driver.errors import TseError
from tse_driver.log_message import verify_receipt

if TYPE_CHECKING:
    from collections.abc import Iterator

    from contract.fiscal import Signature
    from hub.core.books import Books
    from hub.store.store import Row, Snapshot, Store

ORDER_MAX = UUID(int=2**128 - 1)
SAMPLE_SHARE = 0.01

Span = tuple[UUID, UUID]
"""The first and the last id of some orders, both included."""


class Signatures(enum.Enum):
    """Which signatures are computed, at 1 to 2 ms of a core each."""

    ALL = "all"
    NEW = "new"
    """Those that no earlier run has found right; it remembers what it finds right."""
    SAMPLE = "sample"
    """One in a hundred, drawn anew each time."""
    NONE = "none"


class OrderCheck:
    """Checks orders of one event, as of one moment."""

    def __init__(
        self, store: Store, snapshot: Snapshot, books: Books, signatures: Signatures
    ) -> None:
        self._store = store
        self._snapshot = snapshot
        self._books = books
        self._signatures = signatures

    async def check(self, event: int, span: Span) -> Tally:
        """Check the orders of a span; right signatures are remembered."""
        tally = Tally()
        right: list[tuple[UUID, bytes]] = []
        for records in await self._read(event, span):
            proved = prove(records, self._books)
            tally.take(proved.findings)
            tally.counts["losses"] += proved.loses
            if proved.signature is None:
                continue
            end = records.outcomes[0]
            if not self._is_due(was_checked=end["was_checked"]):
                kept = end["was_checked"] and self._signatures is Signatures.NEW
                tally.counts["signatures_known" if kept else "signatures_skipped"] += 1
                continue
            tally.counts["signatures_computed"] += 1
            problem = signature_problem(proved.signature)
            if problem:
                tally.find("signature", f"order {records.order}", problem)
            elif not end["was_checked"]:
                right.append((records.order, end["advice_digest"]))
        if right:
            orders, digests = zip(*right, strict=True)
            await self._store.fetch("note_signatures", event, orders, digests)
        return tally

    def _is_due(self, *, was_checked: bool) -> bool:
        match self._signatures:
            case Signatures.ALL:
                return True
            case Signatures.NEW:
                return not was_checked
            case Signatures.SAMPLE:
                return random.random() < SAMPLE_SHARE
            case Signatures.NONE:
                return False

    async def _read(self, event: int, span: Span) -> Iterator[OrderRecords]:
        found: dict[UUID, OrderRecords] = {}
        for kind, place in _KINDS.items():
            rows: list[Row] = await self._snapshot.fetch(kind, event, *span)
            for row in rows:
                order = row["order_id"]
                records = found.get(order)
                if records is None:
                    records = found[order] = OrderRecords(order)
                getattr(records, place).append(row)
        return iter(found.values())


_KINDS = {
    "proof_attempt": "attempts",
    "proof_outcome": "outcomes",
    "proof_contradiction": "contradictions",
    "proof_signature": "signatures",
    "proof_entry": "entries",
    "proof_presale": "presales",
}


def signature_problem(signature: Signature) -> str:
    """Compute a signature by its own public key; says what is wrong with it, or ''."""
    try:
        check = verify_receipt(qr_text(signature))
    except TseError as error:
        return f"The signature can't be read: {error}"
    if not check.valid:
        return check.reason
    if check.tse_serial != signature.tse_serial:
        return "The TSE's serial number does not belong to its public key."
    return ""
