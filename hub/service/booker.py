"""Hands the ledger what waits for it in tables: a part of the elected writer."""

from __future__ import annotations

import asyncio
import logging
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar

from hub.service.booking import NotBooked
from hub.store.errors import DatabaseGone

if TYPE_CHECKING:
    from hub.service.booking import Booking
    from hub.store.store import Store

log = logging.getLogger(__name__)

LOOK_AGAIN_S = 30
"""A notification may get lost; so long at most until it is noticed."""


class Booker(ABC):
    """Books what waits whenever it hears of something, and from time to time."""

    waiting: ClassVar[str]
    """What a warning says to be waiting."""

    def __init__(self, store: Store, booking: Booking, event: int) -> None:
        self._store = store
        self._booking = booking
        self._event = event
        self._stirred = asyncio.Event()
        booking.on_election(lambda _elected: self._stirred.set())

    @abstractmethod
    async def book(self) -> int:
        """Book all that waits now; says how much was booked.

        Raises NoLedger, DatabaseGone; what was booked until then stays booked.
        """

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
                log.warning("%s wait for the ledger: %s", self.waiting, error)
            try:
                async with asyncio.timeout(LOOK_AGAIN_S):
                    await self._stirred.wait()
            except TimeoutError:
                continue
