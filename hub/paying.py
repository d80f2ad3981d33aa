"""Puts together what takes providers' calls, asks them, and shows staff what they said.

Which methods a bill offers is the event's own choice; here is what the hub has
contracts for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hub.payments.performing import Performer, provider_client
from hub.payments.registry import registered
from hub.service.bill_payments import BillPayments
from hub.service.bills import Billing
from hub.service.closing_reports import ClosingReports
from hub.service.guest_wallets import GuestWallets
from hub.service.office import Office
from hub.service.payment_log import PaymentLog
from hub.service.polling import Poller
from hub.service.provider_calls import ProviderCalls
from hub.service.transfers import Transfers
from hub.web.bill_pages import BillSources
from hub.web.closing_pages import closings_section
from hub.web.doubt_pages import doubt_section
from hub.web.flag_pages import flags_section
from hub.web.formats import load_zone
from hub.web.office import office_app
from hub.web.payment_log_pages import payment_log_section
from hub.web.wallet_desk import Guests

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from fastapi import FastAPI

    from hub.service.context import ContextKeeper
    from hub.settings import Settings
    from hub.store.store import Store
    from hub.web.office_desk import OfficeSection
    from hub.web.sources import HealthSource


class Paying:
    """The ways to pay of one hub."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        context: ContextKeeper,
        *,
        is_writer: Callable[[], bool],
    ) -> None:
        self._settings = settings
        self._store = store
        self._context = context
        self._client = provider_client()
        contracts = settings.payments
        self.methods = registered(contracts.methods())
        performer = self.performer = Performer(self._client)
        self.payments = BillPayments(store, self.methods, performer)
        self.log = PaymentLog(store, contracts.secrets)
        self.calls = ProviderCalls(
            store, self.methods, self.log, self.payments, performer
        )
        self.poller = Poller(
            store,
            context.current.number,
            self.methods,
            self.calls,
            is_writer=is_writer,
        )

    async def close(self) -> None:
        """Let the connections to providers go."""
        await self._client.aclose()

    def bills(self) -> BillSources:
        """Make what the pages of bills work with."""
        return BillSources(
            billing=Billing(self._store, self.methods),
            payments=self.payments,
            transfers=Transfers(self._store),
            log=self.log,
            portal_url=self._context.current.portal_url.rstrip("/"),
        )

    def guests(self) -> Guests:
        """Make what the pages of guests with a wristband work with."""
        bills = self.bills()
        return Guests(
            wallets=GuestWallets(
                self._store, self._context, bills.billing, self.methods
            ),
            bills=bills,
            secure=bills.portal_url.startswith("https://"),
        )

    def office(
        self, health: HealthSource, more: Sequence[OfficeSection] = ()
    ) -> FastAPI:
        """Make the office: these sections, and those of what providers said."""
        zone = load_zone(self._settings.zone)
        sections = [
            *more,
            closings_section(ClosingReports(self._store, self._context)),
            flags_section(self._store, self._context),
            doubt_section(self._store, self._context, self.payments, self.log),
            payment_log_section(self.log, zone),
        ]
        return office_app(
            Office(self._context), health, sections, zone=self._settings.zone
        )
