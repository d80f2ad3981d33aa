"""No card is charged without an order, whatever the terminal or the power does."""

from __future__ import annotations

import pytest

from contract.order import Outcome
from edge.core import effects, events, intents
from edge.core.acts import TopUp
from edge.core.records import AttemptMade
from edge.core.state import Approved, Asking, Charging, Declined, Selling
from edge.core.view import Phase
from tests.contract.orders import BEER, CUP
from tests.edge.core.festival import RECEIPT, Festival


def charging(desk: Festival) -> effects.ChargeCard:
    desk.pick_all(BEER.id)
    desk.do(intents.PayByCard())
    assert isinstance(desk.state.counter, Charging)
    return desk.only(effects.ChargeCard)


def paid(charge: effects.ChargeCard | effects.FindCharge) -> events.CardPaid:
    return events.CardPaid(charge.order, charge.reference, RECEIPT)


def failed(charge: effects.ChargeCard, *, silent: bool = False) -> events.CardFailed:
    return events.CardFailed(charge.order, charge.reference, "No.", silent)


def test_the_try_is_on_disk_before_the_terminal_hears_of_it() -> None:
    desk = Festival()
    charge = charging(desk)
    first = desk.done[0]
    assert isinstance(first, effects.Commit)
    assert isinstance(first.records[0], AttemptMade)
    assert charge.amount.minor == 450


def test_the_deciding_attempt_has_the_terminals_receipt() -> None:
    desk = Festival()
    desk.do(paid(charging(desk)))
    assert isinstance(desk.state.counter, Approved)
    order = desk.last()
    assert order.attempt == 2
    assert order.payment is not None
    assert order.payment.card == RECEIPT
    assert desk.state.registers == {}


def test_a_refused_card_leaves_the_basket_for_another_payment() -> None:
    desk = Festival()
    desk.do(failed(charging(desk)))
    assert isinstance(desk.state.counter, Declined)
    desk.do(intents.PayByCash())
    assert desk.last().attempt == 2


def test_a_silent_terminal_is_asked_until_it_says_what_it_did() -> None:
    desk = Festival()
    charge = charging(desk)
    desk.do(failed(charge, silent=True))
    assert desk.showing() is Phase.CHARGE
    assert desk.state.banner is not None
    alarm = desk.only(effects.SetAlarm).alarm
    desk.do(alarm)
    find = desk.only(effects.FindCharge)
    assert find.reference == charge.reference
    desk.do(paid(find))
    assert isinstance(desk.state.counter, Approved)


def test_what_a_silent_terminal_did_not_take_is_not_paid() -> None:
    desk = Festival()
    charge = charging(desk)
    desk.do(failed(charge, silent=True))
    desk.do(events.CardNotFound(charge.order, charge.reference))
    assert isinstance(desk.state.counter, Declined)
    desk.do(intents.AbortOrder())
    desk.do(events.ChargeDue(charge.order, charge.reference))
    assert not desk.performed(effects.FindCharge)


def test_money_taken_before_a_power_cut_is_booked_and_asked_about() -> None:
    desk = Festival()
    charge = charging(desk)
    again = desk.restarted()
    find = next(e for e in again.done if isinstance(e, effects.FindCharge))
    assert find.reference == charge.reference
    again.do(paid(find))
    assert isinstance(again.state.counter, Asking)
    assert again.decisions()[-1].outcome is Outcome.COMPLETED


def test_a_top_up_by_card_is_booked_after_a_power_cut_too() -> None:
    desk = Festival()
    desk.begin(TopUp(2_000))
    desk.tap()
    desk.do(intents.PayByCard())
    again = desk.restarted()
    again.do(paid(next(e for e in again.done if isinstance(e, effects.FindCharge))))
    assert again.last().credits[0].amount_minor == 2_000
    assert isinstance(again.state.counter, Selling)
    assert again.state.banner is not None


def test_nothing_taken_before_a_power_cut_is_aborted() -> None:
    desk = Festival()
    charge = charging(desk)
    again = desk.restarted()
    again.do(events.CardFailed(charge.order, charge.reference, "Gone.", silent=True))
    assert again.decisions() == []
    again.do(again.only(effects.SetAlarm).alarm)
    again.do(events.CardNotFound(charge.order, charge.reference))
    assert again.decisions()[-1].outcome is Outcome.ABORTED


def test_money_nobody_waits_for_is_named_loudly() -> None:
    desk = Festival()
    charge = charging(desk)
    desk.do(failed(charge))
    desk.do(intents.AbortOrder())
    desk.do(paid(charge))
    note = desk.only(effects.Note)
    assert note.urgent
    assert str(charge.order) in note.text


@pytest.mark.parametrize("product", [CUP.id])
def test_a_card_gives_nothing_back_without_an_order_of_its_own(product: int) -> None:
    desk = Festival()
    desk.do(intents.Return(product))
    desk.do(intents.PayByCard())
    assert desk.showing() is Phase.SELLING
    assert desk.state.banner is not None
