"""What pages of the office are made with: who is there, forms, navigation.

A part of the office is a section; its routes ask for `AtWork` and `OfficeForm` and
render with the desk:

    def routes(desk: OfficeDesk) -> APIRouter:
        router = APIRouter()

        @router.get("/bank")
        async def queue(request: Request, member: AtWork) -> Response:
            return desk.page(request, "bank_queue.html", here="bank", credits=...)

Its template extends office.html and fills the block `desk`; forms carry
`{{ csrf_field }}`.
"""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, TypeAlias

from fastapi import APIRouter, Depends
from markupsafe import Markup
from starlette.datastructures import FormData
from starlette.requests import (
    Request,  # noqa: TC002 - FastAPI reads it at run time
)
from starlette.responses import RedirectResponse

from hub.service.office import MONEY_RIGHTS, TOKEN_BYTES, OfficeMember
from hub.web.office_texts import office_texts
from hub.web.sessions import CSRF_FIELD, FormRefused, csrf_of, read_form

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence

    from starlette.responses import Response

    from contract.staff import Right
    from hub.service.office import Office
    from hub.web.office_texts import OfficeTexts
    from hub.web.pages import Pages, Reader
    from hub.web.texts import Language

COOKIE = "kassenband-office"
_TOKEN_CHARACTERS = 43
_FIELD = Markup('<input type="hidden" name="{}" value="{}">')


@dataclass(frozen=True, slots=True, kw_only=True)
class OfficeSection:
    """A part of the office, with its entry in the navigation."""

    key: str
    path: str
    titles: Mapping[Language, str]
    routes: Callable[[OfficeDesk], APIRouter]
    rights: Collection[Right] = MONEY_RIGHTS
    """Any of these opens it; all of its routes are held to them."""


class NotAtWork(Exception):
    """A page of the office needs somebody who is logged in."""


class NotTheirs(Exception):
    """Somebody who is logged in has no right to open a part of the office."""


class OfficeDesk:
    """Renders the office's pages and knows who opens them."""

    def __init__(
        self, pages: Pages, office: Office, sections: Sequence[OfficeSection]
    ) -> None:
        self.pages = pages
        self.office = office
        self.sections = sections

    def texts(self, request: Request) -> OfficeTexts:
        """The office's texts in the reader's language."""
        return office_texts(self.reader(request).language)

    def reader(self, request: Request) -> Reader:
        """Learn the reader's language."""
        return self.pages.reader(request)

    def token(self, request: Request) -> str:
        """The browser's token: that of its cookie, else a new one."""
        known: str | None = getattr(request.state, "office_token", None)
        if known is None:
            known = request.cookies.get(COOKIE, "")
            if len(known) != _TOKEN_CHARACTERS or not known.isascii():
                known = secrets.token_urlsafe(TOKEN_BYTES)
            request.state.office_token = known
        return known

    def page(
        self,
        request: Request,
        template: str,
        *,
        here: str = "",
        status: int = 200,
        refusal: str = "",
        **values: object,
    ) -> Response:
        """Fill a template; `here` is the section's key, "" for none of them.

        A refusal is told above it: a service's own sentence, or one of the reader's.
        """
        reader, token = self.reader(request), self.token(request)
        member = self.office.member_of(token)
        response = self.pages.render(
            reader,
            template,
            status=status,
            headers=None,
            o=office_texts(reader.language),
            here=here,
            member=member,
            sections=[
                (each.key, each.path, each.titles[reader.language])
                for each in self.open_to(member)
            ],
            csrf_field=_FIELD.format(CSRF_FIELD, csrf_of(token)),
            refusal=reader.say(refusal),
            **values,
        )
        self.keep(request, response, token)
        return response

    def open_to(self, member: OfficeMember | None) -> Sequence[OfficeSection]:
        """List the sections somebody may open, in their order."""
        if member is None:
            return ()
        return [each for each in self.sections if member.may_open(each.rights)]

    def go(self, request: Request, path: str, token: str | None = None) -> Response:
        """Send the browser on after a form (303), with another token if any."""
        response = RedirectResponse(self.reader(request).link(path), 303)
        self.keep(request, response, token or self.token(request))
        return response

    def keep(self, request: Request, response: Response, token: str) -> None:
        """Write the cookie into an answer if the browser has another one."""
        if request.cookies.get(COOKIE) == token:
            return
        response.set_cookie(
            COOKIE,
            token,
            path="/",
            secure=request.url.scheme == "https",
            httponly=True,
            samesite="strict",
        )


async def at_work(request: Request) -> OfficeMember:
    """Find who is logged in; raises NotAtWork."""
    desk: OfficeDesk = request.app.state.desk
    member = desk.office.member_of(desk.token(request))
    if member is None:
        raise NotAtWork
    return member


def only_with(rights: Collection[Right]) -> Callable[..., Awaitable[None]]:
    """Hold routes to whoever has one of these rights; raises NotTheirs."""

    async def check(member: AtWork) -> None:
        if not member.may_open(rights):
            raise NotTheirs

    return check


async def office_form(request: Request) -> FormData:
    """Read a form that a page of the office has sent; raises FormRefused."""
    desk: OfficeDesk = request.app.state.desk
    form = await read_form(request)
    given, expected = form.get(CSRF_FIELD), csrf_of(desk.token(request))
    if not isinstance(given, str) or not hmac.compare_digest(
        given.encode(), expected.encode()
    ):
        raise FormRefused
    return form


AtWork: TypeAlias = Annotated[OfficeMember, Depends(at_work)]
OfficeForm: TypeAlias = Annotated[FormData, Depends(office_form)]
