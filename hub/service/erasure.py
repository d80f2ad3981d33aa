"""Forgetting a guest (GDPR, article 17): what was written, and who they were.

The ledger keeps amounts and random numbers, as tax law asks; what leads from them to
a person lies beside it, and goes.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import uuid4

import msgspec

from contract.money import Money
from hub.core.booking import block_item
from hub.service.wristbands import UnknownWristband
from hub.store.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Mapping

    from contract.ids import WalletSerial
    from hub.service.booking import Booking
    from hub.service.context import ContextKeeper
    from hub.store.store import Row, Store

log = logging.getLogger(__name__)


class StillOwed(Refused):
    """The guest has money here; it must be paid out first."""


@dataclass(frozen=True, slots=True)
class Erased:
    """The wristbands that nobody can be told by any more."""

    serials: tuple[int, ...]


class Guests:
    """Keeps how guests can be reached, until they want to be forgotten."""

    def __init__(self, store: Store, context: ContextKeeper, booking: Booking) -> None:
        self._store = store
        self._context = context
        self._booking = booking

    async def reach(self, serial: WalletSerial, contact: Mapping[str, str]) -> None:
        """Keep how the guest with a wristband can be reached; UnknownWristband."""
        await self._bands(serial)
        text = msgspec.json.encode(contact).decode()
        await self._store.fetch("put_contact", self._event, serial, text)

    async def contact(self, serial: WalletSerial) -> Mapping[str, str]:
        """Return how the guest with a wristband can be reached; maybe nothing."""
        text = await self._store.fetch_value("contact", self._event, serial)
        return {} if text is None else msgspec.json.decode(text, type=dict[str, str])

    async def erase(self, serial: WalletSerial) -> Erased:
        """Forget the guest with a wristband, and block all wristbands they had.

        Raises UnknownWristband, StillOwed, NoLedger, DatabaseGone. May be repeated.
        """
        bands = await self._bands(serial)
        owed = bands[0]["balance_minor"]
        if owed > 0:
            held = Money(owed, self._context.current.agreed.currency)
            raise StillOwed(
                f"The wallet of wristband {serial} still holds {held}. "
                "Pay it out first."
            )
        serials = [band["serial"] for band in bands]
        for each in serials:
            # Of a swapped one nobody can get anything; the word is refused, and fine.
            await self._booking.submit(block_item(uuid4(), each, blocked=True))
        await self._store.fetch("erase_guest", self._event, serials)
        log.info("A guest was erased, with %d wristbands.", len(serials))
        return Erased(tuple(serials))

    @property
    def _event(self) -> int:
        return self._context.current.number

    async def _bands(self, serial: WalletSerial) -> list[Row]:
        bands = await self._store.fetch("wristbands_of", self._event, serial)
        if not bands:
            raise UnknownWristband(f"There is no wristband with serial {serial}.")
        return bands
