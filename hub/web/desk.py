"""Pages of people with an account: filled with their navigation, name and CSRF token.

A route module takes the Desk and renders with it:

    @router.get("/bills")
    async def overview(request: Request, user: LoggedIn) -> Response:
        return desk.page(request, "bills.html", here="bills", bills=...)

Its template extends account.html and fills the block `desk`. Forms carry
`{{ csrf_field }}`; links within the portal are made by `{{ reader.link("/bills") }}`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from markupsafe import Markup
from starlette.responses import RedirectResponse

from hub.web.account_texts import account_texts
from hub.web.sessions import CSRF_FIELD

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fastapi import Request
    from starlette.responses import Response

    from hub.web.account_texts import AccountTexts
    from hub.web.pages import Pages, Reader
    from hub.web.sessions import Sessions, Visit

_FIELD = Markup('<input type="hidden" name="{}" value="{}">')


class Desk:
    """Renders pages of the account part; gives the browser its cookie."""

    def __init__(self, pages: Pages, sessions: Sessions) -> None:
        self.pages = pages
        self.sessions = sessions

    def reader(self, request: Request) -> Reader:
        """Learn the reader's language."""
        return self.pages.reader(request)

    def texts(self, request: Request) -> AccountTexts:
        """The account part's texts in the reader's language."""
        return account_texts(self.reader(request).language)

    def page(
        self,
        request: Request,
        template: str,
        *,
        here: str = "",
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        **values: object,
    ) -> Response:
        """Fill a template; `here` is the navigation's entry, "" for none of them."""
        visit: Visit = request.state.visit
        reader = self.reader(request)
        response = self.pages.render(
            reader,
            template,
            status=status,
            headers=headers,
            a=account_texts(reader.language),
            here=here,
            user=visit.user,
            csrf=visit.csrf,
            csrf_field=_FIELD.format(CSRF_FIELD, visit.csrf),
            **values,
        )
        self.sessions.keep(request, response)
        return response

    def go(self, request: Request, path: str) -> Response:
        """Send the browser on after a form (303), in the language it reads."""
        response = RedirectResponse(self.reader(request).link(path), 303)
        self.sessions.keep(request, response)
        return response
