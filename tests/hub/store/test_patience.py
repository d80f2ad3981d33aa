"""A database that is still starting up is waited for, by the hub and by migrations."""

from __future__ import annotations

from typing import TYPE_CHECKING

import asyncpg
import pytest

from hub.store import migrate, patience, store
from hub.store.errors import DatabaseGone
from hub.store.patience import once_up
from hub.store.store import Store

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

STARTING = "the database system is starting up"
NOWHERE = "postgres://nobody@localhost:1/none"


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "PAUSE_S", 0)


def up_after(tries: int) -> Callable[..., Awaitable[str]]:
    """A way to connect that works only after some tries."""
    left = tries

    async def connect(*_: object, **__: object) -> str:
        nonlocal left
        left -= 1
        if left >= 0:
            raise asyncpg.CannotConnectNowError(STARTING)
        return "up"

    return connect


async def test_a_server_that_recovers_is_waited_for(
    caplog: pytest.LogCaptureFixture,
) -> None:
    assert await once_up(up_after(3)) == "up"

    (said,) = caplog.messages
    assert said == f"Waiting for the database, which answers: {STARTING}."


async def test_a_hub_started_too_early_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "_pool", up_after(2))

    assert (await Store.open(NOWHERE)).dsn == NOWHERE


async def test_a_migration_started_too_early_waits(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(asyncpg, "connect", up_after(2))

    with pytest.raises(AttributeError, match="close"):  # it got through
        await migrate.migrate(NOWHERE)


async def test_who_does_not_answer_at_all_is_not_waited_for() -> None:
    with pytest.raises(DatabaseGone, match="Check that PostgreSQL runs"):
        await Store.open(NOWHERE)
    with pytest.raises(DatabaseGone, match="Start it"):
        await migrate.migrate(NOWHERE)
