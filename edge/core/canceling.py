"""Cancellations: orders of their own that undo one which was never handed out.

They run behind the counter. One on a wallet is asked for as soon as the ledger holds
the original; cash is given back at once and booked by the advice.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import msgspec

from contract.ids import OrderId
from contract.messages import (
    DeclineReason,
    OrderBooked,
    OrderConflict,
    OrderDeclined,
    OrderRequest,
)
from contract.order import (
    Outcome,
    Path,
    PaymentMethod,
    decode_order,
    encode_order,
)
from edge.core import signing
from edge.core.basket import negated
from edge.core.effects import Commit, SendRequest, SetAlarm
from edge.core.events import CancellationDue
from edge.core.records import AttemptMade, OrderOpened, StoredAttempt
from edge.core.state import Cancellation, chain
from edge.core.view import Banner, Tone

if TYPE_CHECKING:
    from contract.order import Order
    from contract.token import Credential
    from edge.core.records import StoredOrder
    from edge.core.state import Moment, Step, TillState

RETRY_MS = 5_000
ANSWER_WITHIN_S = 10

Verdict = OrderBooked | OrderDeclined | OrderConflict


def open_cancellation(state: TillState, original: StoredOrder, moment: Moment) -> Step:
    """Open the order that undoes the original, with its first attempt."""
    assert original.decision is not None
    undone = decode_order(original.decision.document)
    assert undone.payment is not None, "only completed orders are canceled"
    order = negated(
        undone,
        order=OrderId(moment.fresh),
        sequence=state.next_sequence,
        z_number=state.z_number,
        opened_at=moment.now,
    )
    paid = next(e for e in original.attempts if e.number == undone.attempt)
    attempt = _attempt(order, undone, 1, paid.credential)
    opened = OrderOpened(
        order=OrderId(order.id),
        sequence=order.sequence,
        z_number=order.z_number,
        kind=order.kind,
        opened_at=order.opened_at,
        document=encode_order(order),
        cancels=original.id,
    )
    made = AttemptMade(
        opened.order, 1, attempt.document, attempt.credential, moment.now
    )
    canceling = Cancellation(opened.order, original.id, (attempt,))
    state = replace(
        state,
        next_sequence=state.next_sequence + 1,
        cancellations=(*state.cancellations, canceling),
    )
    in_cash = undone.payment.method is PaymentMethod.CASH
    state, effects = chain(
        state,
        lambda s: signing.begin(s, opened.order),
        lambda s: _end(s, canceling, Outcome.COMPLETED, moment) if in_cash else (s, ()),
    )
    return state, (Commit((opened, made)), *effects)


def ask_if_due(state: TillState, moment: Moment) -> Step:
    """Ask the hub for the first cancellation whose original the ledger holds."""
    if not state.connection.up:
        return state, ()
    for canceling in state.cancellations:
        if canceling.request is None and canceling.original not in state.undelivered:
            break
    else:
        return state, ()
    attempt = canceling.attempts[-1]
    request = OrderRequest(
        id=moment.fresh,
        order=msgspec.Raw(attempt.document),
        answer_by=moment.now + timedelta(seconds=ANSWER_WITHIN_S),
        credential=attempt.credential,
    )
    state = _changed(state, replace(canceling, request=moment.fresh))
    return state, (
        SendRequest(request, ANSWER_WITHIN_S),
        SetAlarm(CancellationDue(canceling.id), RETRY_MS),
    )


def on_due(state: TillState, order: OrderId) -> Step:
    """Let an unanswered cancellation be asked for again."""
    canceling = find(state, order)
    if canceling is None:
        return state, ()
    return _changed(state, replace(canceling, request=None)), ()


def on_verdict(
    state: TillState, canceling: Cancellation, verdict: Verdict, moment: Moment
) -> Step:
    """Take in what the hub says of a cancellation's attempt."""
    match verdict:
        case OrderBooked():
            return _end(
                state, canceling, Outcome.COMPLETED, moment, verdict.anchor.batch
            )
        case OrderDeclined(reason=DeclineReason.NOT_FINAL_YET):
            return _try_again(state, canceling, moment)
        case OrderDeclined() | OrderConflict():
            state = replace(state, banner=_refusal(verdict.text))
            return _end(state, canceling, Outcome.ABORTED, moment)


def find(state: TillState, order: OrderId) -> Cancellation | None:
    """Find a cancellation that waits for the hub."""
    return next((each for each in state.cancellations if each.id == order), None)


def _try_again(state: TillState, canceling: Cancellation, moment: Moment) -> Step:
    # A verdict never changes, so the next try is a new attempt.
    last = canceling.attempts[-1]
    order = decode_order(last.document)
    attempt = _attempt(order, order, last.number + 1, last.credential)
    state = _changed(state, replace(canceling, attempts=(*canceling.attempts, attempt)))
    made = AttemptMade(
        canceling.id, attempt.number, attempt.document, attempt.credential, moment.now
    )
    return state, (
        Commit((made,)),
        SetAlarm(CancellationDue(canceling.id), RETRY_MS),
    )


def _attempt(
    order: Order, paid_as: Order, number: int, credential: Credential | None
) -> StoredAttempt:
    tried = msgspec.structs.replace(order, attempt=number, payment=paid_as.payment)
    return StoredAttempt(number, encode_order(tried), credential)


def _end(
    state: TillState,
    canceling: Cancellation,
    outcome: Outcome,
    moment: Moment,
    batch: int | None = None,
) -> Step:
    decision = signing.decided(
        canceling.attempts,
        canceling.attempts[-1].document,
        outcome,
        moment,
        path=None if batch is None else Path.ONLINE,
        batch=batch,
    )
    left = tuple(each for each in state.cancellations if each.id != canceling.id)
    state = replace(state, cancellations=left)
    return signing.close(state, decision, canceling.attempts, moment)


def _changed(state: TillState, canceling: Cancellation) -> TillState:
    return replace(
        state,
        cancellations=tuple(
            canceling if each.id == canceling.id else each
            for each in state.cancellations
        ),
    )


def _refusal(text: str) -> Banner:
    return Banner(
        Tone.CALL_THE_TECHNICIAN,
        "The order could not be canceled",
        f"The hub says: {text} Write down the order and call the finance office.",
    )
