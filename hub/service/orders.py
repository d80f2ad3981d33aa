"""Requests and advices of tills: judged, booked, answered."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec

from contract.ids import new_uuid7
from contract.messages import (
    TEXT_MAX,
    AdviceRecorded,
    Anchor,
    Facts,
    Malformed,
    OrderBooked,
    OrderConflict,
    OrderDeclined,
    RecordedOrder,
    Rejected,
    RejectReason,
    decode_advice,
)
from contract.order import Order, Outcome, decode_order
from hub.core import verdicts
from hub.core.booking import Item, ResultCode, advice_item, request_item
from hub.core.orders import Refusal, advice_flags, request_refusal, wallet_refusal
from hub.service.booking import HubFault, NotBooked

if TYPE_CHECKING:
    from collections.abc import Sequence

    from contract.ids import TillId
    from contract.messages import AdviceBatch, OrderAdvice, OrderRequest
    from hub.core.booking import Result
    from hub.service.booking import Booking
    from hub.service.context import ContextKeeper

log = logging.getLogger(__name__)

Verdict = OrderBooked | OrderDeclined | OrderConflict | Rejected


class Asked(msgspec.Struct, frozen=True):
    """A request that goes to the ledger, with all that its verdict will need."""

    regarding: UUID
    order: Order
    refusal: Refusal | None
    item: Item


@dataclass(frozen=True, slots=True)
class _Known:
    """An advice that can be booked, with the order it is about."""

    order: UUID
    item: Item


class Orders:
    """Answers what tills say about orders; raises NoLedger when it can't book now."""

    def __init__(self, context: ContextKeeper, booking: Booking) -> None:
        self._context = context
        self._booking = booking

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
        """Judge a request by all but the balance: the first half of `request`.

        Its item is for the ledger, whose result `verdict` then puts into words.
        """
        body = bytes(message.order)
        try:
            order = self._own_order(body, till)
        except Malformed as error:
            return _rejected(error, message.id, _id_in(body))
        agreed = self._context.current.agreed
        refusal = request_refusal(order, message.credential, agreed)
        item = request_item(order, body, refusal.reason if refusal else None)
        return Asked(message.id, order, refusal, item)

    def verdict(self, asked: Asked, result: Result | NotBooked) -> Verdict:
        """Put the ledger's result into words; raises NoLedger if it is none."""
        if isinstance(result, HubFault):
            return _fault(result, asked.regarding, asked.order.id)
        if isinstance(result, NotBooked):
            raise result
        return self._verdict(asked, result)

    async def advise(
        self, message: AdviceBatch, till: TillId
    ) -> Sequence[AdviceRecorded | Rejected]:
        """Record how orders ended: one answer for all recorded, one per bad advice."""
        answers: list[AdviceRecorded | Rejected] = []
        known: list[_Known] = []
        for raw in message.advices:
            try:
                known.append(self._examine(bytes(raw), till))
            except Malformed as error:
                log.warning("Till %s sent an unusable advice: %s", till, error)
                order = _id_in(raw, "order", "id")
                answers.append(_rejected(error, message.id, order))
        ends = [self._booking.submit(each.item) for each in known]
        results = await asyncio.gather(*ends, return_exceptions=True)
        recorded: list[RecordedOrder] = []
        last: Result | None = None
        for each, result in zip(known, results, strict=True):
            if isinstance(result, HubFault):
                answers.append(_fault(result, message.id, each.order))
            elif isinstance(result, BaseException):
                raise result
            else:
                # Their batches may differ, and the newest one is how far we have come.
                if last is None or result.batch > last.batch:
                    last = result
                recorded.append(RecordedOrder(order=each.order, flags=result.flags))
                if result.flags:
                    log.warning("Order %s: %s", each.order, _named(result))
        if last is not None:
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
        return _anchor(self._context.current.incarnation, batch, head)

    def _own_order(self, body: bytes, till: TillId) -> Order:
        try:
            order = decode_order(body)
        except msgspec.DecodeError as error:
            raise Malformed(RejectReason.INVALID, str(error)[:TEXT_MAX]) from None
        if order.till != till:
            raise Malformed(
                RejectReason.FORGED_TILL,
                f"Till {till} sent an order of till {order.till}.",
            )
        event = self._context.current.event
        if order.event != event:
            raise Malformed(
                RejectReason.UNKNOWN_EVENT,
                f"The order belongs to event {order.event}; this hub serves {event}.",
            )
        return order

    def _examine(self, body: bytes, till: TillId) -> _Known:
        advice = decode_advice(body)
        order = self._own_order(bytes(advice.order), till)
        agreed = self._context.current.agreed
        known_till = agreed.tills.get(till)
        if known_till is None or known_till.revoked:
            raise Malformed(
                RejectReason.NOT_ALLOWED,
                f"The till {till} is not registered for this event, or was revoked. "
                "Its orders stay in its journal; register it at the hub.",
            )
        if order.currency is not agreed.currency:
            raise Malformed(
                RejectReason.INVALID,
                f"The order is in {order.currency.value}; "
                f"this event runs in {agreed.currency.value}.",
            )
        _check_complete(advice, order)
        refusal = (
            wallet_refusal(order, advice.credential, agreed)
            if advice.outcome is Outcome.COMPLETED
            else None
        )
        item = advice_item(
            advice,
            order,
            body,
            refusal=refusal.reason if refusal else None,
            flags=advice_flags(advice, order, agreed),
        )
        return _Known(order.id, item)

    def _verdict(self, asked: Asked, result: Result) -> Verdict:
        regarding, order, refusal = asked.regarding, asked.order, asked.refusal
        anchor = self.anchor(result)
        if result.code is ResultCode.CONFLICT:
            log.error("Order %s came with two contents for one attempt.", order.id)
            return OrderConflict(
                id=new_uuid7(),
                regarding=regarding,
                order=order.id,
                attempt=order.attempt,
                text=verdicts.CONFLICT,
                anchor=anchor,
            )
        balance = verdicts.balance_of(result.balance_minor, order)
        if result.reason is None:
            return OrderBooked(
                id=new_uuid7(),
                regarding=regarding,
                order=order.id,
                attempt=order.attempt,
                balance=balance,
                anchor=anchor,
            )
        text = verdicts.sentence(result.reason, order, balance)
        if refusal is not None and refusal.reason is result.reason:
            text = refusal.detail
        return OrderDeclined(
            id=new_uuid7(),
            regarding=regarding,
            order=order.id,
            attempt=order.attempt,
            reason=result.reason,
            text=text[:TEXT_MAX],
            facts=Facts(balance=balance),
            anchor=anchor,
        )


@lru_cache(maxsize=1)  # the answers to a batch all name the same
def _anchor(incarnation: UUID, batch: int, chain_head: bytes) -> Anchor:
    return Anchor(incarnation=incarnation, batch=batch, chain_head=chain_head.hex())


def _check_complete(advice: OrderAdvice, order: Order) -> None:
    if advice.outcome is Outcome.COMPLETED and order.payment is None:
        raise Malformed(
            RejectReason.INVALID, "A completed order names how it was paid."
        )


def _named(result: Result) -> str:
    return ", ".join(flag.value for flag in result.flags)


def _rejected(error: Malformed, regarding: UUID, order: UUID | None) -> Rejected:
    return Rejected(
        id=new_uuid7(),
        regarding=regarding,
        reason=error.reason,
        text=str(error)[:TEXT_MAX],
        order=order,
    )


def _fault(error: HubFault, regarding: UUID, order: UUID) -> Rejected:
    return Rejected(
        id=new_uuid7(),
        regarding=regarding,
        reason=RejectReason.HUB_FAULT,
        text=str(error)[:TEXT_MAX],
        order=order,
    )


def _id_in(data: bytes | msgspec.Raw, *path: str) -> UUID | None:
    """Find the order's id in bytes that broke the contract elsewhere."""
    try:
        found = msgspec.json.decode(data)
        for key in path or ("id",):
            found = found[key]
        return UUID(found)
    except (msgspec.DecodeError, KeyError, TypeError, ValueError, AttributeError):
        return None
