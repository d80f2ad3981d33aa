"""A portal whose bills a browser pays on a provider's page: PostFinance's, ours."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hub.payments.performing import Performer, provider_client
from hub.payments.postfinance import PostFinance, Settings
from hub.payments.registry import registered
from hub.service.accounts import Accounts
from hub.service.bill_payments import BillPayments
from hub.service.bills import Billing
from hub.service.guest_wallets import GuestWallets
from hub.service.outbox import Outbox
from hub.service.payment_log import PaymentLog
from hub.service.provider_calls import ProviderCalls
from hub.service.registration import Registration
from hub.service.transfers import Transfers
from hub.web.bill_pages import BillSources
from hub.web.people import People
from hub.web.portal import portal_app
from hub.web.wallet_desk import Guests
from hub.web.wallet_pages import add_guests
from tests.counterparts.portal import SECRETS
from tests.counterparts.postfinance import PATH, PaymentPage
from tests.counterparts.serving import listener, running, url_of
from tests.hub import samples
from tests.hub.web.serving import Healths, Receipts

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from hub.service.context import ContextKeeper
    from hub.store.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class PayPortal:
    """A portal that runs, and the page its payers are sent to."""

    url: str
    provider: PaymentPage
    bills: BillSources


@asynccontextmanager
async def open_portal(
    store: Store,
    *,
    charset: str = "utf-8",
    context: ContextKeeper | None = None,
) -> AsyncIterator[PayPortal]:
    """Run it with accounts and bills; with an event's context, for wristbands, too."""
    provider = PaymentPage(*SECRETS, charset=charset)
    taken = listener()
    url = url_of(taken)
    provider.post_sale_url = f"{url}/post_finance/post_sale"
    async with running(provider.app()) as page_url, provider_client() as client:
        pass_in, pass_out = SECRETS
        contract = Settings(
            pspid="foxrun", pass_in=pass_in, pass_out=pass_out, url=page_url + PATH
        )
        methods = registered([PostFinance(contract)])
        performer, log = Performer(client), PaymentLog(store, SECRETS)
        payments = BillPayments(store, methods, performer)
        bills = BillSources(
            billing=Billing(store, methods),
            payments=payments,
            transfers=Transfers(store),
            log=log,
            portal_url=url,
        )
        people = People(
            accounts=Accounts(store, Outbox("portal.example"), url),
            registration=Registration(store, samples.EVENT.number),
            secure=False,
        )
        calls = ProviderCalls(store, methods, log, payments, performer)
        app = portal_app(Receipts(), Healths(), people=people, calls=calls, bills=bills)
        if context is not None:
            wallets = GuestWallets(store, context, bills.billing, methods)
            add_guests(app, Guests(wallets=wallets, bills=bills, secure=False))
        async with running(app, taken):
            yield PayPortal(url=url, provider=provider, bills=bills)
