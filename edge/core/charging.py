"""Card payments: the terminal is asked under a reference that is journaled before.

An attempt without a receipt is on disk before the terminal hears of it; the next one
carries the receipt and decides. What the terminal did unheard is looked up, after a
restart too, so that no card is charged without an order.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, assert_never

from contract.order import OrderKind, Outcome, PaymentMethod, decode_order
from edge.core import canceling, paying, signing, texts
from edge.core.effects import Commit, FindCharge, Note, SetAlarm
from edge.core.events import CardFailed, CardNotFound, CardPaid, ChargeDue
from edge.core.open_order import journaled, reference, with_receipt
from edge.core.state import (
    Asking,
    ChargeInDoubt,
    Charging,
    Declined,
    Selling,
    at_counter,
)
from edge.core.view import Banner, Decline, Tone

if TYPE_CHECKING:
    from edge.core.events import TerminalEvent
    from edge.core.records import StoredOrder
    from edge.core.state import Moment, Step, TillState


def is_in_doubt(order: StoredOrder) -> bool:
    """Whether an undecided order may have been paid by card before a restart."""
    tried = decode_order(order.attempts[-1].document)
    payment = tried.payment
    by_card = payment is not None and payment.method is PaymentMethod.CARD
    return by_card and not tried.training


def on_terminal(state: TillState, event: TerminalEvent, moment: Moment) -> Step:
    """Take in what the card terminal did, or did not do."""
    refunding = canceling.find(state, event.order)
    if refunding is not None:
        return canceling.on_terminal(state, refunding, event, moment)
    counter = state.counter
    if isinstance(counter, Charging) and counter.order.id == event.order:
        return _at_counter(state, counter, event, moment)
    doubtful = next((each for each in state.charges if each.id == event.order), None)
    if doubtful is not None:
        return _after_restart(state, doubtful, event, moment)
    if isinstance(event, CardPaid):
        # It may have taken money, or given some back: that order is not in memory.
        text = (
            f"The card terminal reports a payment or refund ({event.reference}) for "
            f"order {event.order}, which had ended. Compare its slips with the order's "
            "receipt, and put right at the terminal what is not on it."
        )
        return state, (Note(text, urgent=True),)
    return state, ()


def on_due(state: TillState, alarm: ChargeDue, moment: Moment) -> Step:
    """Ask again what became of a payment, while someone waits for the answer.

    In training no terminal was asked: the payment is taken as made.
    """
    counter = state.counter
    if isinstance(counter, Charging) and counter.order.training:
        order = counter.order
        if alarm.reference != reference(order.id, order.attempts[-1].number):
            return state, ()
        return paying.settle(state, order, moment, checked=counter.checked)
    waits = (
        (isinstance(counter, Charging) and counter.order.id == alarm.order)
        or any(each.id == alarm.order for each in state.charges)
        or canceling.find(state, alarm.order) is not None
    )
    if not waits:
        return state, ()
    return state, (FindCharge(alarm.order, alarm.reference),)


def _at_counter(
    state: TillState, charging: Charging, event: TerminalEvent, moment: Moment
) -> Step:
    order = charging.order
    match event:
        case CardPaid(receipt=receipt):
            paid = with_receipt(order.attempts[-1], receipt)
            order = replace(order, attempts=(*order.attempts, paid))
            state, effects = paying.settle(
                state, order, moment, checked=charging.checked
            )
            return state, (Commit((journaled(order.id, paid, moment.now),)), *effects)
        case CardFailed(silent=True, text=text):
            banner = Banner(Tone.TRY_AGAIN, "Card terminal does not answer", text)
            alarm = SetAlarm(ChargeDue(order.id, event.reference), canceling.RETRY_MS)
            return replace(state, banner=banner), (alarm,)
        case CardFailed(text=text):
            decline = Decline(None, texts.CARD_NOT_CHARGED, text, None)
            return at_counter(state, Declined(order, decline)), ()
        case CardNotFound():
            text = "The terminal took nothing. Try again, or take another payment."
            decline = Decline(None, texts.CARD_NOT_CHARGED, text, None)
            return at_counter(replace(state, banner=None), Declined(order, decline)), ()
        case _:
            assert_never(event)


def _after_restart(
    state: TillState, doubtful: ChargeInDoubt, event: TerminalEvent, moment: Moment
) -> Step:
    last = doubtful.attempts[-1]
    if isinstance(event, CardFailed):
        again = SetAlarm(ChargeDue(doubtful.id, event.reference), canceling.RETRY_MS)
        return state, (again,)
    left = tuple(each for each in state.charges if each.id != doubtful.id)
    state = replace(state, charges=left)
    if isinstance(event, CardNotFound):
        ended = signing.decided(
            doubtful.attempts, last.document, Outcome.ABORTED, moment
        )
        return signing.close(state, ended, doubtful.attempts, moment)
    paid = with_receipt(last, event.receipt)
    attempts = (*doubtful.attempts, paid)
    decision = signing.decided(attempts, paid.document, Outcome.COMPLETED, moment)
    approval = paying.approval_of(state, decision)
    idle = isinstance(state.counter, Selling) and state.counter.order is None
    if idle and doubtful.order.kind is OrderKind.SALE:
        stored = replace(
            doubtful.order,
            attempts=(doubtful.order.attempts[0], *attempts),
            decision=decision,
        )
        state = at_counter(state, Asking(stored, approval))
    else:
        text = f"A card payment of {approval.total} from before the restart was booked."
        banner = Banner(Tone.INFORM, "Card payment found", text)
        state = replace(state, banner=banner)
    state, effects = signing.close(state, decision, attempts, moment)
    return state, (Commit((journaled(doubtful.id, paid, moment.now),)), *effects)
