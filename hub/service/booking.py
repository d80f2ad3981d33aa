"""The one writer of an event's ledger: collects items, books them batch by batch.

A batch is whatever arrived while the last one was committed: no timer, no minimum.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hub.core.booking import BATCH_MAX, arrange
from hub.store.errors import BookingRefused, DatabaseGone
from hub.store.ledger import Ledger

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from hub.core.booking import Item, Result
    from hub.store.store import Store

log = logging.getLogger(__name__)

ELECTION_PAUSE_S = 0.25


class NotBooked(Exception):
    """The ledger did not take an item; nothing of it is booked unless said so."""


class HubFault(NotBooked):
    """The ledger refuses this one item time and again: a fault of the hub."""


class NoLedger(NotBooked):
    """The ledger is out of reach. The item may be booked or not: send it again."""


@dataclass(frozen=True, slots=True)
class _Job:
    item: Item
    answer: asyncio.Future[Result]


class Booking:
    """Books items of one event while this process is its elected writer."""

    def __init__(self, store: Store, event: int) -> None:
        self._store = store
        self._event = event
        self._waiting: deque[_Job] = deque()
        self._arrived = asyncio.Event()
        self._elected = asyncio.Event()
        self._listeners: list[Callable[[bool], None]] = []
        self._wallet_listeners: list[Callable[[Sequence[int]], None]] = []
        self.position: tuple[int, bytes] = (0, b"")

    @property
    def is_writer(self) -> bool:
        """Whether this process is the one that books."""
        return self._elected.is_set()

    @property
    def waiting(self) -> int:
        """How many items wait for their batch."""
        return len(self._waiting)

    def on_election(self, listener: Callable[[bool], None]) -> None:
        """Have a function called when this process becomes the writer, or stops."""
        self._listeners.append(listener)

    def on_wallets(self, listener: Callable[[Sequence[int]], None]) -> None:
        """Have a function called with the wallets whose balance a batch changed."""
        self._wallet_listeners.append(listener)

    async def elected(self) -> None:
        """Wait until this process is the writer."""
        await self._elected.wait()

    def submit(self, item: Item) -> asyncio.Future[Result]:
        """Queue an item; the future ends after COMMIT, or with NotBooked."""
        answer: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        if not self._elected.is_set():
            answer.set_exception(NoLedger("This hub is not the ledger's writer."))
            return answer
        self._waiting.append(_Job(item, answer))
        self._arrived.set()
        return answer

    async def run(self) -> None:
        """Stand for election, book while elected, stand again; until canceled."""
        try:
            while True:
                ledger = await self._stand()
                try:
                    await self._serve(ledger)
                except DatabaseGone as error:
                    log.warning("No longer the ledger's writer: %s", error)
                except Exception:
                    # Whatever it was, tills must be able to sell again.
                    log.exception("The ledger's writer failed; it stands again.")
                finally:
                    await ledger.close()
                    self._step_down()
        finally:
            self._step_down()

    async def _stand(self) -> Ledger:
        said = False
        while True:
            try:
                ledger = await Ledger.seize(self._store, self._event)
                if ledger is not None:
                    row = await self._store.fetch_row("latest_batch", self._event)
                    assert row is not None, "an event begins with batch 0"
                    self.position = (row["number"], row["chain_head"])
                    return ledger
                if not said:
                    log.info("Another hub writes this ledger; standing by.")
                said = True
            except DatabaseGone as error:
                log.warning("%s", error)
            await asyncio.sleep(ELECTION_PAUSE_S)

    def _step_down(self) -> None:
        was_writer = self._elected.is_set()
        self._elected.clear()
        while self._waiting:
            _fail(self._waiting.popleft(), NoLedger("The ledger is out of reach."))
        if was_writer:
            self._tell(elected=False)

    async def _serve(self, ledger: Ledger) -> None:
        log.info("This hub writes the ledger of event %d.", self._event)
        ledger.on_loss(self._arrived.set)  # an idle writer must notice it, too
        self._elected.set()
        self._tell(elected=True)
        while True:
            await self._arrived.wait()
            self._arrived.clear()
            if ledger.is_lost:
                raise DatabaseGone("The database closed the writer's connection.")
            while self._waiting:
                await self._book_some(ledger)

    async def _book_some(self, ledger: Ledger) -> None:
        looked_at = min(len(self._waiting), 2 * BATCH_MAX)
        jobs = [self._waiting.popleft() for _ in range(looked_at)]
        arrangement = arrange([job.item for job in jobs])
        taken: dict[int, list[_Job]] = {}
        left: list[_Job] = []
        for job, place in zip(jobs, arrangement.places, strict=True):
            if place is None:
                left.append(job)
            else:
                taken.setdefault(place, []).append(job)
        self._waiting.extendleft(reversed(left))
        try:
            await self._book(ledger, arrangement.batch, list(taken.values()))
        except BaseException:
            for job in jobs:
                _fail(job, NoLedger("The ledger went out of reach while booking."))
            raise

    async def _book(
        self, ledger: Ledger, items: Sequence[Item], jobs: Sequence[Sequence[_Job]]
    ) -> None:
        """Book items; halve what the database refuses, down to the guilty one."""
        try:
            booked = await ledger.book(items)
        except BookingRefused as error:
            if len(items) == 1:
                self._give_up(items[0], jobs[0], error)
                return
            middle = len(items) // 2
            await self._book(ledger, items[:middle], jobs[:middle])
            await self._book(ledger, items[middle:], jobs[middle:])
            return
        last = booked.results[-1]
        self.position = (last.batch, last.chain_head)
        for waiters, result in zip(jobs, booked.results, strict=True):
            for job in waiters:
                if not job.answer.done():
                    job.answer.set_result(result)
        if booked.wallets:
            for listener in self._wallet_listeners:
                listener(booked.wallets)

    def _give_up(self, item: Item, jobs: Sequence[_Job], error: BookingRefused) -> None:
        log.error("The database refuses order %s: %s", item.order, error)
        text = (
            f"The hub can't book order {item.order}: its database refuses it. "
            "Call the hub's operator; the log names the cause."
        )
        for job in jobs:
            _fail(job, HubFault(text))

    def _tell(self, *, elected: bool) -> None:
        for listener in self._listeners:
            listener(elected)


def _fail(job: _Job, error: NotBooked) -> None:
    if not job.answer.done():
        job.answer.set_exception(error)
