"""The hash chain over the ledger: what a batch's head is made from.

Each record is one line: a JSON array, bytes in it as base64. A batch's lines, sorted,
follow the head of the batch before it, and SHA-256 over both is the batch's own head.
The hub makes it when it books; `verify` makes it again from what the database holds.

The lines, by the kind they begin with:
incarnation: its id, where it is not the first, which is the chain's root;
attempt: order, number, digest, till, reason of a decline or null, balance told;
outcome: order, completed or aborted, attempt, digest of the advice, flags;
contradiction: order, digest of the advice;
signature: order, TSE serial, fiscal number, signature counter;
band: serial of the wristband, entry, its wallet, whether it is blocked, whether it is
registered, restriction, successor, key of a note, order;
shift: cash register, entry, its holder or null, Z number, order;
presale: digest of a code, entry, order that holds it or null, order that says so;
closing: till, Z number, first and last sequence number, digest of the report, SHA-256
of its signature or null, flags;
entry: number, cause, order, attempt, entry reversed or null, order canceled or null,
and its postings sorted: account, unit, amount.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable

_encode = msgspec.json.Encoder().encode


def first_head(incarnation: object) -> bytes:
    """Return the head of batch 0."""
    return hashlib.sha256(str(incarnation).encode()).digest()


def next_head(head: bytes, lines: Iterable[bytes]) -> bytes:
    """Return the head after a batch with these lines."""
    return hashlib.sha256(head + b"\n".join(sorted(lines))).digest()


def line(kind: str, *fields: object) -> bytes:
    """Write one record; this module says which fields a kind has."""
    return _encode((kind, *fields))
