from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from contract.topics import HUB_CLIENT
from provisioning.broker import BrokerFiles, PrivateBroker
from provisioning.ca import EventCa
from tests.hub import samples
from tests.hub.hubs import Client, Parts, running_link, running_parts

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from contextlib import AbstractAsyncContextManager

    from hub.link.link import Link
    from hub.service.context import ContextKeeper
    from hub.store.store import Store
    from provisioning.ca import Leaf


@pytest.fixture(scope="session")
def ca(tmp_path_factory: pytest.TempPathFactory) -> EventCa:
    return EventCa.create(tmp_path_factory.mktemp("ca") / "ca", samples.EVENT.slug)


@pytest.fixture(scope="session")
def leaves(ca: EventCa) -> dict[str, Leaf]:
    return {name: ca.issue_client(name) for name in (*samples.TILLS, HUB_CLIENT)}


@pytest.fixture
def broker(
    ca: EventCa, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[PrivateBroker]:
    server = ca.issue_server("broker", ["127.0.0.1"])
    files = BrokerFiles(ca.certificate, server.certificate, server.key, ca.revocations)
    directory = tmp_path_factory.mktemp("broker")
    with PrivateBroker(
        directory, files, event=samples.EVENT.slug, tills=samples.TILLS
    ) as running:
        yield running


@pytest_asyncio.fixture
async def parts(store: Store, context: ContextKeeper) -> AsyncIterator[Parts]:
    async with running_parts(store, context) as running:
        yield running


@pytest_asyncio.fixture
async def link(
    parts: Parts, broker: PrivateBroker, ca: EventCa, leaves: dict[str, Leaf]
) -> AsyncIterator[Link]:
    async with running_link(parts, broker, ca, leaves[HUB_CLIENT]) as running:
        yield running


@pytest.fixture
def join(
    broker: PrivateBroker, ca: EventCa, leaves: dict[str, Leaf]
) -> Callable[..., AbstractAsyncContextManager[Client]]:
    """Connect a till by its name."""

    @asynccontextmanager
    async def joined(
        name: str = samples.TILL, **options: object
    ) -> AsyncIterator[Client]:
        client = Client(name, **options)  # type: ignore[arg-type]
        await client.connect(broker, ca, leaves[name])
        try:
            yield client
        finally:
            await client.close()

    return joined
