"""Pricing an order anew, once, by the facts that came with a decline."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from contract.messages import DeclineReason
from contract.order import decode_order
from edge.core.acts import BillPayment
from edge.core.basket import Basket

if TYPE_CHECKING:
    from contract.messages import OrderDeclined
    from edge.core.open_order import OpenOrder
    from edge.core.state import Checking

_ABOUT_VOUCHERS = frozenset(
    {DeclineReason.INSUFFICIENT_VOUCHERS, DeclineReason.INSUFFICIENT_BALANCE}
)


@dataclass(frozen=True, slots=True)
class Repriced:
    """The order as it should be tried next, with at most so many vouchers."""

    order: OpenOrder
    vouchers: int = 0


def after(checking: Checking, verdict: OrderDeclined) -> Repriced | None:
    """Say how to try again; None when the facts change nothing, or did so before."""
    if checking.repriced:
        return None
    order, facts = checking.order, verdict.facts
    content = order.content
    tried = decode_order(checking.attempt.document)
    if isinstance(content, BillPayment) and facts.due is not None:
        if facts.due.minor in {0, content.amount_minor}:
            return None
        fitting = replace(content, amount_minor=facts.due.minor)
        return Repriced(replace(order, content=fitting))
    if isinstance(content, Basket) and verdict.reason in _ABOUT_VOUCHERS:
        if facts.vouchers is None:
            return None
        again = order.as_attempt(tried.attempt, tried.payment, facts.vouchers)
        if again.lines != tried.lines:
            return Repriced(order, facts.vouchers)
    return None
