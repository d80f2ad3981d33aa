from __future__ import annotations

import itertools
import subprocess
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import asyncpg
import pytest

from hub.store.errors import DatabaseGone, StoreError
from hub.store.migrate import MIGRATIONS, migrate
from hub.store.queries import FOLDER, QUERIES
from hub.store.store import HUB_ROLE
from tests.hub.conftest import KINDS

if TYPE_CHECKING:
    from tests.hub.conftest import Servers

MIGRATION_NAMES = sorted(path.name for path in MIGRATIONS.glob("*.sql"))
APPEND_ONLY = (
    "incarnation",
    "signature_check",
    "batch",
    "attempt",
    "outcome",
    "contradiction",
    "signature",
    "entry",
    "movement",
    "wristband_change",
    "shift_change",
    "closing",
    "login",
    "erasure",
    "catalogue",
    "payment",
    "payment_report",
    "till_description",
    "till_asset",
    "tse_state",
    "tse_clock",
    "closing_outage",
    "tse_archive",
    "seen_to",
)


async def test_a_second_run_applies_nothing(empty_database: str) -> None:
    assert await migrate(empty_database) == MIGRATION_NAMES
    assert await migrate(empty_database) == []


async def test_the_schema_file_is_what_all_migrations_make(servers: Servers) -> None:
    kind = KINDS[-1]
    server = servers.get(kind)
    migrated = await servers.new_database(kind)
    written = await servers.new_database(kind, migrated=False)
    connection = await asyncpg.connect(written)
    for name in (
        "own_table.sql",
        "schema.sql",
        *(f"migrations/{later}" for later in MIGRATION_NAMES[1:]),
        "functions.sql",
        "roles.sql",
    ):
        await connection.execute((FOLDER / name).read_text("utf-8"))
    await connection.close()

    assert _dump(server.run, written) == _dump(server.run, migrated)


def _dump(run: object, dsn: str) -> list[str]:
    assert callable(run)
    name = urlsplit(dsn).path.removeprefix("/")
    text = str(run("pg_dump", "--schema-only", name))
    return [line for line in text.splitlines() if not line.startswith("\\")]


async def test_every_named_query_can_be_prepared(database: str) -> None:
    connection = await asyncpg.connect(database, server_settings={"role": HUB_ROLE})
    refused = {}
    for name, text in QUERIES.items():
        try:
            await connection.prepare(text)
        except asyncpg.PostgresError as error:
            refused[name] = str(error)
    await connection.close()
    # Only the owner migrates, so the hub's role may not even read these two.
    assert refused.keys() <= {"note_migration"}, refused


async def test_the_ledger_is_append_only(database: str) -> None:
    hub = await asyncpg.connect(database, server_settings={"role": HUB_ROLE})
    owner = await asyncpg.connect(database)
    try:
        for table, change in itertools.product(
            APPEND_ONLY, ("DELETE FROM {}", "UPDATE {} SET event = 1")
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await hub.execute(change.format(table))
            with pytest.raises(asyncpg.InsufficientPrivilegeError, match="append-only"):
                await owner.execute(change.format(table))
    finally:
        await hub.close()
        await owner.close()


async def test_a_changed_migration_is_refused(empty_database: str) -> None:
    await migrate(empty_database)
    connection = await asyncpg.connect(empty_database)
    await connection.execute("UPDATE migration SET digest = 'other'")
    await connection.close()

    with pytest.raises(StoreError, match="was changed after it had been applied"):
        await migrate(empty_database)


async def test_a_newer_database_is_refused(empty_database: str) -> None:
    await migrate(empty_database)
    connection = await asyncpg.connect(empty_database)
    await connection.execute(QUERIES["note_migration"], "9999_pre_future.sql", "x")
    await connection.close()

    with pytest.raises(StoreError, match=r"9999_pre_future.sql.*Update the hub"):
        await migrate(empty_database)


async def test_an_absent_server_is_named() -> None:
    with pytest.raises(DatabaseGone, match=r"can't be reached.*Start it"):
        await migrate("postgresql://nobody@127.0.0.1:1/nowhere")


def test_the_schema_needs_no_extension() -> None:
    found = subprocess.run(
        ["grep", "-ril", "create extension", str(FOLDER)],
        check=False,
        capture_output=True,
        text=True,
    )
    assert found.stdout == ""
