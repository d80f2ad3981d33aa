from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio

from contract.messages import AdviceFlag
from contract.order import LineRole, OrderKind, Payment, PaymentMethod, plain_line
from hub.core.bills.bill import BillState, MovementKind
from hub.core.bills.reports import Said
from hub.service.bill_booker import BillBooker
from hub.service.bill_viewers import OfWallet
from hub.service.booking import NoLedger
from hub.service.till_bills import TillBills
from hub.service.verification import Report, verify
from hub.store.errors import DatabaseGone
from tests.hub import acts, people
from tests.hub.service.billing import EVENT, LEAVING, Fair

if TYPE_CHECKING:
    from contract.order import Order
    from hub.core.bills.attempts import Attempt
    from hub.store.store import Store
    from tests.hub.hubs import Parts

ORGANIZER = "run-2026"


@pytest_asyncio.fixture
async def fair(store: Store) -> Fair:
    return await Fair.open(store)


@pytest.fixture
def booker(fair: Fair, parts: Parts) -> BillBooker:
    return BillBooker(fair.store, parts.booking, EVENT)


async def look(parts: Parts) -> Report:
    incarnation = parts.context.current.incarnation
    return await verify(parts.store, EVENT, incarnation)


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
        async with asyncio.timeout(20):
            while await fair.balance("organizer_payable", ORGANIZER) != 5500:
                booker.hear()  # the listener may not have been connected yet
                await asyncio.sleep(0.05)
    finally:
        for task in (listening, booking):
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


# --- at a till -----------------------------------------------------------------------


def paying(reference: str, minor: int, **fields: object) -> Order:
    return acts.act(
        OrderKind.BILL_PAYMENT,
        plain_line(LineRole.BILL, minor, "Start fees"),
        payment=Payment(method=PaymentMethod.CASH),
        bill=reference,
        **fields,
    )


async def test_a_till_knows_what_is_due(fair: Fair) -> None:
    pia = await fair.user()
    reference = await fair.bill(pia)
    bills = TillBills(fair.store, EVENT)

    due = await bills.due(reference)
    assert due is not None
    assert (due.amount.minor, due.is_payable) == (5500, True)
    attempt = await fair.attempt(pia, reference)
    due = await bills.due(reference)
    assert due is not None
    assert due.is_payable  # who left the provider's page may pay here
    await fair.say(attempt, Said.PENDING)
    due = await bills.due(reference)
    assert due is not None
    assert not due.is_payable
    await fair.say(attempt)
    due = await bills.due(reference)
    assert due is not None
    assert (due.amount.minor, due.is_payable) == (0, False)
    assert await bills.due("1" * 27) is None
    assert await TillBills(fair.store, 99).due(reference) is None


async def test_cash_at_a_till_pays_the_bill_once(
    fair: Fair, booker: BillBooker, parts: Parts
) -> None:
    pia = await fair.user()
    reference = await fair.bill(pia)
    order = paying(reference, 5500)

    for _ in range(3):
        assert await people.advise(parts, order) == ()
    await booker.book()

    [payment] = await fair.payments_of(pia, reference)
    assert (payment.method, payment.till, payment.order) == (
        "cash",
        order.till,
        order.id,
    )
    assert await fair.balance("organizer_payable", ORGANIZER) == 5500
    assert await fair.balance("cash_register", order.till) == -5500
    report = await look(parts)
    assert report.ok, report.findings


async def test_a_crash_before_the_payment_is_written_is_healed_by_the_till(
    fair: Fair, booker: BillBooker, parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    pia = await fair.user()
    reference = await fair.bill(pia)
    order = paying(reference, 5500)

    async def gone(_self: TillBills, _order: Order) -> None:
        raise DatabaseGone("The database does not answer.")

    with monkeypatch.context() as broken:
        broken.setattr(TillBills, "paid", gone)
        with pytest.raises(NoLedger):
            await people.advise(parts, order)
    assert await fair.balance("bill_receivable", reference) == 5500

    assert await people.advise(parts, order) == ()
    await booker.book()

    assert len(await fair.payments_of(pia, reference)) == 1
    assert (await look(parts)).ok


async def test_what_a_till_takes_back_opens_the_bill_again(
    fair: Fair, booker: BillBooker, parts: Parts
) -> None:
    pia = await fair.user()
    reference = await fair.bill(pia)
    order = paying(reference, 5500)
    await people.advise(parts, order)
    undo = acts.act(
        OrderKind.CANCELLATION,
        plain_line(LineRole.BILL, -5500, "Start fees"),
        payment=Payment(method=PaymentMethod.CASH),
        bill=reference,
        cancels=order.id,
        undoes=OrderKind.BILL_PAYMENT,
    )
    await people.advise(parts, undo)
    await booker.book()

    shown = await fair.shown(pia, reference)
    assert shown.standing.state is BillState.REFUNDED
    kinds = [each.kind for each in shown.record.payments]
    assert kinds == [MovementKind.PAYMENT, MovementKind.REFUND]
    assert await fair.balance("organizer_payable", ORGANIZER) == 0
    report = await look(parts)
    assert report.ok, report.findings


async def test_money_for_no_bill_is_flagged_and_told(
    fair: Fair, parts: Parts, caplog: pytest.LogCaptureFixture
) -> None:
    del fair

    flags = await people.advise(parts, paying("1" * 27, 500))

    assert flags == (AdviceFlag.BILL_NOT_DUE,)
    assert "not there. Give it back" in caplog.text


# --- verify --------------------------------------------------------------------------

TAMPERING = {
    "UPDATE payment SET principal_minor = principal_minor + 1": "other amounts",
    "UPDATE payment SET fee_minor = 1": "another fee",
    "DELETE FROM payment WHERE till IS NULL": "there is no payment",
    "DELETE FROM payment WHERE till IS NOT NULL": "there is no such payment",
    "UPDATE payment SET principal_minor = 1 WHERE till IS NOT NULL": (
        "is not what order"
    ),
    "DELETE FROM bill_entry WHERE step = 'payment'": "is not given to the ledger",
    "DELETE FROM bill_entry WHERE step = 'fee'": "is not booked",
    "DELETE FROM bill_entry WHERE step = 'release'": "its steps say: none",
    "UPDATE bill_entry SET body = 'x'": "can't be read",
    "UPDATE bill_entry SET batch = 99999": "noted as booked in batch 99999",
    "UPDATE bill_entry SET order_id = gen_random_uuid() WHERE step = 'release'": (
        "knows nothing of it"
    ),
    "UPDATE bill SET total_minor = 1": "its total says 1",
    "UPDATE bill_line SET amount_minor = amount_minor + 1": (
        "not about this bill's lines"
    ),
    "UPDATE bill SET canceled_at = now()": "It is not paid",
    "DELETE FROM bill": "there is no such bill",
    "UPDATE posting SET amount_minor = amount_minor * 2": "Its account holds",
}


@pytest.mark.parametrize("change", TAMPERING, ids=lambda text: text[:50])
async def test_tampering_with_bills_is_found(
    fair: Fair, booker: BillBooker, parts: Parts, change: str
) -> None:
    pia = await fair.user()
    await fair.say(await fair.attempt(pia, await fair.bill(pia)), fee_minor=130)
    await people.advise(parts, paying(await fair.bill(pia), 5500))
    await booker.book()
    if "posting" in change:  # one bill that still holds something
        attempt = await fair.attempt(pia, await fair.bill(pia))
        await fair.say(attempt, amount_minor=2000, money_ref="part")
        await booker.book()
    text = "UPDATE batch SET booked_at = now() - interval '1 hour'"
    await fair.tamper(text, change)

    report = await look(parts)

    assert any(
        each.check == "bill" and TAMPERING[change] in each.text
        for each in report.findings
    ), report.findings
