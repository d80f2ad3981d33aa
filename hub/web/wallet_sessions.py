"""Whose wristband a browser may look at: its cookie, and the forms of its pages."""

from __future__ import annotations

import hmac
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, TypeAlias

from fastapi import Depends
from starlette.datastructures import FormData
from starlette.requests import Request  # noqa: TC002 - FastAPI reads it at run time

from hub.payments.routes import BILLS_FOLDER
from hub.web.sessions import (
    CSRF_FIELD,
    FormRefused,
    FormTooLarge,
    csrf_of,
    read_form,
)

if TYPE_CHECKING:
    from starlette.responses import Response

    from hub.service.guest_wallets import Guest, GuestWallets

PATH = "/wallet"
TOP_UP_PATH = f"{PATH}/topup"
_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")


class NoWristband(Exception):
    """A page needs a wristband, and this browser has none open, or no longer."""


class GuestFormRefused(Exception):
    """A form did not come from a page of a wristband that is open."""


@dataclass(frozen=True, slots=True)
class GuestVisit:
    """One request of a browser that has a wristband open."""

    token: str
    guest: Guest

    @property
    def csrf(self) -> str:
        """What forms on this browser's pages carry."""
        return csrf_of(self.token)


class GuestSessions:
    """Reads and writes the cookie."""

    def __init__(self, wallets: GuestWallets, *, secure: bool) -> None:
        self._wallets = wallets
        self._secure = secure
        self.cookie = "__Host-kassenband-wallet" if secure else "kassenband-wallet"

    async def visit(self, request: Request) -> GuestVisit:
        """Learn whose wristband is open; raises NoWristband."""
        token = self.token(request)
        guest = None if token is None else await self._wallets.guest_of(token)
        if token is None or guest is None:
            raise NoWristband
        return GuestVisit(token, guest)

    async def owns(self, request: Request, reference: str) -> bool:
        """Say whether a bill tops up the wristband that is open, if one is."""
        token = self.token(request)
        guest = None if token is None else await self._wallets.guest_of(token)
        return guest is not None and await self._wallets.owns(guest, reference)

    def token(self, request: Request) -> str | None:
        """Return what the cookie says, whether or not it is good for anything."""
        token = request.cookies.get(self.cookie, "")
        return token if _TOKEN.fullmatch(token) is not None else None

    def begin(self, response: Response, token: str) -> None:
        """Give the browser the cookie, until it is closed; the hub ends it sooner."""
        response.set_cookie(
            self.cookie,
            token,
            path="/",
            secure=self._secure,
            httponly=True,
            samesite="lax",
        )

    def end(self, response: Response) -> None:
        """Take the cookie back."""
        response.delete_cookie(
            self.cookie,
            path="/",
            secure=self._secure,
            httponly=True,
            samesite="lax",
        )


async def guest_visit(request: Request) -> GuestVisit:
    """Find whose wristband is open; raises NoWristband."""
    sessions: GuestSessions = request.app.state.guest_sessions
    return await sessions.visit(request)


async def guest_form(request: Request) -> FormData:
    """Read a form that a page of this wristband has sent; raises GuestFormRefused."""
    visit = await guest_visit(request)
    try:
        form = await read_form(request)
    except (FormRefused, FormTooLarge) as error:
        raise GuestFormRefused from error
    given = form.get(CSRF_FIELD)
    if not isinstance(given, str) or not _same(given, visit.csrf):
        raise GuestFormRefused
    return form


async def bill_path(request: Request, reference: str) -> str:
    """Say where the bill's page is for whoever comes back from paying it."""
    sessions: GuestSessions | None = getattr(request.app.state, "guest_sessions", None)
    if sessions is not None and await sessions.owns(request, reference):
        return f"{TOP_UP_PATH}/{reference}"
    return f"{BILLS_FOLDER}/{reference}"


OpenWallet: TypeAlias = Annotated[GuestVisit, Depends(guest_visit)]
GuestForm: TypeAlias = Annotated[FormData, Depends(guest_form)]


def _same(given: str, expected: str) -> bool:
    return hmac.compare_digest(given.encode(), expected.encode())
