"""Which advices to send next, when, and how many at once: the courier's rules.

One batch is under way at a time. An advice the hub refuses must not hold the others
up: after a refusal or a silence the batches shrink to one, the culprit is set aside for
a while, and what succeeds lets them grow again. Nothing is ever given up.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from contract.topics import ADVICES_PER_BATCH_MAX

if TYPE_CHECKING:
    from collections.abc import Iterable
    from uuid import UUID

    from contract.ids import OrderId

MS: Final = 1_000_000  # nanoseconds
ANSWER_WITHIN_NS: Final = 5_000 * MS
PAUSE_NS_MIN: Final = 500 * MS
PAUSE_NS_MAX: Final = 15_000 * MS
SET_ASIDE_NS_MIN: Final = 10_000 * MS
SET_ASIDE_NS_MAX: Final = 600_000 * MS
GROWTH: Final = 4


@dataclass(frozen=True, slots=True)
class UnderWay:
    """A batch that was sent and not answered yet."""

    batch: UUID
    orders: tuple[OrderId, ...]
    until_ns: int


@dataclass(slots=True)
class DeliveryQueue:
    """The sealed advices the ledger does not hold, oldest first; times are monotonic.

    `size` is how many may go at once, `pause_until_ns` when the next may go.
    """

    size: int = ADVICES_PER_BATCH_MAX
    under_way: UnderWay | None = None
    pause_until_ns: int = 0
    _pause_ns: int = PAUSE_NS_MIN
    _waiting: dict[OrderId, None] = field(default_factory=dict)
    _aside: dict[OrderId, tuple[int, int]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, orders: Iterable[OrderId]) -> None:
        """Take sealed advices over for delivery."""
        self._waiting.update(dict.fromkeys(orders))

    def replace(self, orders: Iterable[OrderId]) -> None:
        """Begin anew with what the journal calls undelivered."""
        self._waiting = dict.fromkeys(orders)
        self._aside.clear()

    def drop(self, orders: Iterable[OrderId]) -> None:
        """Take out what turned out not to exist."""
        for order in orders:
            self._waiting.pop(order, None)

    def wake(self) -> None:
        """Forget pauses and what was set aside: the hub is there again."""
        self.pause_until_ns = 0
        self._pause_ns = PAUSE_NS_MIN
        self._aside = {order: (0, span) for order, (_, span) in self._aside.items()}
        self.under_way = None

    def next(self, now_ns: int) -> tuple[OrderId, ...]:
        """Choose the orders whose advices should go now; empty when none should."""
        if self.under_way is not None or now_ns < self.pause_until_ns:
            return ()
        chosen: list[OrderId] = []
        for order in self._waiting:
            if self._aside.get(order, (0, 0))[0] <= now_ns:
                chosen.append(order)
                if len(chosen) == self.size:
                    break
        return tuple(chosen)

    def due_ns(self, now_ns: int) -> int | None:
        """Say when `next` or `look` should be called again, if nothing happens."""
        if self.under_way is not None:
            return self.under_way.until_ns
        if not self._waiting:
            return None
        if all(order in self._aside for order in self._waiting):
            first = min(self._aside[order][0] for order in self._waiting)
            return max(first, self.pause_until_ns, now_ns)
        return max(self.pause_until_ns, now_ns)

    def sent(self, batch: UUID, orders: tuple[OrderId, ...], now_ns: int) -> None:
        """Note that these are under way."""
        self.under_way = UnderWay(batch, orders, now_ns + ANSWER_WITHIN_NS)

    def not_sent(self, now_ns: int) -> None:
        """Note that there is no connection; `wake` will end the pause."""
        self._take_breath(now_ns)

    def recorded(self, orders: Iterable[OrderId], regarding: UUID, now_ns: int) -> None:
        """Note that the ledger holds these."""
        for order in orders:
            self._waiting.pop(order, None)
            self._aside.pop(order, None)
        batch = self.under_way
        if batch is None or batch.batch != regarding:
            return
        self.under_way = None
        self._pause_ns = PAUSE_NS_MIN
        left = [order for order in batch.orders if order in self._waiting]
        for order in left:  # the hub left them out: others first
            self._set_aside(order, now_ns)
        self.size = min(self.size * GROWTH, ADVICES_PER_BATCH_MAX)

    def refused(self, regarding: UUID | None, now_ns: int) -> OrderId | None:
        """Note a refusal; returns the order the hub can't take, once it is found."""
        batch = self.under_way
        if batch is None or batch.batch != regarding:
            return None
        self.under_way = None
        self.size = 1
        if len(batch.orders) > 1:
            return None
        self._set_aside(batch.orders[0], now_ns)
        return batch.orders[0]

    def look(self, now_ns: int) -> bool:
        """Note a silence if the batch under way is overdue."""
        batch = self.under_way
        if batch is None or now_ns < batch.until_ns:
            return False
        self.under_way = None
        self.size = 1
        if len(batch.orders) == 1:
            self._set_aside(batch.orders[0], now_ns)
        self._take_breath(now_ns)
        return True

    def _take_breath(self, now_ns: int) -> None:
        self.pause_until_ns = now_ns + self._pause_ns
        self._pause_ns = min(2 * self._pause_ns, PAUSE_NS_MAX)

    def _set_aside(self, order: OrderId, now_ns: int) -> None:
        _, span = self._aside.get(order, (0, SET_ASIDE_NS_MIN))
        span = max(span, SET_ASIDE_NS_MIN)
        self._aside[order] = (now_ns + span, min(2 * span, SET_ASIDE_NS_MAX))
