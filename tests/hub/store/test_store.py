from __future__ import annotations

import asyncio

import asyncpg
import pytest

from hub.store.errors import DatabaseGone
from hub.store.store import Store
from tests.hub import samples


async def test_who_is_canceled_amid_a_unit_of_work_leaves_nothing_behind(
    store: Store,
) -> None:
    begun = asyncio.Event()

    async def linger() -> None:
        async with store.unit_of_work() as unit:
            await unit.fetch_value("lock_bill", "0" * 27)
            begun.set()
            await asyncio.Event().wait()

    for _ in range(12):  # more than the pool has connections
        begun.clear()
        task = asyncio.create_task(linger())
        await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    number = samples.EVENT.number
    assert await store.fetch_value("latest_batch", number) is not None
    owner = await store.connect()
    try:
        idle = await owner.fetchval(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
            " AND state LIKE 'idle in transaction%'"
        )
    finally:
        await owner.close()
    assert idle == 0


class EndedPool:
    """A pool whose connection has just been told good-bye."""

    async def fetch(self, *_: object) -> list[object]:
        raise asyncpg.InternalClientError(
            "cannot switch to state 12; another operation (2) is in progress"
        )


async def test_a_connection_that_just_ended_is_no_fault_of_what_was_asked() -> None:
    ended = Store("", EndedPool())

    with pytest.raises(DatabaseGone, match="does not answer"):
        await ended.fetch("first_booked", 1, [])
