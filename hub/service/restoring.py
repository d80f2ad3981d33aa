"""After a restore or a promotion with loss: the ledger begins a new incarnation.

Tills that hear of it send again whatever the restored ledger can't know, and take a new
snapshot of the wallets.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID, uuid4

from hub.core import chain
from hub.store.errors import StoreError
from hub.store.ledger import Ledger

if TYPE_CHECKING:
    from hub.store.store import Store


class Begun(NamedTuple):
    """A new incarnation, and the batch that says so."""

    incarnation: UUID
    batch: int


class LedgerInUse(StoreError):
    """A hub writes this ledger, and would not notice."""


async def begin_incarnation(store: Store, event: int) -> Begun:
    """Begin a new incarnation where the ledger ends now; raises LedgerInUse.

    Its first batch holds nothing but that, hung onto the chain as it was restored. All
    hubs must be stopped: what they answer names the incarnation they started with.
    """
    ledger = await Ledger.seize(store, event)
    if ledger is None:
        raise LedgerInUse(
            "A hub is writing this ledger. Stop all hubs, then say again that it was "
            "restored."
        )
    try:
        batch, head = await ledger.position()
        fresh = uuid4()
        line = chain.line("incarnation", fresh)
        number = await store.fetch_value(
            "begin_incarnation",
            event,
            batch,
            head,
            chain.next_head(head, [line]),
            fresh,
        )
    finally:
        await ledger.close()
    assert number == batch + 1, "nobody else holds the writer's lock"
    return Begun(fresh, number)
