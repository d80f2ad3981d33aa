from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import msgspec
import pytest
import pytest_asyncio

from contract.ids import new_uuid7
from contract.messages import (
    AdviceFlag,
    DeclineReason,
    OrderCheck,
    OrderChecked,
    OrderDeclined,
)
from contract.order import (
    CardReceipt,
    LineRole,
    OrderKind,
    Outcome,
    Payment,
    PaymentMethod,
    encode_order,
    plain_line,
)
from hub.core.bills.attempts import Refusal
from hub.core.bills.bill import BillState, MovementKind
from hub.core.bills.errors import NotAllowed
from hub.core.bills.reports import Said
from hub.payments.by_hand import CARD_AT_TILL
from hub.payments.pain001 import Party
from hub.service.bill_booker import BillBooker
from hub.service.bill_payments import NotPayable
from hub.service.bill_viewers import OfUser
from hub.service.booking import NoLedger
from hub.service.payout_files import PayoutFiles
from hub.service.refunds import Refunds
from hub.service.till_bills import HELD_FOR, TillBills
from hub.store.errors import DatabaseGone
from hub.web.texts import Language, texts
from tests.hub import acts, people, samples
from tests.hub.service.bank_desk import CREDITOR
from tests.hub.service.billing import EVENT, METHODS, ORGANIZER, Fair, look, paying

if TYPE_CHECKING:
    from contract.messages import Rejected
    from contract.order import Order
    from hub.store.store import Store
    from tests.hub.hubs import Parts


@pytest_asyncio.fixture
async def fair(store: Store) -> Fair:
    return await Fair.open(store)


@pytest.fixture
def booker(fair: Fair, parts: Parts) -> BillBooker:
    return BillBooker(fair.store, parts.booking, EVENT)


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


async def test_of_two_tills_one_takes_a_bills_money(
    fair: Fair, booker: BillBooker, parts: Parts
) -> None:
    """The other is told which till is at it; the payer can't pay online beside it."""
    pia = await fair.user()
    reference = await fair.bill(pia)
    first = paying(reference, 5500, till=samples.DESK, register=samples.DESK)
    second = paying(reference, 5500)

    assert isinstance(await check(parts, first), OrderChecked)
    declined = await check(parts, second)
    assert isinstance(declined, OrderDeclined)
    assert declined.reason is DeclineReason.BILL_NOT_DUE
    assert declined.text.startswith(f"The till {samples.DESK} is taking this bill's")
    assert isinstance(await check(parts, first), OrderChecked)  # said again
    with pytest.raises(NotPayable) as refused:
        await fair.begin(pia, reference)
    assert refused.value.refusal is Refusal.AT_A_TILL
    with pytest.raises(NotAllowed, match="at a till just now"):
        await fair.billing.cancel(OfUser(pia), reference)

    assert await people.advise(parts, first) == ()
    await booker.book()
    assert (await fair.shown(pia, reference)).standing.state is BillState.PAID
    declined = await check(parts, second)
    assert isinstance(declined, OrderDeclined)
    assert declined.text.startswith("Nothing is due on this bill")


async def test_a_till_that_reads_a_bill_again_is_not_sent_to_itself(
    fair: Fair, parts: Parts
) -> None:
    """Who gave up and starts anew is told what to wait for, not of a till 'desk-1'.

    The first order's card may be charged just now: the second waits for its end.
    """
    pia = await fair.user()
    reference = await fair.bill(pia)
    first = paying(reference, 5500, till=samples.DESK, register=samples.DESK)
    again = paying(reference, 5500, till=samples.DESK, register=samples.DESK)
    assert isinstance(await check(parts, first), OrderChecked)

    declined = await check(parts, again)

    assert isinstance(declined, OrderDeclined)
    assert declined.reason is DeclineReason.BILL_NOT_DUE
    assert declined.text.startswith("This till took up the bill before")
    assert samples.DESK not in declined.text
    await people.advise(parts, first, Outcome.ABORTED)
    assert isinstance(await check(parts, again), OrderChecked)


async def test_a_bill_is_free_again_once_its_till_has_given_up(
    fair: Fair, parts: Parts
) -> None:
    pia = await fair.user()
    reference = await fair.bill(pia)
    first, second = paying(reference, 5500), paying(reference, 5500)
    assert isinstance(await check(parts, first), OrderChecked)
    assert isinstance(await check(parts, second), OrderDeclined)

    await people.advise(parts, first, Outcome.ABORTED)

    assert isinstance(await check(parts, second), OrderChecked)


async def test_a_till_that_died_keeps_a_bill_for_minutes_only(
    fair: Fair, parts: Parts
) -> None:
    pia = await fair.user()
    reference = await fair.bill(pia)
    first, second = paying(reference, 5500), paying(reference, 5500)
    assert isinstance(await check(parts, first), OrderChecked)
    [row] = await fair.run("SELECT until - now() AS left FROM bill_hold")
    assert HELD_FOR - timedelta(minutes=1) < row["left"] <= HELD_FOR
    await fair.run("UPDATE bill_hold SET until = now()")

    assert isinstance(await check(parts, second), OrderChecked)
    assert isinstance(await check(parts, first), OrderDeclined)
    # What it took all the same is booked, and no obstacle to it being there.
    assert await people.advise(parts, first) == ()


async def test_a_card_at_a_till_is_no_cash(
    fair: Fair, booker: BillBooker, parts: Parts
) -> None:
    pia = await fair.user()
    reference = await fair.bill(pia)
    card = CardReceipt(provider="sumup", id="TX-1")
    order = paying(reference, 5500)
    order = msgspec.structs.replace(
        order, payment=Payment(method=PaymentMethod.CARD, card=card)
    )

    assert await people.advise(parts, order) == ()
    await booker.book()

    [payment] = await fair.payments_of(pia, reference)
    assert (payment.method, payment.till) == (CARD_AT_TILL, order.till)
    assert await fair.balance("card_clearing", "sumup") == -5500
    for language in Language:
        named = texts(language).bills.methods
        assert named[payment.method].name != named["cash"].name
    report = await look(parts)
    assert report.ok, report.findings


async def check(parts: Parts, about: Order) -> OrderChecked | OrderDeclined | Rejected:
    """Ask whether a till may take an order's money."""
    message = OrderCheck(
        id=new_uuid7(),
        order=msgspec.Raw(encode_order(about)),
        answer_by=samples.NOW,
    )
    return await parts.orders.checks.check(message, about.till)


async def test_what_does_not_add_up_pays_no_bill(
    fair: Fair, booker: BillBooker, parts: Parts
) -> None:
    pia = await fair.user()
    reference = await fair.bill(pia)
    order = paying(reference, 5500)
    assert isinstance(await check(parts, order), OrderChecked)
    order = msgspec.structs.replace(order, granted_by="lead-1")

    flags = await people.advise(parts, order)
    await booker.book()

    assert AdviceFlag.INCONSISTENT_ORDER in flags
    assert isinstance(await check(parts, paying(reference, 5500)), OrderChecked)
    assert await fair.payments_of(pia, reference) == ()
    assert await fair.balance("organizer_payable", ORGANIZER) == 0
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


async def test_what_was_paid_at_a_till_goes_back_by_transfer(
    fair: Fair, booker: BillBooker, parts: Parts
) -> None:
    account = msgspec.json.encode(CREDITOR).decode()
    await fair.run("UPDATE competition SET creditor = $1::jsonb", account)
    pia = await fair.user()
    reference = await fair.bill(pia)
    await people.advise(parts, paying(reference, 5500))
    [paid] = await fair.payments_of(pia, reference)
    refunds = Refunds(fair.store, EVENT, METHODS, fair.payments, fair.performing)
    with pytest.raises(NotAllowed, match="goes back by bank transfer only"):
        await refunds.ask_provider(reference, paid.id, 1000, reason="x", by="ann")

    to = Party(name="Pia Muster", iban="DE89 3704 0044 0532 0130 00")
    asked = await refunds.ask_to_transfer(reference, 1000, to, reason="bed", by="ann")
    await refunds.approve(asked, "bob")
    today = datetime.now(UTC)
    await PayoutFiles(fair.store, EVENT, lambda: today).make("ann", today.date())
    await booker.book()

    assert await fair.balance("organizer_payable", ORGANIZER) == 4500
    assert await fair.balance("bank", "main") == 1000
    assert await fair.balance("bill_receivable", reference) == 0
    report = await look(parts)
    assert report.ok, report.findings


async def test_money_for_no_bill_is_flagged_and_told(
    fair: Fair, parts: Parts, caplog: pytest.LogCaptureFixture
) -> None:
    del fair

    flags = await people.advise(parts, paying("1" * 27, 500))

    assert flags == (AdviceFlag.BILL_NOT_DUE,)
    assert "not there. Give it back" in caplog.text
