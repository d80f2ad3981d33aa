"""`/w/<code>`, `/wallet`, its top-up form and its way to the money back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import APIRouter, Request
from starlette.responses import Response  # noqa: TC002 - FastAPI reads it

from contract.money import Money
from hub.service.guest_wallets import TopUpRefused
from hub.store.errors import DatabaseGone
from hub.web.amounts import typed_amount
from hub.web.problems import ProblemKind, problem_page
from hub.web.rate_limits import RateLimits
from hub.web.sessions import text_of
from hub.web.wallet_bill_pages import wallet_bill_routes
from hub.web.wallet_codes import MASKED_PATH, CodeMask, code_of
from hub.web.wallet_desk import Guests, TriedTooOften, WalletDesk
from hub.web.wallet_sessions import (
    PATH,
    GuestForm,
    GuestFormRefused,
    GuestSessions,
    NoWristband,
    OpenWallet,
)
from hub.web.wallet_view import view_top_up, view_wallet

if TYPE_CHECKING:
    from fastapi import FastAPI

    from hub.service.guest_wallets import TopUpTerms
    from hub.web.pages import Pages
    from hub.web.wallet_sessions import GuestVisit

WAIT_S = 5 * 60


def add_guests(app: FastAPI, guests: Guests) -> None:
    """Add to a portal the pages that a wristband's code opens."""
    pages: Pages = app.state.pages
    sessions = GuestSessions(guests.wallets, secure=guests.secure)
    app.state.guest_sessions = sessions
    app.add_middleware(CodeMask)
    desk = WalletDesk(pages=pages, guests=guests, sessions=sessions, rates=RateLimits())
    app.include_router(_code_routes(desk))
    app.include_router(_wallet_routes(desk))
    app.include_router(_top_up_routes(desk))
    app.include_router(wallet_bill_routes(desk))
    _explain(app, desk)


def _code_routes(desk: WalletDesk) -> APIRouter:
    router = APIRouter()

    @router.get(MASKED_PATH)
    async def enter(request: Request) -> Response:
        await desk.count("wristband", request)
        token = await desk.wallets.open(code_of(request))
        if token is None:
            return desk.closed(request, desk.texts(request).unknown, 404)
        response = desk.go(request, PATH)
        desk.sessions.begin(response, token)
        return response

    return router


def _wallet_routes(desk: WalletDesk) -> APIRouter:
    router = APIRouter()

    @router.get(PATH)
    async def show(request: Request, visit: OpenWallet) -> Response:
        wallet = await desk.wallets.wallet(visit.guest)
        reader, texts = desk.reader(request), desk.texts(request)
        view = view_wallet(wallet, reader, texts)
        return desk.page(request, visit, "wallet.html", wallet=view)

    @router.get("/wallet/payout")
    async def pay_out(request: Request, visit: OpenWallet) -> Response:
        wallet = await desk.wallets.wallet(visit.guest)
        reader, texts = desk.reader(request), desk.texts(request)
        return desk.page(
            request,
            visit,
            "wallet_payout.html",
            wallet=view_wallet(wallet, reader, texts),
            has_money=wallet.balance.minor > 0,
            places=desk.wallets.payout_places(),
        )

    @router.post("/wallet/close")
    async def close(request: Request, visit: OpenWallet, form: GuestForm) -> Response:
        del form  # it has nothing but its token
        await desk.wallets.close(visit.token)
        response = desk.closed(request, desk.texts(request).closed, 200)
        desk.sessions.end(response)
        return response

    return router


def _top_up_routes(desk: WalletDesk) -> APIRouter:
    router = APIRouter()

    @router.get("/wallet/topup")
    async def show(request: Request, visit: OpenWallet) -> Response:
        terms = await desk.wallets.top_up_terms(visit.guest)
        return await _top_up_page(desk, request, visit, terms)

    @router.post("/wallet/topup")
    async def top_up(request: Request, visit: OpenWallet, form: GuestForm) -> Response:
        await desk.count("top_up", request, str(visit.guest.serial))
        typed = text_of(form, "amount")
        minor = typed_amount(typed)
        if minor is None:
            terms = await desk.wallets.top_up_terms(visit.guest)
            wrong = desk.texts(request).not_a_number
            told = (typed, wrong)
            return await _top_up_page(desk, request, visit, terms, told)
        try:
            reference = await desk.wallets.top_up(visit.guest, minor)
        except TopUpRefused as error:
            told = (typed, _words(desk, request, error))
            return await _top_up_page(desk, request, visit, error.terms, told)
        return desk.go(request, f"/wallet/topup/{reference}")

    return router


async def _top_up_page(
    desk: WalletDesk,
    request: Request,
    visit: GuestVisit,
    terms: TopUpTerms,
    told: tuple[str, str] = ("", ""),
) -> Response:
    reader, texts = desk.reader(request), desk.texts(request)
    wallet = await desk.wallets.wallet(visit.guest)
    typed, wrong = told
    return desk.page(
        request,
        visit,
        "wallet_topup.html",
        status=422 if wrong else 200,
        wallet=view_wallet(wallet, reader, texts),
        top_up=view_top_up(terms, reader, texts),
        typed=typed,
        wrong=wrong,
    )


def _words(desk: WalletDesk, request: Request, error: TopUpRefused) -> str:
    formats, terms = desk.reader(request).formats, error.terms
    return (
        desk.texts(request)
        .problems[error.problem]
        .format(
            least=formats.money(Money(terms.least_minor, terms.currency)),
            most=formats.money(Money(terms.most_minor, terms.currency)),
        )
    )


def _explain(app: FastAPI, desk: WalletDesk) -> None:
    """Give what guests can run into a page."""

    async def no_wristband(request: Request, _: Exception) -> Response:
        return desk.closed(request, desk.texts(request).ended, 403)

    async def refused(request: Request, _: Exception) -> Response:
        words = desk.texts(request).refused
        return desk.closed(request, words, 403, is_open=True)

    async def too_often(request: Request, _: Exception) -> Response:
        words = desk.texts(request).too_often
        response = desk.closed(request, words, 429)
        response.headers["Retry-After"] = str(WAIT_S)
        return response

    async def gone(request: Request, _: Exception) -> Response:
        return problem_page(desk.pages, request, ProblemKind.UNAVAILABLE)

    app.add_exception_handler(NoWristband, no_wristband)
    app.add_exception_handler(GuestFormRefused, refused)
    app.add_exception_handler(TriedTooOften, too_often)
    app.add_exception_handler(DatabaseGone, gone)
