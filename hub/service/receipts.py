"""Receipts: what a guest may see of an order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from contract.ids import TillId
from contract.messages import decode_advice
from contract.order import OrderKind, Outcome, decode_order
from contract.receipt import receipt_of

if TYPE_CHECKING:
    from uuid import UUID

    from contract.money import Money
    from contract.receipt import Receipt
    from hub.service.context import ContextKeeper
    from hub.store.store import Store

GUESTS_KINDS = frozenset(
    {
        OrderKind.SALE,
        OrderKind.CANCELLATION,
        OrderKind.TOP_UP,
        OrderKind.PAYOUT,
        OrderKind.TICKET,
        OrderKind.GRANT,
        OrderKind.BILL_PAYMENT,
        OrderKind.REGISTER,
        OrderKind.SWAP,
    }
)
"""The kinds of order a guest has a receipt of; all others are the staff's."""


@dataclass(frozen=True, slots=True)
class PendingReceipt:
    """An order whose booking is known and whose signature is still at the till."""

    till: TillId
    total: Money


class Receipts:
    """Finds receipts by the order's id, which nobody can guess."""

    def __init__(self, store: Store, context: ContextKeeper) -> None:
        self._store = store
        self._context = context

    async def receipt(self, order: UUID) -> Receipt | PendingReceipt | None:
        """Find a receipt; None for an unknown, an aborted and the staff's own order."""
        event = self._context.current
        row = await self._store.fetch_row("order_for_receipt", event.number, order)
        if row is None or row["outcome"] == Outcome.ABORTED.value:
            return None
        if row["outcome"] is None:
            asked = decode_order(row["attempt"])
            if asked.acts_as not in GUESTS_KINDS:
                return None
            return PendingReceipt(TillId(asked.till), asked.total)
        advice = decode_advice(row["advice"])
        ended = decode_order(bytes(advice.order))
        if ended.acts_as not in GUESTS_KINDS:
            return None
        return receipt_of(
            advice,
            ended,
            seller=event.seller,
            event_name=event.name,
            demo=event.demo,
        )

    async def catalogue(self, version: int) -> bytes | None:
        """Find a catalogue version's bytes."""
        found: bytes | None = await self._store.fetch_value(
            "catalogue", self._context.current.number, version
        )
        return found
