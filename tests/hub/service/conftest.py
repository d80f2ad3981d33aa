from __future__ import annotations

from typing import TYPE_CHECKING

import pytest_asyncio

from tests.hub.hubs import Parts, running_parts

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from hub.service.context import ContextKeeper
    from hub.store.store import Store


@pytest_asyncio.fixture
async def parts(store: Store, context: ContextKeeper) -> AsyncIterator[Parts]:
    async with running_parts(store, context) as running:
        yield running
