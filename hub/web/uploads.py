"""Forms with a file, read within a limit as they come in."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING

from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from hub.web.sessions import CSRF_FIELD, FormRefused, FormTooLarge, csrf_of

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from starlette.datastructures import FormData
    from starlette.requests import Request

    from hub.web.office_desk import OfficeDesk

_KIND = "multipart/form-data"
_ENVELOPE_BYTES = 64 * 1024


async def read_upload(
    request: Request, desk: OfficeDesk, bytes_max: int
) -> tuple[FormData, str, bytes]:
    """Read a form of the office with one file, 'file': the form, its name, its bytes.

    Raises FormRefused, FormTooLarge; no more than the limit is ever kept.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != _KIND:
        raise FormRefused
    limited = _limited(request, bytes_max + _ENVELOPE_BYTES)
    parser = MultiPartParser(request.headers, limited, max_files=1, max_fields=10)
    try:
        form = await parser.parse()
    except (MultiPartException, KeyError, UnicodeDecodeError) as error:
        raise FormRefused from error
    try:
        given, expected = form.get(CSRF_FIELD), csrf_of(desk.token(request))
        if not isinstance(given, str) or not hmac.compare_digest(
            given.encode(), expected.encode()
        ):
            raise FormRefused
        file = form.get("file")
        if not isinstance(file, UploadFile) or not file.filename:
            return form, "", b""
        return form, file.filename.replace("\x00", ""), await file.read()
    finally:
        await form.close()


async def _limited(request: Request, bytes_max: int) -> AsyncGenerator[bytes, None]:
    taken = 0
    async for chunk in request.stream():
        taken += len(chunk)
        if taken > bytes_max:
            raise FormTooLarge
        yield chunk
