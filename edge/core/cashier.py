"""What the cashier may do at each point of the checkout."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, assert_never

from contract.ids import OrderId
from contract.order import OrderKind, Outcome, Payment, PaymentMethod, encode_order
from edge.core import canceling, intents, paying, signing, texts
from edge.core.basket import Basket, OpenOrder
from edge.core.clock import clock_lamp
from edge.core.effects import Commit
from edge.core.records import OrderOpened, OrderShown
from edge.core.state import (
    UNDELIVERED_MAX,
    Approved,
    Asking,
    Declined,
    Halted,
    Presenting,
    Selling,
    Starting,
    at_counter,
    chain,
)

if TYPE_CHECKING:
    from edge.core.state import Moment, Step, TillState


def on_intent(state: TillState, intent: intents.CounterIntent, moment: Moment) -> Step:
    """Do what the cashier wants, where the counter allows it; else nothing."""
    moved: Step = state, ()
    match intent:
        case intents.Pick(product=product):
            moved = _pick(state, product, moment)
        case intents.Remove(product=product):
            moved = _remove(state, product)
        case intents.AbortOrder():
            moved = _abort(state, moment)
        case intents.PayByWristband():
            moved = _present(state, moment)
        case intents.PayByCash():
            moved = _pay_cash(state, moment)
        case intents.BackToBasket():
            moved = _back(state)
        case intents.Dismiss():
            moved = _dismiss(state)
        case intents.AnswerHandedOut(handed_out=handed_out):
            moved = _answered(state, moment, handed_out=handed_out)
        case _:
            assert_never(intent)
    return moved


def on_shown(state: TillState, order: OrderId, at_ns: int | None) -> Step:
    """Note that the cashier has seen the approval of this order."""
    counter = state.counter
    if not isinstance(counter, Approved) or counter.approval.order != order:
        return state, ()
    if counter.shown:
        return state, ()
    took = None
    if at_ns is not None and counter.card_ns is not None:
        took = (at_ns - counter.card_ns) // 1000
    state = at_counter(state, replace(counter, shown=True))
    return state, (Commit((OrderShown(order, took),)),)


def _pick(state: TillState, product: int, moment: Moment) -> Step:
    match state.counter:
        case Selling(order=None):
            return _open(state, product, moment)
        case Selling(order=OpenOrder() as order):
            basket = order.basket.add(product)
            if basket is None:
                return replace(state, banner=texts.BASKET_FULL), ()
            return at_counter(state, Selling(replace(order, basket=basket))), ()
        case Approved() as approved:
            return chain(
                state,
                lambda s: _leave(s, approved),
                lambda s: _open(s, product, moment),
            )
        case _:
            return state, ()


def _open(state: TillState, product: int, moment: Moment) -> Step:
    terms = state.terms
    assert terms is not None, "nothing is sold before the terms are known"
    if len(state.undelivered) >= UNDELIVERED_MAX:
        return at_counter(state, Halted(texts.JOURNAL_FULL, for_good=False)), ()
    basket = Basket(terms.catalogue).add(product)
    if basket is None:
        return state, ()
    order = OpenOrder(
        id=OrderId(moment.fresh),
        event=state.identity.event,
        till=state.identity.till,
        sequence=state.next_sequence,
        z_number=state.z_number,
        opened_at=moment.now,
        basket=basket,
    )
    opened = OrderOpened(
        order=order.id,
        sequence=order.sequence,
        z_number=order.z_number,
        kind=OrderKind.SALE,
        opened_at=order.opened_at,
        document=encode_order(order.as_attempt(0, None)),
    )
    state = replace(
        state,
        counter=Selling(order),
        next_sequence=state.next_sequence + 1,
        clock=clock_lamp(moment.now, state.last_at),
        last_at=max(moment.now, state.last_at or moment.now),
    )
    state, effects = signing.begin(state, order.id)
    return state, (Commit((opened,)), *effects)


def _remove(state: TillState, product: int) -> Step:
    counter = state.counter
    if not isinstance(counter, Selling) or counter.order is None:
        return state, ()
    order = counter.order
    emptier = replace(order, basket=order.basket.remove(product))
    return at_counter(state, Selling(emptier)), ()


def _abort(state: TillState, moment: Moment) -> Step:
    order = _order_in_hand(state)
    if order is None:
        return state, ()
    # What was sent last is what the hub must undo; an order never sent is written
    # down as it stands.
    document = (
        order.attempts[-1].document
        if order.attempts
        else encode_order(order.as_attempt(0, None))
    )
    decision = signing.decided(order.attempts, document, Outcome.ABORTED, moment)
    state = at_counter(state, Selling())
    return signing.close(state, decision, order.attempts, moment)


def _present(state: TillState, moment: Moment) -> Step:
    order = _order_in_hand(state)
    if order is None or isinstance(state.counter, Presenting):
        return state, ()
    if not order.basket.quantities:
        return replace(state, banner=texts.EMPTY_BASKET), ()
    return at_counter(state, Presenting(order, moment.monotonic_ns)), ()


def _pay_cash(state: TillState, moment: Moment) -> Step:
    order = _order_in_hand(state)
    if order is None:
        return state, ()
    if not order.basket.quantities:
        return replace(state, banner=texts.EMPTY_BASKET), ()
    order, made = paying.new_attempt(
        order, Payment(method=PaymentMethod.CASH), None, moment
    )
    decision = signing.decided(order.attempts, made.document, Outcome.COMPLETED, moment)
    state, effects = paying.complete(state, order, decision, moment)
    return state, (Commit((made,)), *effects)


def _leave(state: TillState, approved: Approved) -> Step:
    state, effects = on_shown(state, OrderId(approved.approval.order), None)
    return at_counter(state, Selling()), effects


def _back(state: TillState) -> Step:
    if isinstance(state.counter, Presenting | Declined):
        return at_counter(state, Selling(state.counter.order)), ()
    return state, ()


def _dismiss(state: TillState) -> Step:
    if isinstance(state.counter, Approved):
        return _leave(state, state.counter)
    return state, ()


def _answered(state: TillState, moment: Moment, *, handed_out: bool) -> Step:
    asking = state.counter
    if not isinstance(asking, Asking):
        return state, ()
    state = at_counter(state, Starting())
    seen = Commit((OrderShown(asking.original.id),))
    if handed_out:
        return state, (seen,)
    state, effects = canceling.open_cancellation(state, asking.original, moment)
    return state, (seen, *effects)


def _order_in_hand(state: TillState) -> OpenOrder | None:
    match state.counter:
        case Selling(order=order):
            return order
        case Presenting(order=order) | Declined(order=order):
            return order
        case _:
            return None
