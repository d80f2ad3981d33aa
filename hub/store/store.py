"""The hub's database: named queries on a pool, and news that other processes give."""

from __future__ import annotations

import asyncio
import logging
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Self, TypeAlias

import asyncpg

from hub.store.errors import DatabaseGone, StoreError
from hub.store.patience import once_up
from hub.store.queries import QUERIES

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping

log = logging.getLogger(__name__)

HUB_ROLE = "kassenband_hub"
POOL_MAX = 8
CONNECT_TIMEOUT_S = 10
RECONNECT_PAUSE_S = 1
PAGE_ROWS = 1000
# A server that starts up or shuts down says so by an error of its own class. Asked in
# the moment between the server's farewell and the end of the connection, the driver
# calls it a fault of its own (InternalClientError).
LOST = (
    OSError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
)

# What a database answers that nobody has migrated, or not to this version.
OF_ANOTHER_VERSION = (
    asyncpg.UndefinedTableError,
    asyncpg.UndefinedColumnError,
    asyncpg.UndefinedFunctionError,
)

# What the driver and Python's own resolver say of a DSN they can't read.
NO_DSN = (ValueError, OverflowError)

Row: TypeAlias = "Mapping[str, Any]"


def is_lost(error: BaseException | None) -> bool:
    """Whether an error says that there is no connection any more.

    A value that the driver can't send is none of that, though it calls both alike.
    """
    return isinstance(error, LOST) and not isinstance(error, ValueError)


def no_dsn(error: Exception) -> StoreError:
    """Make a sentence of what is wrong with a DSN."""
    return StoreError(
        f"The setting 'database' can't be used ({error}). Write it as "
        "postgresql://NAME@HOST:PORT/DATABASE."
    )


class Store:
    """Runs named queries; every call raises DatabaseGone when nobody answers."""

    def __init__(self, dsn: str, pool: asyncpg.Pool) -> None:
        self.dsn = dsn
        self._pool = pool

    @classmethod
    async def open(cls, dsn: str) -> Self:
        """Connect, as the hub's role, once the database is up; raises StoreError."""
        with _Lost(), _Unfit():
            pool = await once_up(lambda: _pool(dsn))
        return cls(dsn, pool)

    async def close(self) -> None:
        """Let all connections go."""
        self._pool.terminate()

    async def fetch(self, query: str, *values: Any) -> list[Row]:
        """Return all rows of a named query."""
        with _Lost():
            return list(await self._pool.fetch(QUERIES[query], *values))

    async def fetch_row(self, query: str, *values: Any) -> Row | None:
        """Return the first row of a named query, if there is one."""
        with _Lost():
            row: Row | None = await self._pool.fetchrow(QUERIES[query], *values)
            return row

    async def fetch_value(self, query: str, *values: Any) -> Any:
        """Return the first column of the first row; None without a row."""
        with _Lost():
            return await self._pool.fetchval(QUERIES[query], *values)

    @asynccontextmanager
    async def snapshot(self, exported: str | None = None) -> AsyncIterator[Snapshot]:
        """Read many things as of one moment: now, or one that `export` has named."""
        with _Lost():
            async with (
                self._pool.acquire() as connection,
                connection.transaction(isolation="repeatable_read", readonly=True),
            ):
                if exported is not None:
                    adopt = QUERIES["adopt_snapshot"].format(exported)
                    await connection.execute(adopt)
                yield Snapshot(connection)

    @asynccontextmanager
    async def unit_of_work(self) -> AsyncIterator[UnitOfWork]:
        """Do all that is done within, or nothing of it (READ COMMITTED)."""
        with _Lost():
            async with self._pool.acquire() as connection, connection.transaction():
                yield UnitOfWork(connection)

    async def connect(self, **settings: str) -> asyncpg.Connection:
        """Make a connection of one's own, beside the pool."""
        with _Lost():
            return await asyncpg.connect(
                self.dsn,
                timeout=CONNECT_TIMEOUT_S,
                server_settings=_settings() | settings,
            )

    async def listen(
        self, channels: Mapping[str, Callable[[str], None]], lost: Callable[[], None]
    ) -> None:
        """Hear notifications until canceled.

        `lost` is called whenever it begins to hear: what was said before is lost.
        """
        while True:
            try:
                await self._hear(channels, lost)
            except DatabaseGone:
                log.warning("The database does not answer; trying again.")
            await asyncio.sleep(RECONNECT_PAUSE_S)

    async def _hear(
        self, channels: Mapping[str, Callable[[str], None]], lost: Callable[[], None]
    ) -> None:
        connection = await self.connect()
        ended = asyncio.Event()
        connection.add_termination_listener(lambda _: ended.set())
        try:
            for channel, hear in channels.items():
                await connection.add_listener(
                    channel, lambda _c, _p, _n, payload, hear=hear: hear(payload)
                )
            lost()
            await ended.wait()
        except LOST:
            log.warning("The connection for notifications was lost.")
        finally:
            connection.terminate()


class Snapshot:
    """One moment of the database."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        self._connection = connection

    async def fetch(self, query: str, *values: Any) -> list[Row]:
        """Return all rows of a named query."""
        return list(await self._connection.fetch(QUERIES[query], *values))

    async def export(self) -> str:
        """Name this moment for other connections; the name holds while this lasts."""
        return str(await self._connection.fetchval(QUERIES["export_snapshot"]))

    async def pages(self, query: str, *values: Any) -> AsyncIterator[list[Row]]:
        """Yield the rows of a named query of any length, some at a time."""
        cursor = await self._connection.cursor(QUERIES[query], *values)
        while page := await cursor.fetch(PAGE_ROWS):
            yield page


class UnitOfWork:
    """Named queries that are kept together, or not at all."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        self._connection = connection

    async def fetch(self, query: str, *values: Any) -> list[Row]:
        """Return all rows of a named query."""
        return list(await self._connection.fetch(QUERIES[query], *values))

    async def fetch_row(self, query: str, *values: Any) -> Row | None:
        """Return the first row of a named query, if there is one."""
        row: Row | None = await self._connection.fetchrow(QUERIES[query], *values)
        return row

    async def fetch_value(self, query: str, *values: Any) -> Any:
        """Return the first column of the first row; None without a row."""
        return await self._connection.fetchval(QUERIES[query], *values)


async def _pool(dsn: str) -> asyncpg.Pool:
    return await asyncpg.create_pool(
        dsn,
        min_size=1,
        max_size=POOL_MAX,
        timeout=CONNECT_TIMEOUT_S,
        server_settings=_settings(),
        reset=_tidy_up,
    )


async def _tidy_up(connection: asyncpg.Connection) -> None:
    # Nothing of ours outlives its unit of work, and a round trip after each query would
    # double what a page waits for. Whoever was canceled may have left one open.
    if connection.is_in_transaction():
        await connection.reset()


def _settings() -> dict[str, str]:
    # The role takes from whoever logs in what the hub must not do.
    return {"role": HUB_ROLE, "application_name": "kassenband-hub", "jit": "off"}


class _Lost:
    """Turns the driver's ways of saying "no connection" into one of ours."""

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: object, error: BaseException | None, trace: object
    ) -> None:
        if isinstance(error, OF_ANOTHER_VERSION):
            raise StoreError(
                f"The database is not of this version ({error}). Run "
                "'kassenband-hub migrate' as its owner."
            ) from error
        if is_lost(error):
            raise DatabaseGone(
                f"The database does not answer ({error or type(error).__name__}). "
                "Check that PostgreSQL runs and that the DSN is right."
            ) from error


class _Unfit:
    """Turns a refusal to let us in, and a DSN that is none, into a sentence."""

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: object, error: BaseException | None, trace: object
    ) -> None:
        if isinstance(error, NO_DSN):
            raise no_dsn(error) from error
        if isinstance(error, asyncpg.PostgresError) and not isinstance(error, LOST):
            raise StoreError(
                f"The database does not let this program in ({error}). Check the name "
                f"and the password, that it is migrated, and that the login may act as "
                f"{HUB_ROLE}."
            ) from error
