"""What was sold, by whom and when: counted order by order, as the tills reported it.

An order counts in the hour in which its till decided about it. A cancellation counts
where and when it was made, with every sign turned, so that sums are what is left.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from contract.order import LineRole, OrderKind

if TYPE_CHECKING:
    from datetime import datetime

    from contract.ids import TillId
    from contract.order import Line, Order, PaymentMethod

# What is the event's own, tax included: the ledger's revenue and its tax.
EARNED = frozenset(
    {LineRole.ITEM, LineRole.VOUCHER, LineRole.DISCOUNT, LineRole.TIP_HOUSE}
)
SOLD = EARNED | {LineRole.DEPOSIT, LineRole.DONATION, LineRole.TIP_STAFF}
_SELLING = frozenset({OrderKind.SALE, OrderKind.TICKET})


class OrdersAt(NamedTuple):
    """Where orders are counted together: same hour, till, kind and payment."""

    hour: datetime
    till: TillId
    kind: OrderKind
    method: PaymentMethod | None

    @property
    def is_sale(self) -> bool:
        """Whether something was sold, rather than paid in, paid out or moved."""
        return self.kind in _SELLING


class SoldAt(NamedTuple):
    """Where lines are counted together; product 0 is none: vouchers, discounts."""

    hour: datetime
    till: TillId
    role: LineRole
    product: int


@dataclass(slots=True)
class OrderSum:
    """How many orders, how many cancellations, what was paid, what of it is earned."""

    orders: int = 0
    canceled: int = 0
    total_minor: int = 0
    revenue_minor: int = 0

    def add(self, other: OrderSum) -> None:
        """Take another sum in."""
        self.orders += other.orders
        self.canceled += other.canceled
        self.total_minor += other.total_minor
        self.revenue_minor += other.revenue_minor


@dataclass(slots=True)
class SoldSum:
    """How many were sold, how many of them taken back by cancellations, for how much.

    Cups given back count against those handed out.
    """

    quantity: int = 0
    canceled: int = 0
    amount_minor: int = 0

    def add(self, other: SoldSum) -> None:
        """Take another sum in."""
        self.quantity += other.quantity
        self.canceled += other.canceled
        self.amount_minor += other.amount_minor


@dataclass(slots=True)
class GrantSum:
    """What one person gave away, less what was taken back of it."""

    orders: int = 0
    canceled: int = 0
    tickets: int = 0
    worth_minor: int = 0
    """What the tickets would have cost."""
    vouchers: int = 0


@dataclass(slots=True)
class Statistics:
    """Completed orders, counted; `names` is what products were called last.

    `granted` is by who granted it: staff by their ids, a till where nobody logs in.
    """

    orders: dict[OrdersAt, OrderSum] = field(default_factory=dict)
    sold: dict[SoldAt, SoldSum] = field(default_factory=dict)
    granted: dict[str, GrantSum] = field(default_factory=dict)
    names: dict[int, str] = field(default_factory=dict)

    def take(self, order: Order, decided_at: datetime) -> None:
        """Count a completed order at the time by the clock on the wall."""
        if order.training:
            return
        hour = decided_at.replace(minute=0, second=0, microsecond=0)
        kind, canceled = order.acts_as, order.kind is OrderKind.CANCELLATION
        method = order.payment.method if order.payment else None
        earned = 0
        if kind in _SELLING:
            lines = [line for line in order.lines if line.role in SOLD]
            earned = sum(line.total_minor for line in lines if line.role in EARNED)
            for line in lines:
                self._take_line(line, hour, order.till, canceled=canceled)
        where = OrdersAt(hour, order.till, kind, method)
        self.orders.setdefault(where, OrderSum()).add(
            OrderSum(int(not canceled), int(canceled), order.total_minor, earned)
        )
        if order.granted_by:
            self._take_grant(order, canceled=canceled)

    @property
    def all_sold(self) -> OrderSum:
        """All sales and tickets together."""
        whole = OrderSum()
        for where, each in self.orders.items():
            if where.is_sale:
                whole.add(each)
        return whole

    def _take_grant(self, order: Order, *, canceled: bool) -> None:
        gave = self.granted.setdefault(order.granted_by, GrantSum())
        gave.orders += int(not canceled)
        gave.canceled += int(canceled)
        if order.acts_as is OrderKind.GRANT:
            gave.vouchers += sum(each.vouchers for each in order.credits)
            return
        for line in order.lines:
            if line.role is LineRole.ITEM:
                gave.tickets += line.quantity
            elif line.role is LineRole.DISCOUNT:
                gave.worth_minor -= line.total_minor

    def _take_line(
        self, line: Line, hour: datetime, till: TillId, *, canceled: bool
    ) -> None:
        # What was taken off counts vouchers or nothing, what was sold its quantity.
        quantity = line.vouchers if line.role is LineRole.VOUCHER else line.quantity
        where = SoldAt(hour, till, line.role, line.product)
        self.sold.setdefault(where, SoldSum()).add(
            SoldSum(
                0 if canceled else quantity,
                -quantity if canceled else 0,
                line.total_minor,
            )
        )
        if line.product:
            self.names[line.product] = line.name
