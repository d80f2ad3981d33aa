"""Another TSE signs only after a closing, and no order waits for that."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec
import pytest

from contract.closing import decode_closing
from contract.messages import (
    Lamp,
    LampState,
    OrderAdvice,
    TillDescribed,
    decode_advice,
)
from edge.core import effects, events, intents
from edge.core.records import AdviceSealed, FiscalStart
from tests.contract.orders import BEER
from tests.contract.samples import AT, DEVICE, TSE
from tests.edge.core.desk import MS
from tests.edge.core.festival import Festival
from tests.edge.core.test_signing import signature

if TYPE_CHECKING:
    from contract.ids import OrderId

FIRST = events.FiscalOpened(TSE.serial, TSE.expires, (), TSE)
OTHER = msgspec.structs.replace(TSE, serial="cd" * 32)
SECOND = events.FiscalOpened(OTHER.serial, OTHER.expires, (4,), OTHER)
START = FiscalStart(7, 14, AT, TSE.serial)


def till(desk: Festival | None = None) -> Festival:
    desk = desk or Festival()
    identity = replace(desk.state.identity, device=DEVICE)
    desk.state = replace(desk.state, identity=identity)
    return desk


def sell(desk: Festival, *, signed: bool = True) -> OrderId:
    desk.pick_all(BEER.id)
    order: OrderId = desk.state.counter.order.id  # type: ignore[union-attr]
    if signed:
        desk.do(events.FiscalStarted(order, START))
    desk.do(intents.PayByCash())
    if signed:
        desk.do(events.FiscalFinished(order, signature("said")))
    return order


def sum_up(desk: Festival) -> None:
    z_number = desk.only(effects.SumUp).z_number
    desk.do(events.SummedUp(z_number, *desk.journal.summed(z_number)))


def last_advice(desk: Festival) -> OrderAdvice:
    sealed = [each for each in desk.records if isinstance(each, AdviceSealed)]
    return decode_advice(sealed[-1].advice)


def test_the_till_closes_its_z_number_and_then_uses_the_other_tse() -> None:
    desk = till()
    desk.do(FIRST)
    sell(desk)
    desk.do(intents.Dismiss())
    desk.do(SECOND)
    assert desk.state.unit.serial == TSE.serial
    sum_up(desk)
    report = decode_closing(desk.state.closings[-1].report)
    assert (report.z_number, report.tse_serial) == (1, TSE.serial)
    assert desk.state.z_number == 2
    assert desk.state.unit.serial == OTHER.serial
    assert desk.performed(effects.BeginFiscal)  # the closing's, at the new TSE
    uses = desk.journal.read().tse_news.described
    assert [(each.tse.serial, each.z_number) for each in uses] == [
        (TSE.serial, 1),
        (OTHER.serial, 2),
    ]
    (outage,) = desk.journal.read().tse_news.outages
    assert outage.until is not None


def test_an_approval_on_the_screen_stays_there() -> None:
    desk = till()
    desk.do(FIRST)
    sell(desk)
    before = desk.state.counter
    desk.do(SECOND)
    sum_up(desk)
    assert desk.state.counter == before
    assert desk.state.z_number == 2


def test_orders_of_the_old_z_number_go_on_without_a_signature() -> None:
    desk = till()
    desk.do(FIRST)
    desk.pick_all(BEER.id)
    order: OrderId = desk.state.counter.order.id  # type: ignore[union-attr]
    desk.do(events.FiscalStarted(order, START))
    desk.do(SECOND)
    assert not desk.performed(effects.SumUp)  # an order is open
    desk.do(intents.PayByCash())
    desk.do(events.FiscalFailed(order, "Another TSE began it."))
    assert last_advice(desk).outage is not None
    sum_up(desk)
    assert desk.state.unit.serial == OTHER.serial
    strays = [e.number for e in desk.done if isinstance(e, effects.CloseStray)]
    assert strays in ([], [4])  # those of the old TSE are not closed at the new one


def test_an_order_that_comes_first_puts_the_closing_off() -> None:
    desk = till()
    desk.do(FIRST)
    sell(desk)
    desk.do(intents.Dismiss())
    desk.do(SECOND)
    z_number = desk.only(effects.SumUp).z_number
    summed = events.SummedUp(z_number, *desk.journal.summed(z_number))
    sell(desk, signed=False)  # while the journal is read
    advice = last_advice(desk)
    assert advice.outage is not None
    assert "Another TSE" in advice.outage.reason
    desk.do(summed)
    assert desk.state.z_number == 1
    sum_up(desk)
    assert desk.state.z_number == 2


def test_a_till_that_sold_nothing_takes_the_other_tse_at_once() -> None:
    desk = till()
    desk.do(FIRST)
    desk.do(SECOND)
    assert desk.state.unit.serial == OTHER.serial
    assert not desk.performed(effects.SumUp)


def test_the_old_tse_may_come_back() -> None:
    desk = till()
    desk.do(FIRST)
    sell(desk)
    desk.pick_all(BEER.id)
    desk.do(SECOND)
    assert desk.state.unit.down_since is not None
    desk.do(FIRST)
    after = desk.state.unit
    assert (after.incoming, after.down_since) == (None, None)


@pytest.mark.parametrize("described", [True, False])
def test_a_till_that_was_off_meanwhile_closes_first_too(described: bool) -> None:
    desk = till()
    desk.do(FIRST)
    sell(desk)
    again = till(Festival(desk.journal))
    again.do(intents.AnswerHandedOut(handed_out=True))
    if described:
        again.do(SECOND)
        sum_up(again)
        assert again.state.z_number == 2
        latest = again.state.tse_news.latest
        assert isinstance(latest, TillDescribed)
        assert latest.tse.serial == OTHER.serial
    else:
        again.do(FIRST)
        assert again.state.z_number == 1


def test_what_the_old_tse_began_before_a_crash_holds_up_no_swap() -> None:
    desk = till()
    desk.do(FIRST)
    desk.pick_all(BEER.id)
    order: OrderId = desk.state.counter.order.id  # type: ignore[union-attr]
    desk.do(events.FiscalStarted(order, START))
    desk.do(intents.PayByCash())

    again = till(Festival(desk.journal))
    again.do(SECOND)
    again.do(events.FiscalNotFound(order))
    again.do(events.FiscalFailed(order, "Another TSE began it."))
    assert last_advice(again).outage is not None
    again.do(intents.AnswerHandedOut(handed_out=True))
    sum_up(again)
    assert (again.state.z_number, again.state.unit.serial) == (2, OTHER.serial)


def test_the_outage_before_a_swap_is_another_one_than_its_own() -> None:
    desk = till()
    desk.do(FIRST)
    sell(desk)
    desk.do(intents.Dismiss())
    gone = Lamp(state=LampState.BAD, text="It is not plugged in.")
    desk.do(events.FiscalLamp(gone))
    desk.ns += 60_000 * MS
    desk.do(SECOND)
    sell(desk, signed=False)
    noted = last_advice(desk).outage
    before, its_own = desk.journal.read().tse_news.outages
    assert noted is not None
    assert (before.reason, before.until) == (gone.text, its_own.since)
    assert (its_own.since, its_own.reason) == (noted.since, noted.reason)
    assert its_own.until is None


def test_what_failed_to_be_finished_is_closed_once_the_tse_works() -> None:
    desk = till()
    desk.do(FIRST)
    desk.pick_all(BEER.id)
    order: OrderId = desk.state.counter.order.id  # type: ignore[union-attr]
    desk.do(events.FiscalStarted(order, START))
    desk.do(intents.PayByCash())
    desk.do(events.FiscalFailed(order, "Refused."))
    assert not desk.performed(effects.CloseStray)
    desk.pick_all(BEER.id)
    nxt: OrderId = desk.state.counter.order.id  # type: ignore[union-attr]
    desk.do(events.FiscalStarted(nxt, replace(START, number=8)))
    # At that TSE only: another one may have an order under this number.
    assert desk.only(effects.CloseStray) == effects.CloseStray(7, TSE.serial)


def test_many_open_transactions_call_for_somebody() -> None:
    desk = till()
    desk.do(replace(FIRST, open_numbers=tuple(range(1, 60))))
    note = next(e for e in desk.done if isinstance(e, effects.Note) and "512" in e.text)
    assert note.urgent
    assert sum(isinstance(e, effects.CloseStray) for e in desk.done) == 59
