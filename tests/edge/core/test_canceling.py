"""Cancellations: whole or by line, of this till's orders and of others'."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec
import pytest

from contract.ids import OrderId
from contract.messages import (
    DeclineReason,
    OrderBooked,
    OrderCheck,
    OrderInfo,
    OrderQuery,
    OrderRequest,
    Rejected,
    RejectReason,
)
from contract.order import (
    CashMove,
    CashPlace,
    OrderKind,
    Outcome,
    Payment,
    PaymentMethod,
    PlaceRole,
    decode_order,
    encode_order,
)
from contract.staff import Right
from edge.core import effects, events, intents, texts
from edge.core.acts import CashAct, TopUp
from edge.core.state import LoggedIn
from tests.contract.orders import BEER, CUP, ORDERS, PRETZEL, VAULT, sale
from tests.edge.core.desk import ANCHOR
from tests.edge.core.festival import RECEIPT, Festival

if TYPE_CHECKING:
    from contract.order import Order


def sold(desk: Festival, *products: int, cash: bool = False) -> OrderId:
    """Sell from the wallet or in cash; the ledger holds it already."""
    desk.pick_all(*products)
    if cash:
        desk.do(intents.PayByCash())
    else:
        desk.do(intents.PayByWristband())
        desk.tap()
        desk.book()
    order = OrderId(desk.last().id)
    desk.recorded(order)
    desk.do(intents.Dismiss())
    return order


def cancel(
    desk: Festival, order: OrderId, lines: tuple[int, ...] | None = None
) -> None:
    desk.do(intents.CancelOrder(order, lines))
    found, undoing = desk.journal.found(desk.only(effects.LookUp).order)
    desk.do(events.OrderFound(order, found, undoing))


def booked(desk: Festival) -> Order:
    request = desk.asked(OrderRequest)
    order = decode_order(request.order)
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
    return order


@pytest.mark.parametrize(("lines", "total"), [(None, -750), ((2,), -300)])
def test_a_sale_is_given_back_to_the_wristband(
    lines: tuple[int, ...] | None, total: int
) -> None:
    desk = Festival().up()
    original = sold(desk, BEER.id, PRETZEL.id)
    cancel(desk, original, lines)
    order = booked(desk)
    assert (order.cancels, order.total_minor) == (original, total)
    assert desk.decisions()[-1].outcome is Outcome.COMPLETED
    assert desk.state.banner is not None
    assert "wristband" in desk.state.banner.text


@pytest.mark.parametrize(("lines", "total"), [(None, -750), ((1,), -450)])
def test_cash_is_given_back_at_once(lines: tuple[int, ...] | None, total: int) -> None:
    desk = Festival()
    original = sold(desk, BEER.id, PRETZEL.id, cash=True)
    cancel(desk, original, lines)
    assert desk.last().total_minor == total
    assert desk.state.registers == {"bar-1": 750 + total}
    assert desk.state.banner is not None
    assert "cash" in desk.state.banner.text


def test_a_card_is_refunded_before_the_cancellation_completes() -> None:
    desk = Festival()
    desk.pick_all(BEER.id)
    desk.do(intents.PayByCard())
    charge = desk.only(effects.ChargeCard)
    desk.do(events.CardPaid(charge.order, charge.reference, RECEIPT))
    original = OrderId(desk.last().id)
    cancel(desk, original)
    refund = desk.only(effects.RefundCard)
    assert (refund.amount.minor, refund.receipt) == (450, RECEIPT)
    assert desk.last().id == original
    desk.do(events.CardFailed(refund.order, refund.reference, "Gone.", silent=True))
    desk.do(desk.only(effects.SetAlarm).alarm)
    assert desk.performed(effects.FindCharge)
    desk.do(events.CardPaid(refund.order, refund.reference, RECEIPT))
    assert desk.last().total_minor == -450


def test_a_refund_that_fails_cancels_nothing() -> None:
    desk = Festival()
    desk.pick_all(BEER.id)
    desk.do(intents.PayByCard())
    charge = desk.only(effects.ChargeCard)
    desk.do(events.CardPaid(charge.order, charge.reference, RECEIPT))
    cancel(desk, OrderId(desk.last().id))
    refund = desk.only(effects.RefundCard)
    again = desk.restarted()
    find = next(e for e in again.done if isinstance(e, effects.FindCharge))
    assert find.reference == refund.reference
    again.do(events.CardNotFound(refund.order, refund.reference))
    assert again.decisions()[-1].outcome is Outcome.ABORTED
    assert again.state.banner is not None


def test_a_top_up_is_taken_back_from_the_wristband_first() -> None:
    desk = Festival().up()
    desk.begin(TopUp(2_000))
    desk.tap()
    desk.do(intents.PayByCash())
    desk.check_passes()
    desk.do(intents.MoneyTaken())
    original = OrderId(desk.last().id)
    desk.recorded(original)
    cancel(desk, original)
    order = booked(desk)
    assert order.undoes is OrderKind.TOP_UP
    assert order.credits[0].amount_minor == -2_000
    assert desk.state.registers == {"bar-1": 0}


def test_cash_that_was_moved_goes_back() -> None:
    desk = Festival()
    ours = CashPlace(role=PlaceRole.REGISTER, key="bar-1")
    move = CashMove(source=VAULT, target=ours, amount_minor=500)
    desk.begin(CashAct(OrderKind.CASH_MOVEMENT, move))
    cancel(desk, OrderId(desk.last().id))
    assert desk.state.registers == {"bar-1": 0}


def test_own_orders_are_canceled_when_the_hub_is_back() -> None:
    desk = Festival().wallet()
    desk.pick_all(BEER.id)
    desk.do(intents.PayByWristband())
    desk.tap()
    original = OrderId(desk.last().id)
    cancel(desk, original)
    assert not desk.performed(effects.SendRequest)
    desk.up()
    assert not desk.performed(effects.SendRequest)  # first the original
    desk.recorded(original)
    assert booked(desk).cancels == original


def test_what_the_hub_refuses_is_said() -> None:
    desk = Festival().up()
    cancel(desk, sold(desk, BEER.id))
    desk.decline(DeclineReason.ALREADY_CANCELED)
    assert desk.decisions()[-1].outcome is Outcome.ABORTED
    assert desk.state.banner is not None


@pytest.mark.parametrize("lines", [None, (1,)])
def test_nothing_is_canceled_twice(lines: tuple[int, ...] | None) -> None:
    desk = Festival()
    original = sold(desk, BEER.id, PRETZEL.id, cash=True)
    cancel(desk, original, lines)
    before = len(desk.decisions())
    cancel(desk, original, lines)
    assert len(desk.decisions()) == before
    cancel(desk, original, (2,))
    assert len(desk.decisions()) == before + (lines is not None)


def test_an_aborted_order_has_nothing_to_cancel() -> None:
    desk = Festival()
    desk.pick_all(BEER.id)
    desk.do(intents.AbortOrder())
    cancel(desk, desk.decisions()[-1].order)
    assert len(desk.decisions()) == 1
    assert desk.state.banner is not None


def test_a_shift_that_ended_stays_ended() -> None:
    desk = Festival()
    ours = CashPlace(role=PlaceRole.REGISTER, key="bar-1")
    move = CashMove(source=ours, target=VAULT, counted_minor=0, holder="c1")
    desk.begin(CashAct(OrderKind.SHIFT_END, move))
    desk.seal_all()
    desk.sum_up()
    cancel(desk, OrderId(desk.last().id))
    assert desk.state.banner is not None
    assert "can't be canceled" in desk.state.banner.text


# --- orders of other tills -----------------------------------------------------------

OTHERS = sale((BEER, 1), (PRETZEL, 2))


def info(query: OrderQuery, **changes: object) -> OrderInfo:
    told = OrderInfo(
        id=UUID(int=3),
        regarding=query.id,
        order=msgspec.Raw(encode_order(OTHERS)),
        anchor=ANCHOR,
    )
    return msgspec.structs.replace(told, **changes)


def asked(desk: Festival, lines: tuple[int, ...] | None = None) -> OrderQuery:
    cancel(desk, OrderId(OTHERS.id), lines)
    return desk.asked(OrderQuery)


def test_another_tills_order_is_fetched_and_canceled() -> None:
    desk = Festival().up()
    desk.say(info(asked(desk, (2,)), undone=(1,)))
    order = booked(desk)
    assert (order.cancels, order.total_minor, order.till) == (OTHERS.id, -600, "bar-1")


def test_guests_of_a_group_go_out_one_after_the_other() -> None:
    """The lines are the group's: that one guest is out already says nothing of them."""
    desk = Festival().up()
    group = ORDERS["ticket"]
    desk.do(intents.CancelOrder(group.id, (1, 2), guest=6))
    desk.do(events.OrderFound(OrderId(group.id), None, ()))
    query = desk.asked(OrderQuery)
    desk.say(info(query, order=msgspec.Raw(encode_order(group)), undone=(1, 2)))

    asked_for = desk.asked(OrderRequest)
    order = decode_order(asked_for.order)
    assert (order.total_minor, [each.wallet for each in order.credits]) == (-1_500, [6])


def test_whose_ticket_of_a_group_it_is_has_to_be_said() -> None:
    desk = Festival().up()
    group = ORDERS["ticket"]
    desk.do(intents.CancelOrder(group.id, (1, 2)))
    desk.do(events.OrderFound(OrderId(group.id), None, ()))
    desk.say(info(desk.asked(OrderQuery), order=msgspec.Raw(encode_order(group))))

    assert not desk.state.cancellations
    assert desk.state.banner is not None
    assert "which of the order's wristbands" in desk.state.banner.text


@pytest.mark.parametrize("lines", [None, (1,)])
def test_no_cash_is_given_back_for_what_another_till_practiced(
    lines: tuple[int, ...] | None,
) -> None:
    desk = Festival().up()
    practiced = msgspec.structs.replace(
        sale((BEER, 1)),
        till="bar-2",
        payment=Payment(method=PaymentMethod.CASH),
        training=True,
    )
    desk.say(info(asked(desk, lines), order=msgspec.Raw(encode_order(practiced))))

    assert desk.decisions() == []
    assert desk.state.cancellations == ()
    assert desk.state.banner == texts.ONLY_PRACTICED


def others_in_cash(desk: Festival) -> None:
    in_cash = msgspec.structs.replace(
        sale((BEER, 1)), till="bar-2", payment=Payment(method=PaymentMethod.CASH)
    )
    desk.say(info(asked(desk), order=msgspec.Raw(encode_order(in_cash))))


def test_cash_of_another_tills_order_is_given_back_once_the_hub_says_so() -> None:
    desk = Festival().up()
    others_in_cash(desk)
    assert desk.decisions() == []
    order = desk.check_passes()
    assert desk.last() == order
    assert (order.total_minor, order.till) == (-450, "bar-1")
    assert desk.decisions()[-1].outcome is Outcome.COMPLETED


def test_what_the_hub_refuses_of_another_tills_order_gives_no_cash_back() -> None:
    desk = Festival().up()
    others_in_cash(desk)
    desk.decline(DeclineReason.NOT_ALLOWED)
    assert desk.decisions()[-1].outcome is Outcome.ABORTED
    assert desk.state.registers.get("bar-1", 0) == 0


def test_an_unanswered_question_about_another_tills_order_is_asked_again() -> None:
    desk = Festival().up()
    others_in_cash(desk)
    first = desk.asked(OrderCheck)
    desk.do(desk.only(effects.SetAlarm).alarm)
    again = desk.asked(OrderCheck)
    assert again.order == first.order
    desk.check_passes()
    assert desk.decisions()[-1].outcome is Outcome.COMPLETED


def test_a_till_that_stopped_while_it_asked_has_given_nothing_back() -> None:
    desk = Festival().up()
    others_in_cash(desk)
    restarted = desk.restarted()
    assert restarted.decisions()[-1].outcome is Outcome.ABORTED
    assert restarted.state.banner is not None
    assert "nothing was given back" in restarted.state.banner.text


def test_another_tills_card_order_is_refunded_once_the_hub_says_so() -> None:
    desk = Festival().up()
    paid = Payment(method=PaymentMethod.CARD, card=RECEIPT)
    by_card = msgspec.structs.replace(sale((BEER, 1)), till="bar-2", payment=paid)
    desk.say(info(asked(desk), order=msgspec.Raw(encode_order(by_card))))
    assert not desk.performed(effects.RefundCard)
    desk.check_passes()
    refund = desk.only(effects.RefundCard)
    assert (refund.amount.minor, refund.receipt) == (450, RECEIPT)
    desk.do(events.CardPaid(refund.order, refund.reference, RECEIPT))
    assert desk.last().total_minor == -450


@pytest.mark.parametrize(
    ("lines", "told"),
    [(None, {"canceled": True}), (None, {"undone": (1,)}), ((1,), {"undone": (1,)})],
)
def test_what_another_till_canceled_stays_canceled(
    lines: tuple[int, ...] | None, told: dict[str, object]
) -> None:
    desk = Festival().up()
    desk.say(info(asked(desk, lines), **told))
    assert desk.state.banner is not None
    assert not desk.performed(effects.Commit)


def test_an_order_nobody_knows_is_said_to_be_unknown() -> None:
    desk = Festival().up()
    query = asked(desk)
    desk.say(
        Rejected(
            id=UUID(int=3),
            regarding=query.id,
            reason=RejectReason.UNKNOWN_ORDER,
            text="The hub does not know this order.",
        )
    )
    assert desk.state.banner is not None
    assert "does not know" in desk.state.banner.text


def test_others_orders_need_the_hub() -> None:
    desk = Festival()
    cancel(desk, OrderId(OTHERS.id))
    assert desk.state.banner is not None
    desk.up()
    query = asked(desk)
    desk.do(events.InquiryExpired(query.id))
    assert desk.state.banner is not None
    desk.say(info(query))  # too late
    assert not desk.performed(effects.Commit)


@pytest.mark.parametrize("lines", [None, (1,)])
def test_cash_goes_back_out_of_the_cashiers_own_register(
    lines: tuple[int, ...] | None,
) -> None:
    desk = Festival().up()
    desk.state = replace(
        desk.state,
        cashier=LoggedIn("c1", "Maria", "seller", frozenset(Right), "drawer-3"),
    )
    original = sold(desk, BEER.id, PRETZEL.id, cash=True)
    assert desk.last().cash_register == "drawer-3"
    cancel(desk, original, lines)
    assert desk.last().kind is OrderKind.CANCELLATION
    assert desk.last().cash_register == "drawer-3"
    assert set(desk.state.registers) == {"drawer-3"}


def rejected(desk: Festival, reason: RejectReason) -> None:
    regarding = desk.asked(OrderRequest).id
    desk.say(
        Rejected(id=UUID(int=9), regarding=regarding, reason=reason, text="It is bad.")
    )


def test_a_cancellation_that_the_hub_rejects_ends_and_says_so() -> None:
    desk = Festival().up()
    cancel(desk, sold(desk, BEER.id))
    rejected(desk, RejectReason.INVALID)
    assert desk.decisions()[-1].outcome is Outcome.ABORTED
    assert desk.state.cancellations == ()
    assert desk.state.banner is not None
    assert "could not be canceled" in desk.state.banner.title
    assert "It is bad." in desk.state.banner.text


def test_a_cancellation_outlives_a_fault_of_the_hub_and_says_so() -> None:
    desk = Festival().up()
    cancel(desk, sold(desk, BEER.id))
    rejected(desk, RejectReason.HUB_FAULT)
    assert desk.state.banner == texts.NOT_CANCELED_YET
    (waiting,) = desk.state.cancellations
    desk.do(events.CancellationDue(waiting.id, 1))
    assert booked(desk).total_minor == -450
    assert desk.state.cancellations == ()


# --- card refunds of what a wallet got -----------------------------------------------


def topped_up_by_card(desk: Festival) -> OrderId:
    """Sell 20.00 of credit for a card; the ledger holds it already."""
    desk.begin(TopUp(2_000))
    desk.tap()
    desk.do(intents.PayByCard())
    desk.check_passes()
    charge = desk.only(effects.ChargeCard)
    desk.do(events.CardPaid(charge.order, charge.reference, RECEIPT))
    original = OrderId(desk.last().id)
    desk.recorded(original)
    desk.do(intents.Dismiss())
    return original


def group_by_card(desk: Festival, lines: tuple[int, ...] | None) -> None:
    """Cancel another till's group, or one guest of it, that a card has paid."""
    paid = Payment(method=PaymentMethod.CARD, card=RECEIPT)
    group = msgspec.structs.replace(ORDERS["ticket"], payment=paid)
    guest = None if lines is None else 6
    desk.do(intents.CancelOrder(group.id, lines, guest=guest))
    desk.do(events.OrderFound(OrderId(group.id), None, ()))
    query = desk.asked(OrderQuery)
    desk.say(info(query, order=msgspec.Raw(encode_order(group))))


def test_a_top_up_by_card_gives_the_card_its_money_before_anybody_says_so() -> None:
    desk = Festival().up()
    cancel(desk, topped_up_by_card(desk))
    before = len(desk.decisions())
    order = booked(desk)
    refund = desk.only(effects.RefundCard)
    assert (refund.amount.minor, refund.receipt) == (2_000, RECEIPT)
    told = desk.state.banner
    assert (len(desk.decisions()), told) == (before, None)
    desk.do(events.CardPaid(refund.order, refund.reference, RECEIPT))
    decision = desk.decisions()[-1]
    assert (decision.order, decision.attempt) == (order.id, order.attempt + 1)
    assert (decision.batch, desk.last().payment) == (
        ANCHOR.batch,
        Payment(method=PaymentMethod.CARD, card=RECEIPT),
    )
    assert desk.state.banner is not None
    assert "went back to the card" in desk.state.banner.text


@pytest.mark.parametrize(("lines", "total"), [(None, -3_500), ((1, 2), -1_500)])
def test_a_group_by_card_gets_its_money_or_one_guest_his(
    lines: tuple[int, ...] | None, total: int
) -> None:
    desk = Festival().up()
    group_by_card(desk, lines)
    assert booked(desk).total_minor == total
    refund = desk.only(effects.RefundCard)
    assert (refund.amount.minor, refund.receipt) == (-total, RECEIPT)
    desk.do(events.CardPaid(refund.order, refund.reference, RECEIPT))
    assert desk.last().total_minor == total


def test_a_wristband_has_its_money_again_when_the_card_gets_nothing() -> None:
    """What is told as aborted the ledger reverses, though its request was booked."""
    desk = Festival().up()
    cancel(desk, topped_up_by_card(desk))
    booked(desk)
    refund = desk.only(effects.RefundCard)
    desk.do(events.CardFailed(refund.order, refund.reference, "The card is refused."))
    decision = desk.decisions()[-1]
    assert (decision.order, decision.outcome) == (refund.order, Outcome.ABORTED)
    assert (decision.path, decision.batch, decision.charges) == (None, None, ())
    assert desk.state.banner is not None
    assert "could not be canceled" in desk.state.banner.title


def test_an_answer_that_comes_twice_refunds_a_card_once() -> None:
    desk = Festival().up()
    cancel(desk, topped_up_by_card(desk))
    request = desk.asked(OrderRequest)
    booked(desk)
    refund = desk.only(effects.RefundCard)
    desk.do(events.CancellationDue(refund.order, 1))
    assert not desk.performed(effects.SendRequest)
    order = decode_order(request.order)
    desk.say(
        OrderBooked(
            id=UUID(int=8),
            regarding=request.id,
            order=order.id,
            attempt=order.attempt,
            balance=None,
            anchor=ANCHOR,
        )
    )
    assert not desk.performed(effects.RefundCard)
    desk.do(events.CardPaid(refund.order, refund.reference, RECEIPT))
    assert desk.decisions()[-1].outcome is Outcome.COMPLETED
    desk.do(events.CardPaid(refund.order, refund.reference, RECEIPT))
    said = desk.only(effects.Note).text
    assert "payment or refund" in said
    assert "took money" not in said


@pytest.mark.parametrize("is_refunded", [True, False])
def test_a_till_that_stopped_looks_for_the_refund_and_makes_no_second_one(
    *, is_refunded: bool
) -> None:
    """Whatever the hub booked, it is the terminal that knows of the card's money."""
    desk = Festival().up()
    cancel(desk, topped_up_by_card(desk))
    booked(desk)
    refund = desk.only(effects.RefundCard)
    again = desk.restarted()
    find = again.only(effects.FindCharge)
    assert (find.order, find.reference) == (refund.order, refund.reference)
    again.up()
    assert not again.performed(effects.SendRequest)
    if is_refunded:
        again.do(events.CardPaid(find.order, find.reference, RECEIPT))
        assert again.last().total_minor == -2_000
    else:
        again.do(events.CardNotFound(find.order, find.reference))
        assert again.decisions()[-1].outcome is Outcome.ABORTED
        assert again.state.banner == texts.cancellation_refused(texts.NO_REFUND)
    assert not again.performed(effects.RefundCard)
    assert again.state.cancellations == ()


def test_nothing_goes_to_the_terminal_for_what_was_free() -> None:
    """A guest of a group who came in for nothing, by a presale for instance."""
    desk = Festival().up()
    paid = Payment(method=PaymentMethod.CARD, card=RECEIPT)
    free = msgspec.structs.replace(BEER, name="Water", price_minor=0)
    mixed = msgspec.structs.replace(
        sale((free, 1), (PRETZEL, 1)), till="bar-2", payment=paid
    )
    desk.say(info(asked(desk, (1,)), order=msgspec.Raw(encode_order(mixed))))
    desk.check_passes()
    assert not desk.performed(effects.RefundCard)
    assert desk.last().total_minor == 0
    assert desk.state.banner is not None
    assert desk.state.banner.text == "The guest gets nothing back."


def test_no_card_terminal_is_told_to_give_less_than_nothing() -> None:
    """To undo the deposit that a guest got back the guest would have to pay."""
    desk = Festival().up()
    paid = Payment(method=PaymentMethod.CARD, card=RECEIPT)
    mixed = msgspec.structs.replace(
        sale((BEER, 1), (CUP, -1)), till="bar-2", payment=paid
    )
    desk.say(info(asked(desk, (2,)), order=msgspec.Raw(encode_order(mixed))))
    assert desk.state.cancellations == ()
    assert desk.state.banner == texts.cancellation_refused(texts.WOULD_COST_MORE)
