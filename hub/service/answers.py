"""Putting into messages what the hub makes of orders: declines with their facts."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec

from contract.ids import new_uuid7
from contract.messages import (
    TEXT_MAX,
    Anchor,
    DeclineReason,
    Facts,
    Malformed,
    OrderDeclined,
    Rejected,
    RejectReason,
)
from contract.money import Money
from contract.order import OrderKind, decode_order
from hub.core import sentences, tickets
from hub.core.content import named, restricted_products

if TYPE_CHECKING:
    from contract.ids import TillId
    from contract.order import Order
    from hub.core.booking import Result
    from hub.core.content import Refusal
    from hub.core.orders import Agreed
    from hub.service.booking import HubFault

_CAPPED = frozenset({DeclineReason.BALANCE_CAP, DeclineReason.EVENT_CAP})


def read_order(body: bytes, till: TillId) -> Order:
    """Read an order that a till sent as its own; raises Malformed."""
    try:
        order = decode_order(body)
    except msgspec.DecodeError as error:
        text = sentences.unreadable(str(error))[:TEXT_MAX]
        raise Malformed(RejectReason.INVALID, text) from None
    if order.till != till:
        raise Malformed(
            RejectReason.FORGED_TILL,
            f"Till {till} sent an order of till {order.till}.",
        )
    return order


def declined(
    regarding: UUID,
    order: Order,
    refusal: Refusal | None,
    result: Result,
    *,
    agreed: Agreed,
    anchor: Anchor,
) -> OrderDeclined:
    """Say why an order is declined, with all that the till needs to try again."""
    assert result.reason is not None, "a decline has a reason"
    facts = _facts(order, result, agreed)
    if refusal is not None and refusal.reason is result.reason:
        text = refusal.detail
        if refusal.facts.suggested is not None:
            facts = msgspec.structs.replace(facts, suggested=refusal.facts.suggested)
        if refusal.facts.due is not None:
            facts = msgspec.structs.replace(facts, due=refusal.facts.due)
    else:
        text = _sentence(result.reason, order, facts, agreed)
    return OrderDeclined(
        id=new_uuid7(),
        regarding=regarding,
        order=order.id,
        attempt=order.attempt,
        reason=result.reason,
        text=text[:TEXT_MAX],
        facts=facts,
        anchor=anchor,
    )


def rejected(error: Malformed, regarding: UUID, order: UUID | None) -> Rejected:
    """Say why a message can't be taken at all."""
    return Rejected(
        id=new_uuid7(),
        regarding=regarding,
        reason=error.reason,
        text=str(error)[:TEXT_MAX],
        order=order,
    )


def fault(error: HubFault, regarding: UUID, order: UUID) -> Rejected:
    """Say that the hub itself failed with an order."""
    return Rejected(
        id=new_uuid7(),
        regarding=regarding,
        reason=RejectReason.HUB_FAULT,
        text=str(error)[:TEXT_MAX],
        order=order,
    )


@lru_cache(maxsize=1)  # the answers to a batch all name the same
def anchor_of(incarnation: UUID, batch: int, chain_head: bytes) -> Anchor:
    """Name a ledger and how far it has come."""
    return Anchor(incarnation=incarnation, batch=batch, chain_head=chain_head.hex())


def id_in(data: bytes | msgspec.Raw, *path: str) -> UUID | None:
    """Find the order's id in bytes that broke the contract elsewhere."""
    try:
        found = msgspec.json.decode(data)
        for key in path or ("id",):
            found = found[key]
        return UUID(found)
    except (msgspec.DecodeError, KeyError, TypeError, ValueError, AttributeError):
        return None
    except RecursionError:  # msgspec's, of JSON nested deeper than Python's stack
        return None


def _facts(order: Order, result: Result, agreed: Agreed) -> Facts:
    standing = result.standing
    balance = sentences.balance_of(result.balance_minor, order)
    if standing is None:
        return Facts(balance=balance)
    room = standing.cap_room_minor
    restricted: tuple[int, ...] = ()
    if result.reason is DeclineReason.AGE_RESTRICTED:
        prices = agreed.prices[order.catalogue]
        restricted = restricted_products(order, prices, standing.variant)
    suggested: Money | None = None
    if result.reason in _CAPPED and room:
        suggested = Money(room, order.currency)
    return Facts(
        balance=balance,
        vouchers=standing.vouchers,
        variant=standing.variant,
        restricted=restricted,
        cap_room=None if room is None else Money(room, order.currency),
        suggested=suggested,
    )


def _sentence(reason: DeclineReason, order: Order, facts: Facts, agreed: Agreed) -> str:
    if facts.restricted:
        products = named(facts.restricted, agreed.prices[order.catalogue])
        return f"This wristband may not buy {products}. Take that out of the basket."
    if reason is DeclineReason.BALANCE_CAP and facts.cap_room is not None:
        return f"The wristband may take {facts.cap_room} more. Top up a smaller amount."
    if reason is DeclineReason.INSUFFICIENT_VOUCHERS and facts.vouchers is not None:
        return (
            f"The wristband has {facts.vouchers} vouchers, not {order.vouchers}. "
            "Charge the order again."
        )
    if order.kind is OrderKind.TICKET and reason in tickets.SENTENCES:
        return tickets.SENTENCES[reason]
    return sentences.sentence(reason, order, facts.balance)
