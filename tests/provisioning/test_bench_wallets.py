from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from contract.ids import WalletSerial
from edge.core.records import CachedWallet
from provisioning.bench.wallets import TILL, CountingJournal
from provisioning.demo_event import EVENT

if TYPE_CHECKING:
    from pathlib import Path


async def test_the_clock_stops_with_the_last_wallet_on_disk(tmp_path: Path) -> None:
    journal = await CountingJournal.open(
        tmp_path / "journal", till=TILL, event=EVENT, require_disk=False
    )
    assert isinstance(journal, CountingJournal)
    wallets = [
        (WalletSerial(serial), CachedWallet(5_00, blocked=False, batch=1))
        for serial in range(3)
    ]
    waiting = asyncio.create_task(journal.holds(len(wallets)))
    await journal.cache(wallets[:2])
    assert not waiting.done()
    await journal.cache(wallets[2:])
    async with asyncio.timeout(60):
        await waiting
    kept = (await journal.recover()).wallets
    await journal.close()
    assert len(kept) == journal.cached == len(wallets)
