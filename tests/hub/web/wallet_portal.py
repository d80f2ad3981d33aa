"""A portal on which guests look at their wristbands, over a real ledger."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from contract.token import PORTAL_PATH
from hub.service.bill_booker import BillBooker
from hub.service.guest_wallets import GuestWallets
from hub.service.payment_log import PaymentLog
from hub.service.transfers import Transfers
from hub.web.bill_pages import BillSources
from hub.web.wallet_desk import Guests
from hub.web.wallet_pages import add_guests
from tests.hub import samples
from tests.hub.hubs import running_parts
from tests.hub.service.billing import METHODS, Fair
from tests.hub.service.shop import Shop
from tests.hub.web.portal_people import URL, make_portal

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from hub.service.context import ContextKeeper
    from hub.store.store import Store
    from tests.hub.hubs import Parts
    from tests.hub.web.portal_people import Portal

EVENT = samples.EVENT.number


@dataclass
class Festival:
    """A hub with a shop, ways to pay online, and a portal."""

    parts: Parts
    shop: Shop
    fair: Fair
    portal: Portal

    async def band(self, minor: int = 0, number: int = 1) -> tuple[str, int]:
        """Issue a wristband; the path on its tag, and its serial."""
        serial = await self.parts.wallet(minor, number)
        return await self.code(number), serial

    async def code(self, number: int = 1) -> str:
        """Issue a wristband's token anew; the path on its tag."""
        issued = await self.parts.wristbands.issue(samples.uid(number))
        return PORTAL_PATH + issued.url.rpartition(PORTAL_PATH)[2]

    async def book(self) -> int:
        """Let the ledger's writer book what bills bring."""
        return await BillBooker(self.parts.store, self.parts.booking, EVENT).book()


@asynccontextmanager
async def open_festival(
    store: Store, context: ContextKeeper, *, secure: bool = True
) -> AsyncIterator[Festival]:
    """Run a festival whose portal shows wristbands."""
    async with running_parts(store, context) as parts:
        fair = await Fair.open(store)
        sources = BillSources(
            billing=fair.billing,
            payments=fair.payments,
            transfers=Transfers(store),
            log=PaymentLog(store),
            portal_url=URL,
        )
        portal = make_portal(store, secure=secure, bills=sources)
        wallets = GuestWallets(store, context, fair.billing, METHODS)
        add_guests(portal.app, Guests(wallets=wallets, bills=sources, secure=secure))
        yield Festival(parts, await Shop(parts).open(), fair, portal)
