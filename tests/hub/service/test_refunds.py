from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, TypeVar

import pytest
import pytest_asyncio

from hub.core.bills.bill import BillState
from hub.core.bills.errors import NotAllowed
from hub.core.bills.reports import Report, Said
from hub.payments.errors import ProviderRefused, ProviderSilent
from hub.payments.pain001 import Party
from hub.service.bill_booker import BillBooker
from hub.service.bill_viewers import OfWallet
from hub.service.payout_files import PayoutFiles
from hub.service.refunds import ASKED_AGAIN_FOR, Refunds
from tests.hub import acts, people
from tests.hub.service.bank_desk import (
    CREDITOR,
    EVENT,
    bank_file,
    credit,
    payments,
    take,
)
from tests.hub.service.billing import (
    LEAVING,
    METHODS,
    ORGANIZER,
    Fair,
    Here,
    Paged,
    look,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from hub.payments.method import GiveBack, Plan
    from hub.store.store import Store
    from tests.hub.hubs import Parts

T = TypeVar("T")
NOW = datetime(2026, 5, 2, tzinfo=UTC)
PIA = Party(name="Pia Muster", iban="DE89 3704 0044 0532 0130 00")


class Giving(Paged):
    """Gives money back, and remembers by which key: asked twice, it is done once."""

    def __init__(self) -> None:
        self.keys: set[str] = set()
        self.fault: Callable[[], Exception] | None = None
        self.said = Said.REFUNDED
        self.currency = ""

    def refund(self, back: GiveBack) -> Plan[Report]:
        yield from ()
        self.keys.add(back.key)
        if self.fault is not None:
            raise self.fault()
        return Report(
            order_id=back.order_id,
            said=self.said,
            money_ref=f"back-{back.key}",
            amount_minor=back.amount_minor,
            currency=self.currency or back.currency.value,
            status="COMPLETED",
        )


class Desk:
    """A bill of 55.00, and whoever gives its money back."""

    def __init__(self, fair: Fair, user: int, bill: str) -> None:
        self.fair, self.user, self.bill = fair, user, bill
        self.provider = Giving()
        self.now = NOW
        self.refunds = Refunds(
            fair.store,
            EVENT,
            {**METHODS, "paypal": self.provider},
            fair.payments,
            Here(),
            lambda: self.now,
        )
        self.files = PayoutFiles(fair.store, EVENT, lambda: NOW)

    async def pay(self) -> int:
        """Pay all of it by the provider; the payment's id."""
        attempt = await self.fair.attempt(self.user, self.bill)
        reported = await self.fair.say(attempt)
        assert reported.payment is not None
        return reported.payment

    async def transfer(self, minor: int, to: Party = PIA) -> UUID:
        return await self.refunds.ask_to_transfer(
            self.bill, minor, to, reason="too much", by="ann"
        )

    async def give_back(self, payment: int, minor: int) -> UUID:
        return await self.refunds.ask_provider(
            self.bill, payment, minor, reason="withdrawn", by="ann"
        )

    async def moved(self) -> list[tuple[str, str, int]]:
        return await payments(self.fair.store, self.bill)


@pytest_asyncio.fixture
async def desk(store: Store) -> Desk:
    fair = await Fair.open(store)
    await fair.run(
        "UPDATE competition SET creditor = $1::jsonb", str(CREDITOR).replace("'", '"')
    )
    user = await fair.user()
    return Desk(fair, user, await fair.bill(user))


async def test_money_goes_back_the_way_it_came(desk: Desk) -> None:
    payment = await desk.pay()
    refund = await desk.give_back(payment, 2000)
    assert await desk.moved() == [("payment", "paypal", 5500)]

    with pytest.raises(NotAllowed, match="Somebody else must approve"):
        await desk.refunds.approve(refund, "ann")
    done = await desk.refunds.approve(refund, "bob")

    assert (done.state, done.approved_by, done.note) == ("done", "bob", "COMPLETED")
    assert await desk.moved() == [
        ("payment", "paypal", 5500),
        ("refund", "paypal", 2000),
    ]
    with pytest.raises(NotAllowed, match="approved already"):
        await desk.refunds.approve(refund, "cid")


async def test_a_silent_provider_is_asked_again_with_the_same_key(desk: Desk) -> None:
    refund = await desk.give_back(await desk.pay(), 5500)
    desk.provider.fault = lambda: ProviderSilent("no answer")

    asked = await desk.refunds.approve(refund, "bob")
    assert (asked.state, asked.note) == (
        "sent",
        "paypal does not answer. Ask again in a minute.",
    )
    with pytest.raises(NotAllowed, match="is sent"):
        await desk.refunds.decline(refund, "ann")

    desk.provider.fault = None
    await desk.refunds.send(refund)
    assert desk.provider.keys == {str(refund)}
    assert [each[0] for each in await desk.moved()] == ["payment", "refund"]
    with pytest.raises(NotAllowed, match="is done"):
        await desk.refunds.send(refund)


async def test_a_refusal_of_a_retry_does_not_say_what_became_of_the_first_request(
    desk: Desk,
) -> None:
    attempt = await desk.fair.attempt(desk.user, desk.bill)
    payment = (await desk.fair.say(attempt)).payment
    assert payment is not None
    refund = await desk.give_back(payment, 5500)
    desk.provider.fault = lambda: ProviderSilent("no answer")
    await desk.refunds.approve(refund, "bob")
    desk.provider.fault = lambda: ProviderRefused("Refunded already.")

    await desk.refunds.send(refund)

    (asked,) = await desk.refunds.all()
    assert asked.state == "sent"
    assert "this one was refused: Refunded already." in asked.note
    assert await desk.refunds.overpaid() == ()
    with pytest.raises(NotAllowed, match=r"At most 0\.00 EUR"):
        await desk.transfer(5500)
    # The poller learns what became of it.
    await desk.fair.say(attempt, Said.REFUNDED, money_ref="R1")
    (done,) = await desk.refunds.all()
    assert done.state == "done"
    assert [each[0] for each in await desk.moved()] == ["payment", "refund"]


async def test_what_a_method_cost_the_payer_goes_back_alone_or_with_the_rest(
    desk: Desk, parts: Parts
) -> None:
    await desk.fair.offer("paypal", rate_bp=200)
    payment = await desk.pay()
    with pytest.raises(NotAllowed, match=r"At most 56\.10 EUR can go back"):
        await desk.give_back(payment, 5611)

    await desk.refunds.approve(await desk.give_back(payment, 110), "bob")
    shown = await desk.fair.shown(desk.user, desk.bill)
    assert shown.standing.state is BillState.PAID
    with pytest.raises(NotAllowed, match=r"At most 55\.00 EUR can go back"):
        await desk.give_back(payment, 5501)
    await desk.refunds.approve(await desk.give_back(payment, 5500), "bob")
    await BillBooker(desk.fair.store, parts.booking, EVENT).book()

    assert await desk.moved() == [
        ("payment", "paypal", 5500),
        ("refund", "paypal", 0),
        ("refund", "paypal", 5500),
    ]
    assert await desk.fair.balance("provider_clearing", "paypal") == 0
    assert await desk.fair.balance("organizer_payable", ORGANIZER) == 0
    report = await look(parts)
    assert report.ok, report.findings


async def test_staff_close_a_refund_that_never_left_and_a_late_one_is_booked(
    desk: Desk,
) -> None:
    attempt = await desk.fair.attempt(desk.user, desk.bill)
    payment = (await desk.fair.say(attempt)).payment
    assert payment is not None
    refund = await desk.give_back(payment, 2000)
    with pytest.raises(NotAllowed, match="is requested"):
        await desk.refunds.close(refund, "ann", "Not there.")
    desk.provider.fault = lambda: ProviderSilent("no answer")
    await desk.refunds.approve(refund, "bob")
    with pytest.raises(NotAllowed, match="Say why"):
        await desk.refunds.close(refund, "ann", " ")

    await desk.refunds.close(refund, "ann", "Not listed there.")

    (closed,) = await desk.refunds.all()
    assert (closed.state, closed.note) == ("failed", "ann: Not listed there.")
    await desk.fair.say(attempt, Said.REFUNDED, 2000, money_ref="R1")
    assert ("refund", "paypal", 2000) in await desk.moved()


async def test_a_provider_that_may_have_forgotten_is_not_asked_again(
    desk: Desk,
) -> None:
    refund = await desk.give_back(await desk.pay(), 2000)
    desk.provider.fault = lambda: ProviderSilent("no answer")
    await desk.refunds.approve(refund, "bob")
    desk.provider.fault = None
    desk.now += ASKED_AGAIN_FOR + timedelta(minutes=1)

    with pytest.raises(NotAllowed, match="give the money back twice"):
        await desk.refunds.send(refund)

    assert await desk.moved() == [("payment", "paypal", 5500)]


async def test_a_part_of_a_top_up_goes_back_as_long_as_it_is_there(
    desk: Desk, parts: Parts
) -> None:
    wallet = await parts.wallet(0)
    desk.bill = await desk.fair.billing.top_up(EVENT, wallet, 5500)
    viewer = OfWallet(EVENT, wallet)
    chosen = await desk.fair.payments.choose(viewer, desk.bill, "paypal", LEAVING)
    assert chosen.attempt is not None
    payment = (await desk.fair.say(chosen.attempt)).payment
    assert payment is not None
    booker = BillBooker(desk.fair.store, parts.booking, EVENT)
    await booker.book()

    done = await desk.refunds.approve(await desk.give_back(payment, 2000), "bob")
    await booker.book()

    assert done.state == "done"
    assert (await parts.wristbands.balance(wallet)).minor == 3500
    assert await people.advise(parts, acts.payout(wallet, 2000)) == ()
    with pytest.raises(NotAllowed, match=r"holds 15\.00 EUR of it"):
        await desk.give_back(payment, 1501)
    rest = await desk.give_back(payment, 1500)
    with pytest.raises(NotAllowed, match=r"holds 15\.00 EUR of it"):
        await desk.give_back(payment, 1)
    assert await people.advise(parts, acts.payout(wallet, 1)) == ()
    with pytest.raises(NotAllowed, match=r"holds 14\.99 EUR of it"):
        await desk.refunds.approve(rest, "bob")
    assert str(rest) not in desk.provider.keys
    report = await look(parts)
    assert report.ok, report.findings


async def test_a_payment_goes_back_once_though_another_is_left(desk: Desk) -> None:
    payment = await desk.pay()
    await take(desk.fair.store, bank_file(credit("55.00", desk.bill, ref="A")))
    await desk.refunds.approve(await desk.give_back(payment, 5500), "bob")
    with pytest.raises(NotAllowed, match=r"At most 0\.00 EUR"):
        await desk.give_back(payment, 5500)


async def test_a_refund_is_not_done_before_it_is_booked(desk: Desk) -> None:
    payment = await desk.pay()
    refund = await desk.give_back(payment, 5500)
    desk.provider.currency = "CHF"

    doubtful = await desk.refunds.approve(refund, "bob")

    assert (doubtful.state, await desk.moved()) == (
        "sent",
        [("payment", "paypal", 5500)],
    )
    desk.provider.currency = "EUR"
    await desk.refunds.send(refund)
    (done,) = await desk.refunds.all()
    assert (done.state, len(await desk.moved())) == ("done", 2)


async def test_a_refund_in_part_leaves_the_rest_with_the_organizer(
    desk: Desk, parts: Parts
) -> None:
    payment = await desk.pay()
    booker = BillBooker(desk.fair.store, parts.booking, EVENT)
    await booker.book()

    await desk.refunds.approve(await desk.give_back(payment, 2000), "bob")
    await booker.book()

    assert await desk.fair.balance("organizer_payable", ORGANIZER) == 3500
    assert await desk.fair.balance("bill_receivable", desk.bill) == 0
    report = await look(parts)
    assert report.ok, report.findings


@pytest.mark.parametrize("refuses", [True, False])
async def test_what_a_provider_refuses_frees_the_money(
    desk: Desk, refuses: bool
) -> None:
    payment = await desk.pay()
    refund = await desk.give_back(payment, 5500)
    if refuses:
        desk.provider.fault = lambda: ProviderRefused("account closed")
    else:
        desk.provider.said = Said.REFUND_FAILED

    failed = await desk.refunds.approve(refund, "bob")

    assert failed.state == "failed"
    assert len(await desk.moved()) == 1
    await desk.transfer(5500)


async def test_a_transfer_waits_for_the_banks_file(desk: Desk) -> None:
    store = desk.fair.store
    await take(store, bank_file(credit("65.00", desk.bill, ref="A")))
    (over,) = await desk.refunds.overpaid()
    assert (over.reference, over.over_minor) == (desk.bill, 1000)
    refund = await desk.transfer(1000)
    assert await desk.refunds.overpaid() == ()
    assert (await desk.refunds.approve(refund, "bob")).state == "approved"

    (file,) = await desk.files.make("ann", date(2026, 5, 4))

    _, body = await desk.files.read(file) or ("", b"")
    for part in (
        b"<EndToEndId>REFUND-1</EndToEndId>",
        b'<InstdAmt Ccy="EUR">10.00</InstdAmt>',
        b"<IBAN>DE89370400440532013000</IBAN>",
        b"<IBAN>DE02120300000000202051</IBAN>",
    ):
        assert part in body
    assert await desk.moved() == [
        ("payment", "ebanking", 6500),
        ("refund", "ebanking", 1000),
    ]
    (done,) = await desk.refunds.all()
    assert done.state == "done"
    assert done.message_id is not None
    with pytest.raises(NotAllowed, match="Nothing is approved"):
        await desk.files.make("ann", date(2026, 5, 4))


async def test_no_more_goes_back_than_came(desk: Desk) -> None:
    payment = await desk.pay()
    await desk.transfer(5000)
    for minor in (501, 0, -1):
        with pytest.raises(NotAllowed, match=r"At most 5\.00 EUR can go back"):
            await desk.give_back(payment, minor)
        with pytest.raises(NotAllowed, match=r"At most 5\.00 EUR"):
            await desk.transfer(minor)

    said = await asyncio.gather(
        *(desk.give_back(payment, 500) for _ in range(3)), return_exceptions=True
    )
    assert [type(each) for each in said].count(NotAllowed) == 2


async def test_money_taken_back_meanwhile_is_not_refunded_too(desk: Desk) -> None:
    attempt = await desk.fair.attempt(desk.user, desk.bill)
    await desk.fair.say(attempt)
    refund = await desk.transfer(5500)
    await desk.refunds.approve(refund, "bob")
    await desk.fair.say(attempt, Said.CHARGED_BACK, 5500, money_ref="cb")

    with pytest.raises(NotAllowed, match="more than is left"):
        await desk.files.make("ann", date(2026, 5, 4))
    assert await desk.files.made() == ()

    await desk.refunds.decline(refund, "ann", "charged back")
    (row,) = await desk.refunds.all()
    assert (row.state, row.note) == ("declined", "ann: charged back")
    with pytest.raises(NotAllowed, match="was declined"):
        await desk.refunds.approve(refund, "bob")


async def test_a_provider_is_not_told_of_money_that_it_took_back_meanwhile(
    desk: Desk,
) -> None:
    attempt = await desk.fair.attempt(desk.user, desk.bill)
    payment = (await desk.fair.say(attempt)).payment
    assert payment is not None
    refund = await desk.give_back(payment, 5500)
    await desk.fair.say(attempt, Said.CHARGED_BACK, 5500, money_ref="cb")

    with pytest.raises(NotAllowed, match="more than is left"):
        await desk.refunds.approve(refund, "bob")

    assert desk.provider.keys == set()
    await desk.refunds.decline(refund, "ann", "charged back")


async def test_what_makes_no_sense_is_refused(desk: Desk) -> None:
    payment = await desk.pay()
    with pytest.raises(NotAllowed, match="no bill"):
        await desk.refunds.ask_to_transfer("0" * 27, 1, PIA, reason="x", by="ann")
    with pytest.raises(NotAllowed, match="no such payment"):
        await desk.give_back(payment + 1, 100)
    with pytest.raises(NotAllowed, match="Say why"):
        await desk.refunds.ask_to_transfer(desk.bill, 100, PIA, reason=" ", by="ann")


async def test_what_came_by_transfer_goes_back_by_transfer(desk: Desk) -> None:
    await take(desk.fair.store, bank_file(credit("55.00", desk.bill, ref="A")))
    (paid,) = await desk.fair.payments_of(desk.user, desk.bill)

    with pytest.raises(NotAllowed, match="goes back by bank transfer only"):
        await desk.give_back(paid.id, 100)
