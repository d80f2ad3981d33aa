"""Requests and advices of tills: judged, booked, answered."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeAlias
from uuid import UUID

import msgspec

from contract.ids import new_uuid7
from contract.messages import (
    AdviceFlag,
    AdviceRecorded,
    Anchor,
    Malformed,
    OrderBooked,
    OrderConflict,
    OrderDeclined,
    RecordedOrder,
    Rejected,
    RejectReason,
    decode_advice,
)
from contract.order import Order, Outcome
from hub.core import sentences
from hub.core.booking import Item, Result, ResultCode, request_item
from hub.core.content import Refusal
from hub.core.orders import (
    clock_of,
    looked_into,
    recall,
    remember,
    request_refusal,
)
from hub.service.advices import Advices, Arrival
from hub.service.answers import (
    anchor_of,
    declined,
    fault,
    id_in,
    read_order,
    rejected,
)
from hub.service.booking import HubFault, NoLedger, NotBooked
from hub.service.checks import Checks
from hub.service.quarantine import Quarantine, must_wait
from hub.service.staff import Staff
from hub.service.till_bills import TillBills
from hub.store.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from contract.ids import TillId
    from contract.messages import (
        AdviceBatch,
        DeclineReason,
        OrderAdvice,
        OrderRequest,
    )
    from hub.core.orders import Till
    from hub.service.booking import Booking
    from hub.service.checks import Bills
    from hub.service.context import ContextKeeper, EventContext
    from hub.store.store import Store

log = logging.getLogger(__name__)

Verdict = OrderBooked | OrderDeclined | OrderConflict | Rejected
HubClock: TypeAlias = Callable[[], datetime]


def hub_time() -> datetime:
    """Tell the hub's own time."""
    return datetime.now(UTC)


class Asked(msgspec.Struct, frozen=True):
    """A request that goes to the ledger, with all that its verdict will need."""

    regarding: UUID
    order: Order
    refusal: Refusal | None
    item: Item


@dataclass(frozen=True, slots=True)
class _Known:
    """An advice that can be recorded; set aside, where a flag says why."""

    order: Order
    body: bytes
    item: Item | None
    waits: AdviceFlag | None = None
    refusal: DeclineReason | None = None
    odd: tuple[AdviceFlag, ...] = ()


class Orders:
    """Answers what tills say about orders; raises NoLedger when it can't book now."""

    def __init__(
        self,
        store: Store,
        context: ContextKeeper,
        booking: Booking,
        staff: Staff | None = None,
        *,
        bills: Bills | None = None,
        clock: HubClock = hub_time,
    ) -> None:
        self._store = store
        self._context = context
        self._booking = booking
        self._staff = Staff(store, context) if staff is None else staff
        self.checks = Checks(
            store,
            context,
            self._staff,
            bills or TillBills(store, context.current.number),
        )
        self._advices = Advices(store, context, self._staff, self.checks)
        self.quarantine = Quarantine(store, context, booking, self._advices)
        self._clock = clock
        self._limits = context.current.agreed.limits
        context.on_change(self._reconsider)

    async def request(self, message: OrderRequest, till: TillId) -> Verdict:
        """Authorize and book; the answer is final and was committed."""
        asked = self.examine(message, till)
        if isinstance(asked, Rejected):
            return asked
        try:
            result: Result | NotBooked = await self._booking.submit(asked.item)
        except HubFault as error:
            result = error
        return self.verdict(asked, result)

    def examine(self, message: OrderRequest, till: TillId) -> Asked | Rejected:
        """Judge a request by all but its wallets: the first half of `request`.

        Its item is for the ledger, whose result `verdict` then puts into words.
        """
        body = bytes(message.order)
        try:
            order = read_order(body, till)
        except Malformed as error:
            return rejected(error, message.id, id_in(body))
        agreed = self._context.current.agreed
        known = recall(order, agreed)
        refusal = request_refusal(
            order, message.credential, agreed, known
        ) or self._staff.refusal(order)
        reason = refusal.reason if refusal else None
        found = known or looked_into(order, agreed)
        item = request_item(order, body, reason, found)
        if known is None and refusal is None:
            remember(order, agreed, found._replace(postings=item.postings))
        if order.cancels is not None and self._staff.cancels_own_only(
            order, asked=True
        ):
            item = msgspec.structs.replace(item, own_only=True)
        return Asked(message.id, order, refusal, item)

    def verdict(self, asked: Asked, result: Result | NotBooked) -> Verdict:
        """Put the ledger's result into words; raises NoLedger if it is none."""
        if isinstance(result, HubFault):
            return fault(result, asked.regarding, asked.order.id)
        if isinstance(result, NotBooked):
            raise result
        return self._verdict(asked, result)

    async def advise(
        self, message: AdviceBatch, till: TillId
    ) -> Sequence[AdviceRecorded | Rejected]:
        """Record how orders ended: one answer for all recorded, one per bad advice.

        Whatever is wrong with one of them, the others are recorded.
        """
        answers: list[AdviceRecorded | Rejected] = []
        known: list[_Known] = []
        sent_at = clock_of(message.id)
        for raw in message.advices:
            seen = await self._examine_safely(bytes(raw), till, message.id, sent_at)
            if isinstance(seen, Rejected):
                answers.append(seen)
            else:
                known.append(seen)
        results = await self._record(known)
        recorded: list[RecordedOrder] = []
        last: Result | None = None
        for each, result in zip(known, results, strict=True):
            if isinstance(result, HubFault):
                answers.append(fault(result, message.id, each.order.id))
                continue
            flags = result.flags if result else (each.waits,) if each.waits else ()
            # Batches may differ, and the newest one is how far we have come.
            if result and (last is None or result.batch > last.batch):
                last = result
            recorded.append(RecordedOrder(order=each.order.id, flags=flags))
        _log_flags(till, recorded)
        if recorded:
            answers.append(
                AdviceRecorded(
                    id=new_uuid7(),
                    regarding=message.id,
                    recorded=tuple(recorded),
                    anchor=self.anchor(last),
                )
            )
        return answers

    def anchor(self, result: Result | None = None) -> Anchor:
        """Name this ledger and how far it has come, or had come with a result."""
        batch, head = (
            (result.batch, result.chain_head) if result else self._booking.position
        )
        return anchor_of(self._context.current.incarnation, batch, head)

    async def _record(self, known: Sequence[_Known]) -> list[Result | HubFault | None]:
        """Book advices, or set them aside (None); raises NoLedger."""
        for each in known:
            if each.waits is not None:
                await self.quarantine.set_aside(
                    each.body, each.order, each.waits, each.refusal, each.odd
                )
        booked = [self._booking.submit(each.item) for each in known if each.item]
        came_to = iter(await asyncio.gather(*booked, return_exceptions=True))
        results: list[Result | HubFault | None] = []
        lost: BaseException | None = None
        for each in known:
            result = next(came_to) if each.item else None
            if isinstance(result, Result) and each.item is not None:
                await self._advices.recorded(each.order, each.item, result)
            elif result is not None:
                self._advices.failed(each.order)
            if isinstance(result, BaseException) and not isinstance(result, HubFault):
                lost = result
            else:
                results.append(result)
        if lost is not None:
            raise lost
        if any(each.order.cash is not None for each in known):
            with suppress(StoreError):  # it is read again with the next log-in
                await self._staff.note_handover()
        return results

    async def _examine_safely(
        self, body: bytes, till: TillId, regarding: UUID, sent_at: datetime | None
    ) -> _Known | Rejected:
        """Examine an advice; one that can't be is answered, and stops no other."""
        try:
            return await self._examine(body, till, sent_at)
        except Malformed as error:
            log.warning("Till %s sent an unusable advice: %s", till, error)
            return rejected(error, regarding, id_in(body, "order", "id"))
        except NotBooked:
            raise
        except StoreError as error:  # the database is down, which is no fault of it
            raise NoLedger(str(error)) from error
        except Exception:
            log.exception("An advice of till %s can't be examined.", till)
            failed = Malformed(
                RejectReason.HUB_FAULT,
                "The hub failed to read this advice. Its log names the cause.",
            )
            return rejected(failed, regarding, id_in(body, "order", "id"))

    async def _examine(
        self, body: bytes, till: TillId, sent_at: datetime | None
    ) -> _Known:
        advice = decode_advice(body)
        order = read_order(bytes(advice.order), till)
        registered = self._registered(order)
        _check_complete(advice, order)
        refusal = self._advices.refusal(advice, order)
        waits = must_wait(order, registered, advice.outcome)
        arrival = Arrival(self._clock(), sent_at)
        if waits is not None:
            odd = self._advices.oddities(advice, order, arrival)
            return _Known(order, body, None, waits, refusal, odd)
        item = await self._advices.item(advice, order, body, arrival, refusal)
        return _Known(order, body, item)

    def _registered(self, order: Order) -> Till:
        agreed = self._context.current.agreed
        if order.event != agreed.event:
            raise Malformed(
                RejectReason.UNKNOWN_EVENT,
                f"The order belongs to event {order.event}; this hub serves "
                f"{agreed.event}.",
            )
        known = agreed.tills.get(order.till)
        if known is None:
            raise Malformed(
                RejectReason.NOT_ALLOWED,
                f"The till {order.till} is not registered for this event. "
                "Its orders stay in its journal; register it at the hub.",
            )
        if order.currency is not agreed.currency:
            raise Malformed(
                RejectReason.INVALID,
                f"The order is in {order.currency.value}; "
                f"this event runs in {agreed.currency.value}.",
            )
        return known

    def _verdict(self, asked: Asked, result: Result) -> Verdict:
        regarding, order = asked.regarding, asked.order
        anchor = self.anchor(result)
        if result.code is ResultCode.CONFLICT:
            log.error("Order %s came with two contents for one attempt.", order.id)
            return OrderConflict(
                id=new_uuid7(),
                regarding=regarding,
                order=order.id,
                attempt=order.attempt,
                text=sentences.CONFLICT,
                anchor=anchor,
            )
        if result.reason is None:
            return OrderBooked(
                id=new_uuid7(),
                regarding=regarding,
                order=order.id,
                attempt=order.attempt,
                balance=sentences.balance_of(result.balance_minor, order),
                anchor=anchor,
                vouchers=result.standing.vouchers if result.standing else None,
            )
        agreed = self._context.current.agreed
        return declined(
            regarding, order, asked.refusal, result, agreed=agreed, anchor=anchor
        )

    def _reconsider(self, context: EventContext) -> None:
        """Have wallets read again when their limits were changed in the database."""
        if context.agreed.limits != self._limits:
            self._limits = context.agreed.limits
            self._booking.forget()


def _check_complete(advice: OrderAdvice, order: Order) -> None:
    if advice.outcome is Outcome.COMPLETED and order.attempt == 0:
        raise Malformed(
            RejectReason.INVALID, "A completed order has an attempt that completed it."
        )


def _log_flags(till: TillId, recorded: Sequence[RecordedOrder]) -> None:
    """Log what is odd, alike orders in one line: an outage brings thousands of them."""
    alike: dict[tuple[AdviceFlag, ...], list[UUID]] = {}
    for each in recorded:
        if each.flags:
            alike.setdefault(each.flags, []).append(each.order)
    for flags, orders in alike.items():
        named = ", ".join(flag.value for flag in flags)
        others = f" and {len(orders) - 1} more" if orders[1:] else ""
        log.warning("Order %s%s of till %s: %s", orders[0], others, till, named)
