"""The chain heads a till remembers, written down for `kassenband-hub verify`.

Every answer of the hub names how far its ledger had come; the till's journal keeps it.
So nobody can rewrite the ledger unnoticed, its database's owner included.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

import msgspec

from contract.fields import Count, Digest
from contract.ids import EventIdField, TillIdField

if TYPE_CHECKING:
    from collections.abc import Iterable


class RememberedHead(msgspec.Struct, frozen=True, array_like=True):
    """One answer's word: `[incarnation, batch, chain head in hex]`."""

    incarnation: UUID
    batch: Count
    chain_head: Digest


class JournalAnchors(msgspec.Struct, frozen=True, kw_only=True):
    """All that one till's journal remembers; a file of one JSON object."""

    till: TillIdField
    event: EventIdField
    anchors: tuple[RememberedHead, ...]


def encode_anchors(
    till: str, event: str, heads: Iterable[tuple[str, int, str]]
) -> bytes:
    """Write what a journal remembers; raises ValueError when a head is none."""
    return msgspec.json.encode(
        msgspec.convert(
            {"till": till, "event": event, "anchors": list(heads)}, JournalAnchors
        )
    )


def decode_anchors(data: bytes) -> JournalAnchors:
    """Read the last line that is not empty; raises msgspec.DecodeError."""
    lines = [line for line in data.splitlines() if line.strip()]
    try:
        return msgspec.json.decode(lines[-1] if lines else b"", type=JournalAnchors)
    except (UnicodeDecodeError, RecursionError) as error:  # msgspec's, undocumented
        raise msgspec.DecodeError(str(error)) from None
