"""An order nobody has decided yet, and how it becomes bytes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import msgspec

from contract.order import BookingModel, Order, decode_order, encode_order, sum_taxes
from edge.core.acts import Act, total_of
from edge.core.basket import Basket
from edge.core.records import AttemptMade, StoredAttempt
from edge.core.view import BasketLine

if TYPE_CHECKING:
    from datetime import datetime

    from contract.catalogue import Catalogue
    from contract.ids import EventId, OrderId, TillId
    from contract.money import Money
    from contract.order import CardReceipt, Payment
    from contract.token import Credential

Content = Basket | Act


@dataclass(frozen=True, slots=True)
class OpenOrder:
    """An order with every attempt made so far (from 1); `content` is what it is about.

    `cashier`, `register`, `training` and `booking_model` are those of the moment it was
    opened, `credential` is what the first wristband it is about has shown.
    """

    id: OrderId
    event: EventId
    till: TillId
    sequence: int
    z_number: int
    opened_at: datetime
    catalogue: Catalogue
    content: Content
    cashier: str = ""
    register: str | None = None
    training: bool = False
    booking_model: BookingModel = BookingModel.PAYMENT
    credential: Credential | None = None
    attempts: tuple[StoredAttempt, ...] = ()

    @property
    def next_attempt(self) -> int:
        """The number the next try to pay will have."""
        return self.attempts[-1].number + 1 if self.attempts else 1

    @property
    def total(self) -> Money:
        """What is to be paid, before vouchers and the rounding of cash."""
        return total_of(self.content.lines, self.catalogue.currency)

    @property
    def rows(self) -> tuple[BasketLine, ...]:
        """The order as a screen lists it."""
        currency = self.catalogue.currency
        return tuple(
            BasketLine(
                line.product,
                line.name,
                line.quantity,
                total_of((line,), currency),
            )
            for line in self.content.lines
        )

    def as_attempt(
        self, number: int, payment: Payment | None, vouchers: int = 0
    ) -> Order:
        """Write the order down as of one attempt; 0 is the attempt nobody made."""
        parts = self.content.parts(payment, self.catalogue.currency, vouchers)
        return Order(
            id=self.id,
            event=self.event,
            till=self.till,
            sequence=self.sequence,
            z_number=self.z_number,
            attempt=number,
            kind=self.content.kind,
            opened_at=self.opened_at,
            currency=self.catalogue.currency,
            catalogue=self.catalogue.version,
            lines=parts.lines,
            taxes=sum_taxes(parts.lines, self.catalogue.tax_rates()),
            total_minor=sum(line.total_minor for line in parts.lines),
            payment=payment,
            cashier=self.cashier,
            register=self.register,
            credits=parts.credits,
            wristband=parts.wristband,
            cash=parts.cash,
            bill=parts.bill,
            granted_by=parts.granted_by,
            presale=parts.presale,
            training=self.training,
            booking_model=self.booking_model,
        )


def with_attempt(
    order: OpenOrder, tried: Order, credential: Credential | None, now: datetime
) -> tuple[OpenOrder, AttemptMade]:
    """Write the next numbered try to pay down; its bytes never change."""
    assert tried.attempt == order.next_attempt, "attempts are counted"
    document = encode_order(tried)
    attempt = StoredAttempt(tried.attempt, document, credential)
    made = journaled(order.id, attempt, now)
    return replace(order, attempts=(*order.attempts, attempt)), made


def with_receipt(last: StoredAttempt, receipt: CardReceipt) -> StoredAttempt:
    """Make the attempt that decides: the last one, and the terminal's receipt."""
    order = decode_order(last.document)
    assert order.payment is not None, "only what was paid has a receipt"
    payment = msgspec.structs.replace(order.payment, card=receipt)
    paid = msgspec.structs.replace(order, attempt=order.attempt + 1, payment=payment)
    return StoredAttempt(paid.attempt, encode_order(paid), last.credential)


def journaled(order: OrderId, attempt: StoredAttempt, now: datetime) -> AttemptMade:
    """Make the record of an attempt."""
    return AttemptMade(order, attempt.number, attempt.document, attempt.credential, now)


def reference(order: OrderId, attempt: int) -> str:
    """Name a card payment at the terminal, the same after a restart."""
    return f"{order}-{attempt}"
