"""Closing a Z number: summed up, journaled, signed, and sent until it is recorded.

The next order has the next number as soon as the closing is on disk; a silent hub or a
dead TSE holds nobody up.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final, assert_never

import msgspec

from contract.closing import closing_process_data, encode_closing
from contract.fiscal import FAULT_LENGTH_MAX, Outage
from contract.ids import OrderId
from contract.messages import Closing, ClosingIncomplete, ClosingRecorded
from contract.tse_news import plain
from edge.core import (
    ending,
    printing,
    rights,
    shifts,
    summing,
    texts,
    tse_swap,
    waiting,
)
from edge.core.effects import (
    ArchiveTse,
    BeginFiscal,
    CloseStray,
    Commit,
    FindFiscal,
    FinishFiscal,
    Note,
    Redeliver,
    SendRequest,
    SetAlarm,
    SumUp,
)
from edge.core.events import (
    ClosingDue,
    FiscalFailed,
    FiscalFinished,
    FiscalNotFound,
    FiscalOpened,
    FiscalStarted,
    TseMissed,
)
from edge.core.records import (
    AdvicesMissing,
    ClosingBegun,
    ClosingEnded,
    ClosingMade,
    ClosingSealed,
    StoredClosing,
)
from edge.core.state import PendingClosing, Selling, Summing, at_counter, chain
from edge.core.view import Banner, ClosedNumber, Tone

if TYPE_CHECKING:
    from collections.abc import Sequence

    from contract.fiscal import Signature
    from edge.core.events import FiscalEvent, SummedUp
    from edge.core.records import FiscalStart
    from edge.core.state import Moment, Step, TillState

AGAIN_MS: Final = 5_000
ANSWER_WITHIN_S: Final = 10
TSE_BACK_MS: Final = 600_000  # its self test, and somebody to confirm the clock
LOST: Final = "The till stopped before the TSE had signed the closing."

Answer = ClosingRecorded | ClosingIncomplete


def begin(state: TillState) -> Step:
    """Ask the journal for the orders of this Z number, when all of them have ended."""
    if state.terms is None:
        return state, ()
    reason = barred(state)
    if reason is not None:
        return replace(state, banner=reason), ()
    return at_counter(state, Summing()), (SumUp(state.z_number),)


def barred(state: TillState) -> Banner | None:
    """Say why this Z number can't be closed now; None when it can."""
    if state.terms is None:
        return texts.NO_CONFIG
    return rights.closing_barred(state) or _unready(state)


def on_summed(state: TillState, event: SummedUp, moment: Moment) -> Step:
    """Write the closing down; the next order has the next Z number."""
    if event.z_number != state.z_number:
        return state, ()
    if isinstance(state.counter, Summing):
        state = at_counter(state, Selling())
    elif not ending.may_take(state, event):
        return ending.put_off(state), ()
    state = replace(state, is_summing=False)
    if not event.orders:
        state, effects = tse_swap.closed(state, moment)
        return replace(state, banner=texts.NOTHING_TO_CLOSE), effects
    report = encode_closing(summing.report(state, event.orders, event.anchor, moment))
    made = ClosingMade(OrderId(moment.fresh), state.z_number, report, moment.now)
    pending = PendingClosing(made.id, made.z_number, report)
    state = replace(
        state,
        z_number=state.z_number + 1,
        z_orders=0,
        closings=(*state.closings, pending),
    )
    printed = None if state.identity.prints is None else False
    state = printing.told(state, ClosedNumber(made.z_number, printed=printed))
    state, swapped = tse_swap.closed(state, moment)
    return state, (Commit((made,)), *swapped, BeginFiscal(made.id))


def resume(state: TillState, found: StoredClosing) -> Step:
    """Go on with a closing that the hub has not recorded before a restart.

    It is no receipt that a guest waits for: one that is not signed waits for the TSE.
    """
    pending = printing.pending(found)
    pending = replace(pending, waits=not pending.is_sealed)
    state = replace(state, closings=(*state.closings, pending))
    if not pending.waits:
        return state, ()
    return state, (SetAlarm(TseMissed(pending.id), TSE_BACK_MS),)


def on_opened(state: TillState, event: FiscalOpened, moment: Moment) -> Step:
    """Have the TSE sign what waits for it since a restart."""
    waiting = tuple(each for each in state.closings if each.waits)
    return chain(
        state,
        *(lambda s, each=each: _go_on(s, each, event, moment) for each in waiting),
    )


def on_missed(state: TillState, closing: OrderId, moment: Moment) -> Step:
    """Seal a closing without a signature, if the TSE has not come back for it."""
    pending = find(state, closing)
    if pending is None or not pending.waits:
        return state, ()
    return _give_up(state, pending, LOST, moment)


def reopened(state: TillState, found: Sequence[StoredClosing]) -> TillState:
    """Send closings again that the hub had recorded before its ledger was restored."""
    known = {each.id: each for each in state.closings}
    for each in found:
        if each.id not in known and (each.signature or each.outage):
            known[each.id] = printing.pending(each)
    return replace(
        state,
        closings=tuple(sorted(known.values(), key=lambda each: each.z_number)),
    )


def find(state: TillState, closing: OrderId) -> PendingClosing | None:
    """Find a closing on its way to the hub."""
    return next((each for each in state.closings if each.id == closing), None)


def on_fiscal(
    state: TillState, pending: PendingClosing, event: FiscalEvent, moment: Moment
) -> Step:
    """Take in what the TSE did about a closing."""
    moved: Step = state, ()
    if pending.is_sealed:
        if isinstance(event, FiscalStarted):  # too late: nobody will finish it
            start = event.start
            moved = state, (CloseStray(start.number, start.tse_serial),)
        return moved
    match event:
        case FiscalStarted(start=start):
            pending = replace(pending, start=start)
            state, effects = _finish(state, pending, start)
            moved = state, (Commit((ClosingBegun(pending.id, start),)), *effects)
        case FiscalFinished(signature=signature):
            moved = _seal(state, pending, signature=signature)
        case FiscalFailed(silent=True) if pending.start and not pending.searched:
            state = _changed(state, replace(pending, searched=True))
            moved = state, (FindFiscal(pending.id, pending.start),)
        case FiscalFailed(reason=reason):
            moved = _give_up(state, pending, reason, moment)
        case FiscalNotFound() if pending.start and pending.look_first:
            moved = _finish(state, pending, pending.start)
        case FiscalNotFound():
            reason = "The TSE did not answer and has no signature of this closing."
            moved = _give_up(state, pending, reason, moment)
        case FiscalOpened():
            pass
        case _:
            assert_never(event)
    return moved


def send_if_due(state: TillState, moment: Moment) -> Step:
    """Send the oldest closing that is signed, once all before it are delivered."""
    first = state.closings[0]
    if not (state.connection.up and first.is_sealed and first.request is None):
        return state, ()
    message = Closing(
        id=moment.second,
        report=msgspec.Raw(first.report),
        signature=first.signature,
        outage=first.outage,
    )
    state = _changed(state, replace(first, request=message.id))
    return state, (
        SendRequest(message, ANSWER_WITHIN_S),
        SetAlarm(ClosingDue(first.id), AGAIN_MS),
    )


def on_due(state: TillState, closing: OrderId) -> Step:
    """Let an unanswered closing be sent again."""
    pending = find(state, closing)
    if pending is None:
        return state, ()
    return _changed(state, replace(pending, request=None)), ()


def on_answer(state: TillState, answer: Answer) -> Step:
    """Take in that the hub has recorded a closing, or what it lacks for that."""
    pending = next((e for e in state.closings if e.z_number == answer.z_number), None)
    if pending is None:
        return state, ()
    if isinstance(answer, ClosingIncomplete):
        missing = tuple((each.first, each.last) for each in answer.missing)
        note = f"The hub lacks orders of Z {answer.z_number}; they are sent again."
        # The alarm that is set already sends the closing again, after them.
        return state, (Commit((AdvicesMissing(missing),)), Redeliver(), Note(note))
    left = tuple(each for each in state.closings if each.id != pending.id)
    state = printing.tell(state, pending.z_number, recorded=True)
    ended = Commit((ClosingEnded(pending.id, answer.anchor),))
    notes = tuple(
        Note(f"The hub recorded Z {answer.z_number}, but flagged it: {flag.value}.")
        for flag in answer.flags
    )
    return replace(state, closings=left), (ended, *notes)


def on_rejected(state: TillState, pending: PendingClosing, text: str) -> Step:
    """Take in that the hub can't take a closing; it is sent again all the same."""
    banner = Banner(
        Tone.CALL_THE_TECHNICIAN,
        "The hub refuses a closing",
        f"Z {pending.z_number} is kept in this till. The hub says: {text}",
    )
    note = Note(
        f"The hub refuses the closing Z {pending.z_number}: {text}", urgent=True
    )
    return replace(state, banner=banner), (note,)


def _unready(state: TillState) -> Banner | None:
    if not ending.is_idle(state):
        return texts.ORDER_OPEN
    if not state.z_orders:
        return texts.NOTHING_TO_CLOSE
    runs = shifts.closing_barred(state)
    if runs is not None or ending.may_close(state):
        return runs
    return waiting.naming(state, texts.NOT_YET_CLOSED)


def _go_on(
    state: TillState, pending: PendingClosing, event: FiscalOpened, moment: Moment
) -> Step:
    start = pending.start
    if start is None:  # what was begun, if anything was, is closed as a stray one
        state = _changed(state, replace(pending, waits=False))
        return state, (BeginFiscal(pending.id),)
    if start.tse_serial not in {"", event.serial}:
        return _give_up(state, pending, LOST, moment)
    state = _changed(state, replace(pending, waits=False, look_first=True))
    return state, (FindFiscal(pending.id, start),)


def _finish(state: TillState, pending: PendingClosing, start: FiscalStart) -> Step:
    data = closing_process_data(pending.report)
    state = _changed(state, replace(pending, look_first=False))
    return state, (FinishFiscal(pending.id, start, data),)


def _seal(
    state: TillState,
    pending: PendingClosing,
    *,
    signature: Signature | None = None,
    outage: Outage | None = None,
) -> Step:
    sealed = replace(pending, signature=signature, outage=outage, waits=False)
    commit = Commit((ClosingSealed(pending.id, signature, outage),))
    state = printing.tell(state, pending.z_number, signed=signature is not None)
    state, effects = printing.closed(_changed(state, sealed), sealed)
    if signature is not None:
        archive = ArchiveTse(signature.tse_serial, signature.number)
        effects = (*effects, archive)
    return state, (commit, *effects)


def _give_up(
    state: TillState, pending: PendingClosing, reason: str, moment: Moment
) -> Step:
    start: FiscalStart | None = pending.start
    outage = Outage(
        since=state.unit.down_since or moment.now,
        reason=plain(reason, FAULT_LENGTH_MAX),
        number=start.number if start else None,
    )
    if start is not None:
        state = tse_swap.left_open(state, start)
    return _seal(state, pending, outage=outage)


def _changed(state: TillState, pending: PendingClosing) -> TillState:
    return replace(
        state,
        closings=tuple(
            pending if each.id == pending.id else each for each in state.closings
        ),
    )
