"""Training: orders that are recorded and signed as practice, and move nothing.

A till in training asks the hub for nothing, charges no wallet and no card, and counts
no cash; what it does is said by the orders themselves. It does not outlive a restart:
a sale taken for practice would be a sale that nobody booked.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from contract.staff import Right
from edge.core import texts

if TYPE_CHECKING:
    from edge.core.state import TillState
    from edge.core.view import Banner


def switch(state: TillState, *, on: bool) -> TillState:
    """Begin or end training at an empty counter; says why where it can't be done.

    Anybody may end it. To begin it takes a supervisor, where people log in: who sells
    and calls it training keeps the money.
    """
    if state.terms is None or state.training is on:
        return state
    barred = _barred(state) if on else None
    if barred is None and (state.cancellations or state.charges or state.lookups):
        barred = texts.NOT_YET_SWITCHED
    if barred is not None:
        return replace(state, banner=barred)
    banner = texts.TRAINING_BEGUN if on else texts.TRAINING_ENDED
    return replace(state, training=on, banner=banner)


def _barred(state: TillState) -> Banner | None:
    assert state.terms is not None
    if state.cashier is None:
        needed = state.terms.config.profile.needs_login
        return texts.LOG_IN_FIRST if needed else None
    may = Right.SUPERVISE in state.cashier.rights
    return None if may else texts.NOT_ALLOWED
