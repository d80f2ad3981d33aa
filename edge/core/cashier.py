"""What the cashier may do at each point of the checkout."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, assert_never

from contract.ids import OrderId
from contract.order import Outcome, Payment, PaymentMethod, decode_order, encode_order
from contract.presale import code_digest
from edge.core import (
    beginning,
    canceling,
    closing,
    inquiring,
    intents,
    lookups,
    paying,
    presenting,
    rights,
    signing,
    texts,
    training,
)
from edge.core.acts import TicketSale
from edge.core.basket import Basket
from edge.core.effects import Commit
from edge.core.records import OrderShown
from edge.core.state import (
    Approved,
    Asking,
    Collecting,
    Declined,
    Halted,
    Presenting,
    Reading,
    Selling,
    Starting,
    at_counter,
    chain,
)

if TYPE_CHECKING:
    from edge.core.open_order import OpenOrder
    from edge.core.state import Moment, Step, TillState


def on_intent(state: TillState, intent: intents.CounterIntent, moment: Moment) -> Step:
    """Do what the cashier wants, where the counter allows it; else nothing."""
    if isinstance(intent, intents.BasketIntent):
        return _fill(state, intent, moment)
    if isinstance(intent, intents.PayIntent):
        return _pay(state, intent, moment)
    if isinstance(intent, intents.LeaveIntent):
        return _end(state, intent, moment)
    match state.counter:
        case Selling(order=None):
            moved = _idle(state, intent, moment)
        case Approved() as approved:
            moved = chain(
                state,
                lambda s: _leave(s, approved),
                lambda s: _idle(s, intent, moment),
            )
        case Starting() | Halted():
            moved = state, ()
        case _:
            moved = replace(state, banner=_BUSY.get(type(intent))), ()
    return moved


_BUSY = {
    intents.SwitchTraining: texts.FINISH_FIRST,
    intents.CloseTill: texts.ORDER_OPEN,
}


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


# --- the basket ----------------------------------------------------------------------


_FIRST_ITEM = intents.Pick | intents.PressButton | intents.Return


def _fill(state: TillState, intent: intents.BasketIntent, moment: Moment) -> Step:
    match state.counter:
        case Approved() as approved if isinstance(intent, _FIRST_ITEM):
            return chain(
                state,
                lambda s: _leave(s, approved),
                lambda s: _first(s, intent, moment),
            )
        case Selling(order=None) if isinstance(intent, _FIRST_ITEM):
            return _first(state, intent, moment)
        case Selling(order=order) if order is not None:
            return _next(state, order, intent)
        case _:
            return state, ()


def _first(state: TillState, intent: intents.BasketIntent, moment: Moment) -> Step:
    assert state.terms is not None, "nothing is sold before the terms are known"
    basket = _changed(Basket(state.terms.catalogue), intent, state)
    if basket is None or basket.is_empty:
        return state, ()
    return beginning.open_order(state, basket, moment)


def _next(state: TillState, order: OpenOrder, intent: intents.BasketIntent) -> Step:
    if not isinstance(order.content, Basket):
        return state, ()
    basket = _changed(order.content, intent, state)
    if basket is None:
        return replace(state, banner=texts.BASKET_FULL), ()
    return at_counter(state, Selling(replace(order, content=basket))), ()


def _changed(
    basket: Basket, intent: intents.BasketIntent, state: TillState
) -> Basket | None:
    """Do to the basket what was wanted; None when it can't be done."""
    assert state.terms is not None
    price = getattr(intent, "price_minor", None)
    if price is not None and not state.terms.config.profile.free_prices:
        return None
    match intent:
        case intents.Pick(product=product):
            return basket.add(product, price_minor=price)
        case intents.Return(product=product):
            return basket.add(product, -1)
        case intents.Remove(product=product):
            return basket.remove(product)
        case intents.LimitVouchers(vouchers_max=vouchers_max):
            return replace(basket, vouchers_max=vouchers_max)
        case intents.PressButton(button=number):
            buttons = basket.catalogue.buttons
            button = next((each for each in buttons if each.id == number), None)
            return None if button is None else basket.press(button, price)
        case _:
            assert_never(intent)


# --- paying --------------------------------------------------------------------------


_METHODS = {
    intents.PayByWristband: PaymentMethod.WALLET,
    intents.PayByCash: PaymentMethod.CASH,
    intents.PayByCard: PaymentMethod.CARD,
}


_GATHERED = intents.AddWristband | intents.Submit | intents.ScanTicket


def _pay(state: TillState, intent: intents.PayIntent, moment: Moment) -> Step:
    counter, order = state.counter, _order_in_hand(state)
    if isinstance(intent, intents.MoneyTaken):
        if not isinstance(counter, Collecting):
            return state, ()
        return paying.settle(state, counter.order, moment, checked=counter.checked)
    if order is None:
        return state, ()
    if order.content.is_empty and not order.content.wants_wristband:
        return replace(state, banner=texts.EMPTY_BASKET), ()
    if isinstance(intent, _GATHERED):
        return _gather(state, order, intent, moment)
    return _pay_by(state, order, _METHODS[type(intent)], moment)


def _gather(
    state: TillState,
    order: OpenOrder,
    intent: intents.AddWristband | intents.Submit | intents.ScanTicket,
    moment: Moment,
) -> Step:
    """Wait for what the order still lacks, take it, or ask the hub for it."""
    if isinstance(intent, intents.ScanTicket):
        return _scan(state, order, intent.code)
    more = isinstance(intent, intents.AddWristband)
    if order.content.wants_wristband or (
        more and isinstance(order.content, TicketSale)
    ):
        return _wait(state, order, moment, to_pay=False)
    if not more and presenting.is_unpaid(order):
        return presenting.submit(state, order, moment)
    return state, ()


def _scan(state: TillState, order: OpenOrder, code: str) -> Step:
    """Take the price of a ticket bought beforehand off; the hub judges the code."""
    if not isinstance(order.content, TicketSale):
        return replace(state, banner=texts.NO_TICKET_SALE), ()
    digest = code_digest(code)
    if digest is None:
        return replace(state, banner=texts.NO_TICKET_CODE), ()
    content = order.content.with_code(digest)
    if content is None:
        return replace(state, banner=texts.NO_WRISTBAND_FOR_CODE), ()
    order = replace(order, content=content)
    counter = state.counter
    if isinstance(counter, Presenting):  # the next wristband may follow
        return at_counter(
            replace(state, banner=None), replace(counter, order=order)
        ), ()
    return at_counter(replace(state, banner=None), Selling(order)), ()


def _pay_by(
    state: TillState, order: OpenOrder, method: PaymentMethod, moment: Moment
) -> Step:
    if order.content.wants_wristband or presenting.is_unpaid(order):
        return state, ()
    barred = rights.method_barred(state, order, method)
    if barred is not None:
        return replace(state, banner=barred), ()
    if method is PaymentMethod.WALLET:
        return _wait(state, order, moment, to_pay=True)
    if method is PaymentMethod.CARD and order.total.minor <= 0:
        return replace(state, banner=texts.NOTHING_TO_CHARGE), ()
    payment: Payment | None = Payment(method=method)
    if order.total.minor == 0 and isinstance(order.content, TicketSale):
        payment = None  # a free entry
    return paying.attempt(state, order, payment, moment, credential=order.credential)


def _wait(state: TillState, order: OpenOrder, moment: Moment, *, to_pay: bool) -> Step:
    counter = state.counter
    if isinstance(counter, Presenting) and counter.to_pay is to_pay:
        return state, ()
    waiting = Presenting(order, moment.monotonic_ns, to_pay)
    return at_counter(state, waiting), ()


# --- leaving -------------------------------------------------------------------------


def _end(state: TillState, intent: intents.LeaveIntent, moment: Moment) -> Step:
    match intent:
        case intents.AbortOrder():
            return _abort(state, moment)
        case intents.BackToBasket():
            return _back(state)
        case intents.Dismiss():
            return _dismiss(state)
        case intents.AnswerHandedOut(handed_out=handed_out):
            return _answered(state, moment, handed_out=handed_out)
        case _:
            assert_never(intent)


def _abort(state: TillState, moment: Moment) -> Step:
    counter = state.counter
    order = _order_in_hand(state)
    if isinstance(counter, Collecting):
        order = counter.order
    if order is None:
        return _back(state)
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


def _leave(state: TillState, approved: Approved) -> Step:
    order = approved.approval.order
    state, effects = on_shown(state, OrderId(order), None)
    return at_counter(state, Selling()), effects


def _back(state: TillState) -> Step:
    match state.counter:
        case Presenting(order=order) | Declined(order=order) | Collecting(order=order):
            return at_counter(state, Selling(order)), ()
        case Reading():
            return at_counter(state, Selling()), ()
        case Selling(order=None):
            return at_counter(state, Selling()), ()
        case _:
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
    original = asking.original
    seen = Commit((OrderShown(original.id),))
    if handed_out:
        return state, (seen,)
    assert original.decision is not None
    order = decode_order(original.decision.document)
    paid = next(e for e in original.attempts if e.number == order.attempt)
    state, effects = canceling.open_cancellation(
        state, order, moment, credential=paid.credential
    )
    return state, (seen, *effects)


# --- the rest ------------------------------------------------------------------------


def _idle(state: TillState, intent: intents.IdleIntent, moment: Moment) -> Step:
    """Do what needs an empty counter."""
    match intent:
        case intents.Begin(act=act):
            moved = beginning.begin(state, act, moment)
        case intents.CancelOrder():
            moved = lookups.begin(state, intent)
        case intents.GiveUpCancellation(order=order):
            moved = canceling.give_up(state, OrderId(order), moment)
        case intents.CloseTill():
            moved = closing.begin(state)
        case intents.LogIn() | intents.AskWristband():
            moved = inquiring.begin(state, intent, moment)
        case intents.LogOut():
            moved = inquiring.log_out(state, moment)
        case intents.SwitchTraining(on=on):
            moved = training.switch(state, on=on), ()
        case _:
            assert_never(intent)
    return moved


def _order_in_hand(state: TillState) -> OpenOrder | None:
    match state.counter:
        case Selling(order=order):
            return order
        case Presenting(order=order) | Declined(order=order):
            return order
        case _:
            return None
