"""Where tills deliver archives of their TSEs' logs: part of the edge listener."""

from __future__ import annotations

import base64
import binascii
import re
from typing import TYPE_CHECKING, Annotated
from uuid import UUID  # noqa: TC003 - FastAPI reads it

import msgspec
from fastapi import APIRouter, Header
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from contract.archives import PIECE_BYTES_MAX, ArchiveState
from hub.service.tse_archives import ArchiveRefused, Piece
from hub.store.errors import DatabaseGone
from hub.web.peers import PEER
from hub.web.sources import Unavailable

if TYPE_CHECKING:
    from contract.archives import ArchiveProgress
    from hub.web.sources import ArchiveTaker

_RANGE = re.compile(r"bytes (\d{1,16})-(\d{1,16})/(\d{1,16})")
_DIGEST = re.compile(r"sha-256=:([A-Za-z0-9+/]{43}=):")


def archive_routes(taker: ArchiveTaker) -> APIRouter:
    """Make the routes; the till is who its certificate says that it is."""
    router = APIRouter()
    where = "/edge/{event}/tse-archives/{archive}"

    @router.api_route(where, methods=["GET", "HEAD"])
    async def progress(event: str, archive: UUID, request: Request) -> Response:
        with_till = _peer(request)
        try:
            return _said(await taker.progress(event, with_till, archive))
        except ArchiveRefused as error:
            raise HTTPException(error.status, str(error)) from error
        except DatabaseGone as error:
            raise Unavailable(str(error)) from error

    @router.put(where)
    async def take(
        event: str,
        archive: UUID,
        request: Request,
        content_range: Annotated[str, Header()] = "",
        repr_digest: Annotated[str, Header()] = "",
    ) -> Response:
        till = _peer(request)
        piece = await _piece(request, content_range, repr_digest)
        try:
            said = await taker.take(event, till, archive, piece)
        except ArchiveRefused as error:
            raise HTTPException(error.status, str(error)) from error
        except DatabaseGone as error:
            raise Unavailable(str(error)) from error
        wanted = piece.offset + len(piece.data)
        goes_on = said.state is not ArchiveState.RECEIVING or said.offset == wanted
        return _said(said, 200 if goes_on else 409)

    return router


def _peer(request: Request) -> str:
    name = request.scope.get("state", {}).get(PEER, "")
    if not name:
        raise HTTPException(
            403, "Only a till with a certificate of this event delivers archives."
        )
    return str(name)


async def _piece(request: Request, content_range: str, repr_digest: str) -> Piece:
    span, digest = _RANGE.fullmatch(content_range), _DIGEST.fullmatch(repr_digest)
    if span is None or digest is None:
        raise HTTPException(
            400,
            "An archive comes with 'Content-Range: bytes FIRST-LAST/SIZE' and"
            " 'Repr-Digest: sha-256=:BASE64:'.",
        )
    first, last, size = map(int, span.groups())
    length = last - first + 1
    if not (0 < length <= PIECE_BYTES_MAX and last < size):
        raise HTTPException(
            416, f"A piece has 1 to {PIECE_BYTES_MAX} bytes within the archive."
        )
    data = bytearray()
    try:
        async for part in request.stream():
            data += part
            if len(data) > length:
                break
    except ClientDisconnect as error:
        raise HTTPException(400, "The connection broke. Go on from there.") from error
    if len(data) != length:
        raise HTTPException(400, f"The piece was to have {length} bytes.")
    try:
        return Piece(first, bytes(data), size, base64.b64decode(digest[1]))
    except binascii.Error as error:
        raise HTTPException(400, "The digest is no Base64.") from error


def _said(progress: ArchiveProgress, status: int = 200) -> Response:
    headers = {"Upload-Offset": str(progress.offset)}
    body = msgspec.json.encode(progress)
    return Response(body, status, headers, media_type="application/json")
