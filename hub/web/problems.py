"""Pages for what goes wrong: plain words and what to do, never a traceback."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING

from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from hub.web.shield import HEADERS
from hub.web.sources import Unavailable

if TYPE_CHECKING:
    from fastapi import FastAPI
    from starlette.requests import Request
    from starlette.responses import Response

    from hub.web.pages import Pages
    from hub.web.texts import Problem, ProblemTexts

RETRY_AFTER_S = 60


class ProblemKind(enum.Enum):
    """What can go wrong, with its HTTP status."""

    NOT_FOUND = enum.auto(), 404
    OFFICE_NOT_FOUND = enum.auto(), 404
    RECEIPT_UNKNOWN = enum.auto(), 404
    BAD_ADDRESS = enum.auto(), 422
    NOT_ALLOWED = enum.auto(), 405
    PAYMENT_UNREAD = enum.auto(), 400
    UNAVAILABLE = enum.auto(), 503
    CRASHED = enum.auto(), 500

    @property
    def status(self) -> int:
        """The HTTP status of the page."""
        return self.value[1]

    @property
    def may_pass(self) -> bool:
        """Whether opening the same address again can help."""
        return self not in {
            self.NOT_FOUND,
            self.OFFICE_NOT_FOUND,
            self.BAD_ADDRESS,
            self.NOT_ALLOWED,
            self.PAYMENT_UNREAD,
        }


def problem_page(pages: Pages, request: Request, kind: ProblemKind) -> Response:
    """Explain a problem in the reader's language."""
    reader = pages.reader(request)
    headers = {"Retry-After": str(RETRY_AFTER_S)} if kind.status == 503 else {}
    return pages.render(
        reader,
        "problem.html",
        status=kind.status,
        headers=headers,
        problem=_sentences(reader.texts.problems, kind),
        may_pass=kind.may_pass,
    )


def explain_problems(
    app: FastAPI,
    pages: Pages,
    *,
    not_found: ProblemKind = ProblemKind.NOT_FOUND,
    bad_address: ProblemKind = ProblemKind.BAD_ADDRESS,
) -> None:
    """Give every error of an app a page; guests are told of the code at the till."""

    async def answered(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        kind = not_found
        if error.status_code == ProblemKind.NOT_ALLOWED.status:
            kind = ProblemKind.NOT_ALLOWED
        response = problem_page(pages, request, kind)
        response.status_code = error.status_code
        response.headers.update(error.headers or {})
        return response

    async def unread(request: Request, _: Exception) -> Response:
        return problem_page(pages, request, bad_address)

    async def unavailable(request: Request, _: Exception) -> Response:
        return problem_page(pages, request, ProblemKind.UNAVAILABLE)

    async def crashed(request: Request, _: Exception) -> Response:
        # Starlette answers this one outside the Shield and logs the error itself.
        response = problem_page(pages, request, ProblemKind.CRASHED)
        response.headers.update(HEADERS)
        return response

    app.add_exception_handler(HTTPException, answered)
    app.add_exception_handler(RequestValidationError, unread)
    app.add_exception_handler(Unavailable, unavailable)
    app.add_exception_handler(Exception, crashed)


def _sentences(texts: ProblemTexts, kind: ProblemKind) -> Problem:
    # Each kind is named as its texts are; tests open a page of every kind.
    sentences: Problem = getattr(texts, kind.name.lower())
    return sentences
