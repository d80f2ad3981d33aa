"""`/healthz` for load balancers, monitoring and the fleet's own checks."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import msgspec
from fastapi import APIRouter
from starlette.responses import Response

from hub.web.sources import Health

if TYPE_CHECKING:
    from hub.web.sources import HealthSource

log = logging.getLogger(__name__)


def health_routes(source: HealthSource) -> APIRouter:
    """Answer 200 while the hub works and 503 while it doesn't, with its words."""
    router = APIRouter()

    @router.api_route("/healthz", methods=["GET", "HEAD"])
    async def healthz() -> Response:
        health = await _judge(source)
        return Response(
            msgspec.json.encode(health),
            status_code=200 if health.ok else 503,
            media_type="application/json",
        )

    return router


async def _judge(source: HealthSource) -> Health:
    try:
        return await source.health()
    except Exception:
        # Whoever asks needs a verdict, above all when judging itself has failed.
        log.exception("The hub can't tell how it is.")
        return Health(
            ok=False,
            role="unknown",
            detail="The hub can't tell how it is. Its log says why.",
        )
