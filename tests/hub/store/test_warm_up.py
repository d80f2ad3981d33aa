"""Whoever becomes the writer has asked the database everything once before."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from hub.store.ledger import Ledger
from tests.hub import samples

if TYPE_CHECKING:
    import pytest

    from hub.store.store import Store

EVENT = samples.EVENT.number


async def test_a_new_writer_is_warm_and_has_booked_nothing(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    before = await store.fetch_row("latest_batch", EVENT)

    ledger = await Ledger.seize(store, EVENT)
    assert ledger is not None
    try:
        planned = await ledger._connection.fetch(
            "SELECT statement FROM pg_prepared_statements"
        )
        assert sum("book_batch_v1" in row["statement"] for row in planned) == 3
    finally:
        await ledger.close()
    assert await store.fetch_row("latest_batch", EVENT) == before
    assert "begins cold" not in caplog.text
