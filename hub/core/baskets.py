"""Baskets that recur: nearly every sale at an event is one of a few hundred.

What lines, taxes and total say of a guest's plain sale is the same whoever pays, when
and where: so it is looked into once, and remembered.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from contract.acts import OrderKind, PaymentMethod

if TYPE_CHECKING:
    from contract.attempt import Order
    from hub.core.ledger import Posting
    from hub.core.tickets import Admission

# Some 2 KiB each. An event with more baskets than that starts over now and then.
REMEMBERED_MAX = 4096

Basket: TypeAlias = tuple[object, ...]


class Found(NamedTuple):
    """What was found of an order's lines."""

    barred: frozenset[int] = frozenset()
    """The variants of wristbands that may not buy all of it."""
    postings: tuple[Posting, ...] | None = None
    """Of a plain sale that is sound: those on all accounts but the payer's wallet."""
    admission: Admission | None = None
    """Whom it lets in by which tickets."""


NOTHING_FOUND = Found()


class Baskets:
    """Remembers baskets that were priced by one catalogue version."""

    def __init__(self) -> None:
        self._sound: dict[Basket, Found] = {}

    def recall(self, basket: Basket | None) -> Found | None:
        """Return what is known of a basket, if it was met before."""
        return None if basket is None else self._sound.get(basket)

    def remember(self, basket: Basket, found: Found) -> None:
        """Keep what was found of a basket in which nothing is wrong."""
        if len(self._sound) >= REMEMBERED_MAX:
            self._sound.clear()
        self._sound[basket] = found


def plain_basket(order: Order) -> Basket | None:
    """Name what a sale that a wallet pays holds; None where it is more than that."""
    payment = order.payment
    if (
        order.kind is not OrderKind.SALE
        or payment is None
        or payment.method is not PaymentMethod.WALLET
        or payment.card is not None
        or order.total_minor <= 0
        or order.cancels is not None
        or order.undoes is not None
        or order.credits
        or order.wristband is not None
        or order.cash is not None
        or order.bill is not None
        or order.granted_by
        or order.presale
        or order.training
    ):
        return None
    return order.lines, order.taxes, order.total_minor, order.booking_model
