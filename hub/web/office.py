"""The office: where staff look after bills, payments and what providers said."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import APIRouter, Depends, FastAPI
from starlette.requests import (
    Request,  # noqa: TC002 - FastAPI reads it at run time
)
from starlette.responses import RedirectResponse, Response

from hub.store.errors import DatabaseGone
from hub.web.formats import load_zone
from hub.web.health import health_routes
from hub.web.office_desk import (
    AtWork,
    NotAtWork,
    NotTheirs,
    OfficeDesk,
    OfficeForm,
    only_with,
)
from hub.web.pages import Pages
from hub.web.portal import ZONE, static_files
from hub.web.problems import ProblemKind, explain_problems, problem_page
from hub.web.rate_limits import RateLimits, TooOften
from hub.web.sessions import FormRefused, FormTooLarge, text_of
from hub.web.shield import Shield

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hub.service.office import Office
    from hub.web.office_desk import OfficeSection
    from hub.web.sources import HealthSource


def office_app(
    office: Office,
    health: HealthSource,
    sections: Sequence[OfficeSection],
    *,
    zone: str = ZONE,
) -> FastAPI:
    """Make the office of these sections.

    People begin with the first one that they may open.
    """
    pages = Pages(load_zone(zone))
    desk = OfficeDesk(pages, office, sections)
    app = FastAPI(
        title="Kassenband office",
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    app.state.desk = desk
    app.add_middleware(Shield)
    app.include_router(health_routes(health))
    for section in sections:
        app.include_router(
            section.routes(desk), dependencies=[Depends(only_with(section.rights))]
        )
    app.include_router(_entrance_routes(desk, RateLimits()))
    app.mount("/static", static_files())
    nowhere = ProblemKind.OFFICE_NOT_FOUND
    explain_problems(app, pages, not_found=nowhere, bad_address=nowhere)
    _explain_office_problems(app, desk)
    return app


def _entrance_routes(desk: OfficeDesk, rates: RateLimits) -> APIRouter:
    router = APIRouter()

    @router.api_route("/", methods=["GET", "HEAD"])
    async def start(request: Request, member: AtWork) -> Response:
        # Of an office without an overview; with one, its section is here.
        mine = desk.open_to(member)
        if not mine:
            raise NotTheirs
        return desk.go(request, mine[0].path)

    @router.get("/login")
    async def show(request: Request) -> Response:
        return _login_page(desk, request)

    @router.post("/login")
    async def log_in(request: Request, form: OfficeForm) -> Response:
        words, who = desk.texts(request).login, text_of(form, "name")
        try:
            await rates.count("log_in", request, who)
        except TooOften:
            return _login_page(desk, request, who, words.too_often, 429)
        token = await desk.office.log_in(who, text_of(form, "pin"))
        if token is None:
            return _login_page(desk, request, who, words.wrong, 401)
        return desk.go(request, "/", token)

    @router.post("/logout")
    async def log_out(request: Request, _: OfficeForm) -> Response:
        desk.office.end(desk.token(request))
        return desk.go(request, "/login")

    return router


def _login_page(
    desk: OfficeDesk,
    request: Request,
    who: str = "",
    refusal: str = "",
    status: int = 200,
) -> Response:
    return desk.page(
        request,
        "office_login.html",
        status=status,
        values={"name": who},
        refusal=refusal,
    )


def _explain_office_problems(app: FastAPI, desk: OfficeDesk) -> None:
    async def not_at_work(request: Request, _: Exception) -> Response:
        return RedirectResponse(desk.reader(request).link("/login"), 303)

    async def refused(request: Request, _: Exception) -> Response:
        words = desk.texts(request).refused
        return desk.page(request, "office_refused.html", status=403, words=words)

    async def not_theirs(request: Request, _: Exception) -> Response:
        words = desk.texts(request).not_theirs
        return desk.page(request, "office_refused.html", status=403, words=words)

    async def gone(request: Request, _: Exception) -> Response:
        return problem_page(desk.pages, request, ProblemKind.UNAVAILABLE)

    app.add_exception_handler(NotAtWork, not_at_work)
    app.add_exception_handler(NotTheirs, not_theirs)
    app.add_exception_handler(FormRefused, refused)
    app.add_exception_handler(FormTooLarge, refused)
    app.add_exception_handler(DatabaseGone, gone)
