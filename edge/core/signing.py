"""After the decision: a closed order gets its signature or its outage, and is sealed.

Nothing here holds the counter up. An order whose fiscal transaction the TSE did not
begin or finish is sealed with an outage; nothing is signed later (AEAO zu section 146a
AO).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, assert_never

import msgspec

from contract.fiscal import FAULT_LENGTH_MAX, Outage, process_data
from contract.ids import OrderId, WalletSerial
from contract.messages import (
    EarlierAttempt,
    LampState,
    OrderAdvice,
    encode_advice,
)
from contract.order import Outcome, PaymentMethod, decode_order, order_digest
from contract.tse_news import plain
from edge.core import closing, printing, shifts, tse_news, tse_swap
from edge.core.effects import (
    BeginFiscal,
    CloseStray,
    Commit,
    Deliver,
    FindFiscal,
    FinishFiscal,
    Note,
)
from edge.core.events import (
    FiscalFailed,
    FiscalFinished,
    FiscalNotFound,
    FiscalOpened,
    FiscalStarted,
)
from edge.core.records import AdviceSealed, Decided, FiscalBegun, FiscalStart, Spend
from edge.core.state import ClosedOrder, Moment, Stage, Step, TillState, chain

if TYPE_CHECKING:
    from contract.fiscal import Signature
    from contract.messages import Lamp
    from contract.order import Order, Path
    from edge.core.events import FiscalEvent
    from edge.core.records import StoredAttempt

LOST_START = "The till stopped before the TSE's answer was on disk."


def begin(state: TillState, order: OrderId) -> Step:
    """Begin the fiscal transaction of an order that has just been opened."""
    unit = state.unit
    if unit.incoming is not None and unit.down_since is not None:
        barred = Outage(since=unit.down_since, reason=unit.down_because)
        return replace(state, fiscal={**state.fiscal, order: barred}), ()
    return replace(state, fiscal={**state.fiscal, order: None}), (BeginFiscal(order),)


def decided(  # noqa: PLR0913 - the parts of one record, all named
    attempts: tuple[StoredAttempt, ...],
    document: bytes,
    outcome: Outcome,
    moment: Moment,
    *,
    path: Path | None = None,
    batch: int | None = None,
    basis_batch: int | None = None,
    card_ns: int | None = None,
) -> Decided:
    """Write down how an order ended, with the text the TSE will sign."""
    order = decode_order(document)
    moves = outcome is Outcome.COMPLETED and not order.training
    took = None if card_ns is None else (moment.monotonic_ns - card_ns) // 1000
    return Decided(
        order=OrderId(order.id),
        attempt=attempts[-1].number if attempts else 0,
        document=document,
        outcome=outcome,
        path=path,
        decided_at=moment.now,
        process_data=process_data(order, outcome),
        total_minor=order.total_minor,
        wallet=None if order.training else _wallet_of(order),
        batch=batch,
        basis_batch=basis_batch,
        card_to_decision_us=took,
        charges=_charges(order) if moves else (),
        register=order.cash_register,
        cash_minor=_cash(order) if moves else 0,
    )


def close(
    state: TillState,
    decision: Decided,
    attempts: tuple[StoredAttempt, ...],
    moment: Moment,
) -> Step:
    """Put a decision on disk and its order into the signing queue."""
    closed = ClosedOrder(decision=decision, attempts=attempts)
    book = state.book
    for wallet, charged in decision.charges:
        spend = Spend(
            order=decision.order,
            attempt=decision.attempt,
            wallet=wallet,
            total_minor=charged,
            batch=decision.batch,
        )
        book = book.spent(spend)
    state = replace(
        state,
        book=book,
        registers=_with_cash(state, decision),
        signing=(*state.signing, closed),
        undelivered={**state.undelivered, decision.order: None},
        last_at=max(moment.now, state.last_at or moment.now),
    )
    state = printing.decided(state, decision)
    state, effects = chain(
        state,
        lambda s: _shift(s, decision),
        lambda s: advance(s, closed, moment),
    )
    return state, (Commit((decision,)), *effects)


def _shift(state: TillState, decision: Decided) -> Step:
    if decision.outcome is not Outcome.COMPLETED:
        return state, ()
    return shifts.noted(state, decode_order(decision.document))


def advance(state: TillState, closed: ClosedOrder, moment: Moment) -> Step:
    """Take a closed order as far as what is known of its fiscal transaction lets us."""
    order = closed.decision.order
    fiscal = state.fiscal.get(order)
    match fiscal:
        case None:
            return state, ()
        case Outage():
            return _seal(state, closed, outage=fiscal)
        case FiscalStart() if closed.stage is not Stage.WAITING:
            return state, ()
        case FiscalStart() if closed.look_first:
            state = _staged(state, closed, Stage.FINDING)
            return state, (FindFiscal(order, fiscal),)
        case FiscalStart():
            return _finish(state, closed, fiscal)
        case _:
            assert_never(fiscal)


def on_lamp(state: TillState, lamp: Lamp, moment: Moment) -> TillState:
    """Take in how the TSE says that it is: an idle one fails, too."""
    state = replace(state, unit=replace(state.unit, lamp=lamp))
    if lamp.state is LampState.BAD:
        return tse_news.failing(state, lamp.text, moment)
    return state if lamp.state is LampState.UNKNOWN else tse_news.working(state)


def on_fiscal(state: TillState, event: FiscalEvent, moment: Moment) -> Step:
    """Take in what the TSE did, or did not do."""
    if not isinstance(event, FiscalOpened):
        pending = closing.find(state, event.order)
        if pending is not None:
            return closing.on_fiscal(state, pending, event, moment)
    return chain(
        state,
        lambda s: _heard(s, event, moment),
        lambda s: _closings_wait_no_more(s, event, moment),
        _close_leftovers,
    )


def _heard(state: TillState, event: FiscalEvent, moment: Moment) -> Step:
    match event:
        case FiscalOpened():
            return tse_swap.opened(state, event, moment)
        case FiscalStarted(order=order, start=start):
            return _started(state, order, start, moment)
        case FiscalFinished(order=order, signature=signature):
            return _signed(state, order, signature)
        case FiscalFailed():
            return _failed(state, event, moment)
        case FiscalNotFound(order=order):
            return _not_found(state, order, moment)
        case _:
            assert_never(event)


def _closings_wait_no_more(
    state: TillState, event: FiscalEvent, moment: Moment
) -> Step:
    if not isinstance(event, FiscalOpened):
        return state, ()
    return closing.on_opened(state, event, moment)


def _close_leftovers(state: TillState) -> Step:
    # While a start is under way its number can't be told from a stray one.
    if state.unit.down_since or any(start is None for start in state.fiscal.values()):
        return state, ()
    unit = state.unit
    strays = tuple(CloseStray(number, unit.serial) for number in unit.leftovers)
    return replace(state, unit=replace(unit, leftovers=())), strays


def _started(
    state: TillState, order: OrderId, start: FiscalStart, moment: Moment
) -> Step:
    state = _known(state, start)
    if state.fiscal.get(order, start) is not None:
        # Too late: an outage is on record.
        return state, (CloseStray(start.number, start.tse_serial),)
    state = tse_news.working(replace(state, fiscal={**state.fiscal, order: start}))
    commit = Commit((FiscalBegun(order, start),))
    closed = _in_signing(state, order)
    if closed is None:
        return state, (commit,)
    state, effects = advance(state, closed, moment)
    return state, (commit, *effects)


def _signed(state: TillState, order: OrderId, signature: Signature) -> Step:
    closed = _in_signing(state, order)
    if closed is None:
        return state, (
            Note(f"A signature for order {order} came after its advice was sealed."),
        )
    return _seal(tse_news.working(state), closed, signature=signature)


def _failed(state: TillState, event: FiscalFailed, moment: Moment) -> Step:
    state = tse_news.failing(state, event.reason, moment)
    closed = _in_signing(state, event.order)
    start = state.fiscal.get(event.order)
    note = Note(f"Order {event.order}: {event.reason}")
    if (
        closed is not None
        and isinstance(start, FiscalStart)
        and closed.stage is Stage.FINISHING
        and event.silent
    ):
        closed = replace(closed, silent_since=state.unit.down_since)
        state = _staged(state, closed, Stage.FINDING, look_first=False)
        return state, (note, FindFiscal(event.order, start))
    return _give_up(state, event.order, event.reason, moment, note)


def _not_found(state: TillState, order: OrderId, moment: Moment) -> Step:
    closed, start = _in_signing(state, order), state.fiscal.get(order)
    if closed is None or not isinstance(start, FiscalStart):
        return state, ()
    if closed.look_first:
        return _finish(state, closed, start)
    reason = "The TSE did not answer and has no signature of this order."
    return _give_up(state, order, reason, moment, Note(f"Order {order}: {reason}"))


def _give_up(
    state: TillState, order: OrderId, reason: str, moment: Moment, note: Note
) -> Step:
    if order not in state.fiscal:
        return state, (note,)
    start, closed = state.fiscal[order], _in_signing(state, order)
    # The TSE may be back by now: it's the outage that the order fell into.
    fell = closed.silent_since if closed else None
    outage = Outage(
        since=fell or state.unit.down_since or moment.now,
        reason=plain(reason, FAULT_LENGTH_MAX),
        number=start.number if isinstance(start, FiscalStart) else None,
    )
    state = replace(state, fiscal={**state.fiscal, order: outage})
    if isinstance(start, FiscalStart):
        state = tse_swap.left_open(state, start)
    if closed is None:
        return state, (note,)
    state, effects = advance(state, closed, moment)
    return state, (*effects, note)


def _finish(state: TillState, closed: ClosedOrder, start: FiscalStart) -> Step:
    decision = closed.decision
    state = _staged(state, closed, Stage.FINISHING, look_first=False)
    return state, (FinishFiscal(decision.order, start, decision.process_data),)


def _seal(
    state: TillState,
    closed: ClosedOrder,
    *,
    signature: Signature | None = None,
    outage: Outage | None = None,
) -> Step:
    decision = closed.decision
    deciding = next(
        (each for each in closed.attempts if each.number == decision.attempt), None
    )
    advice = encode_advice(
        OrderAdvice(
            order=msgspec.Raw(decision.document),
            earlier=tuple(
                EarlierAttempt(
                    attempt=each.number, digest=order_digest(each.document).hex()
                )
                for each in closed.attempts
                if 0 < each.number < decision.attempt
            ),
            outcome=decision.outcome,
            path=decision.path,
            decided_at=decision.decided_at,
            credential=deciding.credential if deciding else None,
            basis_batch=decision.basis_batch,
            signature=signature,
            outage=outage,
        )
    )
    order = decision.order
    state = replace(
        state,
        signing=tuple(each for each in state.signing if each.decision.order != order),
        fiscal={key: value for key, value in state.fiscal.items() if key != order},
    )
    record = AdviceSealed(order, advice, signature=signature, outage=outage)
    return state, (
        Commit((record,)),
        Deliver((order,)),
        *printing.sealed(state, order),
    )


def _wallet_of(order: Order) -> WalletSerial | None:
    if order.payment is None or order.payment.wallet is None:
        return None
    return WalletSerial(order.payment.wallet)


def _charges(order: Order) -> tuple[tuple[WalletSerial, int], ...]:
    """Say what each wallet gives by an order; what it gains otherwise is no promise."""
    charged: dict[WalletSerial, int] = {}
    payer = _wallet_of(order)
    if payer is not None:
        charged[payer] = order.total_minor
    for credit in order.credits:
        if credit.amount_minor < 0:
            wallet = WalletSerial(credit.wallet)
            charged[wallet] = charged.get(wallet, 0) - credit.amount_minor
    return tuple(charged.items())


def _with_cash(state: TillState, decision: Decided) -> dict[str, int]:
    known = dict(state.registers)
    if decision.cash_minor:
        before = known.get(decision.register, 0)
        known[decision.register] = before + decision.cash_minor
    return known


def _cash(order: Order) -> int:
    """Say what an order puts into its register."""
    payment = order.payment
    in_cash = payment is not None and payment.method is PaymentMethod.CASH
    return order.total_minor if in_cash else 0


def _in_signing(state: TillState, order: OrderId) -> ClosedOrder | None:
    return next((each for each in state.signing if each.decision.order == order), None)


def _staged(
    state: TillState, closed: ClosedOrder, stage: Stage, *, look_first: bool = True
) -> TillState:
    moved = replace(closed, stage=stage, look_first=closed.look_first and look_first)
    return replace(
        state,
        signing=tuple(
            moved if each.decision.order == closed.decision.order else each
            for each in state.signing
        ),
    )


def _known(state: TillState, start: FiscalStart) -> TillState:
    left = tuple(each for each in state.unit.leftovers if each != start.number)
    return replace(state, unit=replace(state.unit, leftovers=left))
