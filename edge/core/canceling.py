"""Cancellations: orders of their own that undo another one, whole or by line.

They run behind the counter. What takes from a wallet or gives to one is asked for as
soon as the ledger holds the original; cash is given back at once, a card's money when
the terminal has refunded it, and the advice books both. Whether another till's order
may be undone the hub is asked before any money is given back. What gives a card's money
back for what a wallet got takes it from the wallet first; if the terminal then gives
nothing back, the advice says aborted, and the wallet has its money again.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final, assert_never

import msgspec

from contract.catalogue import TaxRate
from contract.ids import OrderId
from contract.lines import rounding_lines, sum_taxes
from contract.messages import (
    DeclineReason,
    OrderBooked,
    OrderCheck,
    OrderConflict,
    OrderDeclined,
    OrderRequest,
    RejectReason,
)
from contract.order import (
    Ask,
    OrderKind,
    Outcome,
    Path,
    Payment,
    PaymentMethod,
    ask_first,
    decode_order,
    encode_order,
    undone,
)
from edge.core import registers, rights, signing, texts
from edge.core import waiting as waits
from edge.core.effects import (
    Commit,
    FindCharge,
    Note,
    RefundCard,
    SendRequest,
    SetAlarm,
)
from edge.core.events import (
    CancellationDue,
    CardFailed,
    CardNotFound,
    CardPaid,
    ChargeDue,
)
from edge.core.open_order import journaled, reference, with_receipt
from edge.core.records import OrderOpened, StoredAttempt
from edge.core.state import WHOLE, Cancellation, Part, chain
from edge.core.view import Banner, Tone

if TYPE_CHECKING:
    from contract.messages import Rejected
    from contract.order import Order
    from contract.token import Credential
    from edge.core.events import TerminalEvent
    from edge.core.state import Moment, Step, TillState

RETRY_MS: Final = 5_000
RETRY_MS_MAX: Final = 300_000
TRIES_MAX: Final = 10  # in twenty minutes
ANSWER_WITHIN_S: Final = 10

_OF_CASH: Final = frozenset(
    {OrderKind.SHIFT_START, OrderKind.CASH_MOVEMENT, OrderKind.CASH_TRANSFER}
)

Verdict = OrderBooked | OrderDeclined | OrderConflict


def open_cancellation(
    state: TillState,
    original: Order,
    moment: Moment,
    *,
    part: Part = WHOLE,
    credential: Credential | None = None,
) -> Step:
    """Open the order that undoes the original, with its first attempt.

    Raises ValueError when an order of its kind can't be undone like that.
    """
    order = _written(state, original, moment, part)
    attempt = _attempt(order, _paid_back(original, order), 1, credential)
    opened = OrderOpened(
        order=OrderId(order.id),
        sequence=order.sequence,
        z_number=order.z_number,
        kind=order.kind,
        opened_at=order.opened_at,
        document=encode_order(order),
        cancels=OrderId(original.id),
    )
    made = journaled(opened.order, attempt, moment.now)
    elsewhere = original.till != state.identity.till
    waiting = Cancellation(
        opened.order,
        OrderId(original.id),
        (attempt,),
        asks=ask_first(decode_order(attempt.document), of_other_till=elsewhere),
        receipt=None if original.payment is None else original.payment.card,
    )
    state = replace(
        state,
        next_sequence=state.next_sequence + 1,
        z_orders=state.z_orders + 1,
        cancellations=(*state.cancellations, waiting),
    )
    state, effects = chain(
        state,
        lambda s: signing.begin(s, opened.order),
        lambda s: _go_on(s, waiting, moment),
    )
    return state, (Commit((opened, made)), *effects)


def ask_if_due(state: TillState, moment: Moment) -> Step:
    """Ask the hub for the first cancellation whose original the ledger holds."""
    if not state.connection.up:
        return state, ()
    for waiting in state.cancellations:
        if (
            waiting.request is None
            and waiting.original not in state.undelivered
            and waiting.asks is not Ask.NOTHING
        ):
            break
    else:
        return state, ()
    request = _question(waiting, moment)
    state = _changed(state, replace(waiting, request=request.id))
    return state, (
        SendRequest(request, ANSWER_WITHIN_S),
        SetAlarm(_due(waiting), RETRY_MS),
    )


def resume(state: TillState, waiting: Cancellation, moment: Moment) -> Step:
    """Go on with a cancellation found in the journal: the guest was told already.

    Of money that was not given back yet nothing is given back now. What the terminal
    did is looked up before anything else: it may have given back what the hub booked.
    """
    last = waiting.attempts[-1]
    order = decode_order(last.document)
    at_terminal = _is_at_terminal(order)
    asks = Ask.NOTHING if at_terminal else ask_first(order)
    waiting = replace(waiting, asks=asks)
    state = replace(state, cancellations=(*state.cancellations, waiting))
    if asks is not Ask.NOTHING:
        return state, ()
    if at_terminal:
        return state, (FindCharge(waiting.id, reference(waiting.id, last.number)),)
    banner = texts.cancellation_refused(texts.CANCELED_NOTHING)
    return _end(replace(state, banner=banner), waiting, Outcome.ABORTED, moment)


def on_due(state: TillState, order: OrderId, attempt: int) -> Step:
    """Let an unanswered cancellation be asked for again."""
    waiting = find(state, order)
    if waiting is None or waiting.attempts[-1].number != attempt:
        return state, ()
    return _changed(state, replace(waiting, request=None)), ()


def on_checked(state: TillState, waiting: Cancellation, moment: Moment) -> Step:
    """Give money back: the hub has nothing against it."""
    if waiting.asks is not Ask.CHECK:
        return state, ()
    allowed = replace(waiting, asks=Ask.NOTHING, request=None)
    return _go_on(_changed(state, allowed), allowed, moment)


def on_verdict(
    state: TillState, waiting: Cancellation, verdict: Verdict, moment: Moment
) -> Step:
    """Take in what the hub says of a cancellation's attempt; what comes twice, once."""
    if waiting.asks is Ask.NOTHING:
        return state, ()
    match verdict:
        case OrderBooked(anchor=anchor):
            booked = replace(
                waiting, asks=Ask.NOTHING, request=None, batch=anchor.batch
            )
            return _go_on(_changed(state, booked), booked, moment)
        case OrderDeclined(reason=DeclineReason.NOT_FINAL_YET):
            return _try_again(state, waiting, moment)
        case OrderDeclined() | OrderConflict():
            state = replace(state, banner=texts.cancellation_refused(verdict.text))
            return _end(state, waiting, Outcome.ABORTED, moment)


def on_rejected(
    state: TillState, waiting: Cancellation, message: Rejected, moment: Moment
) -> Step:
    """Take in that the hub could not even look at a cancellation.

    If that is the hub's fault, it is asked again by the alarm that is set already.
    """
    urgent = message.reason is not RejectReason.HUB_FAULT
    note = Note(f"Cancellation {waiting.id} rejected: {message.text}", urgent=urgent)
    if not urgent:
        return replace(state, banner=state.banner or texts.NOT_CANCELED_YET), (note,)
    state = replace(state, banner=texts.cancellation_refused(message.text))
    state, effects = _end(state, waiting, Outcome.ABORTED, moment)
    return state, (*effects, note)


def on_terminal(
    state: TillState, waiting: Cancellation, event: TerminalEvent, moment: Moment
) -> Step:
    """Take in whether the card terminal gave the money back."""
    last = waiting.attempts[-1]
    match event:
        case CardPaid(receipt=receipt):
            paid = with_receipt(last, receipt)
            waiting = replace(waiting, attempts=(*waiting.attempts, paid))
            state = replace(_changed(state, waiting), banner=_told(paid))
            state, effects = _end(state, waiting, Outcome.COMPLETED, moment)
            made = journaled(waiting.id, paid, moment.now)
            return state, (Commit((made,)), *effects)
        case CardFailed(silent=True):
            due = ChargeDue(waiting.id, event.reference)
            return state, (SetAlarm(due, RETRY_MS),)
        case CardFailed(text=text):
            state = replace(state, banner=texts.cancellation_refused(text))
            return _end(state, waiting, Outcome.ABORTED, moment)
        case CardNotFound():
            state = replace(state, banner=texts.cancellation_refused(texts.NO_REFUND))
            return _end(state, waiting, Outcome.ABORTED, moment)
        case _:
            assert_never(event)


def give_up(state: TillState, order: OrderId, moment: Moment) -> Step:
    """End a cancellation that waits; never where a card may have its money back.

    If the hub has booked it meanwhile, the advice tells it to take that back.
    """
    barred = rights.giving_up_barred(state)
    waiting = find(state, order)
    if barred is not None:
        return replace(state, banner=barred), ()
    if waiting is None:
        return replace(state, banner=texts.ENDED_ALREADY), ()
    if not waits.may_be_given_up(waiting):
        return replace(state, banner=texts.REFUND_IN_DOUBT), ()
    state = replace(state, banner=texts.GIVEN_UP)
    return _end(state, waiting, Outcome.ABORTED, moment)


def find(state: TillState, order: OrderId) -> Cancellation | None:
    """Find a cancellation that waits for the hub."""
    return next((each for each in state.cancellations if each.id == order), None)


def _written(
    state: TillState,
    original: Order,
    moment: Moment,
    part: Part,
) -> Order:
    """Write the cancellation as attempt 0, made by this till and its cashier."""
    order = undone(original, part.lines, guest=part.guest, code=part.code)
    method = None if original.payment is None else original.payment.method
    if part.lines is not None and method is PaymentMethod.CASH:
        order = _rounded(order)
    if part.lines and method is PaymentMethod.CARD and order.total_minor > 0:
        raise ValueError(texts.WOULD_COST_MORE)
    # Cash that was moved goes back from where it is; other cash is this till's.
    moved = original.kind in _OF_CASH
    register = original.cash_register if moved else registers.named(state)
    return msgspec.structs.replace(
        order,
        id=moment.fresh,
        till=state.identity.till,
        sequence=state.next_sequence,
        z_number=state.z_number,
        opened_at=moment.now,
        cashier=state.cashier.id if state.cashier else "",
        register=register,
    )


def _rounded(order: Order) -> Order:
    lines = order.lines + rounding_lines(order.total)
    rates = {
        tax.code: TaxRate(code=tax.code, rate_bp=tax.rate_bp, name=str(tax.code))
        for tax in order.taxes
    }
    return msgspec.structs.replace(
        order,
        lines=lines,
        taxes=sum_taxes(lines, rates),
        total_minor=sum(line.total_minor for line in lines),
    )


def _paid_back(original: Order, order: Order) -> Payment | None:
    if original.payment is None:
        return None
    if original.payment.card is not None:  # the refund has a receipt of its own
        return Payment(method=PaymentMethod.CARD)
    return original.payment


def _question(waiting: Cancellation, moment: Moment) -> OrderCheck | OrderRequest:
    attempt = waiting.attempts[-1]
    kind = OrderCheck if waiting.asks is Ask.CHECK else OrderRequest
    return kind(
        id=moment.second,
        order=msgspec.Raw(attempt.document),
        answer_by=moment.now + timedelta(seconds=ANSWER_WITHIN_S),
        credential=attempt.credential,
    )


def _go_on(state: TillState, waiting: Cancellation, moment: Moment) -> Step:
    if waiting.asks is not Ask.NOTHING:
        return state, ()
    attempt = waiting.attempts[-1]
    order = decode_order(attempt.document)
    if _is_at_terminal(order):
        asked = reference(waiting.id, attempt.number)
        refund = RefundCard(waiting.id, asked, -order.total, waiting.receipt)
        return state, (refund,)
    state = replace(state, banner=_told(attempt))
    return _end(state, waiting, Outcome.COMPLETED, moment)


def _is_at_terminal(order: Order) -> bool:
    by_card = order.payment is not None and order.payment.method is PaymentMethod.CARD
    return by_card and bool(order.total_minor) and not order.training


def _told(attempt: StoredAttempt) -> Banner:
    order = decode_order(attempt.document)
    method = None if order.payment is None else order.payment.method
    text = "The guest gets nothing back."
    if method is PaymentMethod.CASH:
        give = f"Give {-order.total} back in cash."
        text = give if order.total_minor < 0 else f"Take {order.total} back in cash."
    elif method is not None and order.total_minor:
        place = "wristband" if method is PaymentMethod.WALLET else "card"
        text = f"{-order.total} went back to the {place}."
    return Banner(Tone.INFORM, "Order canceled", text)


def _try_again(state: TillState, waiting: Cancellation, moment: Moment) -> Step:
    # A verdict never changes, so the next try is a new attempt.
    last = waiting.attempts[-1]
    if last.number >= TRIES_MAX:
        state = replace(state, banner=texts.cancellation_refused(texts.NEVER_FINAL))
        return _end(state, waiting, Outcome.ABORTED, moment)
    order = decode_order(last.document)
    attempt = _attempt(order, order.payment, last.number + 1, last.credential)
    waiting = replace(waiting, attempts=(*waiting.attempts, attempt))
    made = journaled(waiting.id, attempt, moment.now)
    pause_ms = min(RETRY_MS << (last.number - 1), RETRY_MS_MAX)
    again = SetAlarm(_due(waiting), pause_ms)
    return _changed(state, waiting), (Commit((made,)), again)


def _due(waiting: Cancellation) -> CancellationDue:
    return CancellationDue(waiting.id, waiting.attempts[-1].number)


def _attempt(
    order: Order, payment: Payment | None, number: int, credential: Credential | None
) -> StoredAttempt:
    tried = msgspec.structs.replace(order, attempt=number, payment=payment)
    return StoredAttempt(number, encode_order(tried), credential)


def _end(
    state: TillState,
    waiting: Cancellation,
    outcome: Outcome,
    moment: Moment,
) -> Step:
    batch = waiting.batch if outcome is Outcome.COMPLETED else None
    decision = signing.decided(
        waiting.attempts,
        waiting.attempts[-1].document,
        outcome,
        moment,
        path=None if batch is None else Path.ONLINE,
        batch=batch,
    )
    left = tuple(each for each in state.cancellations if each.id != waiting.id)
    state = replace(state, cancellations=left)
    return signing.close(state, decision, waiting.attempts, moment)


def _changed(state: TillState, waiting: Cancellation) -> TillState:
    return replace(
        state,
        cancellations=tuple(
            waiting if each.id == waiting.id else each for each in state.cancellations
        ),
    )
