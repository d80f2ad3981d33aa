"""What an order changes beside accounts: a wristband, or whose a cash register is."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

import msgspec

from contract.messages import ClosingFlag
from contract.order import OrderKind
from hub.core.ledger import Role

if TYPE_CHECKING:
    from contract.order import Order, WristbandChange

HELD = frozenset({Role.CASH_REGISTER, Role.BAG, Role.VAULT})
"""Roles whose accounts are places for cash: what they hold is kept up to date."""


class BandChange(msgspec.Struct, frozen=True, kw_only=True):
    """What becomes of a wristband; what is None stays as it is."""

    serial: int
    blocked: bool | None = None
    registers: bool = False
    """It is handed to a guest, which happens once."""
    restriction: int | None = None
    """The variant that holds from now on, whatever its token says."""
    note: UUID | None = None
    successor: int | None = None
    """The serial of the wristband that replaces it."""
    opens_wallet_of: int | None = None
    """The serial of the wristband it replaces."""


class ShiftChange(msgspec.Struct, frozen=True, kw_only=True):
    """Whose a cash register becomes (None: nobody's), and what a count expected."""

    register: str
    holder: str | None
    z_number: int
    expected_minor: int | None = None
    held_by: str | None = None
    """Whose it was until then, by the order's word ("": nobody's); None: it says
    nothing of that."""


class ClosingWords(msgspec.Struct, frozen=True, kw_only=True):
    """What a till's Z report closes, and what did not agree; the item has its bytes."""

    z_number: int
    first: int
    last: int
    signature: bytes | None
    flags: tuple[ClosingFlag, ...]


def band_changes(order: Order) -> tuple[BandChange, ...]:
    """Say what an order makes of wristbands, in the order in which it happens."""
    change = order.wristband
    if change is None:
        return ()
    if order.kind is OrderKind.SWAP:
        return _swapped(change)
    return (
        BandChange(
            serial=change.wristband,
            blocked=change.blocked,
            registers=order.kind is OrderKind.REGISTER,
            restriction=change.variant,
            note=change.note,
        ),
    )


def shift_change(order: Order) -> ShiftChange | None:
    """Say whose a cash register becomes by an order, if it changes hands at all.

    Who had a register before it was handed over is not in the order: its cancellation
    brings back the cash only.
    """
    move = order.cash
    if move is None:
        return None
    if order.kind is OrderKind.CASH_TRANSFER and move.holder:
        register, holder, held_by = move.target.key, move.holder, None
    elif order.kind is OrderKind.SHIFT_START:
        register, holder, held_by = order.cash_register, move.holder, ""
    elif OrderKind.SHIFT_END is order.kind or order.acts_as is OrderKind.SHIFT_START:
        register, holder, held_by = order.cash_register, "", move.holder
    else:
        return None
    return ShiftChange(
        register=register,
        holder=holder or None,
        z_number=order.z_number,
        expected_minor=move.expected_minor,
        held_by=held_by,
    )


def _swapped(change: WristbandChange) -> tuple[BandChange, ...]:
    if change.successor is None:  # such an order does not add up
        return ()
    return (
        BandChange(serial=change.wristband, successor=change.successor),
        BandChange(
            serial=change.successor, registers=True, opens_wallet_of=change.wristband
        ),
    )
