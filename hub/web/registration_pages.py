"""`/teams` and `/club/<slug>`: registering teams, and what a club pays for."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import groupby
from typing import TYPE_CHECKING
from uuid import UUID

from fastapi import APIRouter, Request
from starlette.exceptions import HTTPException
from starlette.responses import Response  # noqa: TC002 - FastAPI reads it

from contract.money import Money
from hub.core.registration import (
    MEMBER_MAX,
    MEMBERS_MAX,
    NAME_MAX,
    TEAMS_MAX,
    Flaw,
    Price,
    Wish,
    flaws,
)
from hub.service.registration import RegistrationRefused
from hub.web.formats import Formats, load_zone
from hub.web.sessions import CheckedForm, LoggedIn, Visitor, text_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from hub.core.registration import Competition
    from hub.service.accounts import Club, PortalUser
    from hub.service.registration import Registration, Team
    from hub.web.account_texts import AccountTexts
    from hub.web.desk import Desk
    from hub.web.pages import Reader


def registration_routes(desk: Desk, registration: Registration) -> APIRouter:
    """Let people register teams, and clubs' officers see what they pay for."""
    router = APIRouter()
    _add_start(router, desk, registration)
    _add_list(router, desk, registration)
    _add_new(router, desk, registration)
    _add_change(router, desk, registration)
    _add_withdrawal(router, desk, registration)
    _add_club(router, desk, registration)
    return router


def _add_start(router: APIRouter, desk: Desk, registration: Registration) -> None:
    @router.api_route("/", methods=["GET", "HEAD"])
    async def start(request: Request, visit: Visitor) -> Response:
        open_ones = await offers(registration, desk.reader(request))
        return desk.page(request, "start_people.html", offers=open_ones)


def _add_list(router: APIRouter, desk: Desk, registration: Registration) -> None:
    @router.get("/teams")
    async def show(request: Request, user: LoggedIn) -> Response:
        a, reader = desk.texts(request), desk.reader(request)
        teams = await registration.teams_of(user)
        said = {
            "registered": a.teams.registered,
            "changed": a.teams.changed,
            "withdrawn": a.teams.withdrawn,
        }
        return desk.page(
            request,
            "teams.html",
            here="teams",
            notice=said.get(request.query_params.get("said", ""), ""),
            groups=list(_groups(teams, reader, owed_by_club=False)),
            offers=await offers(registration, reader),
        )


def _add_new(router: APIRouter, desk: Desk, registration: Registration) -> None:
    @router.get("/teams/new")
    async def show(request: Request, user: LoggedIn, event: str = "") -> Response:
        found = await _offered(registration, event)
        form = _Form(competition=found, values={})
        return await _form_page(desk, registration, request, form)

    @router.post("/teams/new")
    async def add(
        request: Request, user: LoggedIn, form: CheckedForm, event: str = ""
    ) -> Response:
        found = await _offered(registration, event)
        wish = _wish(form)
        wrong = flaws(wish, found.open_categories(registration.now()))
        refusal = ""
        if not wrong:
            try:
                await registration.register(user, event, wish)
            except RegistrationRefused as error:
                refusal = refusal_text(desk.texts(request), error)
            else:
                return desk.go(request, "/teams?said=registered")
        again = _Form(
            competition=found, values=_values(wish), wrong=wrong, refusal=refusal
        )
        return await _form_page(desk, registration, request, again)


def _add_change(router: APIRouter, desk: Desk, registration: Registration) -> None:
    @router.get("/teams/{team}")
    async def show(request: Request, user: LoggedIn, team: UUID) -> Response:
        theirs, found = await _theirs(registration, user, team)
        values = {
            "name": theirs.name,
            "category": theirs.category,
            "members": "\n".join(theirs.members),
            "club": await _slug_of(registration, theirs.club),
            "paid_by_club": "yes" if theirs.paid_by_club else "",
        }
        form = _Form(competition=found, values=values, team=theirs)
        return await _form_page(desk, registration, request, form)

    @router.post("/teams/{team}")
    async def change(
        request: Request, user: LoggedIn, form: CheckedForm, team: UUID
    ) -> Response:
        theirs, found = await _theirs(registration, user, team)
        wish = _wish(form)
        open_ones = found.open_categories(registration.now())
        wrong = flaws(wish, (*open_ones, theirs.category))
        refusal = ""
        if not wrong:
            try:
                await registration.change(user, team, wish)
            except RegistrationRefused as error:
                refusal = refusal_text(desk.texts(request), error)
            else:
                return desk.go(request, "/teams?said=changed")
        again = _Form(
            competition=found,
            values=_values(wish),
            team=theirs,
            wrong=wrong,
            refusal=refusal,
        )
        return await _form_page(desk, registration, request, again)


def _add_withdrawal(router: APIRouter, desk: Desk, registration: Registration) -> None:
    @router.get("/teams/{team}/withdraw")
    async def ask(request: Request, user: LoggedIn, team: UUID) -> Response:
        theirs, _ = await _theirs(registration, user, team)
        return _page(request, theirs)

    @router.post("/teams/{team}/withdraw")
    async def withdraw(
        request: Request, user: LoggedIn, _: CheckedForm, team: UUID
    ) -> Response:
        theirs, _found = await _theirs(registration, user, team)
        try:
            await registration.withdraw(user, team)
        except RegistrationRefused as error:
            return _page(request, theirs, refusal_text(desk.texts(request), error))
        return desk.go(request, "/teams?said=withdrawn")

    def _page(request: Request, team: Team, refusal: str = "") -> Response:
        return desk.page(
            request,
            "team_withdraw.html",
            here="teams",
            status=409 if refusal else 200,
            refusal=refusal,
            team=team,
        )


def _add_club(router: APIRouter, desk: Desk, registration: Registration) -> None:
    @router.get("/club/{slug}")
    async def show(request: Request, user: LoggedIn, slug: str) -> Response:
        said = request.query_params.get("said", "")
        notice = desk.texts(request).club.refused if said == "refused" else ""
        return await _page(request, _officers(user, slug), notice=notice)

    @router.post("/club/{slug}/refuse")
    async def refuse(
        request: Request, user: LoggedIn, form: CheckedForm, slug: str
    ) -> Response:
        club = _officers(user, slug)
        try:
            await registration.refuse(user, club, _uuid(text_of(form, "team")))
        except RegistrationRefused as error:
            refusal = refusal_text(desk.texts(request), error)
            return await _page(request, club, refusal=refusal)
        return desk.go(request, f"/club/{slug}?said=refused")

    async def _page(
        request: Request, club: Club, *, notice: str = "", refusal: str = ""
    ) -> Response:
        teams = await registration.club_teams(club)
        return desk.page(
            request,
            "club.html",
            here=f"club-{club.slug}",
            status=409 if refusal else 200,
            notice=notice,
            refusal=refusal,
            club=club,
            groups=list(_groups(teams, desk.reader(request), owed_by_club=True)),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Form:
    """The form of a team: a new one, or one that is changed."""

    competition: Competition
    values: Mapping[str, str]
    team: Team | None = None
    wrong: Mapping[str, Flaw] = field(default_factory=dict)
    refusal: str = ""

    @property
    def status(self) -> int:
        return 422 if self.wrong else 409 if self.refusal else 200


async def _form_page(
    desk: Desk, registration: Registration, request: Request, form: _Form
) -> Response:
    a, reader, now = desk.texts(request), desk.reader(request), registration.now()
    team, competition = form.team, form.competition
    categories = competition.open_categories(now)
    if team is not None and team.category not in categories:
        categories = (team.category, *categories)
    refusal = form.refusal or (a.fields.summary if form.wrong else "")
    if team is not None and team.bill is not None:
        refusal = refusal or a.teams.locked
    return desk.page(
        request,
        "team_form.html",
        here="teams",
        status=form.status,
        refusal=refusal,
        competition=competition,
        team=team,
        values=form.values,
        problems=_problems(a, form.wrong),
        categories=[(name, name) for name in categories],
        prices=list(_prices(competition, registration, reader, categories)),
        clubs=[(club.slug, club.name) for club in await registration.clubs()],
        closing=_closing(competition, registration, a, reader),
        name_max=NAME_MAX,
    )


async def offers(
    registration: Registration, reader: Reader
) -> list[tuple[Competition, str]]:
    """List the competitions that teams can be registered for, and until when."""
    now = registration.now()
    return [
        (each, _formats(each, reader).minute(ends))
        for each in await registration.competitions()
        if each.open_categories(now) and (ends := each.ends_at()) is not None
    ]


def refusal_text(a: AccountTexts, error: RegistrationRefused) -> str:
    """Say in the reader's language why a team can't be registered or changed."""
    text: str = getattr(a.refusals, error.reason.value)
    return text.format(count=TEAMS_MAX)


def _groups(
    teams: Sequence[Team], reader: Reader, *, owed_by_club: bool
) -> Iterator[tuple[Team, list[Team], str]]:
    """Part teams by competition; with what is owed for those on no bill."""
    for _, each in groupby(teams, key=lambda team: team.slug):
        group = list(each)
        owed = [team for team in group if team.paid_by_club is owed_by_club]
        due = [team.total.minor for team in owed if team.bill is None]
        currency = group[0].currency
        sum_due = reader.formats.money(Money(sum(due), currency)) if any(due) else ""
        yield group[0], group, sum_due


def _prices(
    competition: Competition,
    registration: Registration,
    reader: Reader,
    categories: Sequence[str],
) -> Iterator[dict[str, object]]:
    """Say for each category what it costs now, beside that, and later."""
    now, formats = registration.now(), _formats(competition, reader)

    def money(minor: int) -> str:
        return formats.money(Money(minor, competition.currency))

    for category in categories:
        price = competition.price(category, now)
        if not isinstance(price, Price):
            continue
        ahead = competition.fees_ahead(category, now)
        yield {
            "category": category,
            "total": money(price.total_minor),
            "start_fee": money(price.start_fee_minor),
            "until": formats.minute(ahead[0].deadline),
            "later": [money(fee.amount_minor) for fee in ahead[1:]],
            "additional": [(f.name, money(f.amount_minor)) for f in price.additional],
        }


def _closing(
    competition: Competition,
    registration: Registration,
    a: AccountTexts,
    reader: Reader,
) -> str:
    now, formats = registration.now(), _formats(competition, reader)
    ends = competition.ends_at()
    if ends is None or now > ends:
        return a.teams.closed
    if now < competition.opens_at:
        return a.teams.not_open.format(opens=formats.minute(competition.opens_at))
    return a.teams.deadline.format(deadline=formats.minute(ends))


def _formats(competition: Competition, reader: Reader) -> Formats:
    return Formats(reader.texts.numbers, load_zone(competition.zone))


async def _offered(registration: Registration, slug: str) -> Competition:
    found = await registration.competition(slug)
    if found is None:
        raise HTTPException(404)
    return found


async def _theirs(
    registration: Registration, user: PortalUser, team: UUID
) -> tuple[Team, Competition]:
    theirs = await registration.team(user, team)
    if theirs is None:
        raise HTTPException(404)
    return theirs, await _offered(registration, theirs.slug)


async def _slug_of(registration: Registration, club: int | None) -> str:
    clubs = await registration.clubs()
    return next((each.slug for each in clubs if each.id == club), "")


def _officers(user: PortalUser, slug: str) -> Club:
    for club in user.clubs:
        if club.slug == slug:
            return club
    raise HTTPException(404)


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise HTTPException(404) from error


def _wish(form: CheckedForm) -> Wish:
    members = text_of(form, "members").splitlines()
    club = text_of(form, "club")
    return Wish(
        name=text_of(form, "name"),
        category=text_of(form, "category"),
        members=tuple(name.strip() for name in members if name.strip()),
        club=club,
        paid_by_club=bool(text_of(form, "paid_by_club")),
    )


def _values(wish: Wish) -> dict[str, str]:
    return {
        "name": wish.name,
        "category": wish.category,
        "members": "\n".join(wish.members),
        "club": wish.club,
        "paid_by_club": "yes" if wish.paid_by_club else "",
    }


def _problems(a: AccountTexts, wrong: Mapping[str, Flaw]) -> dict[str, str]:
    most = {"name": NAME_MAX, "members": MEMBER_MAX}
    found = {}
    for name, flaw in wrong.items():
        count = MEMBERS_MAX if flaw is Flaw.MEMBERS else most.get(name, 0)
        text: str = getattr(a.fields, flaw.value)
        found[name] = text.format(count=count)
    return found
