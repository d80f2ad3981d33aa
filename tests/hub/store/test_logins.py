from __future__ import annotations

from typing import TYPE_CHECKING

from hub.store.queries import QUERIES

if TYPE_CHECKING:
    from hub.store.store import Store


async def test_a_login_is_written_with_all_its_quotes(store: Store) -> None:
    said = await store._pool.fetchval(
        QUERIES["login_statement"], "hub two", "kassenband_hub", "it's \\ secret"
    )
    assert said == (
        'CREATE ROLE "hub two" LOGIN IN ROLE kassenband_hub'
        " PASSWORD E'it''s \\\\ secret'"
    )
