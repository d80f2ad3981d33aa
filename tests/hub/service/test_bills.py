from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from contract.bill_reference import is_reference
from hub.core.bills.attempts import Refusal
from hub.core.bills.bill import BillState, ChangeKind
from hub.core.bills.errors import BadBill, NoSuchBill, NotAllowed
from hub.service.bill_viewers import OfStaff, OfUser, OfWallet
from hub.service.bills import Changed, Created
from tests.hub import samples
from tests.hub.service.billing import EVENT, Fair

if TYPE_CHECKING:
    from hub.service.bills import Review
    from hub.store.store import Store
    from tests.hub.hubs import Parts


@pytest_asyncio.fixture
async def fair(store: Store) -> Fair:
    return await Fair.open(store)


async def reviewed(fair: Fair, user: int, club: str | None = None) -> Review:
    review = await fair.billing.review(user, "run-2026", club)
    assert review is not None
    return review


# --- unpaid fees ---------------------------------------------------------------------


async def test_everybody_pays_for_the_teams_they_registered(fair: Fair) -> None:
    pia, max_ = await fair.user("pia"), await fair.user("max")
    await fair.team(pia, 4500)
    await fair.team(pia, 3000, competition="walk-2026")
    await fair.team(max_, 2000)

    fees = await fair.billing.unpaid(pia)

    assert [(each.title, each.total_minor) for each in fees] == [
        ("Run 2026", 5500),
        ("Walk 2026", 4000),
    ]
    assert [line.label for line in fees[0].lines] == ["Red Foxes", "Bed"]


async def test_a_clubs_teams_are_billed_by_its_officer(fair: Fair) -> None:
    pia, officer = await fair.user("pia"), await fair.user("olga")
    club = await fair.club(officer)
    await fair.team(pia, club=club)
    await fair.team(officer, 1000)

    assert await fair.billing.unpaid(pia) == ()
    own, clubs = await fair.billing.unpaid(officer)
    assert (own.club, own.total_minor) == (None, 2000)
    assert (clubs.club, clubs.club_name, clubs.total_minor) == ("foxes", "FOXES", 5500)

    review = await reviewed(fair, officer, "foxes")
    made = await fair.billing.create(officer, "run-2026", review.seal, "foxes")

    assert isinstance(made, Created)
    assert [each.club for each in await fair.billing.unpaid(officer)] == [None]
    with pytest.raises(NoSuchBill):
        await fair.shown(pia, made.reference)


async def test_another_officer_sees_and_pays_the_clubs_bills(fair: Fair) -> None:
    officer, other = await fair.user("olga"), await fair.user("otto")
    club = await fair.club(officer)
    await fair.run("INSERT INTO club_officer VALUES ($1, $2)", club, other)
    await fair.team(officer, club=club)
    review = await reviewed(fair, officer, "foxes")
    made = await fair.billing.create(officer, "run-2026", review.seal, "foxes")
    assert isinstance(made, Created)

    assert (await fair.shown(other, made.reference)).standing.open_minor == 5500
    [listed] = await fair.billing.listed(OfUser(other))
    assert listed.club_name == "FOXES"

    # Who made it is officer no more: it is no bill of theirs now.
    await fair.run("DELETE FROM club_officer WHERE portal_user = $1", officer)
    assert await fair.billing.listed(OfUser(officer)) == ()
    for forbidden in (
        fair.shown(officer, made.reference),
        fair.begin(officer, made.reference),
        fair.billing.cancel(OfUser(officer), made.reference),
    ):
        with pytest.raises(NoSuchBill):
            await forbidden
    assert (await fair.attempt(other, made.reference)).number == 1


async def test_where_nothing_is_to_be_paid_nothing_is_listed(fair: Fair) -> None:
    pia = await fair.user()
    await fair.team(pia, 0)
    gone = await fair.team(pia, 4500)
    await fair.run("UPDATE team SET withdrawn_at = now() WHERE id = $1", gone)

    assert await fair.billing.unpaid(pia) == ()
    assert await fair.billing.review(pia, "run-2026") is None
    assert await fair.billing.review(pia, "no-such-run") is None


# --- what was reviewed is what is billed ---------------------------------------------


async def test_what_was_reviewed_is_billed_and_its_teams_are_locked(fair: Fair) -> None:
    pia = await fair.user()
    await fair.team(pia)
    review = await reviewed(fair, pia)

    made = await fair.billing.create(pia, "run-2026", review.seal)

    assert isinstance(made, Created)
    shown = await fair.shown(pia, made.reference)
    assert is_reference(made.reference)
    assert made.reference.startswith("12345")  # the bank's prefix
    assert shown.bill.lines == review.fees.lines
    assert shown.bill.payer.town == "Rorschach"
    assert (shown.standing.state, shown.standing.open_minor) == (BillState.OPEN, 5500)
    assert await fair.billing.unpaid(pia) == ()
    [listed] = await fair.billing.listed(OfUser(pia))
    assert (listed.labels, listed.is_settled) == (("Red Foxes",), False)


async def test_the_address_is_copied_and_later_moves_change_nothing(fair: Fair) -> None:
    pia = await fair.user()
    reference = await fair.bill(pia)
    await fair.run("UPDATE portal_user SET town = 'Basel'")

    assert (await fair.shown(pia, reference)).bill.payer.town == "Rorschach"


async def test_what_changed_since_the_review_is_named_and_nothing_billed(
    fair: Fair,
) -> None:
    pia = await fair.user()
    first = await fair.team(pia)
    review = await reviewed(fair, pia)
    await fair.run("UPDATE team SET start_fee_minor = 5000 WHERE id = $1", first)
    await fair.team(pia, 2000, name="Blue Owls")

    came = await fair.billing.create(pia, "run-2026", review.seal)

    assert isinstance(came, Changed)
    assert {(each.kind, each.label) for each in came.changes} == {
        (ChangeKind.OTHER_AMOUNT, "Red Foxes"),
        (ChangeKind.NEW, "Blue Owls"),
        (ChangeKind.NEW, "Bed"),
    }
    assert came.review is not None
    again = await fair.billing.create(pia, "run-2026", came.review.seal)
    assert isinstance(again, Created)


@pytest.mark.parametrize("seal", ["", "x", "W10=", "W3sia2luZCI6IDF9XQ==", "ü" * 9])
async def test_a_forged_seal_bills_nothing(fair: Fair, seal: str) -> None:
    pia = await fair.user()
    await fair.team(pia)

    came = await fair.billing.create(pia, "run-2026", seal)

    assert isinstance(came, Changed)
    assert await fair.billing.listed(OfUser(pia)) == ()


async def test_an_incomplete_address_is_asked_for_first(fair: Fair) -> None:
    pia = await fair.user(street="")
    await fair.team(pia)
    review = await reviewed(fair, pia)

    assert review.lacking == ("street",)
    with pytest.raises(BadBill, match="postal address"):
        await fair.billing.create(pia, "run-2026", review.seal)


async def test_a_team_billed_from_two_windows_is_on_one_bill(fair: Fair) -> None:
    pia = await fair.user()
    await fair.team(pia)
    review = await reviewed(fair, pia)

    came = await asyncio.gather(
        *(fair.billing.create(pia, "run-2026", review.seal) for _ in range(5))
    )

    assert [isinstance(each, Created) for each in came].count(True) == 1
    late = next(each for each in came if isinstance(each, Changed))
    assert {each.kind for each in late.changes} == {ChangeKind.GONE}
    assert len(await fair.billing.listed(OfUser(pia))) == 1


# --- seeing, canceling ---------------------------------------------------------------


async def test_somebody_elses_bill_is_not_found(fair: Fair) -> None:
    pia, eve = await fair.user("pia"), await fair.user("eve")
    reference = await fair.bill(pia)

    for stranger in (OfUser(eve), OfWallet(EVENT, 1)):
        with pytest.raises(NoSuchBill) as theirs:
            await fair.billing.show(stranger, reference)
        with pytest.raises(NoSuchBill) as none:
            await fair.billing.show(stranger, "1" * 27)
        assert str(theirs.value) == str(none.value)
        with pytest.raises(NoSuchBill):
            await fair.billing.cancel(stranger, reference)
    assert (await fair.billing.show(OfStaff(), reference)).bill.reference == reference


async def test_a_canceled_bill_lets_its_teams_go(fair: Fair) -> None:
    pia = await fair.user()
    reference = await fair.bill(pia)

    await fair.billing.cancel(OfUser(pia), reference)
    await fair.billing.cancel(OfUser(pia), reference)

    shown = await fair.shown(pia, reference)
    assert shown.standing.state is BillState.CANCELED
    assert (shown.offers, shown.may_be_canceled) == ((), False)
    review = await reviewed(fair, pia)
    assert isinstance(await fair.billing.create(pia, "run-2026", review.seal), Created)


async def test_a_bill_of_which_something_is_paid_stays(fair: Fair) -> None:
    pia = await fair.user()
    reference = await fair.bill(pia)
    attempt = await fair.attempt(pia, reference)
    await fair.say(attempt, amount_minor=100)

    with pytest.raises(NotAllowed, match="paid"):
        await fair.billing.cancel(OfUser(pia), reference)
    assert not (await fair.shown(pia, reference)).may_be_canceled


async def test_a_bill_offers_what_is_switched_on_in_its_currency(fair: Fair) -> None:
    pia = await fair.user()
    await fair.run("DELETE FROM competition_method WHERE method = 'organizer'")
    await fair.offer("paypal", rate_bp=200)
    reference = await fair.bill(pia)

    offers = (await fair.shown(pia, reference)).offers

    # The slip is for francs; only PayPal's fee may be put on the payer in euros.
    assert {(each.method, each.surcharge_minor) for each in offers} == {
        ("postfinance", 0),
        ("paypal", 110),
        ("ebanking", 0),
        ("cash", 0),
    }


async def test_nothing_is_offered_while_another_payment_is_under_way(
    fair: Fair,
) -> None:
    pia = await fair.user()
    reference = await fair.bill(pia)
    await fair.attempt(pia, reference, "paypal")

    shown = await fair.shown(pia, reference)

    assert [each.method for each in shown.offers] == ["paypal"]  # may be gone on with
    assert set(shown.refusals.values()) == {Refusal.LIVE}


# --- top-ups -------------------------------------------------------------------------


async def test_a_top_up_is_a_bill_of_one_line(fair: Fair, parts: Parts) -> None:
    wallet = await parts.wallet(0)

    reference = await fair.billing.top_up(EVENT, wallet, 2500)

    shown = await fair.billing.show(OfWallet(EVENT, wallet), reference)
    [line] = shown.bill.lines
    assert (line.wallet, line.amount_minor) == (wallet, 2500)
    assert shown.offers
    [listed] = await fair.billing.listed(OfWallet(EVENT, wallet))
    assert listed.reference == reference
    with pytest.raises(NoSuchBill):
        await fair.billing.show(OfWallet(EVENT, wallet + 1), reference)


async def test_what_can_not_be_topped_up_is_told(fair: Fair, parts: Parts) -> None:
    wallet = await parts.wallet(0)

    with pytest.raises(NoSuchBill):
        await fair.billing.top_up(EVENT, 999, 100)
    with pytest.raises(BadBill):
        await fair.billing.top_up(EVENT, wallet, 0)
    await parts.wristbands.block(samples.WalletSerial(wallet))
    with pytest.raises(NotAllowed, match="blocked"):
        await fair.billing.top_up(EVENT, wallet, 100)
