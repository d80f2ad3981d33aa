"""The hash chain over the ledger, written a second time.

The database makes it while it books (functions.sql); this is how anyone recomputes it.
Each batch is the lines of its records, in a fixed order of kinds and of keys, and its
head is SHA-256 over the head before it and these lines.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import Any

    Row = Mapping[str, Any]


def first_head(incarnation: object) -> bytes:
    """Return the head of batch 0."""
    return hashlib.sha256(str(incarnation).encode()).digest()


def next_head(head: bytes, lines: Iterable[str]) -> bytes:
    """Return the head after a batch with these lines."""
    return hashlib.sha256(head + "\n".join(lines).encode()).digest()


def line(kind: str, row: Row) -> str:
    """Write what the chain says of one record."""
    return "|".join(
        str(field) for field in (kind, *_FIELDS[kind](row)) if field is not None
    )


_FIELDS: Mapping[str, Callable[[Row], tuple[object, ...]]] = {
    "attempt": lambda row: (
        row["order_id"],
        row["attempt"],
        row["digest"].hex(),
        row["till"],
    ),
    "verdict": lambda row: (
        row["order_id"],
        row["attempt"],
        row["code"],
        row["reason"] or "",
        row["balance_minor"],
    ),
    "outcome": lambda row: (
        row["order_id"],
        row["outcome"],
        row["attempt"],
        row["advice_digest"].hex(),
        ",".join(row["flags"]),
    ),
    "contradiction": lambda row: (row["order_id"], row["advice_digest"].hex()),
    "signature": lambda row: (
        row["order_id"],
        row["tse_serial"],
        row["number"],
        row["counter"],
    ),
    "entry": lambda row: (
        row["id"],
        row["cause"],
        row["order_id"],
        row["attempt"],
        row["reverses"],
    ),
    "posting": lambda row: (
        row["entry"],
        row["account"],
        row["unit"],
        row["amount_minor"],
    ),
}

KINDS = tuple(_FIELDS)
"""The kinds of records, in the order in which a batch's lines name them."""
