"""The public portal: what guests open on their own phones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import APIRouter, FastAPI
from starlette.requests import Request  # noqa: TC002 - FastAPI reads it at run time
from starlette.responses import Response  # noqa: TC002 - as above
from starlette.staticfiles import StaticFiles

from hub.web.bill_pages import BillParts, bill_routes
from hub.web.bill_pay_pages import bill_pay_routes
from hub.web.callbacks import callback_routes
from hub.web.formats import load_zone
from hub.web.health import health_routes
from hub.web.pages import STATIC_FOLDER, Pages
from hub.web.people import People, add_people
from hub.web.problems import explain_problems
from hub.web.receipts import receipt_routes
from hub.web.shield import Shield

if TYPE_CHECKING:
    from starlette.types import Scope

    from hub.web.bill_pages import BillSources
    from hub.web.sources import HealthSource, ProviderCallTaker, ReceiptSource

ZONE = "Europe/Berlin"
_STATIC_AGE_S = 30 * 24 * 60 * 60


def portal_app(
    receipts: ReceiptSource,
    health: HealthSource,
    *,
    zone: str = ZONE,
    people: People | None = None,
    calls: ProviderCallTaker | None = None,
    bills: BillSources | None = None,
) -> FastAPI:
    """Make the portal; times are told in the event's zone (IANA name).

    Without people it has no accounts, and so neither teams nor bills; without somebody
    who takes their calls it has no routes for payment providers. What wristbands' codes
    open is added by `add_guests`.
    """
    pages = Pages(load_zone(zone))
    app = FastAPI(
        title="Kassenband",
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    app.state.pages = pages
    app.add_middleware(Shield)
    app.include_router(health_routes(health))
    app.include_router(receipt_routes(receipts, pages))
    if people is None:
        app.include_router(_start_routes(pages))
    else:
        desk = add_people(app, pages, people)
        if bills is not None:
            parts = BillParts(desk, bills)
            app.include_router(bill_routes(parts))
            app.include_router(bill_pay_routes(parts))
    if calls is not None:
        app.include_router(callback_routes(calls, pages))
    app.mount("/static", static_files())
    explain_problems(app, pages)
    return app


def static_files() -> StaticFiles:
    """Serve what pages are dressed with."""
    return _StaticFiles(directory=STATIC_FOLDER)


class _StaticFiles(StaticFiles):
    """Files whose addresses change with their content, so caches may keep them."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers["Cache-Control"] = f"public, max-age={_STATIC_AGE_S}"
        return response


def _start_routes(pages: Pages) -> APIRouter:
    router = APIRouter()

    @router.api_route("/", methods=["GET", "HEAD"])
    async def start(request: Request) -> Response:
        return pages.render(pages.reader(request), "start.html")

    return router
