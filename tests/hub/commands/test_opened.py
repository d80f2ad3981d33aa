"""A database that can't be used ends in a sentence, whatever is wrong with it."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import asyncpg
import pytest_asyncio

from tests.hub.conftest import KINDS

if TYPE_CHECKING:
    import pytest

    from tests.hub.commands.conftest import Office
    from tests.hub.conftest import Servers


@pytest_asyncio.fixture
async def unmigrated(servers: Servers) -> str:
    return await servers.new_database(KINDS[0], migrated=False)


@pytest_asyncio.fixture
async def stranger(one_database: str) -> str:
    """A login that was never let act as the hub."""
    owner = await asyncpg.connect(one_database)
    await owner.execute("DROP ROLE IF EXISTS stranger")
    await owner.execute("CREATE ROLE stranger LOGIN")
    await owner.close()
    return one_database.replace(f"{urlsplit(one_database).username}@", "stranger@", 1)


def test_a_database_that_nobody_migrated(
    new_hub: Office, unmigrated: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KASSENBAND_DATABASE", unmigrated)
    said = new_hub("event", "show")

    assert said.code == 2
    assert "migrate" in said.errors


def test_a_login_that_may_not_act_as_the_hub(
    new_hub: Office, stranger: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KASSENBAND_DATABASE", stranger)
    said = new_hub("till", "list")

    assert said.code == 2
    assert "does not let this program in" in said.errors
    assert "kassenband_hub" in said.errors
