"""Teams that somebody else registers: a list from a file, or a registration site.

A list is taken in whole or not at all. Each team has a name of the sender's (the
external id): said twice, it is one team; said differently, it is refused. Who is named
and has no account gets one without a password, and a mail that leads to it.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec

from hub.core.registration import MEMBERS_MAX, TEAMS_MAX, Flaw, Reason, flaws
from hub.core.team_list import Trouble
from hub.service.accounts import NAME_MAX, is_email, new_token, token_digest
from hub.service.registration import RegistrationRefused, enter
from hub.store.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from hub.core.registration import Competition, Wish
    from hub.core.team_list import Entrant
    from hub.service.accounts import Accounts
    from hub.service.registration import Registration
    from hub.store.store import Row, Store, UnitOfWork

_FLAWS = {
    Flaw.REQUIRED: "is missing",
    Flaw.TOO_LONG: "is too long",
    Flaw.ONE_LINE: "has characters that can't be printed",
    Flaw.CHOICE: "is none of the competition's",
    Flaw.MEMBERS: f"are more than {MEMBERS_MAX}",
}
_REASONS = {
    Reason.CLOSED: "Registration for this category has ended.",
    Reason.NOT_OPEN: "Registration has not begun yet.",
    Reason.TOO_MANY: f"This person has {TEAMS_MAX} teams here: that is the most.",
    Reason.UNKNOWN: "The category is none of the competition's.",
    Reason.PAID_BY_NOBODY: "There is no such club, or none that would pay.",
}


class NoSuchCompetition(Refused):
    """There is no competition of this name at the hub's event."""


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """A team that is registered, now or since earlier."""

    external_id: str
    team: UUID
    is_new: bool


@dataclass(frozen=True, slots=True)
class TakenIn:
    """What became of a list: all of it, or nothing and why."""

    teams: tuple[Taken, ...] = ()
    troubles: tuple[Trouble, ...] = ()
    conflict: bool = False
    """Whether a team was said differently before."""

    @property
    def added(self) -> int:
        """How many teams are new."""
        return sum(each.is_new for each in self.teams)


class _GoBack(Exception):
    """Leave a unit of work without a trace."""


@dataclass(slots=True)
class _Progress:
    taken: list[Taken] = field(default_factory=list)
    troubles: list[Trouble] = field(default_factory=list)
    conflict: bool = False
    newcomers: dict[int, tuple[Row, Entrant]] = field(default_factory=dict)

    def result(self) -> TakenIn:
        if self.troubles:
            found = sorted(self.troubles, key=lambda each: each.line)
            return TakenIn((), tuple(found), self.conflict)
        return TakenIn(tuple(self.taken))


class Entrants:
    """Takes lists of teams in."""

    def __init__(
        self, store: Store, accounts: Accounts, registration: Registration
    ) -> None:
        self._store = store
        self._accounts = accounts
        self._registration = registration

    async def take_in(
        self,
        slug: str,
        entrants: Iterable[tuple[int, Entrant]],
        *,
        site: str,
        language: str = "en",
    ) -> TakenIn:
        """Register all teams of a list, or none; raises NoSuchCompetition."""
        competition = await self._registration.competition(slug)
        if competition is None:
            raise NoSuchCompetition(
                f"There is no competition {slug!r} that is open to the public. "
                "See 'kassenband-hub competition list'."
            )
        listed = [(line, await self._named(each)) for line, each in entrants]
        progress = _Progress()
        for line, each in listed:
            progress.troubles += _wrong(line, each, competition)
        if not progress.troubles:
            try:
                async with self._store.unit_of_work() as work:
                    await self._enter_all(work, competition, listed, progress, language)
                    await self._invite(work, competition, site, progress)
            except _GoBack:
                pass
        return progress.result()

    async def site_of(self, token: str) -> tuple[str, str] | None:
        """Find a registration site's name and competition by its token."""
        row = await self._store.fetch_row(
            "registration_site", token_digest(token), self._registration.event
        )
        return None if row is None else (row["name"], row["slug"])

    async def _enter_all(
        self,
        work: UnitOfWork,
        competition: Competition,
        listed: list[tuple[int, Entrant]],
        progress: _Progress,
        language: str,
    ) -> None:
        # In one order everywhere, so that two lists at once can't block each other.
        people: dict[str, Row] = {}
        for email in sorted({each.email.casefold() for _, each in listed}):
            person = next(e.person for _, e in listed if e.email.casefold() == email)
            people[email] = await _person(work, email, person, language)
        for line, each in sorted(listed, key=lambda item: _key(item[1])):
            person_row = people[each.email.casefold()]
            await self._enter(work, competition, line, each, person_row, progress)
        if progress.troubles:
            raise _GoBack

    async def _enter(
        self,
        work: UnitOfWork,
        competition: Competition,
        line: int,
        entrant: Entrant,
        person: Row,
        progress: _Progress,
    ) -> None:
        key = _key(entrant)
        known = await work.fetch_row("team_by_external_id", competition.id, key)
        if known is None:
            try:
                team = await enter(
                    work,
                    competition,
                    person["id"],
                    entrant.wish,
                    now=self._registration.now(),
                    external_id=key,
                )
            except RegistrationRefused as error:
                progress.troubles.append(Trouble(line, _REASONS[error.reason]))
                return
            if team is not None:
                progress.taken.append(Taken(external_id=key, team=team, is_new=True))
                progress.newcomers.setdefault(person["id"], (person, entrant))
                return
            # A twin was faster, in a unit of work that is over now.
            known = await work.fetch_row("team_by_external_id", competition.id, key)
            assert known is not None, "it was in the way"
        if _same(known, entrant):
            progress.taken.append(
                Taken(external_id=key, team=known["id"], is_new=False)
            )
            return
        progress.conflict = True
        text = (
            f"{key!r} is registered already, and differently. Change it at the portal."
        )
        progress.troubles.append(Trouble(line, text))

    async def _invite(
        self,
        work: UnitOfWork,
        competition: Competition,
        site: str,
        progress: _Progress,
    ) -> None:
        for person, entrant in progress.newcomers.values():
            if person["password_hash"] is None:
                about = {
                    "site": site,
                    "team": entrant.wish.name,
                    "competition": competition.name,
                }
                await self._accounts.invite(work, person, about)

    async def _named(self, entrant: Entrant) -> Entrant:
        """Find the club by its name where a list has that instead of the slug."""
        wish = entrant.wish
        if not wish.club:
            return entrant
        for club in await self._registration.clubs():
            if wish.club.casefold() in {club.slug, club.name.casefold()}:
                renamed = msgspec.structs.replace(wish, club=club.slug)
                return msgspec.structs.replace(entrant, wish=renamed)
        return entrant


async def add_site(store: Store, competition: int, name: str) -> str:
    """Let a site register teams; returns the token that it sends, kept nowhere."""
    token = new_token()
    await store.fetch("add_registration_site", token_digest(token), competition, name)
    return token


async def _person(work: UnitOfWork, email: str, name: str, language: str) -> Row:
    known = await work.fetch_row("user_by_email", email)
    if known is None:
        await work.fetch("add_user", email, name[:NAME_MAX], language)
        known = await work.fetch_row("user_by_email", email)
    assert known is not None, "it was added, here or by a twin"
    return known


def _wrong(line: int, entrant: Entrant, competition: Competition) -> list[Trouble]:
    found = [
        Trouble(line, f"{name} {_FLAWS[flaw]}.")
        for name, flaw in _all_flaws(entrant.wish, competition).items()
    ]
    if not is_email(entrant.email):
        found.append(Trouble(line, f"email is {entrant.email!r}, which is none."))
    if not entrant.person.isprintable() or len(entrant.person) > NAME_MAX:
        found.append(Trouble(line, "person is too long, or can't be printed."))
    if entrant.external_id is not None and not _is_key(entrant.external_id):
        found.append(Trouble(line, "external_id has 1 to 100 printable characters."))
    return found


def _all_flaws(wish: Wish, competition: Competition) -> Mapping[str, Flaw]:
    return flaws(wish, competition.categories)


def _is_key(text: str) -> bool:
    return 1 <= len(text) <= 100 and text.isprintable()


def _key(entrant: Entrant) -> str:
    """Return the sender's name of a team, else one made of what it is."""
    if entrant.external_id is not None:
        return entrant.external_id
    wish = entrant.wish
    parts = (entrant.email.casefold(), wish.category, wish.name)
    return "list-" + hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:32]


def _same(known: Row, entrant: Entrant) -> bool:
    wish = entrant.wish
    return (
        known["withdrawn_at"] is None
        and known["email"].casefold() == entrant.email.casefold()
        and known["name"] == wish.name
        and known["category"] == wish.category
        and tuple(known["members"]) == wish.members
        and known["paid_by_club"] == wish.paid_by_club
        and (known["club_slug"] or "") == wish.club
    )
