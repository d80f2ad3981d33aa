"""Pages of guests with a wristband: filled with their texts and CSRF token."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from markupsafe import Markup
from starlette.responses import RedirectResponse

from hub.web.rate_limits import TooOften
from hub.web.sessions import CSRF_FIELD
from hub.web.wallet_texts import wallet_texts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fastapi import Request
    from starlette.responses import Response

    from hub.service.guest_wallets import GuestWallets
    from hub.web.bill_pages import BillSources
    from hub.web.pages import Pages, Reader
    from hub.web.rate_limits import RateLimits
    from hub.web.wallet_sessions import GuestSessions, GuestVisit
    from hub.web.wallet_texts import ClosedTexts, WalletTexts

_FIELD = Markup('<input type="hidden" name="{}" value="{}">')


class TriedTooOften(Exception):
    """A guest has tried something too often and has to wait."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Guests:
    """What the pages of guests work with."""

    wallets: GuestWallets
    bills: BillSources
    secure: bool
    """Whether browsers reach the portal by HTTPS only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WalletDesk:
    """Renders guests' pages."""

    pages: Pages
    guests: Guests
    sessions: GuestSessions
    rates: RateLimits

    @property
    def wallets(self) -> GuestWallets:
        """Who opens and shows wristbands."""
        return self.guests.wallets

    async def count(self, act: str, request: Request, who: str = "") -> None:
        """Count what is tried; raises TriedTooOften."""
        try:
            await self.rates.count(act, request, who)
        except TooOften as error:
            raise TriedTooOften from error

    def reader(self, request: Request) -> Reader:
        """Learn the reader's language."""
        return self.pages.reader(request)

    def texts(self, request: Request) -> WalletTexts:
        """The guests' texts in the reader's language."""
        return wallet_texts(self.reader(request).language)

    def page(
        self,
        request: Request,
        visit: GuestVisit,
        template: str,
        *,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        **values: object,
    ) -> Response:
        """Fill a template of an open wristband."""
        reader = self.reader(request)
        return self.pages.render(
            reader,
            template,
            status=status,
            headers=headers,
            w=wallet_texts(reader.language),
            csrf_field=_FIELD.format(CSRF_FIELD, visit.csrf),
            **values,
        )

    def closed(
        self,
        request: Request,
        words: ClosedTexts,
        status: int,
        *,
        is_open: bool = False,
    ) -> Response:
        """Say why there is no wristband to see, or nothing to be done with it."""
        reader = self.reader(request)
        return self.pages.render(
            reader,
            "wallet_closed.html",
            status=status,
            w=wallet_texts(reader.language),
            words=words,
            is_open=is_open,
        )

    def go(self, request: Request, path: str) -> Response:
        """Send the browser on (303), in the language it reads."""
        return RedirectResponse(self.reader(request).link(path), 303)
