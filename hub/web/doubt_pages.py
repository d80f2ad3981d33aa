"""`/doubts`: what providers don't know, what they told, and what staff found out there.

That nothing was paid one person can say: no money moves by it. That money moved,
another person has to confirm. What the ledger refused to book is ticked off with a
note. All of it is noted in the payment log.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID  # noqa: TC003 - FastAPI reads it at run time

from fastapi import APIRouter
from starlette.exceptions import HTTPException
from starlette.requests import (
    Request,  # noqa: TC002 - FastAPI reads it at run time
)
from starlette.responses import Response  # noqa: TC002 - as above

from contract.bill_reference import BadReference, read_order_id
from hub.core.bills.errors import NoSuchBill, NotAllowed
from hub.core.bills.reports import Said
from hub.service.bill_office import REFUSED_PER_PAGE, BillOffice
from hub.service.bills import hub_time
from hub.service.claims import CLAIMABLE, Claims
from hub.service.polling import doubtful
from hub.service.seen_to import SeenTo
from hub.web.amounts import typed_amount
from hub.web.bank_pages import shown_money
from hub.web.noted_calls import OFFICE, noted
from hub.web.office_desk import AtWork, OfficeForm, OfficeSection
from hub.web.office_texts import office_texts
from hub.web.sessions import text_of
from hub.web.texts import Language

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from typing import TypeAlias

    from starlette.datastructures import FormData

    from hub.service.bill_payments import BillPayments
    from hub.service.context import ContextKeeper
    from hub.service.office import OfficeMember
    from hub.service.payment_log import PaymentLog
    from hub.store.store import Store
    from hub.web.office_desk import OfficeDesk

    Act: TypeAlias = Callable[[], Awaitable[object]]

PATH = "/doubts"
KEY = "doubts"
NUMBER_MAX = 2**62
NOTED_CHARACTERS_MAX = 500


def doubt_section(
    store: Store, context: ContextKeeper, payments: BillPayments, log: PaymentLog
) -> OfficeSection:
    """Make the section."""

    def routes(desk: OfficeDesk) -> APIRouter:
        router = APIRouter()
        doubts = Doubts(desk, store, context, payments, log)
        _add_routes(router, doubts)
        return router

    titles = {each: office_texts(each).doubts.title for each in Language}
    return OfficeSection(key=KEY, path=PATH, titles=titles, routes=routes)


class Doubts:
    """What the pages of doubts work with."""

    def __init__(
        self,
        desk: OfficeDesk,
        store: Store,
        context: ContextKeeper,
        payments: BillPayments,
        log: PaymentLog,
    ) -> None:
        event = context.current.number
        self._desk = desk
        self._store = store
        self.event = event
        self._log = log
        self.payments = payments
        self.bills = BillOffice(store, event)
        self.claims = Claims(store, event, payments.reports)
        self.seen_to = SeenTo(store, event)

    async def page(self, request: Request, refusal: str = "") -> Response:
        """Show all that is in doubt; a refusal is told above it."""
        return self._desk.page(
            request,
            "doubts.html",
            here=KEY,
            status=409 if refusal else 200,
            refusal=refusal,
            doubts=await doubtful(self._store, self.event, hub_time()),
            claims=await self.claims.waiting(),
            refused=await self.bills.refused(),
            alarms=await self.bills.alarms(),
            claimable=CLAIMABLE,
            money=shown_money(self._desk.reader(request)),
        )

    async def seen_page(self, request: Request) -> Response:
        """Show what the ledger refused and somebody has seen to."""
        asked = request.query_params.get("before", "")
        number = int(asked) if asked.isdecimal() and len(asked) < 19 else None
        refused = await self.bills.refused(seen=True, before=number)
        is_full = len(refused) == REFUSED_PER_PAGE
        return self._desk.page(
            request,
            "doubts_seen.html",
            here=KEY,
            refused=refused,
            older=f"{PATH}/seen?before={refused[-1].number}" if is_full else "",
        )

    async def perform(
        self, request: Request, action: str, about: str, act: Act
    ) -> Response:
        """Do it, note it, and show what is left."""
        about = about[:NOTED_CHARACTERS_MAX]
        async with noted(self._log, request, OFFICE, action, about) as outcome:
            try:
                await act()
            except (BadReference, NoSuchBill, NotAllowed) as error:
                outcome.refuse(error)
                return await self.page(request, str(error))
            outcome.say(f"Done: {about}")
        return self._desk.go(request, PATH)


def _add_routes(router: APIRouter, doubts: Doubts) -> None:
    @router.get(PATH)
    async def show(request: Request, _: AtWork) -> Response:
        return await doubts.page(request)

    @router.get(f"{PATH}/seen")
    async def show_seen(request: Request, _: AtWork) -> Response:
        return await doubts.seen_page(request)

    @router.post(PATH + "/refused/{order}/seen")
    async def see_to(
        request: Request, member: AtWork, form: OfficeForm, order: UUID
    ) -> Response:
        note = text_of(form, "note")
        return await doubts.perform(
            request,
            "seen",
            f"refused step {order}, by {member.id}: {note}",
            lambda: doubts.seen_to.refused_step(order, by=member.id, note=note),
        )

    @router.post(f"{PATH}/close")
    async def close(request: Request, member: AtWork, form: OfficeForm) -> Response:
        named, reason = text_of(form, "order_id"), text_of(form, "reason")

        async def act() -> None:
            reference, number = read_order_id(named)
            await doubts.payments.close_unpaid(
                doubts.event, reference, number, by=member.id, reason=reason
            )

        about = f"{named} as not paid, by {member.id}: {reason}"
        return await doubts.perform(request, "close", about, act)

    @router.post(f"{PATH}/claims")
    async def claim(request: Request, member: AtWork, form: OfficeForm) -> Response:
        about = (
            f"{text_of(form, 'order_id')} {text_of(form, 'said')} "
            f"{text_of(form, 'amount')} as {text_of(form, 'money_ref')}, "
            f"by {member.id}: {text_of(form, 'reason')}"
        )
        return await doubts.perform(
            request, "claim", about, lambda: _claim(doubts.claims, form, member)
        )

    @router.post(PATH + "/claims/{claim}/{verb}")
    async def decide(
        request: Request, member: AtWork, _: OfficeForm, claim: UUID, verb: str
    ) -> Response:
        verbs = {"confirm": doubts.claims.confirm, "decline": doubts.claims.decline}
        if verb not in verbs:
            raise HTTPException(404)
        return await doubts.perform(
            request,
            verb,
            f"claim {claim}, by {member.id}",
            lambda: verbs[verb](claim, member.id),
        )

    @router.post(PATH + "/alarms/{alarm}/seen")
    async def seen(
        request: Request, member: AtWork, form: OfficeForm, alarm: int
    ) -> Response:
        note = text_of(form, "note")
        return await doubts.perform(
            request,
            "seen",
            f"alarm {alarm}, by {member.id}: {note}",
            lambda: doubts.bills.close_alarm(min(alarm, NUMBER_MAX), member.id, note),
        )


async def _claim(claims: Claims, form: FormData, member: OfficeMember) -> None:
    """Keep what somebody found at a provider; raises NotAllowed, NoSuchBill."""
    amount, said = text_of(form, "amount"), text_of(form, "said")
    minor = typed_amount(amount)
    if minor is None:
        raise NotAllowed(f"{amount!r} is no amount. Write it as 45.00.")
    if said not in {each.value for each in CLAIMABLE}:
        raise NotAllowed("Say whether it was paid, refunded, charged back or returned.")
    await claims.claim(
        text_of(form, "order_id"),
        Said(said),
        minor,
        text_of(form, "money_ref"),
        reason=text_of(form, "reason"),
        by=member.id,
    )
