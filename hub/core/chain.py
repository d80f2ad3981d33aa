"""The hash chain over the ledger: what a batch's head is made from.

Each record is one line: a JSON array, bytes in it as base64. A batch's lines, sorted,
follow the head of the batch before it, and SHA-256 over both is the batch's own head.
The hub makes it when it books; `verify` makes it again from what the database holds.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from uuid import UUID
    from hub.core.state import Amounts

_line = msgspec.json.Encoder().encode


def first_head(incarnation: object) -> bytes:
    """Return the head of batch 0."""
    return hashlib.sha256(str(incarnation).encode()).digest()


def next_head(head: bytes, lines: Iterable[bytes]) -> bytes:
    """Return the head after a batch with these lines."""
    return hashlib.sha256(head + b"\n".join(sorted(lines))).digest()


def attempt(
    order: UUID,
    number: int,
    digest: bytes,
    till: str | None,
    reason: str | None,
    balance: int | None,
) -> bytes:
    """Write what was asked, and what was answered."""
    return _line(("attempt", order, number, digest, till, reason, balance))


def outcome(
    order: UUID,
    step: str,
    number: int,
    advice_digest: bytes,
    flags: Sequence[str],
) -> bytes:
    """Write how an order ended."""
    return _line(("outcome", order, step, number, advice_digest, flags))


def contradiction(order: UUID, advice_digest: bytes) -> bytes:
    """Write that an advice said otherwise."""
    return _line(("contradiction", order, advice_digest))


def signature(order: UUID, tse_serial: str, number: int, counter: int) -> bytes:
    """Write which signature an order got."""
    return _line(("signature", order, tse_serial, number, counter))


def band(serial: int, wallet: int, blocked: bool, order: UUID) -> bytes:
    """Write what became of a wristband."""
    return _line(("band", serial, wallet, blocked, order))


def entry(
    number: int,
    cause: str,
    order: UUID,
    attempt_number: int,
    reverses: int | None,
    cancels: UUID | None,
    postings: Amounts,
) -> bytes:
    """Write an entry with all its postings."""
    amounts = sorted(postings)
    return _line(
        ("entry", number, cause, order, attempt_number, reverses, cancels, amounts)
    )
