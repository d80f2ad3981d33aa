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
from hub.service.booker import Booker
from hub.service.wristbands import UnknownWristband
from hub.store.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from contract.ids import WalletSerial
    from hub.service.booking import Booking
    from hub.service.context import ContextKeeper
    from hub.store.store import Store

log = logging.getLogger(__name__)

CHANNEL = "kassenband_erasure"


class Forgotten(Refused):
    """The guest asked to be forgotten, and was: nothing is kept of them any more."""


class StillOwed(Refused):
    """The guest has money here; it must be paid out first."""


@dataclass(frozen=True, slots=True)
class Erased:
    """The wristbands that nobody can be told by any more."""

    serials: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class KnownGuest:
    """The wristbands that open one wallet, or opened it, and what it holds."""

    serials: tuple[int, ...]
    balance: Money
    vouchers: int
    forgotten_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """What became of the wish to be forgotten; `refusal` is a sentence."""

    ended: bool
    refusal: str | None


class GuestBook:
    """Keeps how guests can be reached, and which of them are to be forgotten."""

    def __init__(self, store: Store, context: ContextKeeper) -> None:
        self._store = store
        self._context = context

    async def reach(self, serial: WalletSerial, contact: Mapping[str, str]) -> None:
        """Keep how a guest can be reached; raises UnknownWristband, Forgotten."""
        guest = await self.known(serial)
        if guest.forgotten_at is not None:
            raise Forgotten(
                f"The guest with wristband {serial} is forgotten since "
                f"{guest.forgotten_at:%Y-%m-%d %H:%M} UTC, so nothing is written of "
                "them. Give them a new wristband, and keep a contact with that."
            )
        text = msgspec.json.encode(contact).decode()
        await self._store.fetch("put_contact", self._event, serial, text)

    async def contact(self, serial: WalletSerial) -> Mapping[str, str]:
        """Return how the guest with a wristband can be reached; maybe nothing."""
        text = await self._store.fetch_value("contact", self._event, serial)
        return {} if text is None else msgspec.json.decode(text, type=dict[str, str])

    async def known(self, serial: WalletSerial) -> KnownGuest:
        """Say which wristbands a guest had, and what is theirs; UnknownWristband."""
        bands = await self._store.fetch("wristbands_of", self._event, serial)
        if not bands:
            raise UnknownWristband(f"There is no wristband with serial {serial}.")
        currency = self._context.current.agreed.currency
        erased = [band["erased_at"] for band in bands if band["erased_at"] is not None]
        return KnownGuest(
            tuple(band["serial"] for band in bands),
            Money(bands[0]["balance_minor"], currency),
            bands[0]["vouchers"],
            min(erased) if erased else None,
        )

    async def owed_nothing(self, serial: WalletSerial) -> KnownGuest:
        """Return a guest who is owed nothing; raises UnknownWristband, StillOwed."""
        guest = await self.known(serial)
        if guest.balance.minor > 0:
            raise StillOwed(
                f"The wallet of wristband {serial} still holds {guest.balance}. "
                "Pay it out first."
            )
        return guest

    async def ask_erasure(self, serial: WalletSerial, *, by: str) -> int:
        """Note that a guest is to be forgotten; the ledger's writer does it.

        Returns the number of the request; raises UnknownWristband, StillOwed.
        """
        await self.owed_nothing(serial)
        return int(
            await self._store.fetch_value("ask_erasure", self._event, serial, by)
        )

    async def asked(self, number: int) -> Asked:
        """Say what became of a request."""
        row = await self._store.fetch_row("erasure_asked", self._event, number)
        assert row is not None, "requests are never deleted"
        return Asked(row["ended_at"] is not None, row["refusal"])

    @property
    def _event(self) -> int:
        return self._context.current.number


class Guests(GuestBook):
    """Forgets guests; belongs to the ledger's writer."""

    def __init__(self, store: Store, context: ContextKeeper, booking: Booking) -> None:
        super().__init__(store, context)
        self._booking = booking

    async def erase(self, serial: WalletSerial) -> Erased:
        """Forget the guest with a wristband, and block all wristbands they had.

        Raises UnknownWristband, StillOwed, NoLedger, DatabaseGone. May be repeated.
        """
        serials = (await self.owed_nothing(serial)).serials
        for each in serials:
            # Of a swapped one nobody can get anything; the word is refused, and fine.
            await self._booking.submit(block_item(uuid4(), each, blocked=True))
        await self._store.fetch("erase_guest", self._event, serials)
        log.info("A guest was erased; wristbands: %d.", len(serials))
        return Erased(serials)


class Erasing(Booker):
    """Forgets who is to be forgotten, whoever asked for it and wherever."""

    waiting = "Guests who are to be forgotten"

    def __init__(self, store: Store, context: ContextKeeper, booking: Booking) -> None:
        super().__init__(store, booking, context.current.number)
        self._guests = Guests(store, context, booking)

    async def book(self) -> int:
        """Forget all who wait for it; who can't be is told why. See Booker."""
        forgotten = 0
        for row in await self._store.fetch("erasures_asked", self._event):
            refusal = None
            try:
                await self._guests.erase(row["serial"])
                forgotten += 1
            except (StillOwed, UnknownWristband) as error:
                refusal = str(error)
            await self._store.fetch("end_erasure", self._event, row["number"], refusal)
        return forgotten
