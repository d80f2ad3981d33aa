"""What an order does to the shift at its till: a cashier's time with a register."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING

from contract.acts import OrderKind

if TYPE_CHECKING:
    from contract.attempt import Order


class Turn(enum.Enum):
    """How a completed order begins a shift, or ends one."""

    BEGINS = "begins"
    ENDS = "ends"
    PASSES = "passes"
    """The register is handed to another cashier: one shift ends, another begins."""


def turn_of(order: Order) -> Turn | None:
    """Say what becomes of the shift at the order's till, once the order is completed.

    A cashier's shift at another till is that till's matter, and practice nobody's.
    """
    move = order.cash
    if move is None or order.training:
        return None
    if order.acts_as is OrderKind.SHIFT_START:
        return Turn.ENDS if order.kind is OrderKind.CANCELLATION else Turn.BEGINS
    if order.kind is OrderKind.SHIFT_END:
        return Turn.ENDS
    is_handed_over = order.kind is OrderKind.CASH_TRANSFER and bool(move.holder)
    return Turn.PASSES if is_handed_over and _is_ours(order) else None


def _is_ours(order: Order) -> bool:
    return order.cash is not None and order.cash.target.key == order.cash_register
