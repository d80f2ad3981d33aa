"""Who has seen to something, as it is kept: read from the rows of what was seen to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from hub.store.store import Row

NOTE_MAX = 500


@dataclass(frozen=True, slots=True)
class Seen:
    """Who has seen to something, when, and what came of it."""

    by: str
    at: datetime
    note: str


def seen_of(row: Row) -> Seen | None:
    """Read who has seen to what a row is about; None if nobody has."""
    if row["seen_by"] is None:
        return None
    return Seen(row["seen_by"], row["seen_at"], row["note"])
