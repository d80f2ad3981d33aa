from __future__ import annotations

import itertools
import os
from contextlib import ExitStack
from typing import TYPE_CHECKING

import asyncpg
import pytest
import pytest_asyncio

from hub.service import passwords, staff
from hub.service.context import ContextKeeper
from hub.service.events import create_event, publish_catalogue, register_till
from hub.store.migrate import migrate
from hub.store.store import Store
from provisioning.postgres import PrivatePostgres, Which
from tests.hub import samples

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

_FORCED = os.environ.get("KASSENBAND_POSTGRES", "")
KINDS = (
    [Which(_FORCED)]
    if _FORCED in {Which.INSTALLED, Which.WHEEL}
    else [Which.INSTALLED, Which.WHEEL]
)
_NUMBERS = itertools.count(1)
# As a replica, so that the triggers which forbid just this do not fire. Only what was
# filled: to truncate every table takes a second and more, each is some files.
EMPTY = """\
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid();
SET session_replication_role = replica;
DO $$
DECLARE
    name text;
    is_filled boolean;
BEGIN
    FOR name IN
        SELECT quote_ident(tablename) FROM pg_tables
        WHERE schemaname = 'public' AND tablename <> 'migration'
    LOOP
        EXECUTE 'SELECT EXISTS (SELECT FROM ' || name || ')' INTO is_filled;
        IF is_filled THEN
            EXECUTE 'DELETE FROM ' || name;
        END IF;
    END LOOP;
    FOR name IN
        SELECT quote_ident(sequencename) FROM pg_sequences
        WHERE schemaname = 'public' AND last_value IS NOT NULL
    LOOP
        EXECUTE 'ALTER SEQUENCE ' || name || ' RESTART';
    END LOOP;
END $$
"""


# How dear the hashes of passwords and PINs are in service.
DEAR = {
    passwords: {"MEMORY_KIB": passwords.MEMORY_KIB, "ITERATIONS": passwords.ITERATIONS},
    staff: {
        "ARGON2_MEMORY_KIB": staff.ARGON2_MEMORY_KIB,
        "ARGON2_ITERATIONS": staff.ARGON2_ITERATIONS,
    },
}
MEMORY_KIB_MIN = 8


class Servers:
    """Private servers of both kinds, started when first asked for."""

    def __init__(self, stack: ExitStack, factory: pytest.TempPathFactory) -> None:
        self._stack = stack
        self._factory = factory
        self._running: dict[Which, PrivatePostgres] = {}
        self._migrated: set[Which] = set()
        self._shared: dict[Which, str] = {}

    def get(self, kind: Which) -> PrivatePostgres:
        if kind not in self._running:
            directory = self._factory.mktemp(f"postgres-{kind}")
            server = self._stack.enter_context(PrivatePostgres(directory, kind))
            # Nobody needs these databases again: no clean shutdown, which takes long.
            self._stack.callback(server.kill)
            self._running[kind] = server
        return self._running[kind]

    async def new_database(self, kind: Which, *, migrated: bool = True) -> str:
        """Make a database, by copying one that is migrated: that saves seconds."""
        if migrated and kind not in self._migrated:
            await self._create(kind, "pattern", "template0")
            await migrate(self.get(kind).dsn("pattern"))
            self._migrated.add(kind)
        name = f"test_{next(_NUMBERS)}"
        await self._create(kind, name, "pattern" if migrated else "template0")
        return self.get(kind).dsn(name)

    async def clean_database(self, kind: Which) -> str:
        """Empty the one database that tests share: much faster than a new one."""
        if kind not in self._shared:
            self._shared[kind] = await self.new_database(kind)
        connection = await asyncpg.connect(self._shared[kind])
        await connection.execute(EMPTY)
        await connection.close()
        return self._shared[kind]

    async def copy(self, kind: Which, dsn: str) -> str:
        """Copy a database that nobody is connected to, as a backup does."""
        connection = await asyncpg.connect(dsn)
        pattern = await connection.fetchval("SELECT current_database()")
        await connection.close()
        name = f"test_{next(_NUMBERS)}"
        await self._create(kind, name, pattern)
        return self.get(kind).dsn(name)

    async def _create(self, kind: Which, name: str, pattern: str) -> None:
        connection = await asyncpg.connect(self.get(kind).dsn())
        await connection.execute(f"CREATE DATABASE {name} TEMPLATE {pattern}")
        await connection.close()


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    with ExitStack() as stack:
        yield Servers(stack, tmp_path_factory)


@pytest.fixture(scope="session", autouse=True)
def cheap_hashes() -> Iterator[None]:
    """Let people log in by the hundred, at no more than a hash needs."""
    with pytest.MonkeyPatch.context() as patch:
        for module, costs in DEAR.items():
            for name in costs:
                cost = MEMORY_KIB_MIN if "MEMORY" in name else 1
                patch.setattr(module, name, cost)
        yield


@pytest.fixture
def dear_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hash passwords and PINs as in service."""
    for module, costs in DEAR.items():
        for name, cost in costs.items():
            monkeypatch.setattr(module, name, cost)


@pytest.fixture(params=KINDS, ids=str)
def kind(request: pytest.FixtureRequest) -> Which:
    """Each kind of server in turn."""
    which: Which = request.param
    return which


@pytest_asyncio.fixture
async def empty_database(servers: Servers, kind: Which) -> str:
    """The DSN of a database without a schema, on each kind of server."""
    return await servers.new_database(kind, migrated=False)


@pytest_asyncio.fixture
async def database(servers: Servers, kind: Which) -> str:
    """The DSN of a migrated database, on each kind of server."""
    return await servers.clean_database(kind)


@pytest_asyncio.fixture
async def one_database(servers: Servers) -> str:
    """The DSN of a migrated database, on one kind of server."""
    return await servers.clean_database(KINDS[0])


@pytest_asyncio.fixture
async def store(one_database: str) -> AsyncIterator[Store]:
    """The event of the samples in a database of its own."""
    opened = await Store.open(one_database)
    await populate(opened)
    yield opened
    await opened.close()


@pytest_asyncio.fixture
async def context(store: Store) -> ContextKeeper:
    keeper = ContextKeeper(store, samples.EVENT.slug)
    await keeper.refresh()
    return keeper


async def populate(store: Store) -> None:
    """Set up the event of the samples: catalogue, tills, token key."""
    await create_event(store, samples.EVENT)
    await publish_catalogue(store, samples.EVENT.number, samples.CATALOGUE)
    for till in samples.TILLS:
        await register_till(
            store,
            samples.EVENT.number,
            till,
            till.title(),
            issues_wristbands=till == samples.DESK,
        )
    await store.fetch(
        "add_token_key",
        samples.EVENT.number,
        samples.SIGNER.key_id,
        samples.SIGNER.public.public_key,
    )
