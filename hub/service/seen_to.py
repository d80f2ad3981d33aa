"""That somebody has seen to something: what the ledger refused, or booked as odd.

Who, when and why is kept for good. What was seen to leaves its list, and stays to be
found among what was seen to.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hub.core.bills.errors import NotAllowed
from hub.service.seen import NOTE_MAX

if TYPE_CHECKING:
    from uuid import UUID

    from hub.service.flagged_orders import Place, Wanted
    from hub.store.store import Store


class SeenTo:
    """Keeps what staff of one event say they have seen to; each raises NotAllowed."""

    def __init__(self, store: Store, event: int) -> None:
        self._store = store
        self._event = event

    async def refused_step(self, order: UUID, *, by: str, note: str) -> None:
        """Note it of a step of a bill that the ledger refused."""
        said = (by, _written(note))
        await self._once("see_to_refused", order, *said)

    async def flagged_order(
        self, order: UUID, digest: bytes, *, by: str, note: str
    ) -> None:
        """Note it of what a till said of an order, by the digest of its bytes."""
        said = (by, _written(note))
        await self._once("see_to_flagged", order, digest, *said)

    async def flagged_orders(
        self, wanted: Wanted, last: Place, *, by: str, note: str
    ) -> int:
        """Note it of all that is wanted, up to `last` in the ledger; says of how many.

        So nobody sees to what came in after they had looked.
        """
        noted: int = await self._store.fetch_value(
            "see_to_all_flagged",
            self._event,
            "" if wanted.flag is None else wanted.flag.value,
            wanted.till,
            last.batch,
            last.digest,
            by,
            _written(note),
        )
        if not noted:
            raise NotAllowed("Somebody else has seen to this. Look again.")
        return noted

    async def _once(self, query: str, *values: object) -> None:
        if await self._store.fetch_value(query, self._event, *values) is None:
            raise NotAllowed("Somebody else has seen to this. Look again.")


def _written(note: str) -> str:
    text = note.replace("\x00", "").strip()
    if not text:
        raise NotAllowed("Say in a few words what was done about it.")
    if len(text) > NOTE_MAX:
        raise NotAllowed(f"A note has up to {NOTE_MAX} characters.")
    return text
