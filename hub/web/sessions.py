"""Who a browser is: its cookie, whether somebody is logged in, and CSRF tokens.

Every browser that is shown a form has a random token in a cookie; logging in gives it
another one. A form carries the CSRF token that was made of it, so only pages of ours
can fill in forms of ours. Routes ask for `LoggedIn`, `Visitor` and `CheckedForm`.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, TypeAlias
from urllib.parse import parse_qsl, quote

from fastapi import Depends
from starlette.datastructures import FormData
from starlette.requests import (
    Request,  # noqa: TC002 - FastAPI reads it at run time
)

from hub.service.accounts import SESSION_LASTS, PortalUser, new_token

if TYPE_CHECKING:
    from starlette.responses import Response

    from hub.service.accounts import Accounts

CSRF_FIELD = "csrf_token"
CSRF_HEADER = "x-csrf-token"
FORM_BYTES_MAX = 64 * 1024
FORM_FIELDS_MAX = 2000
_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")
_FORM_TYPE = "application/x-www-form-urlencoded"


class LogInFirst(Exception):
    """A page needs somebody who is logged in; `next` is where they wanted to go."""

    def __init__(self, wanted: str) -> None:
        super().__init__(wanted)
        self.next = wanted


class FormRefused(Exception):
    """A form did not come from a page of ours, or from one that is too old."""


class FormTooLarge(Exception):
    """A form is larger than any of ours."""


@dataclass(slots=True)
class Visit:
    """One request of a browser, and what its cookie says."""

    token: str
    is_new: bool
    """Whether the browser has yet to be given the cookie."""
    user: PortalUser | None

    @property
    def csrf(self) -> str:
        """What forms on this browser's pages carry."""
        return csrf_of(self.token)


class Sessions:
    """Reads and writes the cookie; asks the accounts who it is."""

    def __init__(self, accounts: Accounts, *, secure: bool) -> None:
        self._accounts = accounts
        self._secure = secure
        # The prefix makes browsers refuse the cookie from anybody but this very host.
        self.cookie = "__Host-kassenband" if secure else "kassenband"

    async def visit(self, request: Request) -> Visit:
        """Learn who this is; asked again within a request it is the same."""
        known: Visit | None = getattr(request.state, "visit", None)
        if known is None:
            known = await self._read(request)
            request.state.visit = known
        return known

    async def log_in(self, request: Request, user: int) -> None:
        """Give the browser a new token, with which it is logged in."""
        visit = await self.visit(request)
        if visit.user is not None:
            await self._accounts.end_session(visit.token)
        visit.token = await self._accounts.begin_session(user)
        visit.is_new = True

    async def log_out(self, request: Request) -> None:
        """End the session and give the browser a new token."""
        visit = await self.visit(request)
        await self._accounts.end_session(visit.token)
        visit.token, visit.is_new, visit.user = new_token(), True, None

    def keep(self, request: Request, response: Response) -> None:
        """Write the cookie into an answer if the browser needs a new one."""
        visit: Visit | None = getattr(request.state, "visit", None)
        if visit is None or not visit.is_new:
            return
        response.set_cookie(
            self.cookie,
            visit.token,
            max_age=int(SESSION_LASTS.total_seconds()),
            path="/",
            secure=self._secure,
            httponly=True,
            samesite="lax",
        )

    async def _read(self, request: Request) -> Visit:
        token = request.cookies.get(self.cookie, "")
        if _TOKEN.fullmatch(token) is None:
            return Visit(new_token(), is_new=True, user=None)
        return Visit(token, is_new=False, user=await self._accounts.user_of(token))


async def visitor(request: Request) -> Visit:
    """Learn who opens a page, logged in or not."""
    sessions: Sessions = request.app.state.sessions
    return await sessions.visit(request)


async def current_user(request: Request) -> PortalUser:
    """Find who is logged in; whoever is not is sent to log in and then back."""
    visit = await visitor(request)
    if visit.user is None:
        raise LogInFirst(_address(request) if request.method != "POST" else "/")
    return visit.user


async def checked_form(request: Request) -> FormData:
    """Read a form that a page of ours has sent; raises FormRefused, FormTooLarge."""
    visit = await visitor(request)
    form = await read_form(request)
    given = request.headers.get(CSRF_HEADER) or form.get(CSRF_FIELD) or ""
    if not isinstance(given, str) or not _same(given, visit.csrf) or visit.is_new:
        raise FormRefused
    return form


Visitor: TypeAlias = Annotated[Visit, Depends(visitor)]
LoggedIn: TypeAlias = Annotated[PortalUser, Depends(current_user)]
CheckedForm: TypeAlias = Annotated[FormData, Depends(checked_form)]


def csrf_of(token: str) -> str:
    """Make the CSRF token of a browser's token, which it does not give away."""
    return hmac.new(token.encode(), b"csrf", hashlib.sha256).hexdigest()


def safe_next(wanted: str) -> str:
    """Return an address within the portal: what leads elsewhere leads to the start."""
    within = re.fullmatch(r"/(?![/\\])[^\\\x00-\x20\x7f]*", wanted)
    return wanted if within is not None else "/"


def text_of(form: FormData, name: str) -> str:
    """Return a field's text without blanks around it, '' where it is missing."""
    value = form.get(name)
    return value.strip() if isinstance(value, str) else ""


def login_address(wanted: str, query: str = "") -> str:
    """Make the address of the log-in page that leads on to another."""
    joint = "&" if query else "?"
    return f"/login{query}{joint}next={quote(safe_next(wanted), safe='/')}"


def _same(given: str, expected: str) -> bool:
    return hmac.compare_digest(given.encode(), expected.encode())


def _address(request: Request) -> str:
    query = request.url.query
    return f"{request.url.path}?{query}" if query else request.url.path


async def read_form(request: Request) -> FormData:
    """Read a form, whoever sent it; raises FormRefused, FormTooLarge."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind and kind != _FORM_TYPE:
        raise FormRefused
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > FORM_BYTES_MAX:
            raise FormTooLarge
    try:
        pairs = parse_qsl(
            body.decode("utf-8"),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=FORM_FIELDS_MAX,
        )
    except ValueError as error:
        raise FormRefused from error
    # No character that a database or a terminal would stumble over.
    return FormData([(name, value.replace("\x00", "")) for name, value in pairs])
