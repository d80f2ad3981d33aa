"""Cancellations that wait: the till says why, and lets one give them up."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

import pytest

from contract.ids import OrderId
from contract.messages import DeclineReason, HubStatus, OrderBooked, OrderRequest
from contract.order import CashMove, OrderKind, Outcome, decode_order
from contract.staff import Right
from edge.core import canceling, effects, events, intents, texts
from edge.core.acts import CashAct
from edge.core.picture import picture
from edge.core.state import LoggedIn
from edge.core.view import Phase
from tests.contract.orders import BEER, VAULT
from tests.edge.core.desk import ANCHOR
from tests.edge.core.festival import RECEIPT, Festival
from tests.edge.core.test_canceling import cancel, sold
from tests.edge.core.test_shifts import OURS, end, numbers, start


def unheard(desk: Festival) -> OrderId:
    """Cancel a sale that the hub refuses to take, so that it is never asked."""
    desk.pick_all(BEER.id)
    desk.do(intents.PayByWristband())
    desk.tap()
    desk.book()
    original = OrderId(desk.last().id)
    desk.do(intents.Dismiss())
    desk.seal_all()
    desk.do(events.AdviceStuck(original, "It can't be read."))
    cancel(desk, original)
    return original


def refunding(desk: Festival) -> effects.RefundCard:
    """Cancel what a card paid, at a terminal that will not answer."""
    desk.pick_all(BEER.id)
    desk.do(intents.PayByCard())
    charge = desk.only(effects.ChargeCard)
    desk.do(events.CardPaid(charge.order, charge.reference, RECEIPT))
    original = OrderId(desk.last().id)
    desk.do(intents.Dismiss())
    cancel(desk, original)
    return desk.only(effects.RefundCard)


def started_again(desk: Festival) -> str:
    """Try to begin the next shift, and read what the till says to it."""
    move = CashMove(source=VAULT, target=OURS, amount_minor=15_000, holder="c2")
    desk.begin(CashAct(OrderKind.SHIFT_START, move))
    assert desk.state.banner is not None
    return desk.state.banner.text


def give_up(desk: Festival) -> None:
    (waiting,) = picture(desk.state).canceling
    desk.do(intents.GiveUpCancellation(waiting.order))


def test_what_holds_up_a_closing_and_the_next_shift_is_named_and_can_be_given_up() -> (
    None
):
    desk = Festival().up()
    start(desk)
    original = unheard(desk)
    end(desk)
    desk.seal_all()
    desk.do(intents.Dismiss())
    (shown,) = picture(desk.state).canceling
    assert (shown.original, shown.may_be_given_up) == (original, True)
    assert "has not taken that order" in shown.reason
    assert f"order {original} waits" in started_again(desk)
    desk.do(intents.CloseTill())
    assert desk.state.banner is not None
    assert f"order {original} waits" in desk.state.banner.text
    give_up(desk)
    assert desk.state.banner == texts.GIVEN_UP
    assert desk.decisions()[-1].outcome is Outcome.ABORTED
    assert picture(desk.state).canceling == ()
    desk.seal_all()
    desk.sum_up()
    start(desk, "c2")
    assert numbers(desk)[-1] == (OrderKind.SHIFT_START, 2)


def test_what_was_given_up_can_be_canceled_again() -> None:
    desk = Festival().up()
    original = unheard(desk)
    give_up(desk)
    desk.recorded(original)
    cancel(desk, original)
    assert decode_order(desk.asked(OrderRequest).order).cancels == original


def test_what_the_hub_booked_meanwhile_stays_given_up() -> None:
    desk = Festival().up()
    cancel(desk, sold(desk, BEER.id))
    request = desk.asked(OrderRequest)
    order = decode_order(request.order)
    give_up(desk)
    decided = desk.decisions()[-1]
    assert decided.outcome is Outcome.ABORTED
    assert decode_order(decided.document).attempt == order.attempt  # what it undoes
    desk.say(
        OrderBooked(
            id=UUID(int=3),
            regarding=request.id,
            order=order.id,
            attempt=order.attempt,
            balance=None,
            anchor=ANCHOR,
        )
    )
    assert desk.decisions()[-1] == decided
    give_up_late = intents.GiveUpCancellation(order.id)
    desk.do(give_up_late)
    assert desk.state.banner == texts.ENDED_ALREADY


def test_a_refund_that_may_have_been_made_is_not_given_up() -> None:
    desk = Festival().up()
    start(desk)
    refund = refunding(desk)
    desk.do(events.CardFailed(refund.order, refund.reference, "Dead.", silent=True))
    give_up(desk)
    assert desk.state.banner == texts.REFUND_IN_DOUBT
    assert "card terminal" in picture(desk.state).canceling[0].reason
    desk = desk.restarted().up()
    give_up(desk)
    assert desk.state.banner == texts.REFUND_IN_DOUBT
    end(desk)
    desk.seal_all()
    desk.do(intents.Dismiss())
    said = started_again(desk)
    assert "card terminal" in said
    assert "give the cancellation up" not in said


@pytest.mark.parametrize(
    ("rights", "may"), [({Right.SELL}, False), ({Right.CANCEL_OWN}, True)]
)
def test_only_who_may_cancel_gives_a_cancellation_up(
    rights: set[Right], *, may: bool
) -> None:
    desk = Festival().up()
    unheard(desk)
    cashier = LoggedIn("c1", "Maria", "seller", frozenset(rights))
    desk.state = replace(desk.state, cashier=cashier)
    give_up(desk)
    assert desk.state.banner == (texts.GIVEN_UP if may else texts.NOT_ALLOWED)


def test_nobody_gives_up_where_people_log_in_before_somebody_did() -> None:
    desk = Festival().up()
    unheard(desk)
    desk.profile(needs_login=True)
    give_up(desk)
    assert desk.state.banner == texts.LOG_IN_FIRST


def test_what_the_till_itself_cancels_can_be_given_up_at_a_till_that_only_sells() -> (
    None
):
    desk = Festival().up()
    unheard(desk)
    desk.profile(kinds=(OrderKind.SALE,))
    give_up(desk)
    assert desk.state.banner == texts.GIVEN_UP


def test_the_approval_is_left_behind_by_giving_up() -> None:
    desk = Festival().up()
    unheard(desk)
    desk.pick_all(BEER.id)
    desk.do(intents.PayByCash())
    assert desk.showing() is Phase.APPROVED
    give_up(desk)
    assert desk.showing() is Phase.SELLING


def pauses(desk: Festival) -> list[int]:
    """How long the till waits for a cancellation, as the last step set alarms."""
    return [
        each.after_ms
        for each in desk.done
        if isinstance(each, effects.SetAlarm)
        and isinstance(each.alarm, events.CancellationDue)
    ]


def test_an_order_that_never_becomes_final_is_asked_about_ever_less() -> None:
    desk = Festival().up()
    cancel(desk, sold(desk, BEER.id))
    waited = []
    for number in range(1, canceling.TRIES_MAX):
        asked = decode_order(desk.asked(OrderRequest).order)
        assert asked.attempt == number
        desk.decline(DeclineReason.NOT_FINAL_YET)
        waited += pauses(desk)
        (waiting,) = desk.state.cancellations
        desk.do(events.CancellationDue(waiting.id, number))  # of the attempt before
        assert not desk.performed(effects.SendRequest)
        assert "not final yet" in picture(desk.state).canceling[0].reason
        desk.do(events.CancellationDue(waiting.id, number + 1))
    assert waited == sorted(waited)
    assert (waited[0], waited[-1]) == (canceling.RETRY_MS, canceling.RETRY_MS_MAX)
    desk.decline(DeclineReason.NOT_FINAL_YET)
    assert desk.state.cancellations == ()
    assert desk.decisions()[-1].outcome is Outcome.ABORTED
    assert desk.state.banner == texts.cancellation_refused(texts.NEVER_FINAL)


def test_a_silent_hub_and_others_that_wait_are_named_too() -> None:
    desk = Festival().up()
    first = sold(desk, BEER.id)
    second = sold(desk, BEER.id)
    desk.say(HubStatus(id=UUID(int=8), online=False))
    cancel(desk, first)
    cancel(desk, second)
    desk.do(intents.CloseTill())
    assert desk.state.banner is not None
    assert "the hub does not answer" in desk.state.banner.text
    assert "1 more wait" in desk.state.banner.text
