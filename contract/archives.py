"""How a till delivers its TSE's log over the edge listener.

PUT with Content-Range and Repr-Digest (RFC 9110, RFC 9530), any pieces in order; each
answer, and GET at any time, says what the hub has.
"""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING

import msgspec

from contract.fields import Count, Text

if TYPE_CHECKING:
    from uuid import UUID

    from contract.ids import EventId

PIECE_BYTES_MAX = 4 * 1024 * 1024


class ArchiveState(enum.Enum):
    """How far an archive is."""

    RECEIVING = "receiving"
    CHECKING = "checking"
    RECORDED = "recorded"
    REFUSED = "refused"


class ArchiveProgress(msgspec.Struct, frozen=True, kw_only=True):
    """What the hub has of an archive: its first `offset` bytes; `text` says why not."""

    state: ArchiveState
    offset: Count = 0
    text: Text = ""


def archive_path(event: EventId, archive: UUID) -> str:
    """Return where an archive is delivered, on the edge listener."""
    return f"/edge/{event}/tse-archives/{archive}"
