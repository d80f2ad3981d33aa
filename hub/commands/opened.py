"""The hub's event and its database, at hand for one command."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hub.service.context import ContextKeeper
from hub.store.store import Store

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from hub.service.context import EventContext
    from hub.settings import Settings


@dataclass(frozen=True, slots=True)
class Opened:
    """An event as it stands, and where to change it."""

    store: Store
    context: ContextKeeper

    @property
    def event(self) -> EventContext:
        """What is agreed as of the last look."""
        return self.context.current


@asynccontextmanager
async def connected(settings: Settings) -> AsyncIterator[Store]:
    """Have the database at hand, whatever it holds; raises DatabaseGone."""
    store = await Store.open(settings.database)
    try:
        yield store
    finally:
        await store.close()


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Opened]:
    """Have the hub's event at hand; raises UnknownEvent, DatabaseGone."""
    async with connected(settings) as store:
        context = ContextKeeper(store, settings.event)
        await context.refresh()
        yield Opened(store, context)
