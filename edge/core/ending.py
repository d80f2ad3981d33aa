"""When a Z number may end, and when the till ends it by itself.

A till closes a Z number unasked where it can't go on: its shift is over, or another TSE
is plugged in. It does so in the first moment in which nothing of it is open.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from edge.core import shifts
from edge.core.effects import SumUp
from edge.core.state import Approved, Selling

if TYPE_CHECKING:
    from edge.core.events import SummedUp
    from edge.core.state import Step, TillState


def settle(state: TillState) -> Step:
    """Have the Z number summed up, when it must end and nothing of it is open."""
    is_due = state.unit.incoming is not None or shifts.is_over(state)
    if not is_due or state.is_summing or not may_close(state):
        return state, ()
    return replace(state, is_summing=True), (SumUp(state.z_number),)


def may_close(state: TillState) -> bool:
    """Say whether no order is open, nor on its way to a signature."""
    busy = state.signing or shifts.is_pending(state)
    return is_idle(state) and not busy and state.terms is not None


def is_idle(state: TillState) -> bool:
    """Say whether no order is open at the counter."""
    counter = state.counter
    return isinstance(counter, Approved) or (
        isinstance(counter, Selling) and counter.order is None
    )


def may_take(state: TillState, event: SummedUp) -> bool:
    """Say whether these are all orders of the Z number, and it may be closed now."""
    last = event.orders[-1].sequence if event.orders else state.next_sequence - 1
    return state.is_summing and may_close(state) and last >= state.next_sequence - 1


def put_off(state: TillState) -> TillState:
    """Wait for the next moment in which nothing is open."""
    return replace(state, is_summing=False)
