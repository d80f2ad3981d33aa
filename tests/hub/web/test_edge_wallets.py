"""All wallets from the real hub to the real till's cache, over TLS."""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING

import pytest

from edge.core.errors import WalletsUnavailable
from edge.core.records import CachedWallet
from edge.core.standin import StandInBook
from edge.journal.journal import SqliteJournal
from edge.link.catalogue import HttpsCatalogues
from edge.link.tls import TillCertificate
from hub.assembly import _serve_web
from hub.service.wallet_snapshot import PATH, WalletSnapshots
from hub.web.edge import edge_app
from hub.web.sources import Bulk
from provisioning.ca import EventCa
from tests.hub.samples import EVENT, TILL
from tests.hub.web.serving import Catalogues, Healths
from tests.patience import be_patient

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from hub.service.context import ContextKeeper
    from hub.store.store import Store

WALLETS = 20_000
MANY = """\
WITH opened AS (
    INSERT INTO account (event, role, key)
    SELECT $1, 'wallet', serial::text FROM generate_series(1, $2::bigint) AS serial
    RETURNING id, key
), filled AS (
    INSERT INTO wallet (event, id, balance_minor, vouchers)
    SELECT $1, id, key::bigint, 3 FROM opened
)
INSERT INTO wristband (event, serial, wallet, uid_hash, code_hash, variant, blocked)
SELECT $1, key::bigint, id, sha256(key::bytea), '', 1, key::bigint % 100 = 0 FROM opened
"""


class Snapshots:
    """The hub's own snapshots, as its edge listener is given them."""

    def __init__(self, snapshots: WalletSnapshots) -> None:
        self._snapshots = snapshots

    async def wallets(self) -> Bulk:
        made = await self._snapshots.snapshot()
        return Bulk(made.data, made.packed, made.digest)


@pytest.fixture
async def till(
    store: Store,
    context: ContextKeeper,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[HttpsCatalogues]:
    """What a till downloads with, from a hub with a festival's wristbands."""
    be_patient(monkeypatch)
    connection = await store.connect(role="none")  # as the owner: at once
    await connection.execute("SET session_replication_role = replica")
    await connection.execute(MANY, EVENT.number, WALLETS)
    await connection.close()
    ca = EventCa.create(tmp_path / "ca", EVENT.slug)
    server, client = ca.issue_server("edge", ["127.0.0.1"]), ca.issue_client(TILL)
    app = edge_app(Catalogues(), Snapshots(WalletSnapshots(store, context)), Healths())
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    files = (server.certificate, server.key, ca.certificate)
    task = asyncio.create_task(_serve_web(app, listener, files))
    certificate = TillCertificate(ca.certificate, client.certificate, client.key)
    yield HttpsCatalogues(f"https://127.0.0.1:{port}", certificate)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_a_festival_s_wallets_reach_a_till_s_cache(
    till: HttpsCatalogues, tmp_path: Path
) -> None:
    snapshot = await till.wallets(PATH)
    book = StandInBook().heard(snapshot.changes(), snapshot.anchor.batch)
    journal = await SqliteJournal.open(
        tmp_path / "journal", till=TILL, event=EVENT.slug, require_disk=False
    )
    await journal.cache(book.wallets.items())
    found = (await journal.recover()).wallets
    await journal.close()

    allowance, batch = EVENT.stand_in.allowance_minor, snapshot.anchor.batch
    assert len(found) == WALLETS
    assert found == {
        serial: CachedWallet(min(serial, allowance), serial % 100 == 0, batch, 3, 1)
        for serial in range(1, WALLETS + 1)
    }


async def test_what_is_no_snapshot_is_named(till: HttpsCatalogues) -> None:
    with pytest.raises(WalletsUnavailable, match="wallet snapshot can't be read"):
        await till.wallets("/healthz")
    with pytest.raises(WalletsUnavailable, match="no wallet snapshot under /edge/x"):
        await till.wallets("/edge/x")
