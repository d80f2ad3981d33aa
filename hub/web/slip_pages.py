"""`/slips`: the office prints payment slips, posts them and ticks them off."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import APIRouter
from starlette.exceptions import HTTPException
from starlette.requests import (
    Request,  # noqa: TC002 - FastAPI reads it at run time
)
from starlette.responses import Response

from hub.core.bills.errors import NotAllowed
from hub.payments.by_hand import SLIP
from hub.payments.errors import NotOffered
from hub.web.bank_pages import shown_money, titles, words_of
from hub.web.noted_calls import noted
from hub.web.office_desk import AtWork, OfficeForm, OfficeSection
from hub.web.sessions import text_of

if TYPE_CHECKING:
    from hub.service.payment_log import PaymentLog
    from hub.service.slips import Slips
    from hub.web.office_desk import OfficeDesk

PATH = "/slips"
KEY = "slips"
PDF = "application/pdf"


def slips_section(slips: Slips, log: PaymentLog) -> OfficeSection:
    """Make the section; what is done on its pages is noted in the payment log."""

    def routes(desk: OfficeDesk) -> APIRouter:
        router = APIRouter()
        _add_routes(router, desk, slips, log)
        return router

    return OfficeSection(key=KEY, path=PATH, titles=titles(KEY), routes=routes)


def _add_routes(
    router: APIRouter, desk: OfficeDesk, slips: Slips, log: PaymentLog
) -> None:
    async def page(request: Request, refusal: str = "") -> Response:
        found = await slips.all()
        return desk.page(
            request,
            "slips.html",
            here=KEY,
            status=422 if refusal else 200,
            refusal=refusal,
            b=words_of(desk, request),
            money=shown_money(desk.reader(request)),
            to_post=[each for each in found if each.sent_at is None],
            posted=[each for each in found if each.sent_at is not None],
        )

    @router.get(PATH)
    async def show(request: Request, _: AtWork) -> Response:
        return await page(request)

    @router.post(PATH)
    async def change(request: Request, member: AtWork, form: OfficeForm) -> Response:
        reference, verb = text_of(form, "bill"), text_of(form, "verb")
        action = "unlock" if verb == "unlock" else "mark_sent"
        async with noted(log, request, SLIP.code, action) as outcome:
            try:
                if action == "unlock":
                    await slips.unlock(reference)
                else:
                    await slips.mark_sent(reference, member.id)
            except NotAllowed as error:
                outcome.refuse(error)
                return await page(request, str(error))
            outcome.say(f"Bill {reference}, by {member.id}.")
        return desk.go(request, PATH)

    @router.get(PATH + "/{reference}.pdf")
    async def pdf(request: Request, member: AtWork, reference: str) -> Response:
        language = desk.reader(request).language.value
        async with noted(log, request, SLIP.code, "print") as outcome:
            try:
                data = await slips.print(reference, language)
            except NotAllowed as error:
                raise HTTPException(404) from error
            except NotOffered as error:
                outcome.refuse(error)
                return await page(request, str(error))
            outcome.say(f"Printed by {member.id}.")
        name = f'inline; filename="slip-{reference}.pdf"'
        return Response(data, media_type=PDF, headers={"Content-Disposition": name})
