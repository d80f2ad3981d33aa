from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio

from contract.messages import AdviceFlag
from hub.core.bills.bill import BillState
from hub.core.bills.reports import Said
from hub.payments.method import Instructions
from hub.service.bill_booker import BillBooker
from hub.service.bill_viewers import OfWallet
from hub.service.booking import NoLedger
from hub.store.errors import DatabaseGone
from tests.hub import acts, people
from tests.hub.hubs import PATIENCE_S
from tests.hub.service.bank_desk import bank_file, credit, take
from tests.hub.service.billing import EVENT, LEAVING, ORGANIZER, Fair, look

if TYPE_CHECKING:
    from hub.core.bills.attempts import Attempt
    from hub.store.store import Store
    from tests.hub.hubs import Parts


@pytest_asyncio.fixture
async def fair(store: Store) -> Fair:
    return await Fair.open(store)


@pytest.fixture
def booker(fair: Fair, parts: Parts) -> BillBooker:
    return BillBooker(fair.store, parts.booking, EVENT)


async def topped_up(fair: Fair, wallet: int, amount_minor: int) -> Attempt:
    """Leave for a provider with the bill of a top-up."""
    reference = await fair.billing.top_up(EVENT, wallet, amount_minor)
    viewer = OfWallet(EVENT, wallet)
    chosen = await fair.payments.choose(viewer, reference, "paypal", LEAVING)
    assert chosen.attempt is not None
    return chosen.attempt


# --- into the ledger -----------------------------------------------------------------


async def test_a_paid_bill_is_the_organizers(
    fair: Fair, booker: BillBooker, parts: Parts
) -> None:
    await fair.offer("paypal", rate_bp=200)
    pia = await fair.user()
    attempt = await fair.attempt(pia, await fair.bill(pia))
    await fair.say(attempt, fee_minor=130)

    assert await booker.book() == 3
    assert await booker.book() == 0

    assert await fair.balance("provider_clearing", "paypal") == -(5500 + 110 - 130)
    assert await fair.balance("bill_receivable", attempt.reference) == 0
    assert await fair.balance("organizer_payable", ORGANIZER) == 5500 + 110 - 130
    report = await look(parts)
    assert report.ok, report.findings
    assert (report.bills, report.payments, report.steps_waiting) == (1, 1, 0)


async def test_a_part_payment_waits_on_the_bill(
    fair: Fair, booker: BillBooker, parts: Parts
) -> None:
    pia = await fair.user()
    attempt = await fair.attempt(pia, await fair.bill(pia))
    await fair.say(attempt, amount_minor=2000)
    await booker.book()

    assert await fair.balance("bill_receivable", attempt.reference) == 2000
    assert await fair.balance("organizer_payable", ORGANIZER) == 0
    assert (await look(parts)).ok


async def test_what_is_charged_back_is_taken_back_and_can_be_paid_again(
    fair: Fair, booker: BillBooker, parts: Parts
) -> None:
    pia = await fair.user()
    reference = await fair.bill(pia)
    attempt = await fair.attempt(pia, reference)
    await fair.say(attempt)
    await fair.say(attempt, Said.CHARGED_BACK, money_ref="back")
    await booker.book()
    assert await fair.balance("organizer_payable", ORGANIZER) == 0

    await fair.say(await fair.attempt(pia, reference))
    await booker.book()

    assert await fair.balance("organizer_payable", ORGANIZER) == 5500
    steps = await fair.run("SELECT step::text FROM bill_entry ORDER BY number")
    assert [row["step"] for row in steps] == [
        "payment",
        "release",
        "return",
        "retake",
        "payment",
        "release",
    ]
    assert (await look(parts)).ok


async def test_what_a_dispute_costs_is_taken_off_what_the_provider_owes(
    fair: Fair, booker: BillBooker, parts: Parts
) -> None:
    pia = await fair.user()
    attempt = await fair.attempt(pia, await fair.bill(pia))
    await fair.say(attempt, fee_minor=130)
    await fair.say(attempt, Said.CHARGED_BACK, money_ref="D1")
    for _ in range(2):  # said later, and again
        await fair.say(attempt, Said.CHARGED_BACK, money_ref="D1", fee_minor=1500)
    await booker.book()
    assert await fair.balance("provider_clearing", "paypal") == 130 + 1500
    assert await fair.balance("organizer_payable", ORGANIZER) == -130 - 1500

    for _ in range(2):
        await fair.say(attempt, Said.RETURNED, money_ref="D1", fee_minor=-1500)
    await booker.book()

    assert await fair.balance("provider_clearing", "paypal") == -(5500 - 130)
    assert await fair.balance("organizer_payable", ORGANIZER) == 5500 - 130
    report = await look(parts)
    assert report.ok, report.findings


async def test_a_chargeback_takes_the_surcharge_back_from_the_organizer(
    fair: Fair, booker: BillBooker, parts: Parts
) -> None:
    await fair.offer("paypal", rate_bp=200)
    pia = await fair.user()
    attempt = await fair.attempt(pia, await fair.bill(pia))
    await fair.say(attempt)

    await fair.say(attempt, Said.CHARGED_BACK, 5610, money_ref="dispute")
    await booker.book()

    for role, key in (
        ("provider_clearing", "paypal"),
        ("bill_receivable", attempt.reference),
        ("organizer_payable", ORGANIZER),
    ):
        assert await fair.balance(role, key) == 0
    report = await look(parts)
    assert report.ok, report.findings


async def test_a_dispute_that_is_won_gives_everything_back(
    fair: Fair, booker: BillBooker, parts: Parts
) -> None:
    await fair.offer("paypal", rate_bp=200)
    pia = await fair.user()
    attempt = await fair.attempt(pia, await fair.bill(pia))
    await fair.say(attempt)
    for _ in range(2):
        await fair.say(attempt, Said.CHARGED_BACK, 5610, money_ref="dispute")
        await fair.say(attempt, Said.RETURNED, 5610, money_ref="dispute")
    # and what the provider keeps is said late
    for _ in range(2):
        await fair.say(attempt, fee_minor=130)
    await booker.book()

    shown = await fair.shown(pia, attempt.reference)
    assert (shown.standing.state, len(shown.record.payments)) == (BillState.PAID, 3)
    assert await fair.balance("provider_clearing", "paypal") == -(5610 - 130)
    assert await fair.balance("organizer_payable", ORGANIZER) == 5610 - 130
    report = await look(parts)
    assert report.ok, report.findings


async def test_what_waits_is_said_by_verify_and_is_no_fault(
    fair: Fair, parts: Parts
) -> None:
    pia = await fair.user()
    await fair.say(await fair.attempt(pia, await fair.bill(pia)))

    report = await look(parts)

    assert (report.ok, report.steps_waiting) == (True, 2)


# --- top-ups -------------------------------------------------------------------------


async def test_a_top_up_credits_its_wallet_once(
    fair: Fair, booker: BillBooker, parts: Parts
) -> None:
    wallet = await parts.wallet(300)
    told: list[int] = []
    parts.booking.on_wallets(told.extend)
    attempt = await topped_up(fair, wallet, 2500)

    for _ in range(3):
        await fair.say(attempt)
        await booker.book()

    assert (await parts.wristbands.balance(wallet)).minor == 2800
    assert len(set(told)) == 1  # and tills hear of it
    assert (await look(parts)).ok


async def test_a_top_up_is_paid_in_rates_that_the_bank_reports(
    fair: Fair, booker: BillBooker, parts: Parts
) -> None:
    wallet = await parts.wallet(300)
    reference = await fair.billing.top_up(EVENT, wallet, 2500)
    chosen = await fair.payments.choose(
        OfWallet(EVENT, wallet), reference, "ebanking", LEAVING
    )
    assert chosen.step == Instructions("ebanking")

    held = []
    for number, amount in enumerate(("10.00", "15.00", "2.00")):
        day = bank_file(
            credit(amount, reference, ref=str(number)), message=f"M{number}"
        )
        await take(fair.store, day)
        await booker.book()
        held.append((await parts.wristbands.balance(wallet)).minor)

    assert held == [300, 2800, 2800]
    shown = await fair.billing.show(OfWallet(EVENT, wallet), reference)
    assert (shown.standing.state, shown.standing.over_minor) == (
        BillState.OVERPAID,
        200,
    )
    assert await fair.balance("bank", "main") == -2700
    assert await fair.balance("bill_receivable", reference) == 200
    report = await look(parts)
    assert report.ok, report.findings


async def test_a_top_up_never_refuses_money(
    fair: Fair, booker: BillBooker, parts: Parts, caplog: pytest.LogCaptureFixture
) -> None:
    old, new = await parts.wallet(300, 1), await parts.wallet(0, 2)
    attempt = await topped_up(fair, old, 2500)
    assert await people.advise(parts, acts.swap(old, new)) == ()
    await fair.run("UPDATE wallet SET cap_minor = 1000")
    await fair.run("UPDATE wristband SET blocked = true WHERE serial = $1", old)
    await fair.run(
        "INSERT INTO wristband_change SELECT event, serial, entry + 1000, wallet, true,"
        " registered, restriction, successor, note, order_id, batch"
        " FROM wristband_change WHERE serial = $1",
        old,
    )
    parts.booking.forget()
    await fair.say(attempt)

    await booker.book()

    assert (await parts.wristbands.balance(new)).minor == 2800
    assert AdviceFlag.EXCEEDS_CAP.value in caplog.text
    assert AdviceFlag.SWAPPED_WRISTBAND.value in caplog.text


async def test_a_chargeback_takes_a_spent_top_up_into_overdraft(
    fair: Fair, booker: BillBooker, parts: Parts, caplog: pytest.LogCaptureFixture
) -> None:
    wallet = await parts.wallet(0)
    attempt = await topped_up(fair, wallet, 2000)
    await fair.say(attempt)
    await booker.book()
    payout = acts.payout(wallet, 1500)
    assert await people.advise(parts, payout) == ()

    await fair.say(attempt, Said.CHARGED_BACK, money_ref="back")
    await booker.book()

    assert (await parts.wristbands.balance(wallet)).minor == -1500
    assert AdviceFlag.EXCEEDS_BALANCE.value in caplog.text
    report = await look(parts)
    assert report.ok, report.findings


# --- crashes -------------------------------------------------------------------------


async def test_a_crash_between_booking_and_noting_doubles_nothing(
    fair: Fair, booker: BillBooker, parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    pia = await fair.user()
    await fair.say(await fair.attempt(pia, await fair.bill(pia)))
    fetch = fair.store.fetch

    async def dying(query: str, *values: Any) -> Any:
        if query == "mark_bill_entries":
            raise DatabaseGone("The database does not answer.")
        return await fetch(query, *values)

    monkeypatch.setattr(fair.store, "fetch", dying)
    with pytest.raises(DatabaseGone):
        await booker.book()
    monkeypatch.undo()
    report = await look(parts)
    assert report.ok, report.findings
    parts.booking.forget()

    assert await booker.book() == 2

    assert await fair.balance("organizer_payable", ORGANIZER) == 5500
    assert (await look(parts)).ok


async def test_a_writer_that_goes_leaves_everything_to_the_next(
    fair: Fair, booker: BillBooker, parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    pia = await fair.user()
    await fair.say(await fair.attempt(pia, await fair.bill(pia)))
    submit, calls = parts.booking.submit, iter(range(9))

    def dying(item: Any) -> Any:
        if next(calls) == 1:
            gone: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
            gone.set_exception(NoLedger("The ledger went out of reach."))
            return gone
        return submit(item)

    monkeypatch.setattr(parts.booking, "submit", dying)
    with pytest.raises(NoLedger):
        await booker.book()
    monkeypatch.undo()

    assert await booker.book() == 1  # the first step was noted
    assert await fair.balance("organizer_payable", ORGANIZER) == 5500
    assert (await look(parts)).ok


async def test_a_spoilt_step_stops_no_other(
    fair: Fair, booker: BillBooker, parts: Parts, caplog: pytest.LogCaptureFixture
) -> None:
    del parts
    pia = await fair.user()
    await fair.say(await fair.attempt(pia, await fair.bill(pia)))
    await fair.tamper("UPDATE bill_entry SET body = 'x' WHERE step = 'payment'")

    assert await booker.book() == 1

    assert "can't be read" in caplog.text
    assert await fair.balance("organizer_payable", ORGANIZER) == 5500


async def test_it_books_when_it_hears_of_it(
    fair: Fair, booker: BillBooker, parts: Parts
) -> None:
    del parts
    pia = await fair.user()
    listening = asyncio.create_task(
        fair.store.listen({"kassenband_bills": booker.hear}, booker.hear)
    )
    booking = asyncio.create_task(booker.run())
    try:
        await fair.say(await fair.attempt(pia, await fair.bill(pia)))
        async with asyncio.timeout(PATIENCE_S):
            account = ("organizer_payable", ORGANIZER)
            while await fair.balance(*account) != 5500:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
    finally:
        for task in (listening, booking):
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
