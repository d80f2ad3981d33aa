"""Brings a database to this version's schema."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import asyncpg

from hub.store.errors import DatabaseGone, StoreError
from hub.store.patience import once_up
from hub.store.queries import FOLDER, QUERIES
from hub.store.store import NO_DSN, no_dsn

if TYPE_CHECKING:
    from collections.abc import Mapping

MIGRATIONS = FOLDER / "migrations"
# Functions and rights are stated anew each time; they hold no data.
AFTERWARDS = ("functions.sql", "roles.sql")
BEFORE = "own_table.sql"


async def migrate(dsn: str) -> list[str]:
    """Apply what is missing, all or nothing, as the owner; returns the names applied.

    Names say when: NNNN_pre_* before the new hub starts, NNNN_post_* after the last
    old one has stopped.
    """
    try:
        connection = await once_up(lambda: asyncpg.connect(dsn))
    except NO_DSN as error:
        raise no_dsn(error) from error
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise DatabaseGone(
            f"The database can't be reached ({error}). Start it, or correct the DSN."
        ) from error
    try:
        async with connection.transaction():
            return await _apply(connection)
    except asyncpg.PostgresError as error:
        raise StoreError(
            f"The database refused the migration: {error}. Nothing was changed. "
            "It must be run by the role that owns the database."
        ) from error
    finally:
        await connection.close()


async def _apply(connection: asyncpg.Connection) -> list[str]:
    await connection.execute(QUERIES["lock_migrations"])
    await connection.execute((FOLDER / BEFORE).read_text("utf-8"))
    rows = await connection.fetch(QUERIES["applied_migrations"])
    texts = {path.name: path.read_text("utf-8") for path in MIGRATIONS.glob("*.sql")}
    _compare({row["name"]: row["digest"] for row in rows}, texts)
    missing = sorted(texts.keys() - {row["name"] for row in rows})
    for name in missing:
        await connection.execute(texts[name])
        digest = _digest(texts[name])
        await connection.execute(QUERIES["note_migration"], name, digest)
    for name in AFTERWARDS:
        await connection.execute((FOLDER / name).read_text("utf-8"))
    return missing


def _compare(applied: Mapping[str, str], texts: Mapping[str, str]) -> None:
    for name, digest in applied.items():
        if name not in texts:
            raise StoreError(
                f"The database has the migration {name}, which this hub does not know: "
                "it belongs to a newer one. Update the hub."
            )
        if _digest(texts[name]) != digest:
            raise StoreError(
                f"The migration {name} was changed after it had been applied. "
                "Restore its text and put the change into a new migration."
            )


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
