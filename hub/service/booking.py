"""The one writer of an event's ledger: judges items as they come, batch by batch.

A batch is whatever was judged while the last one was committed: no timer, no minimum.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from hub.store.errors import BookingRefused, DatabaseGone
from hub.store.ledger import Booked, Ledger, StaleState

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from hub.core.booking import Item, Result
    from hub.core.draft import Draft
    from hub.store.store import Store

log = logging.getLogger(__name__)

ELECTION_PAUSE_S = 0.25
STALE_IN_A_ROW_MAX = 3
APART_MIN = 16


class NotBooked(Exception):
    """The ledger did not take an item; nothing of it is booked unless said so."""


class HubFault(NotBooked):
    """The ledger refuses this one item time and again: a fault of the hub."""


class NoLedger(NotBooked):
    """The ledger is out of reach. The item may be booked or not: send it again."""


Done: TypeAlias = "Callable[[Result | NotBooked], None]"


class _Job(NamedTuple):
    item: Item
    done: Done


class _Writing(NamedTuple):
    """A batch on its way to the database, and who waits for it."""

    jobs: list[_Job]
    task: asyncio.Task[Booked]


class Booking:
    """Books items of one event while this process is its elected writer."""

    def __init__(self, store: Store, event: int) -> None:
        self._store = store
        self._event = event
        self._waiting: deque[_Job] = deque()
        self._drafted: list[_Job] = []
        self._draft: Draft | None = None
        self._writing: _Writing | None = None
        self._stale_in_a_row = 0
        self._is_outdated = False
        self._stirred = asyncio.Event()
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
        """How many items wait for their batch to be committed."""
        written = len(self._writing.jobs) if self._writing else 0
        return len(self._waiting) + len(self._drafted) + written

    def on_election(self, listener: Callable[[bool], None]) -> None:
        """Have a function called when this process becomes the writer, or stops."""
        self._listeners.append(listener)

    def on_wallets(self, listener: Callable[[Sequence[int]], None]) -> None:
        """Have a function called with the wallets whose balance a batch changed."""
        self._wallet_listeners.append(listener)

    async def elected(self) -> None:
        """Wait until this process is the writer."""
        await self._elected.wait()

    def forget(self) -> None:
        """Have all that is in memory read again: the database was changed beside us."""
        self._is_outdated = True
        self._stirred.set()

    def hand_in(self, item: Item, done: Done) -> None:
        """Queue an item; `done` is called once, in this loop, with what came of it.

        That is after COMMIT, and for all items of a batch in one go; at once if this
        process is not the writer. `done` must not raise.
        """
        if not self._elected.is_set():
            done(NoLedger("This hub is not the ledger's writer."))
            return
        self._waiting.append(_Job(item, done))
        self._stirred.set()

    def submit(self, item: Item) -> asyncio.Future[Result]:
        """Queue an item; the future ends after COMMIT, or with NotBooked."""
        answer: asyncio.Future[Result] = asyncio.get_running_loop().create_future()

        def done(result: Result | NotBooked) -> None:
            if answer.done():
                return
            if isinstance(result, NotBooked):
                answer.set_exception(result)
            else:
                answer.set_result(result)

        self.hand_in(item, done)
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
                    await self._step_down(ledger)
        finally:
            self._fail_all()

    async def _stand(self) -> Ledger:
        said = False
        while True:
            try:
                ledger = await Ledger.seize(self._store, self._event)
                if ledger is not None:
                    return ledger
                if not said:
                    log.info("Another hub writes this ledger; standing by.")
                said = True
            except DatabaseGone as error:
                log.warning("%s", error)
            await asyncio.sleep(ELECTION_PAUSE_S)

    async def _step_down(self, ledger: Ledger) -> None:
        await ledger.close()
        if self._writing is not None:
            self._writing.task.cancel()
            await asyncio.gather(self._writing.task, return_exceptions=True)
        was_writer = self._elected.is_set()
        self._elected.clear()
        self._fail_all()
        if was_writer:
            self._tell_election(elected=False)

    def _fail_all(self) -> None:
        """Send away whoever waits: what is in doubt is sure to be asked again."""
        jobs = [*(self._writing.jobs if self._writing else ()), *self._drafted]
        self._writing, self._draft, self._drafted = None, None, []
        jobs += self._waiting
        self._waiting.clear()
        for job in jobs:
            job.done(NoLedger("The ledger went out of reach."))

    async def _serve(self, ledger: Ledger) -> None:
        log.info("This hub writes the ledger of event %d.", self._event)
        self.position = await ledger.position()
        ledger.on_loss(self._stirred.set)  # an idle writer must notice it, too
        self._elected.set()
        self._tell_election(elected=True)
        while True:
            await self._stirred.wait()
            self._stirred.clear()
            if ledger.is_lost:
                raise DatabaseGone("The database closed the writer's connection.")
            if self._is_outdated:
                self._is_outdated = False
                await self._start_over(ledger)
            await self._judge_waiting(ledger)
            if self._writing is None or self._writing.task.done():
                await self._take_turns(ledger)
            if self._waiting and self._draft is None:
                self._stirred.set()  # what found no room in the batch just sent off

    async def _judge_waiting(self, ledger: Ledger) -> None:
        """Judge what waits, onto the next batch, while the last one is committed."""
        while self._waiting and not (self._draft and self._draft.is_full):
            room = len(self._waiting)
            if self._writing is None and self._draft is None:
                # Half of them: the database books these while the rest is judged.
                room = max(room // 2, min(room, APART_MIN))
            jobs = [self._waiting.popleft() for _ in range(room)]
            try:
                jobs = await self._looked_into(ledger, jobs)
                if not jobs:
                    continue  # and no empty batch
                if self._draft is None:
                    self._draft = await ledger.ready(())
            except BaseException:
                self._waiting.extendleft(reversed(jobs))
                raise
            for place, job in enumerate(jobs):
                if self._draft.is_full:
                    self._waiting.extendleft(reversed(jobs[place:]))
                    break
                try:
                    self._draft.take(job.item)
                except Exception:
                    log.exception("Order %s can't be judged.", job.item.order)
                    _give_up(job, "it can't be judged")
                    self._waiting.extendleft(reversed(jobs[place + 1 :]))
                    await self._start_over(ledger)
                    break
                self._drafted.append(job)
            if self._writing is None:
                await self._take_turns(ledger)

    async def _looked_into(self, ledger: Ledger, jobs: list[_Job]) -> list[_Job]:
        """Load what judging needs; whoever's can't even be asked for is sent away."""
        unreadable: dict[int, Exception] = {}
        await self._load(ledger, jobs, unreadable)
        # Not before all was loaded: if the ledger goes meanwhile, all of them wait.
        for place, error in unreadable.items():
            _give_up(jobs[place], str(error))
        return [job for place, job in enumerate(jobs) if place not in unreadable]

    async def _load(
        self,
        ledger: Ledger,
        jobs: Sequence[_Job],
        unreadable: dict[int, Exception],
        first: int = 0,
    ) -> None:
        try:
            await ledger.load([job.item for job in jobs])
        except DatabaseGone:
            raise
        except Exception as error:
            if len(jobs) == 1:
                log.exception("Order %s can't be looked into.", jobs[0].item.order)
                unreadable[first] = error
                return
            for half in _halves(jobs):
                await self._load(ledger, half, unreadable, first)
                first += len(half)

    async def _start_over(self, ledger: Ledger) -> None:
        """Judge the batch in hand again: an item that failed may have left traces."""
        self._waiting.extendleft(reversed(self._drafted))
        self._draft, self._drafted = None, []
        if self._writing is not None:
            await asyncio.wait((self._writing.task,))
            await self._take_turns(ledger)
        ledger.forget()

    async def _take_turns(self, ledger: Ledger) -> None:
        """Send the next batch off before whoever waited for the last one is told."""
        finished, self._writing = self._writing, None
        booked: Booked | None = None
        if finished is not None:
            try:
                booked = finished.task.result()
                self._stale_in_a_row = 0
            except BookingRefused as error:
                await self._recover(ledger, finished.jobs, error)
                return
            except BaseException:
                self._writing = finished  # they are sent away with all others
                raise
        try:
            if self._draft is not None:
                await self._send_off(ledger, self._draft)
        finally:
            if finished is not None and booked is not None:
                self._tell(finished.jobs, booked)

    async def _send_off(self, ledger: Ledger, draft: Draft) -> None:
        draft.close()
        task = asyncio.create_task(ledger.write(draft))
        task.add_done_callback(lambda _: self._stirred.set())
        self._writing = _Writing(self._drafted, task)
        self._draft, self._drafted = None, []
        # Once until it has written its bytes, and once more until the loop (uvloop) has
        # sent them: so the database works while this process judges.
        await asyncio.sleep(0)
        await asyncio.sleep(0)

    async def _recover(
        self, ledger: Ledger, jobs: list[_Job], error: BookingRefused
    ) -> None:
        """Nothing of a batch was booked, and what was judged after it is void, too."""
        ledger.forget()
        self._waiting.extendleft(reversed(self._drafted))
        self._draft, self._drafted = None, []
        if isinstance(error, StaleState) and self._stale_in_a_row < STALE_IN_A_ROW_MAX:
            self._stale_in_a_row += 1
            self._waiting.extendleft(reversed(jobs))
        else:
            await self._book_apart(ledger, jobs)
        self._stirred.set()

    async def _book_apart(self, ledger: Ledger, jobs: Sequence[_Job]) -> None:
        """Book in halves what the database refuses, down to the guilty one.

        If the ledger goes out of reach meanwhile, who was not told waits again.
        """
        parts = deque(_halves(jobs))
        while parts:
            part = parts.popleft()
            try:
                booked = await ledger.book([job.item for job in part])
            except BookingRefused as error:
                if len(part) > 1:
                    parts.extendleft(reversed(_halves(part)))
                else:
                    _give_up(part[0], str(error))
            except BaseException:
                for each in (part, *parts):
                    self._waiting.extend(each)
                raise
            else:
                self._tell(part, booked)

    def _tell(self, jobs: Iterable[_Job], booked: Booked) -> None:
        last = booked.results[-1]
        self.position = (last.batch, last.chain_head)
        for job, result in zip(jobs, booked.results, strict=True):
            job.done(result)
        if booked.wallets:
            for listener in self._wallet_listeners:
                listener(booked.wallets)

    def _tell_election(self, *, elected: bool) -> None:
        for listener in self._listeners:
            listener(elected)


def _halves(jobs: Sequence[_Job]) -> list[Sequence[_Job]]:
    middle = len(jobs) // 2
    return [jobs[:middle], jobs[middle:]] if middle else [jobs]


def _give_up(job: _Job, cause: str) -> None:
    log.error("The ledger refuses order %s: %s", job.item.order, cause)
    job.done(
        HubFault(
            f"The hub can't book order {job.item.order}: its ledger refuses it. "
            "Call the hub's operator; the log names the cause."
        )
    )
