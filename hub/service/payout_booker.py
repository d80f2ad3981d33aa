"""Has the ledger book settlements that were paid out: a part of the elected writer.

Each has its id in the ledger since it was drawn up, so it is booked once, wherever this
stops.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from hub.core.bills.payouts import paid_item
from hub.core.booking import ResultCode
from hub.service.booking import NotBooked
from hub.store.errors import DatabaseGone

if TYPE_CHECKING:
    from hub.service.booking import Booking
    from hub.store.store import Store

log = logging.getLogger(__name__)

CHANNEL = "kassenband_payouts"
LOOK_AGAIN_S = 30


class PayoutBooker:
    """Hands payouts to the ledger."""

    def __init__(self, store: Store, booking: Booking, event: int) -> None:
        self._store = store
        self._booking = booking
        self._event = event
        self._stirred = asyncio.Event()
        booking.on_election(lambda _elected: self._stirred.set())

    def hear(self, _payload: str = "") -> None:
        """Note that something may be waiting."""
        self._stirred.set()

    async def run(self) -> None:
        """Book whatever waits, until canceled."""
        while True:
            await self._booking.elected()
            self._stirred.clear()
            try:
                await self.book()
            except (NotBooked, DatabaseGone) as error:
                log.warning("Settlements wait for the ledger: %s", error)
            try:
                async with asyncio.timeout(LOOK_AGAIN_S):
                    await self._stirred.wait()
            except TimeoutError:
                continue

    async def book(self) -> int:
        """Book all that waits now; says how many payouts were booked."""
        booked = 0
        for row in await self._store.fetch("settlements_to_book", self._event):
            item = paid_item(row["order_id"], row["body"])
            result = await self._booking.submit(item)
            if result.code is not ResultCode.BOOKED:
                log.error("The ledger does not book settlement %s.", row["id"])
                continue
            await self._store.fetch("settlement_booked", row["id"], result.batch)
            booked += 1
        return booked
