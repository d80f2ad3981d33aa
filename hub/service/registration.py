"""Teams of portal users: registered, changed and withdrawn while no bill has them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec

from contract.ids import new_uuid7
from contract.money import Currency, Money
from hub.core.registration import (
    TEAMS_MAX,
    Competition,
    Price,
    Reason,
    Wish,
)
from hub.service.accounts import Club

if TYPE_CHECKING:
    from collections.abc import Callable

    from hub.service.accounts import PortalUser
    from hub.store.store import Row, Store, UnitOfWork


class RegistrationRefused(Exception):
    """A team can't be registered or changed, for a reason that is told."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.value)
        self.reason = reason


class Team(msgspec.Struct, frozen=True, kw_only=True):
    """A team, as who registered it sees it."""

    id: UUID
    name: str
    category: str
    members: tuple[str, ...]
    slug: str
    """Its competition's."""
    competition: str
    currency: Currency
    start_fee_minor: int
    fees_minor: int
    """What it pays beside the start fee."""
    registered_at: datetime
    club: int | None
    club_name: str | None
    paid_by_club: bool
    bill: str | None
    """The reference of the bill that it is on; then it stays as it is."""
    registrant: str = ""
    registrant_email: str = ""

    @property
    def total(self) -> Money:
        """What it has to pay."""
        return Money(self.start_fee_minor + self.fees_minor, self.currency)


def _now() -> datetime:
    return datetime.now(UTC)


class Registration:
    """Registers teams for the competitions of one event."""

    def __init__(
        self, store: Store, event: int, now: Callable[[], datetime] = _now
    ) -> None:
        self._store = store
        self.event = event
        self.now = now

    async def competitions(self) -> list[Competition]:
        """List what is public, newest first."""
        rows = await self._store.fetch("competitions", self.event, None)
        found = [_competition(row) for row in rows]
        return [each for each in found if each.is_public]

    async def competition(self, slug: str) -> Competition | None:
        """Find one by the name in its address; None also for what is not public."""
        row = await self._store.fetch_row("competitions", self.event, slug)
        found = None if row is None else _competition(row)
        return found if found is not None and found.is_public else None

    async def clubs(self) -> list[Club]:
        """List all clubs by name."""
        rows = await self._store.fetch("clubs")
        return [msgspec.convert(dict(row), Club) for row in rows]

    async def teams_of(self, user: PortalUser) -> list[Team]:
        """List what somebody has registered and not withdrawn."""
        rows = await self._store.fetch("teams_of", self.event, user.id, None)
        return [_team(row) for row in rows]

    async def team(self, user: PortalUser, team: UUID) -> Team | None:
        """Find a team; None for what is not theirs, as if it were not there."""
        row = await self._store.fetch_row("teams_of", self.event, user.id, team)
        return None if row is None else _team(row)

    async def register(self, user: PortalUser, slug: str, wish: Wish) -> UUID:
        """Register a team at the fees of now; raises RegistrationRefused."""
        competition = await self.competition(slug)
        if competition is None:
            raise RegistrationRefused(Reason.UNKNOWN)
        async with self._store.unit_of_work() as work:
            team = await enter(work, competition, user.id, wish, now=self.now())
        assert team is not None, "only a site's team can be known already"
        return team

    async def change(self, user: PortalUser, team: UUID, wish: Wish) -> None:
        """Change a team that is on no bill; raises RegistrationRefused.

        Another category costs what it costs now; all else is free.
        """
        async with self._store.unit_of_work() as work:
            row = await self._lock(work, team)
            if row["registered_by"] != user.id:
                raise RegistrationRefused(Reason.GONE)
            await _refuse_billed(work, team)
            club = await _club(work, wish)
            await work.fetch(
                "change_team", team, wish.name, wish.members, club, wish.paid_by_club
            )
            if wish.category != row["category"]:
                await self._move(work, team, row["slug"], wish.category)

    async def withdraw(self, user: PortalUser, team: UUID) -> None:
        """Take a team that is on no bill out again; raises RegistrationRefused."""
        async with self._store.unit_of_work() as work:
            row = await self._lock(work, team)
            if row["registered_by"] != user.id:
                raise RegistrationRefused(Reason.GONE)
            await _refuse_billed(work, team)
            await work.fetch("withdraw_team", team)

    async def club_teams(self, club: Club) -> list[Team]:
        """List what is registered on a club's account; for its officers only."""
        rows = await self._store.fetch("club_teams", self.event, club.id)
        return [_team(row) for row in rows]

    async def refuse(self, officer: PortalUser, club: Club, team: UUID) -> str:
        """Say that a club does not pay for a team; returns the team's name.

        Raises RegistrationRefused.
        """
        async with self._store.unit_of_work() as work:
            row = await self._lock(work, team)
            if row["club"] != club.id or not row["paid_by_club"]:
                raise RegistrationRefused(Reason.GONE)
            if not await work.fetch_value("is_officer", club.id, officer.id):
                raise RegistrationRefused(Reason.GONE)
            await _refuse_billed(work, team)
            await work.fetch("refuse_club_team", team)
        name: str = row["name"]
        return name

    async def _lock(self, work: UnitOfWork, team: UUID) -> Row:
        row = await work.fetch_row("lock_team", team)
        if row is None or row["event"] != self.event:
            raise RegistrationRefused(Reason.GONE)
        return row

    async def _move(
        self, work: UnitOfWork, team: UUID, slug: str, category: str
    ) -> None:
        found = _competition(await work.fetch_row("competitions", self.event, slug))
        price = _price(found, category, self.now())
        await work.fetch("change_category", team, category, price.start_fee_minor)
        await _add_fees(work, team, price)


async def enter(
    work: UnitOfWork,
    competition: Competition,
    user: int,
    wish: Wish,
    *,
    now: datetime,
    external_id: str | None = None,
) -> UUID | None:
    """Register a team within a unit of work; raises RegistrationRefused.

    None if its site has registered it before.
    """
    price = _price(competition, wish.category, now)
    club = await _club(work, wish)
    if await work.fetch_value("count_teams_of", competition.id, user) >= TEAMS_MAX:
        raise RegistrationRefused(Reason.TOO_MANY)
    team = new_uuid7()
    added = await work.fetch_value(
        "add_team",
        team,
        competition.id,
        wish.category,
        wish.name,
        wish.members,
        user,
        club,
        wish.paid_by_club,
        price.start_fee_minor,
        now,
        external_id,
    )
    if added is None:
        return None
    await _add_fees(work, team, price)
    return team


async def _add_fees(work: UnitOfWork, team: UUID, price: Price) -> None:
    if price.additional:
        labels = [fee.name for fee in price.additional]
        amounts = [fee.amount_minor for fee in price.additional]
        await work.fetch("add_team_fees", team, labels, amounts)


async def _refuse_billed(work: UnitOfWork, team: UUID) -> None:
    if await work.fetch_value("team_is_billed", team):
        raise RegistrationRefused(Reason.BILLED)


async def _club(work: UnitOfWork, wish: Wish) -> int | None:
    if not wish.club:
        if wish.paid_by_club:
            raise RegistrationRefused(Reason.PAID_BY_NOBODY)
        return None
    for row in await work.fetch("clubs"):
        if row["slug"] == wish.club:
            number: int = row["id"]
            return number
    raise RegistrationRefused(Reason.PAID_BY_NOBODY)


def _price(competition: Competition, category: str, now: datetime) -> Price:
    price = competition.price(category, now)
    if isinstance(price, Reason):
        raise RegistrationRefused(price)
    if category not in competition.categories:
        raise RegistrationRefused(Reason.UNKNOWN)
    return price


def _competition(row: Row | None) -> Competition:
    assert row is not None, "a team's competition is there"
    values = dict(row)
    for name in ("start_fees", "additional_fees"):
        values[name] = msgspec.json.decode(values[name])
    return msgspec.convert(values, Competition)


def _team(row: Row) -> Team:
    return msgspec.convert(dict(row), Team)
