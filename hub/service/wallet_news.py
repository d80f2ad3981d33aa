"""News about wallets for the tills' caches: at most one message per second."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from contract.ids import new_uuid7
from contract.messages import WalletChange, WalletChanges
from hub.store.errors import DatabaseGone

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from hub.service.booking import Booking
    from hub.service.context import ContextKeeper
    from hub.service.orders import Orders
    from hub.store.store import Store

log = logging.getLogger(__name__)

INTERVAL_S = 1
# One change has some 60 bytes of JSON: the message stays well below its 64 KiB.
CHANGES_MAX = 800
RETOLD_MAX = 4000  # five seconds of news


class WalletNews:
    """Collects wallets that changed, and tells what tills may know of them."""

    def __init__(
        self, store: Store, context: ContextKeeper, booking: Booking, orders: Orders
    ) -> None:
        self._store = store
        self._context = context
        self._booking = booking
        self._orders = orders
        self._changed: dict[int, None] = {}
        self._number = 0
        booking.on_wallets(self.note)

    def note(self, wallets: Iterable[int]) -> None:
        """Remember that wallets changed."""
        self._changed.update(dict.fromkeys(wallets))

    def hear(self, payload: str) -> None:
        """Note what another process notified: `<event>:<wallet>`."""
        event, _, wallet = payload.partition(":")
        if wallet.isdecimal() and event == str(self._context.current.number):
            self.note([int(wallet)])

    async def note_all(self) -> None:
        """Tell of every wallet again, for a till that comes with an empty cache."""
        number = self._context.current.number
        rows = await self._store.fetch("some_wallets", number, RETOLD_MAX)
        self.note(row["id"] for row in rows)

    async def run(self, tell: Callable[[WalletChanges], bool]) -> None:
        """Tell the news once per second; kept while `tell` says nobody hears."""
        while True:
            await asyncio.sleep(INTERVAL_S)
            if not self._booking.is_writer or not self._changed:
                continue
            wallets = list(self._changed)[:CHANGES_MAX]
            for wallet in wallets:
                del self._changed[wallet]
            try:
                was_heard = tell(await self._message(wallets))
            except DatabaseGone as error:
                log.warning("%s", error)
                was_heard = False
            if not was_heard:
                self.note(wallets)

    async def _message(self, wallets: list[int]) -> WalletChanges:
        # The anchor is taken first: balances may then be newer than it says, so that
        # a till at worst subtracts an order twice, and never once too few.
        anchor = self._orders.anchor()
        event = self._context.current
        rows = await self._store.fetch("wallet_states", event.number, wallets)
        allowance = event.stand_in.allowance_minor
        self._number += 1
        return WalletChanges(
            id=new_uuid7(),
            number=self._number,
            anchor=anchor,
            changes=tuple(
                WalletChange(
                    wallet=row["serial"],
                    available_minor=max(0, min(row["balance_minor"], allowance)),
                    blocked=row["blocked"],
                )
                for row in rows
            ),
        )
