"""Shifts at a till: each has a Z number of its own.

A close-out ends the Z number, and so does a register that is handed to another cashier:
the till closes it by itself (`edge.core.ending`), and no shift begins before it has.
Only another TSE divides a shift, for one Z number is signed by one TSE.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec

from contract.order import OrderKind
from contract.shift import Turn, turn_of
from edge.core import registers, texts, waiting
from edge.core.acts import CashAct
from edge.core.effects import Commit
from edge.core.records import ShiftTurned
from edge.core.state import Shift

if TYPE_CHECKING:
    from contract.order import Order
    from edge.core.acts import Act
    from edge.core.state import Step, TillState
    from edge.core.view import Banner


def noted(state: TillState, order: Order) -> Step:
    """Take in a completed order: it may begin or end the shift at this till."""
    turn = turn_of(order)
    if turn is None:
        return state, ()
    shift = Shift(
        z_number=order.z_number,
        is_running=turn is not Turn.ENDS,
        is_over=turn is not Turn.BEGINS,
        register=order.cash_register,
        holder="" if order.cash is None else order.cash.holder,
    )
    return _turned(state, shift)


def is_over(state: TillState) -> bool:
    """Say whether the shift of this Z number has ended, and the Z number with it."""
    shift = state.shift
    return shift is not None and shift.is_over and shift.z_number == state.z_number


def is_pending(state: TillState) -> bool:
    """Say whether something goes on behind the counter that may last."""
    return bool(state.cancellations or state.charges or state.lookups)


def opening_barred(state: TillState) -> Banner | None:
    """Say why no order can be opened now; None when it can.

    It is a moment: a Z number that has ended is closed. Where that takes longer, for a
    cancellation waits for a silent hub, the till goes on in it.
    """
    return texts.SHIFT_ENDS if is_over(state) and not is_pending(state) else None


def closing_barred(state: TillState) -> Banner | None:
    """Say why nobody may close the till by hand: a shift would be divided."""
    shift, terms = state.shift, state.terms
    if shift is None or terms is None or not shift.is_running:
        return None
    may_end = OrderKind.SHIFT_END in terms.config.profile.kinds
    return texts.SHIFT_RUNS if may_end else None


def turned_away(state: TillState, act: Act) -> Step | None:
    """Say why no shift can begin now, nor be passed on; None when it can.

    A shift with another register is over then; that with this one goes on, unless the
    hub has said at a log-in that its register is somebody else's by now, or nobody's.
    """
    if not isinstance(act, CashAct) or state.training:
        return None
    later = replace(state, banner=waiting.naming(state, texts.SHIFT_ENDS))
    if act.kind is OrderKind.SHIFT_START and _has_shift(state):
        if is_over(state):
            return later, ()
        if _is_with(state, registers.key(state)):
            return replace(state, banner=texts.SHIFT_RUNS), ()
        return _turned(later, _ended(state))
    if not _is_handed_over(state, act):
        return None
    busy = state.signing or is_pending(state)
    return (later, ()) if busy or is_over(state) else None


def told(state: TillState, cashier: str, register: str | None) -> Step:
    """Take in whose register it is, said by a ledger that has all of this till's cash.

    The shift here is over, if its register was counted or handed on at another till.
    """
    shift = state.shift
    if shift is None or not shift.is_running or not shift.holder or is_over(state):
        return state, ()
    is_holder = cashier == shift.holder
    is_theirs = register is not None if is_holder else register != shift.register
    if is_theirs:
        return state, ()
    if state.z_orders:
        return _turned(state, _ended(state))
    return _turned(
        state, msgspec.structs.replace(shift, is_running=False, is_over=False)
    )


def remembered(document: bytes) -> Shift | None:
    """Read the latest turn before a restart; none if it can't be read."""
    if not document:
        return None
    try:
        return msgspec.json.decode(document, type=Shift)
    except msgspec.DecodeError:
        return None


def _has_shift(state: TillState) -> bool:
    shift = state.shift
    if shift is None:
        return False
    return shift.z_number == state.z_number or (
        shift.is_running and bool(state.z_orders)
    )


def _is_with(state: TillState, register: str) -> bool:
    assert state.shift is not None
    return state.shift.register in {"", register}


def _is_handed_over(state: TillState, act: CashAct) -> bool:
    is_ours = act.move.target.key == registers.key(state)
    return act.kind is OrderKind.CASH_TRANSFER and bool(act.move.holder) and is_ours


def _ended(state: TillState) -> Shift:
    return Shift(z_number=state.z_number, is_running=False, is_over=True)


def _turned(state: TillState, shift: Shift) -> Step:
    turned = ShiftTurned(msgspec.json.encode(shift))
    return replace(state, shift=shift), (Commit((turned,)),)
