from __future__ import annotations

from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

from hub.core.bills.attempts import AttemptState
from hub.core.bills.reports import Report, Said
from hub.payments.method import Ask, Redirect
from hub.payments.paypal_orders import PayPalOrders, Settings
from hub.service.bill_office import BillOffice
from hub.service.bill_viewers import OfStaff
from hub.service.polling import (
    ASKED_FOR,
    PAUSES_S,
    PENDING_TOO_LONG,
    TOLD_AGAIN,
    Poller,
)
from hub.service.refunds import Refunds
from tests.counterparts.paypal import API, CLIENT, FEE, HOSTS, SECRET, PayPal
from tests.counterparts.portal import EVENT, FIRST, open_bill, running_portal
from tests.counterparts.rerouting import rerouted
from tests.counterparts.serving import running
from tests.hub.payments.paypal_certificates import check

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import pytest

    from hub.store.store import Store
    from tests.counterparts.portal import Portal


class Clock:
    """The hub's time, moved by hand; attempts begin by the database's clock."""

    def __init__(self) -> None:
        self.now = datetime.now(UTC) + timedelta(minutes=1)

    def __call__(self) -> datetime:
        return self.now


class Played:
    """A portal behind NAT: nobody calls it, and it asks a PayPal that is played."""

    def __init__(
        self, portal: Portal, paypal: PayPal, method: PayPalOrders, clock: Clock
    ) -> None:
        self.methods = {method.code: method}
        self.poller = Poller(
            portal.store,
            EVENT,
            self.methods,
            portal.calls,
            is_writer=lambda: True,
            clock=clock,
        )
        self.portal = portal
        self.paypal = paypal

    async def leave(self, number: int = FIRST) -> tuple[str, str]:
        reference = await open_bill(self.portal.store, number=number)
        chosen = await self.portal.choose(reference, "paypal")
        assert isinstance(chosen.step, Redirect)
        return reference, chosen.step.provider_ref

    async def state(self, reference: str) -> AttemptState:
        return (await self.portal.record(reference)).attempts[-1].state


@asynccontextmanager
async def behind_nat(store: Store, clock: Clock) -> AsyncIterator[Played]:
    paypal = PayPal()
    settings = Settings(client_id=CLIENT, secret=SECRET, web_hook_id="WH1", api=API)
    method = PayPalOrders(settings, check())
    async with running(paypal.app()) as url:
        client = rerouted(dict.fromkeys(HOSTS, url))
        async with running_portal(store, [method], client) as portal:
            yield Played(portal, paypal, method, clock)


async def test_polling_alone_finds_out_what_was_paid(store: Store) -> None:
    clock = Clock()
    async with behind_nat(store, clock) as played:
        reference, order = await played.leave()
        assert await played.poller.ask_all() == 1
        assert await played.state(reference) is AttemptState.REDIRECTED
        played.paypal.approve(order)
        assert await played.poller.ask_all() == 0, "its turn has not come again"
        clock.now += timedelta(seconds=2 * PAUSES_S[0])
        assert await played.poller.ask_all() == 1
        assert await played.state(reference) is AttemptState.PAID
        clock.now += timedelta(hours=5)
        assert await played.poller.ask_all() == 0, "it is known"
        assert len((await played.portal.record(reference)).payments) == 1


async def test_what_happens_at_the_providers_own_site_is_found_out(
    store: Store,
) -> None:
    clock = Clock()
    async with behind_nat(store, clock) as played:
        reference, order = await played.leave()
        played.paypal.approve(order)
        await played.poller.ask_all()
        assert await played.poller.ask_paid() == 0
        amount = {"currency_code": "EUR", "value": "12.34"}
        refund = {"id": "R1", "status": "COMPLETED", "amount": amount}
        played.paypal.refunds(order).append(refund)
        asked, begin = 0, clock.now
        while clock.now < begin + timedelta(days=200):
            clock.now += timedelta(hours=8)
            asked += await played.poller.ask_paid()

        standing = (await played.portal.record(reference)).standing
        assert standing.refunded_minor == 1234
        assert 24 <= asked <= 36, "ever more rarely, and not for ever"


async def test_a_dispute_is_an_alarm_for_the_office_at_each_step_of_it(
    store: Store,
) -> None:
    clock = Clock()
    async with behind_nat(store, clock) as played:
        reference, order = await played.leave()
        played.paypal.approve(order)
        await played.poller.ask_all()
        amount = {"currency_code": "EUR", "value": "46.28"}
        dispute = {"dispute_id": "PP-D-1", "status": "OPEN", "dispute_amount": amount}
        played.paypal.disputes[f"CAP-{order}"] = [dispute]
        del played.paypal.orders[order]
        office = BillOffice(store, EVENT)
        for days, status in ((1, "OPEN"), (2, "OPEN"), (4, "RESOLVED")):
            dispute["status"] = status
            clock.now += timedelta(days=days)
            assert await played.poller.ask_paid() == 1
        settled, begun = await office.alarms()
        assert {settled.reference, begun.reference} == {reference}
        assert "PP-D-1 about 46.28 EUR" in begun.texts[0]
        assert "Answer in PayPal's resolution center" in begun.texts[0]
        assert "record here what was taken back" in settled.texts[0]
        record = await played.portal.record(reference)
        assert record.attempts[0].state is AttemptState.PAID
        assert len(record.payments) == 1, "how it ended is for people to say"


async def test_a_fee_in_another_currency_is_an_alarm_for_the_office_once(
    store: Store,
) -> None:
    clock = Clock()
    async with behind_nat(store, clock) as played:
        played.paypal.fee_currency = "USD"
        reference, order = await played.leave()
        played.paypal.approve(order)
        await played.poller.ask_all()
        office = BillOffice(store, EVENT)
        (alarm,) = await office.alarms()
        assert alarm.reference == reference
        for said in (f"CAP-{order}", f"{FEE} USD", "46.28 EUR", "by hand"):
            assert said in alarm.texts[0]
        (paid,) = (await played.portal.record(reference)).payments
        assert (paid.principal_minor, paid.fee_minor) == (4628, None)

        await office.close_alarm(alarm.number, "ann", "booked in the accounts")
        for days in (1, 2, 4):
            clock.now += timedelta(days=days)
            assert await played.poller.ask_paid() == 1
        assert not await office.alarms(), "it was seen to"


async def test_a_refund_on_its_way_is_asked_about_until_it_is_over(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    clock = Clock()
    async with behind_nat(store, clock) as played:
        portal, paypal = played.portal, played.paypal
        refunds = Refunds(
            store, EVENT, played.methods, portal.payments, portal.performer
        )
        made = []
        for number, ends in enumerate(("COMPLETED", "FAILED")):
            reference, order = await played.leave(FIRST + number)
            paypal.approve(order)
            await played.poller.ask_all()
            (paid,) = (await portal.record(reference)).payments
            paypal.refunds_status = "PENDING"
            asked = await refunds.ask_provider(
                reference, paid.id, 1000, reason="withdrawn", by="ann"
            )
            assert (await refunds.approve(asked, "bob")).state == "sent"
            made.append((reference, order, ends))
        clock.now += PENDING_TOO_LONG
        await played.poller.tell_doubts()
        assert caplog.text.count("10.00 EUR by paypal is sent since") == 2

        for _, order, ends in made:
            paypal.refunds(order)[0]["status"] = ends
        assert await played.poller.ask_all() == 2

        states = {each.bill: each.state for each in await refunds.all()}
        assert [states[reference] for reference, *_ in made] == ["done", "failed"]
        moved = [(await portal.record(each[0])).standing for each in made]
        assert [each.refunded_minor for each in moved] == [1000, 0]
        assert "failed (refund FAILED). Give the money back another way" in caplog.text
        clock.now += timedelta(hours=2)
        assert await played.poller.ask_all() == 0, "they are over"


async def test_questions_become_rarer_and_end(store: Store) -> None:
    clock = Clock()
    begin = clock.now
    async with behind_nat(store, clock) as played:
        await played.leave()
        played.paypal.is_down = True
        asked: list[float] = []
        while clock.now < begin + timedelta(hours=3):
            if await played.poller.ask_all():
                asked.append((clock.now - begin).total_seconds())
            clock.now += timedelta(seconds=60)
        pauses = [after - before for before, after in pairwise(asked)]
        assert 8 <= len(asked) <= 12
        assert pauses[-1] >= 0.8 * PAUSES_S[-1]
        assert max(pauses) <= 1.2 * PAUSES_S[-1] + 60
        clock.now = begin + ASKED_FOR
        assert await played.poller.ask_all() == 0


async def test_an_order_paypal_does_not_know_is_over(store: Store) -> None:
    async with behind_nat(store, Clock()) as played:
        reference, order = await played.leave()
        del played.paypal.orders[order]
        await played.poller.ask_all()
        assert await played.state(reference) is AttemptState.EXPIRED


async def test_what_was_given_up_is_captured_if_its_payer_is_back_and_owes_it(
    store: Store,
) -> None:
    clock = Clock()
    async with behind_nat(store, clock) as played:
        portal = played.portal
        reference, order = await played.leave()
        await portal.payments.give_up(OfStaff(), reference, 1)
        played.paypal.approve(order)
        assert await played.poller.ask_all() == 1
        assert not (await portal.record(reference)).payments
        begun = await portal.choose(reference, "paypal")
        back = f"/paypal/payment_accepted?bill={reference}"
        await portal.browser.get(back)
        assert not (await portal.record(reference)).payments, "another one was begun"

        assert begun.attempt is not None
        await portal.payments.give_up(OfStaff(), reference, begun.attempt.number)
        clock.now += timedelta(days=1)
        await portal.calls.ask("paypal", Ask(provider_ref=order), is_back=True)
        record = await portal.record(reference)
        assert record.standing.is_paid
        assert record.attempts[0].state is AttemptState.PAID


async def test_what_was_captured_unheard_is_booked_after_it_was_given_up(
    store: Store,
) -> None:
    clock = Clock()
    async with behind_nat(store, clock) as played:
        portal = played.portal
        reference, order = await played.leave()
        played.paypal.approve(order)
        # PayPal captures; its answer is lost, and it is out of reach for two days.
        await portal.performer.perform(
            played.methods["paypal"].fetch(Ask(provider_ref=order, may_capture=True))
        )
        await portal.payments.give_up(OfStaff(), reference, 1)
        clock.now += timedelta(days=2)
        assert await played.poller.ask_all() == 1
        assert (await portal.record(reference)).standing.is_paid
        clock.now += ASKED_FOR
        assert await played.poller.ask_all() == 0


async def test_what_is_unclear_is_told_and_told_again_the_next_day(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    clock = Clock()
    async with behind_nat(store, clock) as played:
        reference, order = await played.leave()
        name = f"{reference[:26]}-1"
        doubt = Report(order_id=name, said=Said.UNCERTAIN, provider_ref=order)
        await played.portal.payments.report("paypal", doubt)
        (found,) = await played.poller.doubtful()
        assert (found.order_id, found.state) == (name, AttemptState.UNCERTAIN)
        caplog.clear()
        await played.poller.tell_doubts()
        await played.poller.tell_doubts()
        assert [record.levelname for record in caplog.records] == ["WARNING"]
        assert name in caplog.text
        assert "Look it up" in caplog.text
        clock.now += TOLD_AGAIN
        await played.poller.tell_doubts()
        assert len(caplog.records) == 2
        played.paypal.approve(order)
        await played.poller.ask_all()
        assert await played.state(reference) is AttemptState.PAID
        assert not await played.poller.doubtful()
