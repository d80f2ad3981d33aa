"""All wallets at once, for a till that starts or has lost a message about them."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from contract.wallets import Anchor

if TYPE_CHECKING:
    from hub.service.context import ContextKeeper
    from hub.store.store import Store

PATH = "/edge/wallets"
GZIP_LEVEL = 4


@dataclass(frozen=True, slots=True)
class PackedSnapshot:
    """A WalletSnapshot's bytes, plain and by gzip, and their digest."""

    data: bytes
    packed: bytes
    digest: str


class _Written(msgspec.Struct, frozen=True, kw_only=True):
    """A WalletSnapshot whose wallets are written already."""

    event: str
    number: int
    anchor: Anchor
    wallets: msgspec.Raw


class WalletSnapshots:
    """Makes snapshots, and the same one again until the tills hear of changes."""

    def __init__(self, store: Store, context: ContextKeeper) -> None:
        self._store = store
        self._context = context
        self._latest: tuple[object, PackedSnapshot] | None = None
        self._making = asyncio.Lock()

    async def snapshot(self) -> PackedSnapshot:
        """Return all wallets as of the latest message about them, or later.

        What changed since then is yet to be told, so a till misses nothing. Raises
        DatabaseGone.
        """
        event = self._context.current
        async with self._making:
            row = await self._store.fetch_row("wallet_news_number", event.number)
            assert row is not None, "a hub serves an event that is there"
            state = (row["incarnation"], row["number"], event.stand_in)
            if self._latest is None or self._latest[0] != state:
                self._latest = (state, await self._make())
            return self._latest[1]

    async def _make(self) -> PackedSnapshot:
        event = self._context.current
        allowance = event.stand_in.allowance_minor
        # The database writes the JSON: rows would keep this loop from its tills.
        row = await self._store.fetch_row("wallet_snapshot", event.number, allowance)
        assert row is not None, "an event begins with batch 0"
        written = _Written(
            event=event.event,
            number=row["number"],
            anchor=Anchor(
                incarnation=row["incarnation"],
                batch=row["batch"],
                chain_head=row["chain_head"].hex(),
            ),
            wallets=msgspec.Raw(row["wallets"].encode()),
        )
        return await asyncio.to_thread(_pack, msgspec.json.encode(written))


def _pack(data: bytes) -> PackedSnapshot:
    packed = gzip.compress(data, GZIP_LEVEL, mtime=0)
    return PackedSnapshot(data, packed, hashlib.sha256(data).hexdigest())
