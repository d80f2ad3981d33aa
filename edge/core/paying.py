"""Paying: a wristband, the hub's verdict on the attempt, or its silence."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final, assert_never

import msgspec

from contract.ids import OrderId
from contract.messages import (
    DeclineReason,
    OrderBooked,
    OrderConflict,
    OrderDeclined,
    OrderRequest,
    RejectReason,
)
from contract.order import (
    Outcome,
    Path,
    Payment,
    PaymentMethod,
    decode_order,
    encode_order,
)
from edge.core import canceling, events, signing, texts
from edge.core.effects import Commit, Note, SendRequest, SetAlarm
from edge.core.records import AttemptAnswered, AttemptMade, StoredAttempt
from edge.core.standin import Granted
from edge.core.state import Approved, Checking, Declined, Presenting, at_counter
from edge.core.view import Approval, Banner, Decline, Tone
from edge.core.wristband import TokenCodec, WristbandProblem

if TYPE_CHECKING:
    from uuid import UUID

    from contract.messages import Rejected
    from contract.money import Money
    from contract.token import Credential
    from edge.core.basket import OpenOrder
    from edge.core.canceling import Verdict
    from edge.core.records import Decided
    from edge.core.state import Moment, Step, TillState
    from edge.core.wristband import WristbandCodec

REPEAT_AFTER_MS: Final = 400
SILENT_AFTER_MS: Final = 1_500


def counts(state: TillState, arrived_ns: int) -> bool:
    """Whether a card arrived after the screen began to wait for one."""
    counter = state.counter
    return isinstance(counter, Presenting) and arrived_ns > counter.waiting_since_ns


def on_card(state: TillState, card: events.CardRead, moment: Moment) -> Step:
    """Take a wristband that was presented: journal the attempt, then ask the hub."""
    counter = state.counter
    if not isinstance(counter, Presenting) or not counts(state, card.arrived_ns):
        return state, ()
    assert state.terms is not None
    config = state.terms.config
    codec: WristbandCodec = TokenCodec(config.token_keys, config.event_number)
    wristband = codec.read(card.uid, card.message)
    if isinstance(wristband, WristbandProblem):
        banner = Banner(Tone.ASK_THE_GUEST, wristband.title, wristband.text)
        return replace(state, banner=banner), ()
    payment = Payment(method=PaymentMethod.WALLET, wallet=wristband.serial)
    order, made = new_attempt(counter.order, payment, wristband.credential, moment)
    checking = Checking(
        order=order,
        wallet=wristband.serial,
        card_ns=card.arrived_ns,
        request=moment.fresh,
        answer_by=moment.now + timedelta(milliseconds=SILENT_AFTER_MS),
    )
    state = replace(at_counter(state, checking), banner=None)
    if not state.connection.up:  # decided at once, in the same commit
        return state, (Commit((made,)),)
    return state, (
        Commit((made,)),
        request_of(checking),
        SetAlarm(events.RepeatRequest(order.id, made.attempt), REPEAT_AFTER_MS),
        SetAlarm(events.RequestExpired(order.id, made.attempt), SILENT_AFTER_MS),
    )


def new_attempt(
    order: OpenOrder, payment: Payment, credential: Credential | None, moment: Moment
) -> tuple[OpenOrder, AttemptMade]:
    """Write down the next numbered try to pay; its bytes never change."""
    number = order.next_attempt
    document = encode_order(order.as_attempt(number, payment))
    attempt = StoredAttempt(number, document, credential)
    made = AttemptMade(order.id, number, document, credential, moment.now)
    return replace(order, attempts=(*order.attempts, attempt)), made


def request_of(checking: Checking) -> SendRequest:
    """Make the request of an attempt; a repeat is the very same message."""
    attempt = checking.attempt
    request = OrderRequest(
        id=checking.request,
        order=msgspec.Raw(attempt.document),
        answer_by=checking.answer_by,
        credential=attempt.credential,
    )
    return SendRequest(request, expires_s=2)


def in_hand(state: TillState, order: UUID, attempt: int) -> Checking | None:
    """Return the attempt the counter waits for, if it is this one."""
    counter = state.counter
    if not isinstance(counter, Checking) or counter.order.id != order:
        return None
    return counter if counter.attempt.number == attempt else None


# --- the hub's verdict, or its silence -----------------------------------------------


def on_verdict(state: TillState, verdict: Verdict, moment: Moment) -> Step:
    """Take in a verdict: of the attempt in hand, of a cancellation, or too late."""
    order = OrderId(verdict.order)
    answered = Commit(
        (AttemptAnswered(order, verdict.attempt, _word(verdict), verdict.anchor),)
    )
    checking = in_hand(state, order, verdict.attempt)
    if checking is not None:
        state, effects = _judged(state, checking, verdict, moment)
        return state, (answered, *effects)
    waiting = canceling.find(state, order)
    if waiting is not None and waiting.attempts[-1].number == verdict.attempt:
        state, effects = canceling.on_verdict(state, waiting, verdict, moment)
        return state, (answered, *effects)
    # Too late: the decision stands, the advice will tell the hub. Only the batch of a
    # booking is news.
    if isinstance(verdict, OrderBooked):
        batch = verdict.anchor.batch
        state = replace(state, book=state.book.booked(order, verdict.attempt, batch))
    return state, (answered,)


def _judged(
    state: TillState, checking: Checking, verdict: Verdict, moment: Moment
) -> Step:
    match verdict:
        case OrderBooked():
            decision = signing.decided(
                checking.order.attempts,
                checking.attempt.document,
                Outcome.COMPLETED,
                moment,
                path=Path.ONLINE,
                batch=verdict.anchor.batch,
                card_ns=checking.card_ns,
            )
            return complete(
                state,
                checking.order,
                decision,
                moment,
                balance=verdict.balance,
                card_ns=checking.card_ns,
            )
        case OrderDeclined():
            title, text = texts.decline_text(verdict.reason)
            balance = verdict.facts.balance
            decline = Decline(verdict.reason, title, text, balance)
            return at_counter(state, Declined(checking.order, decline)), ()
        case OrderConflict():
            note = Note(f"Order {verdict.order}: {verdict.text}", urgent=True)
            decline = _refusal(verdict.text)
            return at_counter(state, Declined(checking.order, decline)), (note,)
        case _:
            assert_never(verdict)


def on_rejected(
    state: TillState, checking: Checking, message: Rejected, moment: Moment
) -> Step:
    """Take in that the hub could not even look at the request in hand."""
    note = Note(f"Order {checking.order.id} rejected: {message.text}", urgent=True)
    if message.reason is RejectReason.HUB_FAULT:  # as good as no answer
        state, effects = stand_in(state, checking, moment)
        return state, (*effects, note)
    decline = _refusal(message.text)
    return at_counter(state, Declined(checking.order, decline)), (note,)


def _refusal(text: str) -> Decline:
    reason = DeclineReason.INCONSISTENT_ORDER
    title, advice = texts.decline_text(reason)
    return Decline(reason, title, f"{advice} The hub says: {text}", None)


def stand_in(state: TillState, checking: Checking, moment: Moment) -> Step:
    """Decide without the hub, as far as the allowance goes."""
    assert state.terms is not None
    since = state.connection.outage_since or moment.now
    order = checking.order
    judgment = state.book.judge(
        checking.wallet,
        order.basket.total.minor,
        state.terms.config.stand_in,
        int((moment.now - since).total_seconds()),
    )
    if not isinstance(judgment, Granted):
        title, text = texts.decline_text(judgment)
        decline = Decline(judgment, title, text, None)
        return at_counter(state, Declined(order, decline)), ()
    decision = signing.decided(
        order.attempts,
        checking.attempt.document,
        Outcome.COMPLETED,
        moment,
        path=Path.STAND_IN,
        basis_batch=judgment.basis_batch,
        card_ns=checking.card_ns,
    )
    return complete(state, order, decision, moment, card_ns=checking.card_ns)


def complete(
    state: TillState,
    order: OpenOrder,
    decision: Decided,
    moment: Moment,
    *,
    balance: Money | None = None,
    card_ns: int | None = None,
) -> Step:
    """Show the approval; the commit of the decision comes first among the effects."""
    approval = approval_of(state, decision, balance)
    state = at_counter(state, Approved(approval, card_ns))
    return signing.close(state, decision, order.attempts, moment)


def approval_of(
    state: TillState, decision: Decided, balance: Money | None = None
) -> Approval:
    """Describe a completed order to the cashier and the guest."""
    order = decode_order(decision.document)
    portal = "" if state.terms is None else state.terms.config.portal_url
    return Approval(
        order=order.id,
        total=order.total,
        balance=balance,
        stand_in=decision.path is Path.STAND_IN,
        cash=decision.wallet is None,
        receipt_url=f"{portal.rstrip('/')}/receipts/{order.id}" if portal else "",
    )


def _word(verdict: Verdict) -> str:
    match verdict:
        case OrderBooked():
            return "booked"
        case OrderDeclined():
            return f"declined:{verdict.reason.value}"
        case OrderConflict():
            return "conflict"
        case _:
            assert_never(verdict)
