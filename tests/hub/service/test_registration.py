"""Teams on a bill stay as they are, whoever asks at the same time."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import msgspec
import pytest
import pytest_asyncio

from hub.core.registration import Reason, Wish
from hub.service.accounts import PortalUser
from hub.service.bill_viewers import OfUser
from hub.service.bills import Created
from hub.service.registration import Registration, RegistrationRefused
from tests.hub.service.billing import EVENT, Fair

if TYPE_CHECKING:
    from uuid import UUID

    from hub.store.store import Store

OTHER = Wish(name="Other name", category="A")


class Entry:
    """Somebody with a team."""

    def __init__(self, fair: Fair, user: PortalUser, team: UUID) -> None:
        self.fair = fair
        self.user = user
        self.team = team
        self.registration = Registration(fair.store, EVENT)

    async def bill(self) -> str:
        review = await self.fair.billing.review(self.user.id, "run-2026")
        assert review is not None
        made = await self.fair.billing.create(self.user.id, "run-2026", review.seal)
        assert isinstance(made, Created), made
        return made.reference

    async def name(self) -> str | None:
        found = await self.registration.team(self.user, self.team)
        return None if found is None else found.name


@pytest_asyncio.fixture
async def entry(store: Store) -> Entry:
    fair = await Fair.open(store)
    number = await fair.user()
    user = PortalUser(id=number, email="pia@example.org", language="en", name="pia")
    return Entry(fair, user, await fair.team(number))


async def test_a_billed_team_stays_as_it_is(entry: Entry) -> None:
    reference = await entry.bill()
    for act in (
        entry.registration.change(entry.user, entry.team, OTHER),
        entry.registration.withdraw(entry.user, entry.team),
    ):
        with pytest.raises(RegistrationRefused) as caught:
            await act
        assert caught.value.reason is Reason.BILLED
    assert await entry.name() == "Red Foxes"
    found = await entry.registration.team(entry.user, entry.team)
    assert found is not None
    assert found.bill == reference


async def test_after_its_bill_was_canceled_it_is_free_again(entry: Entry) -> None:
    reference = await entry.bill()
    await entry.fair.billing.cancel(OfUser(entry.user.id), reference)
    await entry.registration.change(entry.user, entry.team, OTHER)
    assert await entry.name() == "Other name"
    await entry.registration.withdraw(entry.user, entry.team)
    assert await entry.name() is None


@pytest.mark.parametrize("turn", range(4))
async def test_billed_and_withdrawn_at_once_only_one_happens(
    entry: Entry, turn: int
) -> None:
    acts = [entry.bill(), entry.registration.withdraw(entry.user, entry.team)]
    if turn % 2:
        acts.reverse()
    await asyncio.gather(*acts, return_exceptions=True)
    [row] = await entry.fair.run(
        "SELECT withdrawn_at IS NULL AS runs, EXISTS"
        " (SELECT FROM bill_line AS l WHERE l.team = t.id AND l.is_active) AS billed"
        " FROM team AS t"
    )
    assert row["runs"] == row["billed"], "on a bill and running, or neither"


async def test_only_who_registered_it_changes_a_team(entry: Entry) -> None:
    stranger = msgspec.structs.replace(entry.user, id=await entry.fair.user("eve"))
    with pytest.raises(RegistrationRefused) as caught:
        await entry.registration.change(stranger, entry.team, OTHER)
    assert caught.value.reason is Reason.GONE


async def test_no_team_is_registered_after_the_last_deadline(entry: Entry) -> None:
    with pytest.raises(RegistrationRefused) as caught:
        await entry.registration.register(entry.user, "run-2026", OTHER)
    assert caught.value.reason is Reason.CLOSED, "it has no fees at all"
