"""Pages for forms that can't be taken, and the way to the log-in page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import RedirectResponse

from hub.store.errors import DatabaseGone
from hub.web.problems import ProblemKind, problem_page
from hub.web.rate_limits import TooOften
from hub.web.sessions import (
    FormRefused,
    FormTooLarge,
    LogInFirst,
    login_address,
    visitor,
)

if TYPE_CHECKING:
    from fastapi import FastAPI
    from starlette.requests import Request
    from starlette.responses import Response

    from hub.web.desk import Desk

WAIT_S = 15 * 60


def explain_account_problems(app: FastAPI, desk: Desk) -> None:
    """Give what forms and log-ins can run into a page."""

    async def log_in_first(request: Request, error: Exception) -> Response:
        assert isinstance(error, LogInFirst)
        query = desk.reader(request).query
        response = RedirectResponse(login_address(error.next, query), 303)
        desk.sessions.keep(request, response)
        return response

    async def refused(request: Request, _: Exception) -> Response:
        words = desk.texts(request).problems
        return await _page(request, 403, words.form_title, words.form_text)

    async def too_large(request: Request, _: Exception) -> Response:
        words = desk.texts(request).problems
        return await _page(request, 413, words.large_title, words.large_text)

    async def too_often(request: Request, _: Exception) -> Response:
        words = desk.texts(request).problems
        response = await _page(request, 429, words.often_title, words.often_text)
        response.headers["Retry-After"] = str(WAIT_S)
        return response

    async def gone(request: Request, _: Exception) -> Response:
        return problem_page(desk.pages, request, ProblemKind.UNAVAILABLE)

    async def _page(
        request: Request, status: int, heading: str, words: str
    ) -> Response:
        await visitor(request)
        return desk.page(
            request, "form_refused.html", status=status, heading=heading, words=words
        )

    app.add_exception_handler(LogInFirst, log_in_first)
    app.add_exception_handler(FormRefused, refused)
    app.add_exception_handler(FormTooLarge, too_large)
    app.add_exception_handler(TooOften, too_often)
    app.add_exception_handler(DatabaseGone, gone)
