"""Advices, looked at before they are booked: what is odd, and what is lost of them.

Whatever is found, a completed one books: nothing here refuses.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from contract.messages import AdviceFlag
from contract.order import Outcome, Path
from hub.core.allowances import Allowances
from hub.core.booking import Step, advice_item
from hub.core.orders import (
    advice_flags,
    looked_into,
    recall,
    remember,
    wallet_refusal,
)
from hub.core.outages import Outages

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from contract.messages import DeclineReason, OrderAdvice
    from contract.order import Order
    from hub.core.baskets import Found
    from hub.core.booking import Item, Result
    from hub.service.checks import Checks
    from hub.service.context import ContextKeeper
    from hub.service.staff import Staff
    from hub.store.store import Store


@dataclass(frozen=True, slots=True)
class Arrival:
    """When an advice came by the hub's clock, and when its till sent it by its own.

    `odd` is what was found odd about it then, where it is looked at once more.
    """

    received_at: datetime
    sent_at: datetime | None = None
    odd: tuple[AdviceFlag, ...] | None = None


class Advices:
    """Makes items of advices, with every flag and loss that speaks for itself."""

    def __init__(
        self, store: Store, context: ContextKeeper, staff: Staff, checks: Checks
    ) -> None:
        self._store = store
        self._context = context
        self._staff = staff
        self._checks = checks
        self._allowances = Allowances()
        self._outages = Outages()

    def refusal(self, advice: OrderAdvice, order: Order) -> DeclineReason | None:
        """Say why its wallet can't be charged, by the token that the advice brings."""
        if advice.outcome is not Outcome.COMPLETED or order.training:
            return None
        agreed = self._context.current.agreed
        refusal = wallet_refusal(order, advice.credential, agreed)
        return None if refusal is None else refusal.reason

    async def item(
        self,
        advice: OrderAdvice,
        order: Order,
        body: bytes,
        arrival: Arrival,
        refusal: DeclineReason | None,
    ) -> Item:
        """Make the item of an advice; `refusal` is what was found when it came."""
        agreed = self._context.current.agreed
        now = arrival.received_at
        known = recall(order, agreed)
        flags = arrival.odd
        if flags is None:
            flags = self.oddities(advice, order, arrival, known)
        found = known or looked_into(order, agreed)
        is_sound = AdviceFlag.INCONSISTENT_ORDER not in flags
        own_only, excess = False, 0
        if advice.outcome is Outcome.COMPLETED and not order.training:
            own_only = self._staff.cancels_own_only(order, asked=False)
            limits = self._context.current.stand_in
            if advice.path is Path.STAND_IN:
                excess = await self._excess(advice, order)
            if AdviceFlag.TILL_CLOCK_OFF not in flags:
                flags += self._outages.flags(advice, order, now, limits)
            if order.bill is not None and await self._checks.is_not_due(order):
                flags = (*flags, AdviceFlag.BILL_NOT_DUE)
            flags += await self._staff.close_out_flags(order, advice.decided_at)
        item = advice_item(
            advice,
            order,
            body,
            refusal=refusal,
            flags=flags,
            found=found,
        )
        if known is None and is_sound and advice.outcome is Outcome.COMPLETED:
            remember(order, agreed, found._replace(postings=item.postings))
        if excess or own_only:
            item = msgspec.structs.replace(item, excess_minor=excess, own_only=own_only)
        return item

    def oddities(
        self,
        advice: OrderAdvice,
        order: Order,
        arrival: Arrival,
        known: Found | None = None,
    ) -> tuple[AdviceFlag, ...]:
        """Say what is odd about an advice by the prices and rights that hold now."""
        flags = advice_flags(
            advice,
            order,
            self._context.current.agreed,
            sent_at=arrival.sent_at,
            now=arrival.received_at,
            found=known,
        )
        if advice.outcome is Outcome.COMPLETED and not order.training:
            flags = tuple(dict.fromkeys((*flags, *self._staff.flags(order))))
        return flags

    async def recorded(self, order: Order, item: Item, result: Result) -> None:
        """Note what follows from an order that the ledger has; raises NoLedger.

        For its till's allowance, in which batch; for its bill, that it is paid. If that
        fails the till says it again, since it was not told that it was recorded.
        """
        if order.training:
            return
        self._allowances.recorded(order, result.batch)
        self._outages.recorded(order)
        booked = item.step is Step.COMPLETED
        if AdviceFlag.CONTRADICTS_ADVICE in result.flags:
            booked = False  # the first advice was
        if order.bill is not None and booked:
            await self._checks.note_paid(order)
        elif order.bill is not None:
            await self._checks.note_unpaid(order)

    def failed(self, order: Order) -> None:
        """Forget what was noted of an order that the ledger did not take."""
        self._outages.failed(order)

    async def _excess(self, advice: OrderAdvice, order: Order) -> int:
        limits = self._context.current.stand_in
        excess = self._allowances.excess(order, advice.basis_batch, limits)
        if excess and await self._place_others(order):
            excess = self._allowances.excess(order, advice.basis_batch, limits)
        return excess

    async def _place_others(self, order: Order) -> bool:
        """Look up which orders of an excess the ledger has had all along."""
        others: list[UUID] = self._allowances.others(order)
        event = self._context.current.number
        rows = await self._store.fetch("first_booked", event, others)
        batches = {row["order_id"]: row["batch"] for row in rows}
        self._allowances.place(order, batches)
        return bool(batches)
