"""The office's bank pages over a real store, and staff who open them."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import httpx

from contract.staff import Right, StaffRole
from hub.service.bank_queue import BankQueue
from hub.service.bill_payments import BillPayments
from hub.service.bills import hub_time
from hub.service.office import Office
from hub.service.office_tasks import OfficeTasks
from hub.service.payment_log import PaymentLog
from hub.service.payout_files import PayoutFiles
from hub.service.refunds import Refunds
from hub.service.settlements import Settlements
from hub.service.slips import Slips
from hub.service.staff import NewMember, put_member, put_role
from hub.service.transfers import Transfers
from hub.web.bank_pages import bank_section
from hub.web.doubt_pages import doubt_section
from hub.web.flag_pages import flags_section
from hub.web.office import office_app
from hub.web.overview_pages import overview_section
from hub.web.refund_pages import refunds_section
from hub.web.settlement_pages import settlements_section
from hub.web.slip_pages import slips_section
from tests.counterparts.serving import PATIENCE_S, running
from tests.hub import samples
from tests.hub.service.billing import METHODS, Here
from tests.hub.web.serving import Healths
from tests.hub.web.test_office import PIN, csrf

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from fastapi import FastAPI

    from hub.service.context import ContextKeeper
    from hub.store.store import Store

EVENT = samples.EVENT.number
STAFF = ("fay", "ben")


class Staff:
    """Somebody at a browser."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client
        self.page: httpx.Response

    async def open(self, path: str) -> str:
        self.page = await self.client.get(path)
        return self.page.text

    async def send(self, path: str, **fields: str) -> httpx.Response:
        """Send a form of the page that is open."""
        data = {"csrf_token": csrf(self.page), **fields}
        self.page = await self.client.post(path, data=data)
        return self.page

    async def upload(self, file: bytes) -> httpx.Response:
        """Hand a bank's file in on the page that is open."""
        data = {"csrf_token": csrf(self.page)}
        files = {"file": ("day.xml", file)}
        self.page = await self.client.post("/bank/import", data=data, files=files)
        return self.page

    async def log_in(self, name: str) -> None:
        await self.open("/login")
        page = await self.send("/login", name=name, pin=PIN)
        assert page.status_code == 200


async def hire(store: Store) -> None:
    role = StaffRole(name="finance", rights=(Right.FINANCE,))
    await put_role(store, EVENT, role)
    for number, name in enumerate(STAFF):
        member = NewMember(
            id=name,
            name=name.title(),
            uid=samples.uid(210 + number),
            roles=["finance"],
            pin=PIN,
        )
        await put_member(store, EVENT, member)


def bank_app(store: Store, context: ContextKeeper) -> FastAPI:
    here, log = Here(), PaymentLog(store)
    payments = BillPayments(store, METHODS, here)
    refunds = Refunds(store, EVENT, METHODS, payments, here)
    settlements = Settlements(store, EVENT)
    tasks = OfficeTasks(store, EVENT, refunds, settlements, hub_time)
    sections = [
        overview_section(tasks),
        bank_section(store, EVENT, BankQueue(store, EVENT), log),
        slips_section(Slips(store, EVENT, Transfers(store)), log),
        refunds_section(store, EVENT, refunds),
        settlements_section(settlements, PayoutFiles(store, EVENT)),
        flags_section(store, context),
        doubt_section(store, context, payments, log),
    ]
    return office_app(Office(context), Healths(), sections)


@asynccontextmanager
async def staff_of(
    url: str, names: Sequence[str], language: str = "en"
) -> AsyncIterator[list[Staff]]:
    """Have some of the staff logged in."""
    clients = [
        httpx.AsyncClient(
            base_url=url,
            trust_env=False,
            timeout=PATIENCE_S,
            follow_redirects=True,
            headers={"Accept-Language": language},
        )
        for _ in names
    ]
    try:
        people = [Staff(client) for client in clients]
        for each, name in zip(people, names, strict=True):
            await each.log_in(name)
        yield people
    finally:
        for client in clients:
            await client.aclose()


@asynccontextmanager
async def open_office(
    store: Store,
    context: ContextKeeper,
    *names: str,
    language: str = "en",
) -> AsyncIterator[list[Staff]]:
    """Run the office with these people in it; fay, if nobody is named."""
    await hire(store)
    await context.refresh()
    async with (
        running(bank_app(store, context)) as url,
        staff_of(url, names or STAFF[:1], language) as people,
    ):
        yield people
