"""Advices that nobody may book unseen: set aside, looked at, released by a person."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from contract.messages import AdviceFlag, Malformed, decode_advice
from contract.order import Outcome, decode_order, order_digest
from hub.core.booking import advice_item
from hub.core.content import is_beyond
from hub.core.orders import advice_flags, barred, wallet_refusal
from hub.service.booking import NoLedger
from hub.store.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from contract.order import Order
    from hub.core.booking import Result
    from hub.core.orders import Till
    from hub.service.booking import Booking
    from hub.service.context import ContextKeeper
    from hub.store.store import Store

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Quarantined:
    """An advice that was set aside: its till takes it for recorded."""

    digest: bytes
    order: Order
    flag: AdviceFlag
    received_at: datetime


class NotReleased(StoreError):
    """An advice can't be let go; the text says why."""


class Quarantine:
    """Keeps advices as they came until somebody lets them go into the ledger."""

    def __init__(self, store: Store, context: ContextKeeper, booking: Booking) -> None:
        self._store = store
        self._context = context
        self._booking = booking

    async def set_aside(self, body: bytes, order: Order, flag: AdviceFlag) -> None:
        """Keep an advice's own bytes; again: nothing. Raises NoLedger."""
        event = self._context.current.number
        values = (order_digest(body), order.id, order.till, body, flag.value)
        try:
            await self._store.fetch("quarantine", event, *values)
        except StoreError as error:
            raise NoLedger(str(error)) from error
        log.warning("Order %s is set aside (%s): look at it.", order.id, flag.value)

    async def listed(self) -> Sequence[Quarantined]:
        """List what waits for somebody to look at it, oldest first."""
        rows = await self._store.fetch("quarantined", self._context.current.number)
        return [
            Quarantined(
                row["advice_digest"],
                decode_order(bytes(decode_advice(row["advice"]).order)),
                AdviceFlag(row["flag"]),
                row["received_at"],
            )
            for row in rows
        ]

    async def release(self, order: UUID, by: str) -> Result:
        """Book an order that was set aside, in somebody's name; once, however often.

        What is beyond all reason stays where it is: it has to be booked in the office
        with the amount that was meant. Raises NotReleased, NoLedger, HubFault.
        """
        event = self._context.current
        for row in await self._store.fetch("quarantined", event.number):
            if row["order_id"] == order:
                break
        else:
            raise NotReleased(
                f"No advice of order {order} is set aside. It may be booked already."
            )
        body = row["advice"]
        try:
            advice = decode_advice(body)
            about = decode_order(bytes(advice.order))
        except (Malformed, ValueError) as error:
            raise NotReleased(f"Order {order} can't be read: {error}.") from None
        if is_beyond(about):
            raise NotReleased(
                f"Order {order} names an amount beyond all reason. Book what was meant "
                "in the office."
            )
        flags = advice_flags(advice, about, event.agreed)
        refusal = wallet_refusal(about, advice.credential, event.agreed)
        completed = advice.outcome is Outcome.COMPLETED
        item = advice_item(
            advice,
            about,
            body,
            refusal=refusal.reason if refusal and completed else None,
            flags=(AdviceFlag(row["flag"]), *flags),
            barred=barred(about, event.agreed),
        )
        result = await self._booking.submit(item)
        await self._store.fetch(
            "release_quarantined", event.number, row["advice_digest"], by
        )
        log.info("%s let order %s go into the ledger.", by, order)
        return result


def must_wait(order: Order, till: Till, outcome: Outcome) -> AdviceFlag | None:
    """Say why an advice has to be looked at before it is booked, if so."""
    if till.revoked:
        return AdviceFlag.REVOKED_TILL
    if outcome is Outcome.COMPLETED and is_beyond(order):
        return AdviceFlag.INCONSISTENT_ORDER
    return None
