"""The courier: delivers what the journal holds until the hub has answered.

A broker's word proves nothing; an advice is delivered when the hub says that the
ledger holds it, and is sent again until then. Log-outs go before the advices, which the
hub judges by who was there.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import TYPE_CHECKING, Final

import msgspec

from contract.ids import new_uuid7
from contract.messages import AdviceBatch
from contract.topics import MESSAGE_BYTES_MAX
from edge.core.delivery import DeliveryQueue
from edge.core.errors import JournalBroken, NotConnected
from edge.core.events import AdviceStuck, ProbeImpossible

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from uuid import UUID

    from contract.ids import OrderId
    from contract.messages import CashierLogout, Rejected
    from edge.ports import Clock, Hub, Journal

ENVELOPE_BYTES: Final = 512  # type, version, id and brackets around the advices
NS_PER_S: Final = 1_000_000_000
LOGOUTS_AGAIN_S: Final = 10

logger = logging.getLogger(__name__)


class Courier:
    """Sends advices in batches, one batch at a time; loop only, but for nothing."""

    def __init__(
        self,
        *,
        journal: Journal,
        hub: Hub,
        clock: Clock,
        post: Callable[[AdviceStuck | ProbeImpossible], None],
    ) -> None:
        self._journal = journal
        self._hub = hub
        self._clock = clock
        self._post = post
        self._queue = DeliveryQueue()
        self._changed = asyncio.Event()
        self._probing = False
        self._logouts: tuple[CashierLogout, ...] = ()
        self._say_ns = 0

    def hand_over(self, orders: Iterable[OrderId]) -> None:
        """Take over advices that have just been sealed."""
        self._queue.add(orders)
        self._changed.set()

    def begin_anew(self, orders: Iterable[OrderId]) -> None:
        """Deliver exactly these, as the journal has been read anew."""
        self._queue.replace(orders)
        self._changed.set()

    def recorded(self, orders: Iterable[OrderId], regarding: UUID) -> None:
        """Note the hub's answer to a batch."""
        self._queue.recorded(orders, regarding, self._clock.monotonic_ns())
        self._changed.set()

    def refused(self, rejected: Rejected) -> None:
        """Note that the hub refused a message; a refused batch is sent singly."""
        order = self._queue.refused(rejected.regarding, self._clock.monotonic_ns())
        if order is not None:
            self._post(AdviceStuck(order, rejected.text))
        else:
            logger.warning("The hub rejected a message: %s", rejected.text)
        self._changed.set()

    def say(self, logouts: tuple[CashierLogout, ...]) -> None:
        """Say these log-outs, in this order, until others take their place."""
        self._logouts = logouts
        self._say_ns = self._clock.monotonic_ns()
        self._changed.set()

    def wake(self) -> None:
        """Send at once what is held: the hub is there again."""
        self._say_ns = self._clock.monotonic_ns()
        self._queue.wake()
        self._changed.set()

    def probe(self) -> None:
        """Send something the hub must answer: what is due, or the last advice again."""
        self._probing = True
        self._changed.set()

    async def run(self) -> None:
        """Deliver until canceled."""
        while True:
            await self._wait()
            self._changed.clear()
            self._queue.look(self._clock.monotonic_ns())
            try:
                await self._send_due()
                if self._probing:
                    self._probing = False
                    await self._send_probe()
                self._say_if_due()
            except JournalBroken:
                logger.exception("The courier can't read the journal.")
                await asyncio.sleep(1)

    async def _wait(self) -> None:
        now = self._clock.monotonic_ns()
        due = self._queue.due_ns(now)
        if self._logouts:
            due = self._say_ns if due is None else min(due, self._say_ns)
        if due is None:
            await self._changed.wait()
        elif due > now:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout((due - now) / NS_PER_S):
                    await self._changed.wait()

    async def _send_due(self) -> None:
        orders = self._queue.next(self._clock.monotonic_ns())
        if not orders:
            return
        advices = await self._journal.advices(orders)
        fitting = _fitting(orders, advices)
        if not fitting:
            self._queue.drop(orders)
            logger.error("The journal lists advices it does not hold: %s", orders)
            return
        self._send(fitting, advices)

    async def _send_probe(self) -> None:
        if self._queue.under_way is not None:
            return
        last = await self._journal.latest_recorded()
        if last is None:
            self._post(ProbeImpossible())
            return
        self._send((last,), await self._journal.advices((last,)))

    def _send(self, orders: tuple[OrderId, ...], advices: dict[OrderId, bytes]) -> None:
        batch = AdviceBatch(
            id=new_uuid7(),
            advices=tuple(msgspec.Raw(advices[order]) for order in orders),
        )
        now = self._clock.monotonic_ns()
        try:
            self._say(now)
            self._hub.send(batch)
        except NotConnected:
            self._queue.not_sent(now)
            return
        self._queue.sent(batch.id, orders, now)

    def _say_if_due(self) -> None:
        now = self._clock.monotonic_ns()
        if self._logouts and self._say_ns <= now:
            with contextlib.suppress(NotConnected):  # said when it is woken
                self._say(now, expires_s=LOGOUTS_AGAIN_S)

    def _say(self, now_ns: int, expires_s: int | None = None) -> None:
        # Before an advice they never expire: both may wait at the broker for the hub.
        self._say_ns = now_ns + LOGOUTS_AGAIN_S * NS_PER_S
        for each in self._logouts:
            self._hub.send(each, expires_s=expires_s)


def _fitting(
    orders: tuple[OrderId, ...], advices: dict[OrderId, bytes]
) -> tuple[OrderId, ...]:
    """Take as many, from the front, as one message may carry."""
    room = MESSAGE_BYTES_MAX - ENVELOPE_BYTES
    chosen: list[OrderId] = []
    for order in orders:
        if order not in advices:
            continue
        room -= len(advices[order]) + 1
        if chosen and room < 0:
            break
        chosen.append(order)
    return tuple(chosen)
