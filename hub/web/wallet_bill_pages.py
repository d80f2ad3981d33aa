"""`/wallet/topup/<reference>`: a guest's top-up bill, and the ways to pay it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import APIRouter, Request
from starlette.responses import Response  # noqa: TC002 - FastAPI reads it

from hub.core.bills.errors import NoSuchBill, NotAllowed
from hub.payments.method import Instructions
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
from hub.web.sessions import text_of
from hub.web.wallet_sessions import PATH, TOP_UP_PATH, GuestForm, OpenWallet

if TYPE_CHECKING:
    from hub.service.bill_payments import Chosen
    from hub.service.bills import ShownBill
    from hub.web.wallet_desk import WalletDesk
    from hub.web.wallet_sessions import GuestVisit


def wallet_bill_routes(desk: WalletDesk) -> APIRouter:
    """Let guests see, pay and take back their top-ups."""
    router = APIRouter(prefix=TOP_UP_PATH)
    _add_bill(router, desk)
    _add_choice(router, desk)
    _add_how(router, desk)
    return router


def _add_bill(router: APIRouter, desk: WalletDesk) -> None:
    bills = desk.guests.bills

    @router.get("/{reference}")
    async def show(request: Request, visit: OpenWallet, reference: str) -> Response:
        try:
            shown = await bills.billing.show(visit.guest.viewer, reference)
        except NoSuchBill:
            return _not_found(desk, request)
        return _bill_page(desk, request, visit, shown)

    @router.post("/{reference}/cancel")
    async def cancel(
        request: Request, visit: OpenWallet, reference: str, form: GuestForm
    ) -> Response:
        del form  # it has nothing but its token
        try:
            await bills.billing.cancel(visit.guest.viewer, reference)
        except NoSuchBill:
            return _not_found(desk, request)
        except NotAllowed:
            # Something was paid meanwhile: the page says so.
            return desk.go(request, f"{TOP_UP_PATH}/{reference}")
        return desk.go(request, PATH)


def _add_choice(router: APIRouter, desk: WalletDesk) -> None:
    bills = desk.guests.bills

    @router.post("/{reference}/pay")
    async def pay(
        request: Request, visit: OpenWallet, reference: str, form: GuestForm
    ) -> Response:
        method, reader = text_of(form, "method"), desk.reader(request)
        viewer = visit.guest.viewer
        await desk.count("top_up", request, str(visit.guest.serial))
        left = leaving(bills.portal_url, reference, method, reader, folder=TOP_UP_PATH)
        try:
            async with chosen_by_hand(bills.log, request, method):
                chosen = await bills.payments.choose(viewer, reference, method, left)
            shown = await bills.billing.show(viewer, reference)
        except NoSuchBill:
            return _not_found(desk, request)
        except REFUSED as error:
            shown = await bills.billing.show(viewer, reference)
            refused = refused_by(
                error, method, view_bill(shown, reader), reader.texts.bills
            )
            return _bill_page(desk, request, visit, shown, refused)
        if isinstance(chosen.step, Instructions):
            return desk.go(request, f"{TOP_UP_PATH}/{reference}/how/{method}")
        return _leave_page(desk, request, visit, shown, chosen)

    @router.post("/{reference}/give-up")
    async def give_up(
        request: Request, visit: OpenWallet, reference: str, form: GuestForm
    ) -> Response:
        number = attempt_number(form)
        if number is None:
            return problem_page(desk.pages, request, ProblemKind.BAD_ADDRESS)
        try:
            await bills.payments.give_up(visit.guest.viewer, reference, number)
        except NoSuchBill:
            return _not_found(desk, request)
        except NotAllowed:
            pass  # the provider was faster: the bill's page says what is
        return desk.go(request, f"{TOP_UP_PATH}/{reference}")


def _add_how(router: APIRouter, desk: WalletDesk) -> None:
    bills = desk.guests.bills

    @router.get("/{reference}/how/{method}")
    async def how(
        request: Request, visit: OpenWallet, reference: str, method: str
    ) -> Response:
        try:
            shown = await bills.billing.show(visit.guest.viewer, reference)
        except NoSuchBill:
            return _not_found(desk, request)
        if not may_be_told(shown, method):
            return desk.go(request, f"{TOP_UP_PATH}/{reference}")
        reader = desk.reader(request)
        pay = await view_how(bills.transfers, shown, method, reader)
        return desk.page(request, visit, "wallet_pay.html", pay=pay)


def _bill_page(
    desk: WalletDesk,
    request: Request,
    visit: GuestVisit,
    shown: ShownBill,
    refused: tuple[str, int] = ("", 200),
) -> Response:
    reader = desk.reader(request)
    view = view_bill(shown, reader)
    words, status = refused
    return desk.page(
        request,
        visit,
        "wallet_bill.html",
        status=status,
        bill=view,
        at=lambda act: reader.link(f"{TOP_UP_PATH}/{view.reference}{act}"),
        refusal=words,
    )


def _leave_page(
    desk: WalletDesk,
    request: Request,
    visit: GuestVisit,
    shown: ShownBill,
    chosen: Chosen,
) -> Response:
    pay = view_leaving(shown, chosen, desk.reader(request))
    return desk.page(request, visit, "wallet_pay.html", headers=pay.headers, pay=pay)


def _not_found(desk: WalletDesk, request: Request) -> Response:
    return problem_page(desk.pages, request, ProblemKind.NOT_FOUND)
