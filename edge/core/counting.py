"""Close-outs: a count is compared with what the ledger has in the register.

The till alone knows its own cash only, and the ledger no more than was delivered. So
the hub is asked until it has all of this till's orders; then its word is what counts.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import msgspec

from contract.order import OrderKind
from edge.core.acts import CashAct

if TYPE_CHECKING:
    from contract.messages import Facts
    from edge.core.open_order import OpenOrder
    from edge.core.state import Checking, TillState

AGAIN_MS: Final = 500
TRIES_MAX: Final = 8  # some seconds; what is stuck may stay so for longer


def in_register(checking: Checking, facts: Facts) -> int | None:
    """Read what the ledger has in the register; None when that is of no use.

    It is not at the last try: an order of this till may be stuck, and the till's own
    word stands.
    """
    is_count = checking.order.content.kind is OrderKind.SHIFT_END
    if not is_count or facts.in_register is None:
        return None
    is_last = len(checking.order.attempts) >= TRIES_MAX
    return None if is_last else facts.in_register.minor


def has_all(state: TillState, checking: Checking) -> bool:
    """Whether the ledger had all cash of this till when it was asked, and has it."""
    return checking.booked == state.registers


def compared(order: OpenOrder, expected_minor: int) -> OpenOrder | None:
    """Compare a count with what the ledger expects; None when it is already."""
    act = order.content
    assert isinstance(act, CashAct), "a count is one of cash"
    if act.move.expected_minor == expected_minor:
        return None
    move = msgspec.structs.replace(act.move, expected_minor=expected_minor)
    return replace(order, content=replace(act, move=move))
