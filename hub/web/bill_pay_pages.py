"""Paying a bill: on to a provider, or a page that tells how; attempts given up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import APIRouter, Request
from starlette.responses import Response  # noqa: TC002 - FastAPI reads it

from hub.core.bills.errors import NoSuchBill, NotAllowed
from hub.payments.method import Instructions
from hub.service.bill_viewers import OfUser
from hub.web.bill_pages import BillParts, bill_page
from hub.web.bill_view import view_bill
from hub.web.bill_ways import (
    attempt_number,
    leaving,
    may_be_told,
    refused_by,
    view_how,
    view_leaving,
)
from hub.web.noted_calls import REFUSED, chosen_by_hand
from hub.web.problems import ProblemKind, problem_page
from hub.web.sessions import CheckedForm, LoggedIn, text_of

if TYPE_CHECKING:
    from hub.service.accounts import PortalUser
    from hub.service.bill_payments import Chosen


def bill_pay_routes(parts: BillParts) -> APIRouter:
    """Let people pay their bills."""
    router = APIRouter()
    _add_choice(router, parts)
    _add_how(router, parts)
    return router


def _add_choice(router: APIRouter, parts: BillParts) -> None:
    desk, payments = parts.desk, parts.payments

    @router.post("/bills/{reference}/pay")
    async def pay(
        request: Request, user: LoggedIn, reference: str, form: CheckedForm
    ) -> Response:
        method = text_of(form, "method")
        reader = desk.reader(request)
        left = leaving(parts.sources.portal_url, reference, method, reader)
        try:
            async with chosen_by_hand(parts.sources.log, request, method):
                chosen = await payments.choose(OfUser(user.id), reference, method, left)
        except NoSuchBill:
            return problem_page(desk.pages, request, ProblemKind.NOT_FOUND)
        except REFUSED as error:
            return await _refused(parts, request, user, (reference, method), error)
        if isinstance(chosen.step, Instructions):
            return desk.go(request, f"/bills/{reference}/how/{method}")
        return await _leave_page(parts, request, user, chosen)

    @router.post("/bills/{reference}/give-up")
    async def give_up(
        request: Request, user: LoggedIn, reference: str, form: CheckedForm
    ) -> Response:
        number = attempt_number(form)
        if number is None:
            return problem_page(desk.pages, request, ProblemKind.BAD_ADDRESS)
        try:
            await payments.give_up(OfUser(user.id), reference, number)
        except NoSuchBill:
            return problem_page(desk.pages, request, ProblemKind.NOT_FOUND)
        except NotAllowed:
            pass  # the provider was faster: the bill's page says what is
        return desk.go(request, f"/bills/{reference}")


def _add_how(router: APIRouter, parts: BillParts) -> None:
    desk = parts.desk

    @router.get("/bills/{reference}/how/{method}")
    async def how(
        request: Request, user: LoggedIn, reference: str, method: str
    ) -> Response:
        try:
            shown = await parts.billing.show(OfUser(user.id), reference)
        except NoSuchBill:
            return problem_page(desk.pages, request, ProblemKind.NOT_FOUND)
        if not may_be_told(shown, method):
            return desk.go(request, f"/bills/{reference}")
        reader = desk.reader(request)
        pay = await view_how(parts.transfers, shown, method, reader)
        return desk.page(request, "bill_pay.html", here="bills", pay=pay)


async def _refused(
    parts: BillParts,
    request: Request,
    user: PortalUser,
    wanted: tuple[str, str],
    error: Exception,
) -> Response:
    """Show the bill again, and say why it could not be paid that way now."""
    reference, method = wanted
    shown = await parts.billing.show(OfUser(user.id), reference)
    reader = parts.desk.reader(request)
    view = view_bill(shown, reader)
    words, status = refused_by(error, method, view, reader.texts.bills)
    return bill_page(parts.desk, request, view, status=status, refusal=words)


async def _leave_page(
    parts: BillParts, request: Request, user: PortalUser, chosen: Chosen
) -> Response:
    assert chosen.attempt is not None, "who leaves does so by an attempt"
    attempt, desk = chosen.attempt, parts.desk
    shown = await parts.billing.show(OfUser(user.id), attempt.reference)
    pay = view_leaving(shown, chosen, desk.reader(request))
    return desk.page(
        request, "bill_pay.html", here="bills", headers=pay.headers, pay=pay
    )
