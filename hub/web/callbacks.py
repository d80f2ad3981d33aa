"""`/post_finance/...`, `/paypal/...`, `/stripe/...`: where providers call the portal.

Payers who come back are sent on to their bill; what can't be proven gets a page that
says nothing about why. Providers are answered by a status alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import APIRouter, Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response

from hub.payments.method import Incoming
from hub.payments.routes import ENTRANCES
from hub.service.provider_calls import Answered, ProviderCall
from hub.web.problems import ProblemKind, problem_page
from hub.web.wallet_sessions import bill_path

if TYPE_CHECKING:
    from hub.payments.routes import Entrance
    from hub.service.provider_calls import CallEnded
    from hub.web.pages import Pages
    from hub.web.sources import ProviderCallTaker

BODY_BYTES_MAX = 256 * 1024
"""Of a call; web-hooks have some kilobytes. Of a longer one the beginning is read."""

RETRY_AFTER_S = 60
# All of them, so that even a wrong one is in the payment log.
VERBS = ["GET", "POST", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"]
_READ = frozenset({"GET", "POST"})
_STATUS = {
    Answered.TAKEN: 200,
    Answered.REFUSED: 400,
    Answered.UNKNOWN: 404,
    Answered.LATER: 503,
}


def callback_routes(calls: ProviderCallTaker, pages: Pages) -> APIRouter:
    """Take calls of providers, and payers who come back from them."""
    router = APIRouter()
    for entrance in ENTRANCES.values():
        _add_entrance(router, entrance, calls, pages)
    return router


def _add_entrance(
    router: APIRouter, entrance: Entrance, calls: ProviderCallTaker, pages: Pages
) -> None:
    async def called(request: Request) -> Response:
        action = request.path_params["action"]
        if request.method not in _READ:
            action = f"{request.method} {action}"
        ended = await calls.take(
            ProviderCall(
                entrance=entrance,
                verb=request.method,
                path=request.url.path,
                ip_address=request.client.host if request.client else "",
                incoming=Incoming(
                    action=action,
                    query=request.scope.get("query_string", b""),
                    headers=_headers(request),
                    body=await _body(request),
                ),
            )
        )
        if request.method not in _READ:
            return PlainTextResponse("", 405, {"Allow": "GET, POST"})
        if action in entrance.browser_actions:
            return await _page(request, pages, ended)
        return _status(ended)

    router.add_api_route(
        f"/{entrance.folder}/{{action:path}}",
        called,
        methods=VERBS,
        name=entrance.folder,
    )


async def _page(request: Request, pages: Pages, ended: CallEnded) -> Response:
    match ended.answered:
        case Answered.TAKEN if ended.bill is not None:
            return RedirectResponse(await bill_path(request, ended.bill), 303)
        case Answered.LATER:
            return problem_page(pages, request, ProblemKind.UNAVAILABLE)
        case _:
            return problem_page(pages, request, ProblemKind.PAYMENT_UNREAD)


def _status(ended: CallEnded) -> Response:
    status = _STATUS[ended.answered]
    headers = {"Retry-After": str(RETRY_AFTER_S)} if status == 503 else {}
    return PlainTextResponse("OK" if status == 200 else "", status, headers)


def _headers(request: Request) -> tuple[tuple[str, str], ...]:
    return tuple(
        (name.decode("latin-1"), value.decode("latin-1"))
        for name, value in request.headers.raw
    )


async def _body(request: Request) -> bytes:
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > BODY_BYTES_MAX:
            break
    return bytes(body[:BODY_BYTES_MAX])
