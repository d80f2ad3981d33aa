"""`/refunds`: the office asks for refunds, and another person approves them."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID  # noqa: TC003 - FastAPI reads it at run time

from fastapi import APIRouter
from starlette.exceptions import HTTPException
from starlette.requests import (
    Request,  # noqa: TC002 - FastAPI reads it at run time
)
from starlette.responses import Response  # noqa: TC002 - as above

from hub.core.bills.bill import MovementKind
from hub.core.bills.errors import NotAllowed
from hub.payments.pain001 import Party
from hub.payments.registry import BY_HAND
from hub.store.bills import read_bill
from hub.web.amounts import typed_amount
from hub.web.bank_pages import shown_money, titles, words_of
from hub.web.office_desk import AtWork, OfficeForm, OfficeSection
from hub.web.sessions import text_of

if TYPE_CHECKING:
    from starlette.datastructures import FormData

    from hub.service.refunds import Refunds
    from hub.store.store import Store
    from hub.web.office_desk import OfficeDesk

PATH = "/refunds"
KEY = "refunds"
_PAYMENT_DIGITS_MAX = 18
_BY_HAND = frozenset(method.code for method in BY_HAND)


def refunds_section(store: Store, event: int, refunds: Refunds) -> OfficeSection:
    """Make the section."""

    def routes(desk: OfficeDesk) -> APIRouter:
        router = APIRouter()
        _add_list(router, desk, refunds)
        _add_request(router, desk, refunds, (store, event))
        return router

    return OfficeSection(key=KEY, path=PATH, titles=titles(KEY), routes=routes)


def _add_list(router: APIRouter, desk: OfficeDesk, refunds: Refunds) -> None:
    async def page(request: Request, refusal: str = "") -> Response:
        return desk.page(
            request,
            "refunds.html",
            here=KEY,
            status=422 if refusal else 200,
            refusal=refusal,
            b=words_of(desk, request),
            money=shown_money(desk.reader(request)),
            overpaid=await refunds.overpaid(),
            refunds=await refunds.all(),
        )

    @router.get(PATH)
    async def show(request: Request, _: AtWork) -> Response:
        return await page(request)

    @router.post(PATH + "/{refund}/{verb}")
    async def decide(
        request: Request, member: AtWork, form: OfficeForm, refund: UUID, verb: str
    ) -> Response:
        try:
            match verb:
                case "approve":
                    await refunds.approve(refund, member.id)
                case "decline":
                    await refunds.decline(refund, member.id, text_of(form, "note"))
                case "send":
                    await refunds.send(refund)
                case "close":
                    await refunds.close(refund, member.id, text_of(form, "note"))
                case _:
                    raise HTTPException(404)
        except NotAllowed as error:
            return await page(request, str(error))
        return desk.go(request, PATH)


def _add_request(
    router: APIRouter, desk: OfficeDesk, refunds: Refunds, ledger: tuple[Store, int]
) -> None:
    store, event = ledger

    async def page(request: Request, typed: str, refusal: str = "") -> Response:
        reference = "".join(typed.split()).zfill(27)
        record = await read_bill(store, reference[:40])
        if record is None or record.event != event:
            raise HTTPException(404)
        return desk.page(
            request,
            "refund_new.html",
            here=KEY,
            status=422 if refusal else 200,
            refusal=refusal,
            b=words_of(desk, request),
            money=shown_money(desk.reader(request)),
            record=record,
            standing=record.standing,
            paid_online=[
                each
                for each in record.payments
                if each.kind is MovementKind.PAYMENT
                and each.till is None
                and each.method not in _BY_HAND
            ],
        )

    @router.get(PATH + "/new")
    async def show(request: Request, _: AtWork, bill: str = "") -> Response:
        return await page(request, bill.replace("\x00", ""))

    @router.post(PATH)
    async def ask(request: Request, member: AtWork, form: OfficeForm) -> Response:
        try:
            await _ask(refunds, form, member.id)
        except NotAllowed as error:
            return await page(request, text_of(form, "bill"), str(error))
        return desk.go(request, PATH)


async def _ask(refunds: Refunds, form: FormData, by: str) -> None:
    """Ask for what a form says; raises NotAllowed."""
    reference, reason = text_of(form, "bill"), text_of(form, "reason")
    amount, payment = text_of(form, "amount"), text_of(form, "payment")
    minor = typed_amount(amount)
    if minor is None:
        raise NotAllowed(f"{amount!r} is no amount. Write it as 45.00.")
    if payment:
        known = payment.isdecimal() and len(payment) <= _PAYMENT_DIGITS_MAX
        number = int(payment) if known else 0
        await refunds.ask_provider(reference, number, minor, reason=reason, by=by)
        return
    try:
        to = Party(
            name=text_of(form, "holder"),
            iban=text_of(form, "iban"),
            bic=text_of(form, "bic"),
        )
    except ValueError as error:
        raise NotAllowed(str(error)) from None
    await refunds.ask_to_transfer(reference, minor, to, reason=reason, by=by)
