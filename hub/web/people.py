"""The part of the portal that knows its users: accounts, teams, clubs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hub.web.account_pages import account_routes
from hub.web.account_problems import explain_account_problems
from hub.web.desk import Desk
from hub.web.rate_limits import RateLimits
from hub.web.registration_api import registration_api
from hub.web.registration_pages import registration_routes
from hub.web.sessions import Sessions

if TYPE_CHECKING:
    from fastapi import FastAPI

    from hub.service.accounts import Accounts
    from hub.service.entrants import Entrants
    from hub.service.registration import Registration
    from hub.web.pages import Pages


@dataclass(frozen=True, slots=True, kw_only=True)
class People:
    """What the pages with accounts work with."""

    accounts: Accounts
    registration: Registration
    secure: bool
    """Whether browsers reach the portal by HTTPS only, as all should but on one's own
    machine."""
    entrants: Entrants | None = None
    """Who takes teams from registration sites, if these may come."""


def add_people(app: FastAPI, pages: Pages, people: People) -> Desk:
    """Add the pages with accounts; further ones are rendered by the same desk."""
    sessions = Sessions(people.accounts, secure=people.secure)
    app.state.sessions = sessions
    desk, rates = Desk(pages, sessions), RateLimits()
    app.include_router(account_routes(desk, people.accounts, rates))
    app.include_router(registration_routes(desk, people.registration))
    if people.entrants is not None:
        app.include_router(registration_api(people.entrants, rates))
    explain_account_problems(app, desk)
    return desk
