from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from contract.bill_reference import order_id
from contract.money import MINOR_MAX
from hub.core.bills.attempts import AttemptState
from hub.core.bills.bill import BillState
from hub.core.bills.errors import NoSuchBill, NotAllowed
from hub.core.bills.reports import Said
from hub.service.bill_office import BillOffice
from hub.service.claims import Claims
from tests.hub.service.billing import EVENT, Fair

if TYPE_CHECKING:
    from uuid import UUID

    from hub.core.bills.attempts import Attempt
    from hub.store.store import Store


class Desk:
    """A bill of 55.00 whose payment is in doubt, and staff who know more."""

    def __init__(self, fair: Fair, user: int, attempt: Attempt) -> None:
        self.fair, self.user, self.attempt = fair, user, attempt
        self.claims = Claims(fair.store, EVENT, fair.payments.reports)

    async def claim(
        self, said: Said = Said.PAID, minor: int = 5500, ref: str = "P1", **more: str
    ) -> UUID:
        name = order_id(self.attempt.reference, self.attempt.number)
        words = {"attempt": name, "reason": "Listed there.", "by": "ann"} | more
        return await self.claims.claim(
            words["attempt"],
            said,
            minor,
            ref,
            reason=words["reason"],
            by=words["by"],
        )

    async def state(self) -> BillState:
        shown = await self.fair.shown(self.user, self.attempt.reference)
        return shown.standing.state


@pytest_asyncio.fixture
async def desk(store: Store) -> Desk:
    fair = await Fair.open(store)
    user = await fair.user()
    attempt = await fair.attempt(user, await fair.bill(user))
    await fair.say(attempt, Said.UNCERTAIN)
    return Desk(fair, user, attempt)


async def test_two_people_close_a_doubt_as_paid_and_the_provider_doubles_nothing(
    desk: Desk,
) -> None:
    claim = await desk.claim()
    (waiting,) = await desk.claims.waiting()
    assert (waiting.id, waiting.amount_minor, waiting.method) == (claim, 5500, "paypal")
    assert await desk.state() is BillState.OPEN
    with pytest.raises(NotAllowed, match="Somebody else"):
        await desk.claims.confirm(claim, "ann")

    said = await asyncio.gather(
        *(desk.claims.confirm(claim, by) for by in ("bob", "cid")),
        return_exceptions=True,
    )

    assert [type(each) for each in said].count(NotAllowed) == 1
    assert await desk.claims.waiting() == ()
    assert await desk.state() is BillState.PAID
    # the provider says it, too, as soon as it knows
    again = await desk.fair.say(desk.attempt, money_ref="P1")
    assert (again.is_news, again.attempt.state) == (False, AttemptState.PAID)
    assert len(await desk.fair.payments_of(desk.user, desk.attempt.reference)) == 1
    [kept] = await desk.fair.run(
        "SELECT status FROM payment_report WHERE said = 'paid'"
    )
    assert kept["status"] in {
        f"Recorded by ann and {by}: Listed there." for by in ("bob", "cid")
    }


async def test_what_went_back_and_returned_is_recorded_the_same_way(
    desk: Desk,
) -> None:
    await desk.fair.say(desk.attempt)
    with pytest.raises(NotAllowed, match="not booked that D1 went back"):
        await desk.claim(Said.RETURNED, ref="D1")
    for said, state in (
        (Said.CHARGED_BACK, BillState.CHARGED_BACK),
        (Said.RETURNED, BillState.PAID),
    ):
        await desk.claims.confirm(await desk.claim(said, ref="D1"), "bob")
        assert await desk.state() is state
        with pytest.raises(NotAllowed, match="booked already"):
            await desk.claim(said, ref="D1")


async def test_what_came_back_in_parts_is_recorded_part_by_part(desk: Desk) -> None:
    await desk.fair.say(desk.attempt)
    await desk.fair.say(desk.attempt, Said.CHARGED_BACK, money_ref="D1")
    for minor in (2000, 3500):
        claim = await desk.claim(Said.RETURNED, minor, "D1")
        await desk.claims.confirm(claim, "bob")
        with pytest.raises(NotAllowed, match="booked already"):
            await desk.claim(Said.RETURNED, minor, "D1")
    assert await desk.state() is BillState.PAID
    with pytest.raises(NotAllowed, match="booked already"):
        await desk.claim(Said.RETURNED, 1, "D1")


async def test_staff_and_provider_name_one_refund_differently_and_it_is_booked_once(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    fair, user = desk.fair, desk.user
    desk.attempt = await fair.attempt(user, await fair.bill(user), "postfinance")
    await fair.say(desk.attempt, money_ref="321")
    unnumbered = "321/back-0123456789abcdef"
    with pytest.raises(NotAllowed, match="PAYID/PAYIDSUB"):
        await desk.claim(Said.REFUNDED, 1000, "321")
    claim = await desk.claim(Said.REFUNDED, 1000, "321 / 1")
    await desk.claims.confirm(claim, "bob")

    for name in ("321/1", unnumbered):  # the provider says it, too
        told = await fair.say(desk.attempt, Said.REFUNDED, 1000, money_ref=name)
        assert not told.is_news

    text = f"{unnumbered} may be what is booked as 321/1."
    assert text in caplog.text
    # Another one is booked, whoever tells of it first; then staff can't double it.
    other = "321/back-fedcba9876543210"
    assert (await fair.say(desk.attempt, Said.REFUNDED, 900, money_ref=other)).is_news
    with pytest.raises(NotAllowed, match=f"may be what is booked as {other}"):
        await desk.claim(Said.REFUNDED, 900, "321/2")
    await desk.claims.confirm(await desk.claim(Said.REFUNDED, 1000, "321/3"), "bob")
    rows = await fair.payments_of(user, desk.attempt.reference)
    assert [(each.kind.value, each.money_ref) for each in rows] == [
        ("payment", "321"),
        ("refund", "321/1"),
        ("refund", other),
        ("refund", "321/3"),
    ]


async def test_what_makes_no_sense_is_not_claimed(desk: Desk) -> None:
    for wrong in (
        {"minor": 0},
        {"minor": MINOR_MAX + 1},
        {"ref": " "},
        {"ref": "a\0b"},
        {"reason": " "},
        {"reason": "x" * 501},
        {"said": Said.PENDING},
    ):
        with pytest.raises(NotAllowed):
            await desk.claim(**wrong)
    for name in ("x", "0" * 26 + "-1", f"{desk.attempt.reference[:26]}-2"):
        with pytest.raises(NoSuchBill):
            await desk.claim(attempt=name)
    claim = await desk.claim()
    await desk.claims.decline(claim, "ann")
    with pytest.raises(NotAllowed, match="decided already"):
        await desk.claims.confirm(claim, "bob")
    assert await desk.state() is BillState.OPEN


async def test_the_payment_of_another_bill_is_seen_by_staff_until_they_have(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    await desk.fair.say(desk.attempt, money_ref="P1")
    other = await desk.fair.attempt(desk.user, await desk.fair.bill(desk.user))
    for _ in range(3):
        await desk.fair.say(other, money_ref="P1")
    office = BillOffice(desk.fair.store, EVENT)

    (alarm,) = await office.alarms()

    text = f"The payment P1 is that of bill {desk.attempt.reference}."
    assert (alarm.reference, alarm.texts) == (other.reference, (text,))
    assert caplog.text.count(text) == 1
    await office.close_alarm(alarm.number, "ann", "Told PayPal.")
    assert await office.alarms() == ()
    with pytest.raises(NotAllowed, match="seen to this"):
        await office.close_alarm(alarm.number, "bob")
