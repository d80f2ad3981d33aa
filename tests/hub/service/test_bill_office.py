from __future__ import annotations

from typing import TYPE_CHECKING

import pytest_asyncio

from hub.core.bills.reports import Said
from hub.service import bill_office
from hub.service.bill_office import BillOffice, Which
from tests.hub.service.billing import EVENT, Fair

if TYPE_CHECKING:
    import pytest

    from hub.store.store import Store


@pytest_asyncio.fixture
async def fair(store: Store) -> Fair:
    return await Fair.open(store)


async def test_the_office_sees_all_bills_and_finds_them(
    fair: Fair, monkeypatch: pytest.MonkeyPatch
) -> None:
    office = BillOffice(fair.store, EVENT)
    pia, max_ = await fair.user("Pia Moser"), await fair.user("max")
    unpaid, paid, over = [await fair.bill(each) for each in (pia, pia, max_)]
    await fair.say(await fair.attempt(pia, paid))
    attempt = await fair.attempt(max_, over)
    await fair.say(attempt, money_ref="one")
    await fair.say(attempt, money_ref="two")

    async def found(which: Which = Which.ALL, search: str = "") -> list[str]:
        rows = await office.bills(which, search=search)
        return [each.listed.reference for each in rows]

    assert await found() == [over, paid, unpaid]
    assert await found(Which.OPEN) == [unpaid]
    assert await found(Which.OVER) == [over]
    assert await found(search="moser") == [paid, unpaid]
    assert await found(search=f"{paid[7:12]} {paid[12:17]}") == [paid]
    assert await found(search="%") == []
    assert await BillOffice(fair.store, 99).bills() == ()
    monkeypatch.setattr(bill_office, "BILLS_PER_PAGE", 2)
    page = await office.bills()
    rest = await office.bills(after=page[-1].listed)
    assert [each.listed.reference for each in (*page, *rest)] == [over, paid, unpaid]


async def test_what_somebody_has_to_look_at_is_listed(fair: Fair) -> None:
    pia = await fair.user()
    attempt = await fair.attempt(pia, await fair.bill(pia))
    await fair.say(attempt, Said.PENDING)
    await fair.say(attempt, Said.UNCERTAIN, alarm="Look it up.", status="STATUS 52")

    [alarm] = await BillOffice(fair.store, EVENT).alarms()

    assert (alarm.reference, alarm.attempt) == (attempt.reference, 1)
    assert (alarm.status, alarm.texts) == ("STATUS 52", ("Look it up.",))
