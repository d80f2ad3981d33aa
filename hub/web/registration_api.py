"""`POST /api/competitions/<slug>/teams`: a registration site hands over its teams.

The site proves itself by `Authorization: Bearer <token>`. The body is
`{"teams": [{"external_id", "email", "person", "wish": {"name", "category", "members",
"club", "paid_by_club"}}]}`. All teams are registered (200) or none (409 where one was
said differently before, else 422); the same body again changes nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from fastapi import APIRouter, Request
from starlette.responses import Response

from hub.core.team_list import Entrant, Trouble
from hub.service.entrants import NoSuchCompetition
from hub.web.rate_limits import TooOften

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hub.service.entrants import Entrants, TakenIn
    from hub.web.rate_limits import RateLimits

BODY_BYTES_MAX = 1024 * 1024
TEAMS_MAX = 1000


class _Handed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a site sends."""

    teams: tuple[Entrant, ...]
    language: str = "en"


def registration_api(entrants: Entrants, rates: RateLimits) -> APIRouter:
    """Take teams from registration sites."""
    router = APIRouter()

    @router.post("/api/competitions/{slug}/teams")
    async def hand_over(request: Request, slug: str) -> Response:
        try:
            await rates.count("api", request)
        except TooOften:
            return _refused(429, "Too many calls. Wait a minute.")
        site = await entrants.site_of(_token(request))
        if site is None or site[1] != slug:
            headers = {"WWW-Authenticate": "Bearer"}
            return _refused(401, "This token opens nothing here.", headers)
        try:
            handed = _decode(await _body(request))
        except ValueError as error:
            return _refused(422, str(error))
        try:
            taken = await entrants.take_in(
                slug,
                enumerate(handed.teams, 1),
                site=site[0],
                language=handed.language,
            )
        except NoSuchCompetition as error:
            return _refused(404, str(error))
        return _told(taken)

    return router


def _told(taken: TakenIn) -> Response:
    if taken.troubles:
        status = 409 if taken.conflict else 422
        return _answer(status, {"added": 0, "troubles": taken.troubles})
    return _answer(200, {"added": taken.added, "teams": taken.teams, "troubles": []})


def _decode(body: bytes) -> _Handed:
    handed = msgspec.json.decode(body, type=_Handed)
    if len(handed.teams) > TEAMS_MAX:
        raise ValueError(f"At most {TEAMS_MAX} teams at a time.")
    if any(each.external_id is None for each in handed.teams):
        raise ValueError("Each team needs an external_id.")
    keys = [each.external_id for each in handed.teams]
    if len(set(keys)) < len(keys):
        raise ValueError("An external_id comes twice.")
    if handed.language not in {"de", "en"}:
        raise ValueError("language is de or en.")
    return handed


async def _body(request: Request) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > BODY_BYTES_MAX:
            raise ValueError(f"The body has more than {BODY_BYTES_MAX} bytes.")
    return bytes(body)


def _token(request: Request) -> str:
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if kind.casefold() == "bearer" else ""


def _refused(
    status: int, text: str, headers: Mapping[str, str] | None = None
) -> Response:
    said = {"added": 0, "troubles": [Trouble(0, text)]}
    return _answer(status, said, headers)


def _answer(
    status: int, said: object, headers: Mapping[str, str] | None = None
) -> Response:
    return Response(
        msgspec.json.encode(said),
        status,
        dict(headers or {}),
        media_type="application/json",
    )
