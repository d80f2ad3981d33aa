"""News about wallets for the tills' caches: at most one message per second.

The messages are numbered across hubs, without gaps; a till that misses a number fetches
the snapshot instead.
"""

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
# A change has at most 110 bytes of JSON: the message stays below its 64 KiB, even if
# some wallets have two wristbands.
CHANGES_MAX = 500


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
        self._must_skip = True
        booking.on_wallets(self.note)
        booking.on_election(self._elected)

    def note(self, wallets: Iterable[int]) -> None:
        """Remember that wallets changed."""
        self._changed.update(dict.fromkeys(wallets))

    def hear(self, payload: str) -> None:
        """Note what another process notified: `<event>:<wallet>`."""
        event, _, wallet = payload.partition(":")
        if wallet.isdecimal() and event == str(self._context.current.number):
            self.note([int(wallet)])

    async def run(self, tell: Callable[[WalletChanges], bool]) -> None:
        """Tell the news once per second; kept while `tell` says nobody hears."""
        while True:
            await asyncio.sleep(INTERVAL_S)
            if not self._booking.is_writer:
                self._changed.clear()  # the writer tells of them, too
                continue
            if not self._changed and not self._must_skip:
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
                self._must_skip = True

    def _elected(self, elected: bool) -> None:  # noqa: FBT001 - a listener's value
        # What the last writer had not told of yet, nobody knows: a number is left out,
        # even if there is nothing to tell, so that tills fetch everything anew.
        self._must_skip = elected

    async def _message(self, wallets: list[int]) -> WalletChanges:
        # The anchor is taken first: balances may then be newer than it says, so that
        # a till at worst subtracts an order twice, and never once too few. The number
        # comes last: a snapshot that has it has these balances, or newer ones.
        anchor = self._orders.anchor()
        event = self._context.current
        rows = await self._store.fetch(
            "wallet_states", event.number, wallets, event.stand_in.allowance_minor
        )
        if self._must_skip:
            await self._store.fetch("next_wallet_news", event.number)
            self._must_skip = False
        number = await self._store.fetch_value("next_wallet_news", event.number)
        return WalletChanges(
            id=new_uuid7(),
            number=number,
            anchor=anchor,
            changes=tuple(
                WalletChange(
                    wallet=row["serial"],
                    available_minor=row["available_minor"],
                    blocked=row["blocked"],
                    vouchers=row["vouchers"],
                    variant=row["variant"],
                    swapped=row["swapped"],
                )
                for row in rows
            ),
        )
