"""Paying: numbered attempts, the hub's word on each, or its silence.

What an order needs before it completes is said by `contract.ask_first`: nothing, a
check (then money is taken, and the advice books), or a request (which books).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final, assert_never

import msgspec

from contract.ids import OrderId, WalletSerial
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
)
from edge.core import (
    canceling,
    counting,
    events,
    leaving,
    registers,
    repricing,
    signing,
    texts,
)
from edge.core.acts import WristbandAct
from edge.core.effects import (
    ChargeCard,
    Commit,
    DeliverNow,
    Note,
    SendRequest,
    SetAlarm,
)
from edge.core.open_order import reference, with_attempt
from edge.core.records import AttemptAnswered
from edge.core.standin import Granted
from edge.core.state import (
    Approved,
    Charging,
    Checking,
    Collecting,
    Declined,
    at_counter,
)
from edge.core.view import Approval, Decline

if TYPE_CHECKING:
    from uuid import UUID

    from contract.messages import Facts, OrderChecked, Rejected
    from contract.money import Money
    from contract.order import Order
    from contract.token import Credential
    from edge.core.canceling import Verdict
    from edge.core.open_order import OpenOrder
    from edge.core.records import Decided
    from edge.core.state import Moment, Step, TillState

REPEAT_AFTER_MS: Final = 400
SILENT_AFTER_MS: Final = 1_500
PRACTICED_AFTER_MS: Final = 2_000  # what a guest takes to hold a card, roughly

_GO_ON_ALONE: Final = frozenset(
    {OrderKind.TOP_UP, OrderKind.TICKET, OrderKind.SHIFT_END}
)


def attempt(  # noqa: PLR0913 - the parts of one try, all named
    state: TillState,
    order: OpenOrder,
    payment: Payment | None,
    moment: Moment,
    *,
    credential: Credential | None = None,
    card_ns: int | None = None,
    vouchers: int = 0,
    repriced: bool = False,
) -> Step:
    """Journal the next try to pay, then do what such an order needs first."""
    tried = order.as_attempt(order.next_attempt, payment, vouchers)
    order, made = with_attempt(order, tried, credential, moment.now)
    asked = ask_first(tried)
    journaled = Commit((made,))
    if asked is Ask.NOTHING:
        state, effects = take_money(state, order, moment, checked=True)
        return state, (journaled, *effects)
    wallet = None if payment is None else payment.wallet
    checking = Checking(
        order=order,
        wallet=None if wallet is None else WalletSerial(wallet),
        card_ns=card_ns,
        request=moment.second,
        answer_by=moment.now + timedelta(milliseconds=SILENT_AFTER_MS),
        asked=asked,
        note=order.content.comment if isinstance(order.content, WristbandAct) else None,
        repriced=repriced,
        booked=registers.booked(state),
    )
    state = replace(at_counter(state, checking), banner=None)
    if not state.connection.up:  # decided at once, in the same commit
        return state, (journaled,)
    # Where log-outs come first, the repeat is what asks.
    later = leaving.comes_before(state, tried)
    return state, (
        journaled,
        DeliverNow() if later else request_of(checking),
        SetAlarm(events.RepeatRequest(order.id, made.attempt), REPEAT_AFTER_MS),
        SetAlarm(events.RequestExpired(order.id, made.attempt), SILENT_AFTER_MS),
    )


def take_money(
    state: TillState, order: OpenOrder, moment: Moment, *, checked: bool
) -> Step:
    """Go on when the hub need not be asked, or not again: money changes hands."""
    tried = decode_order(order.attempts[-1].document)
    method = None if tried.payment is None else tried.payment.method
    if method is PaymentMethod.CARD:
        charge = _charge(tried, order)
        return at_counter(state, Charging(order, checked)), (charge,)
    collects = tried.cash is None and ask_first(_in_earnest(tried)) is Ask.CHECK
    if method is PaymentMethod.CASH and collects:
        return at_counter(state, Collecting(order, checked)), ()
    return settle(state, order, moment, checked=checked)


def _charge(tried: Order, order: OpenOrder) -> ChargeCard | SetAlarm:
    """Ask the card terminal; in training nobody, but the screen stands for a while."""
    asked = reference(order.id, tried.attempt)
    if tried.training:
        return SetAlarm(events.ChargeDue(order.id, asked), PRACTICED_AFTER_MS)
    return ChargeCard(order.id, asked, tried.total)


def _in_earnest(tried: Order) -> Order:
    """Return what the order would be if it were real: practice shows its screens."""
    return msgspec.structs.replace(tried, training=False)


def settle(
    state: TillState, order: OpenOrder, moment: Moment, *, checked: bool
) -> Step:
    """Complete an order that its advice will book."""
    decision = signing.decided(
        order.attempts,
        order.attempts[-1].document,
        Outcome.COMPLETED,
        moment,
        path=None if checked else Path.STAND_IN,
    )
    return complete(state, order, decision, moment)


def request_of(checking: Checking) -> SendRequest:
    """Make the question about an attempt; a repeat is the very same message."""
    tried = checking.attempt
    body = msgspec.Raw(tried.document)
    if checking.asked is Ask.CHECK:
        check = OrderCheck(
            id=checking.request,
            order=body,
            answer_by=checking.answer_by,
            credential=tried.credential,
        )
        return SendRequest(check, expires_s=2)
    request = OrderRequest(
        id=checking.request,
        order=body,
        answer_by=checking.answer_by,
        credential=tried.credential,
        note=checking.note,
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


def on_checked(state: TillState, message: OrderChecked, moment: Moment) -> Step:
    """Take in that an order could be booked: now money may change hands."""
    checking = in_hand(state, message.order, message.attempt)
    if checking is not None and checking.asked is Ask.CHECK:
        return _checked(state, checking, message.facts, moment)
    waiting = canceling.find(state, OrderId(message.order))
    if waiting is not None and waiting.attempts[-1].number == message.attempt:
        return canceling.on_checked(state, waiting, moment)
    return state, ()


def _checked(
    state: TillState, checking: Checking, facts: Facts, moment: Moment
) -> Step:
    order = checking.order
    held = counting.in_register(checking, facts)
    if held is None:
        return take_money(state, order, moment, checked=True)
    if checking.answered:
        return state, ()
    if not counting.has_all(state, checking):
        due = events.CountDue(order.id, checking.attempt.number)
        waiting = at_counter(state, replace(checking, answered=True))
        return waiting, (SetAlarm(due, counting.AGAIN_MS),)
    state, effects = registers.told(state, _register(checking), held)
    fitting = counting.compared(order, held)
    if fitting is None:
        state, more = take_money(state, order, moment, checked=True)
    else:
        state, more = _again(state, replace(checking, order=fitting), moment)
    return state, (*effects, *more)


def on_count_due(
    state: TillState, order: OrderId, attempt_number: int, moment: Moment
) -> Step:
    """Ask again what a count is to be compared with."""
    checking = in_hand(state, order, attempt_number)
    if checking is None:
        return state, ()
    return _again(state, checking, moment)


def _again(state: TillState, checking: Checking, moment: Moment) -> Step:
    is_cash = bool(checking.order.total.minor)
    payment = Payment(method=PaymentMethod.CASH) if is_cash else None
    return attempt(state, checking.order, payment, moment)


def _register(checking: Checking) -> str:
    return decode_order(checking.attempt.document).cash_register


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
                vouchers=verdict.vouchers,
                card_ns=checking.card_ns,
            )
        case OrderDeclined():
            return _declined(state, checking, verdict, moment)
        case OrderConflict():
            note = Note(f"Order {verdict.order}: {verdict.text}", urgent=True)
            decline = _refusal(verdict.text)
            return at_counter(state, Declined(checking.order, decline)), (note,)
        case _:
            assert_never(verdict)


def _declined(
    state: TillState, checking: Checking, verdict: OrderDeclined, moment: Moment
) -> Step:
    if _is_counted_all_the_same(checking, verdict):
        return stand_in(state, checking, moment)
    anew = repricing.after(checking, verdict)
    if anew is not None:
        tried = decode_order(checking.attempt.document)
        return attempt(
            state,
            anew.order,
            tried.payment,
            moment,
            credential=checking.attempt.credential,
            card_ns=checking.card_ns,
            vouchers=anew.vouchers,
            repriced=True,
        )
    title, text = texts.decline_text(verdict.reason)
    text = texts.with_facts(text, verdict, checking.order.catalogue)
    decline = Decline(verdict.reason, title, text, verdict.facts.balance, verdict.facts)
    return at_counter(state, Declined(checking.order, decline)), ()


def _is_counted_all_the_same(checking: Checking, verdict: OrderDeclined) -> bool:
    """Whether a till that was revoked counts its drawer out: that cash is there.

    The hub sets its advice aside, until somebody has looked at it.
    """
    is_end = checking.order.content.kind is OrderKind.SHIFT_END
    return is_end and verdict.reason is DeclineReason.UNKNOWN_TILL


def on_rejected(
    state: TillState, checking: Checking, message: Rejected, moment: Moment
) -> Step:
    """Take in that the hub could not even look at the question in hand."""
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
    """Decide without the hub, as far as such an order may go on without it."""
    kind = checking.order.content.kind
    if decode_order(checking.attempt.document).presale:
        return at_counter(state, _presale_unheard(checking)), ()
    if checking.asked is Ask.CHECK and kind in _GO_ON_ALONE:
        return take_money(state, checking.order, moment, checked=False)
    if kind is OrderKind.BLOCK:
        return _block(state, checking, moment)
    if kind is OrderKind.SALE:
        return _sell_alone(state, checking, moment)
    return at_counter(state, _unheard(checking, DeclineReason.HUB_SILENT)), ()


def _sell_alone(state: TillState, checking: Checking, moment: Moment) -> Step:
    """Sell from the wallet as far as the allowance goes, and never for vouchers."""
    assert state.terms is not None
    assert checking.wallet is not None
    order, tried = checking.order, decode_order(checking.attempt.document)
    commits: tuple[Commit, ...] = ()
    if tried.vouchers:
        tried = order.as_attempt(order.next_attempt, tried.payment)
        credential = checking.attempt.credential
        order, made = with_attempt(order, tried, credential, moment.now)
        commits = (Commit((made,)),)
    since = state.connection.outage_since or moment.now
    judgment = state.book.judge(
        checking.wallet,
        tried.total_minor,
        state.terms.config.stand_in,
        int((moment.now - since).total_seconds()),
    )
    if not isinstance(judgment, Granted):
        declined = _unheard(replace(checking, order=order), judgment)
        return at_counter(state, declined), commits
    decision = signing.decided(
        order.attempts,
        order.attempts[-1].document,
        Outcome.COMPLETED,
        moment,
        path=Path.STAND_IN,
        basis_batch=judgment.basis_batch,
        card_ns=checking.card_ns,
    )
    state, effects = complete(state, order, decision, moment, card_ns=checking.card_ns)
    return state, (*commits, *effects)


def _block(state: TillState, checking: Checking, moment: Moment) -> Step:
    """Block here and now; the advice tells the hub when it is there again."""
    act = checking.order.content
    assert isinstance(act, WristbandAct)
    if not act.blocked:
        return at_counter(state, _unheard(checking, DeclineReason.HUB_SILENT)), ()
    assert act.wristband is not None
    state = replace(state, book=state.book.blocking(act.wristband))
    return settle(state, checking.order, moment, checked=False)


def _unheard(checking: Checking, reason: DeclineReason) -> Declined:
    title, text = texts.decline_text(reason)
    return Declined(checking.order, Decline(reason, title, text, None))


def _presale_unheard(checking: Checking) -> Declined:
    title, text = texts.PRESALE_NEEDS_HUB
    decline = Decline(DeclineReason.HUB_SILENT, title, text, None)
    return Declined(checking.order, decline)


def complete(  # noqa: PLR0913 - what is shown of an order, all named
    state: TillState,
    order: OpenOrder,
    decision: Decided,
    moment: Moment,
    *,
    balance: Money | None = None,
    vouchers: int | None = None,
    card_ns: int | None = None,
) -> Step:
    """Show the approval; the commit of the decision comes first among the effects."""
    approval = approval_of(state, decision, balance, vouchers)
    state = at_counter(state, Approved(approval, card_ns))
    return signing.close(state, decision, order.attempts, moment)


def approval_of(
    state: TillState,
    decision: Decided,
    balance: Money | None = None,
    vouchers: int | None = None,
) -> Approval:
    """Describe a completed order to the cashier and the guest."""
    order = decode_order(decision.document)
    payment = order.payment
    portal = "" if state.terms is None else state.terms.config.portal_url
    return Approval(
        order=order.id,
        total=order.total,
        balance=balance,
        stand_in=decision.path is Path.STAND_IN,
        cash=payment is not None and payment.method is PaymentMethod.CASH,
        receipt_url=f"{portal.rstrip('/')}/receipts/{order.id}" if portal else "",
        kind=order.kind,
        vouchers=vouchers,
        training=order.training,
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
