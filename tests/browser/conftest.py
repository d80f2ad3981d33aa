"""The database of the hub's tests, for pages over real services."""

from __future__ import annotations

from tests.hub.conftest import cheap_hashes, context, one_database, servers, store

__all__ = ["cheap_hashes", "context", "one_database", "servers", "store"]
