"""The edge listener: what tills fetch and deliver over the event's own network."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, FastAPI, Header, Path
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from contract.catalogue import digest
from hub.web.archives import archive_routes
from hub.web.health import health_routes
from hub.web.shield import HEADERS, Shield
from hub.web.sources import Unavailable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request

    from hub.web.sources import (
        ArchiveTaker,
        CatalogueSource,
        HealthSource,
        WalletSource,
    )

_VERSION_MAX = 2**53
_RETRY_AFTER_S = 5
# A version never changes, but a till must still be told when it is a wrong one.
_CACHE = "private, max-age=31536000, immutable"
_FRESH = "private, no-cache"


def edge_app(
    catalogues: CatalogueSource,
    wallets: WalletSource,
    health: HealthSource,
    archives: ArchiveTaker | None = None,
) -> FastAPI:
    """Make the edge listener; its server must ask tills for their certificate."""
    app = FastAPI(
        title="Kassenband edge",
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    app.add_middleware(Shield)
    app.include_router(health_routes(health))
    app.include_router(_catalogue_routes(catalogues))
    app.include_router(_wallet_routes(wallets))
    if archives is not None:
        app.include_router(archive_routes(archives))
    _explain_problems(app)
    return app


def _catalogue_routes(source: CatalogueSource) -> APIRouter:
    router = APIRouter()

    @router.api_route("/edge/catalogue/{version}", methods=["GET", "HEAD"])
    async def catalogue(
        version: Annotated[int, Path(ge=1, le=_VERSION_MAX)],
        if_none_match: Annotated[str, Header()] = "",
    ) -> Response:
        data = await source.catalogue(version)
        if data is None:
            raise HTTPException(
                404,
                f"There is no catalogue version {version}. "
                "Publish it at the hub, or wait for the next till configuration.",
            )
        etag = f'"{digest(data)}"'
        headers = {"ETag": etag, "Cache-Control": _CACHE}
        if _holds(if_none_match, etag):
            return Response(status_code=304, headers=headers)
        return Response(data, media_type="application/json", headers=headers)

    return router


def _wallet_routes(source: WalletSource) -> APIRouter:
    router = APIRouter()

    @router.api_route("/edge/wallets", methods=["GET", "HEAD"])
    async def wallets(
        accept_encoding: Annotated[str, Header()] = "",
        if_none_match: Annotated[str, Header()] = "",
    ) -> Response:
        bulk = await source.wallets()
        packed = "gzip" in accept_encoding
        etag = f'"{bulk.digest}-gzip"' if packed else f'"{bulk.digest}"'
        headers = {"ETag": etag, "Cache-Control": _FRESH, "Vary": "Accept-Encoding"}
        if _holds(if_none_match, etag):
            return Response(status_code=304, headers=headers)
        if packed:
            headers["Content-Encoding"] = "gzip"
        data = bulk.packed if packed else bulk.data
        return Response(data, media_type="application/json", headers=headers)

    return router


def _holds(if_none_match: str, etag: str) -> bool:
    # RFC 9110, 13.1.2: a list of tags compared weakly, or "*".
    tags = {tag.strip().removeprefix("W/") for tag in if_none_match.split(",")}
    return etag in tags or "*" in tags


def _explain_problems(app: FastAPI) -> None:
    async def answered(_: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        return _problem(error.status_code, str(error.detail), error.headers)

    async def bad_address(_: Request, __: Exception) -> Response:
        return _problem(
            422,
            "A catalogue version is a whole number from 1, an archive's id a UUID.",
        )

    async def unavailable(_: Request, __: Exception) -> Response:
        return _problem(
            503,
            "The hub can't look anything up at the moment. Ask again in a moment.",
            {"Retry-After": str(_RETRY_AFTER_S)},
        )

    async def crashed(_: Request, __: Exception) -> Response:
        # Starlette answers this one outside the Shield and logs the error itself.
        return _problem(500, "The hub made a mistake. Its log says which.", HEADERS)

    app.add_exception_handler(HTTPException, answered)
    app.add_exception_handler(RequestValidationError, bad_address)
    app.add_exception_handler(Unavailable, unavailable)
    app.add_exception_handler(Exception, crashed)


def _problem(
    status: int, sentence: str, headers: Mapping[str, str] | None = None
) -> Response:
    return JSONResponse({"error": sentence}, status, headers)
