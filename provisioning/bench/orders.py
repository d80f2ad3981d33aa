"""Valid order requests of many guests, made fast enough not to be the load."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import msgspec

from contract.ids import new_order_id, new_uuid7
from contract.messages import OrderRequest
from contract.order import (
    Line,
    Order,
    OrderKind,
    Payment,
    PaymentMethod,
    TaxSum,
    encode_order,
    make_line,
    sum_taxes,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from contract.catalogue import Catalogue
    from contract.ids import TillId
    from contract.token import Credential

BASKETS = 1000  # drawn once: a till computes its taxes, the load need not every time
LINES_PER_ORDER_MAX = 3
PRODUCTS_MAX = 50
ANSWER_TIME = timedelta(seconds=30)


class Basket(msgspec.Struct, frozen=True):
    """Priced lines with their taxes."""

    lines: tuple[Line, ...]
    taxes: tuple[TaxSum, ...]
    total_minor: int


class OrderMaker:
    """Draws orders of 1 to 3 lines; each guest comes once, then at random."""

    def __init__(
        self,
        catalogue: Catalogue,
        guests: Sequence[tuple[int, Credential]],
        *,
        seed: int = 1,
    ) -> None:
        self._random = random.Random(seed)
        self._catalogue = catalogue
        self._guests = guests
        self._baskets = [self._draw_basket() for _ in range(BASKETS)]
        self._sequence = 0
        self._newcomers = self._random.sample(guests, len(guests))

    def request(self, till: TillId) -> OrderRequest:
        """Make one till's next order, as a first attempt to pay it by wristband."""
        serial, credential = self._next_guest()
        basket = self._random.choice(self._baskets)
        now = datetime.now(UTC)
        self._sequence += 1
        order = Order(
            id=new_order_id(),
            event=self._catalogue.event,
            till=till,
            sequence=self._sequence,
            z_number=1,
            attempt=1,
            kind=OrderKind.SALE,
            opened_at=now,
            currency=self._catalogue.currency,
            catalogue=self._catalogue.version,
            lines=basket.lines,
            taxes=basket.taxes,
            total_minor=basket.total_minor,
            payment=Payment(method=PaymentMethod.WALLET, wallet=serial),
        )
        return OrderRequest(
            id=new_uuid7(),
            order=msgspec.Raw(encode_order(order)),
            answer_by=now + ANSWER_TIME,
            credential=credential,
        )

    def _next_guest(self) -> tuple[int, Credential]:
        if self._newcomers:
            return self._newcomers.pop()
        return self._random.choice(self._guests)

    def _draw_basket(self) -> Basket:
        products = self._catalogue.products[:PRODUCTS_MAX]
        picked = self._random.sample(
            products, self._random.randint(1, LINES_PER_ORDER_MAX)
        )
        lines = tuple(make_line(product, 1) for product in picked)
        return Basket(
            lines=lines,
            taxes=sum_taxes(lines, self._catalogue.tax_rates()),
            total_minor=sum(line.total_minor for line in lines),
        )
