"""A hub process: the real rules and the real writer's memory over a database in memory.

It judges while it commits, as `hub.service.booking` does, and it can be killed at any
moment: what was judged is lost, and what was sent to the database is in doubt.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from contract.messages import AdviceFlag
from hub.core.booking import ResultCode
from hub.store.errors import BookingRefused
from hub.store.ledger import Booked, Ledger, StaleState
from tests.world.database import Connection, MemoryStore, at_once

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from random import Random
    from typing import TypeAlias

    from hub.core.booking import Item, Result
    from hub.core.draft import Draft
    from hub.core.state import LedgerState
    from hub.store.store import Store
    from tests.world.database import Database
    from tests.world.proof import Proof
    from tests.world.timeline import Timeline

    Done: TypeAlias = "Callable[[Item, Result | None], None]"

EVENT = 1
COMMIT_MS = 30
STALE_IN_A_ROW_MAX = 3
LOOKS = 0.05  # how often its memory is compared with the database


class MemoryLedger(Ledger):
    """The writer's side of the ledger, whose batches go to the database as they are."""

    def _values(self, draft: Draft, extent: int) -> list[Any]:
        del extent
        return [draft]


def open_ledger(database: Database) -> MemoryLedger:
    """Open a ledger with an empty memory."""
    store = cast("Store", MemoryStore(database))
    return MemoryLedger(store, Connection(database), EVENT)


@dataclass(frozen=True, slots=True)
class Job:
    """An item and who wants to know what became of it."""

    item: Item
    done: Done


class HubProcess:
    """The elected writer, until it is killed."""

    def __init__(
        self,
        database: Database,
        proof: Proof,
        timeline: Timeline,
        random: Random,
        incidents: set[str],
    ) -> None:
        self._proof = proof
        self._timeline = timeline
        self._random = random
        self._incidents = incidents
        self._drafted: list[Job] = []
        self._draft: Draft | None = None
        self._writing: tuple[Draft, list[Job]] | None = None
        self._committed = False
        self._stale_in_a_row = 0
        self._listeners: list[Callable[[Sequence[int]], None]] = []
        self.ledger = open_ledger(database)
        self.alive = True
        self.position: tuple[int, bytes] = at_once(self.ledger.position())

    def on_wallets(self, listener: Callable[[Sequence[int]], None]) -> None:
        """Have a function called with the wallets that a batch changed."""
        self._listeners.append(listener)

    @property
    def state(self) -> LedgerState:
        """What it remembers."""
        return at_once(self.ledger.ready(())).state

    @property
    def is_idle(self) -> bool:
        """Whether nothing is judged and not committed."""
        return self._draft is None and self._writing is None

    def hand_in(self, jobs: list[Job]) -> None:
        """Judge items onto the next batch; `done` is called after its commit."""
        assert self.alive
        if self.is_idle and len(jobs) > 1:
            # Half of them: they are booked while the rest is judged.
            half = len(jobs) // 2
            self._judge(jobs[:half])
            self._send_off()
            jobs = jobs[half:]
        self._judge(jobs)
        self._send_off()

    def kill(self) -> None:
        """End the process; what it sent to the database may still be committed."""
        self.alive = False
        if self._writing is not None and not self._committed:
            draft, _ = self._writing
            is_lost = self._random.random() < 0.5
            word = "lost" if is_lost else "committed"
            self._incidents.add(f"what it sent is {word}")
            if not is_lost:
                with suppress(BookingRefused):
                    at_once(self.ledger.write(draft))

    def _judge(self, jobs: list[Job]) -> None:
        at_once(self.ledger.load([job.item for job in jobs]))
        if self._draft is None:
            self._draft = at_once(self.ledger.ready(()))
        for job in jobs:
            self._draft.take(job.item)
            self._drafted.append(job)

    def _send_off(self) -> None:
        if self._writing is not None or self._draft is None:
            return
        self._draft.close()
        self._writing = self._draft, self._drafted
        self._committed = False
        self._draft, self._drafted = None, []
        self._after(self._random.randint(1, COMMIT_MS), self._commit)

    def _commit(self) -> None:
        assert self._writing is not None
        draft, jobs = self._writing
        try:
            booked = at_once(self.ledger.write(draft))
        except BookingRefused as error:
            self._recover(jobs, error)
            return
        self._committed = True
        self._stale_in_a_row = 0
        self._after(self._random.randint(0, 5), lambda: self._hear(booked))

    def _hear(self, booked: Booked) -> None:
        """Send the next batch off before whoever waited for this one is told."""
        assert self._writing is not None
        _, jobs = self._writing
        self._writing = None
        self._send_off()
        self._tell(jobs, booked)

    def _recover(self, jobs: list[Job], error: BookingRefused) -> None:
        """Nothing of a batch was booked, and what was judged after it is void, too."""
        self.ledger.forget()
        later = self._drafted
        self._writing, self._draft, self._drafted = None, None, []
        if isinstance(error, StaleState) and self._stale_in_a_row < STALE_IN_A_ROW_MAX:
            self._incidents.add("another writer was faster")
            self._stale_in_a_row += 1
            self.hand_in([*jobs, *later])
            return
        self._incidents.add("a batch is refused")
        self._book_apart(jobs)
        if later:
            self.hand_in(later)

    def _book_apart(self, jobs: list[Job]) -> None:
        """Book in halves what the database refuses, down to the guilty one."""
        middle = len(jobs) // 2
        for half in (jobs[:middle], jobs[middle:]) if middle else (jobs,):
            try:
                booked = at_once(self.ledger.book([job.item for job in half]))
            except BookingRefused:
                if len(half) > 1:
                    self._book_apart(half)
                else:
                    half[0].done(half[0].item, None)
            else:
                self._tell(half, booked)

    def _tell(self, jobs: list[Job], booked: Booked) -> None:
        last = booked.results[-1]
        self.position = (last.batch, last.chain_head)
        for job, result in zip(jobs, booked.results, strict=True):
            self._proof.told(job.item, result)
            if result.code is ResultCode.CONFLICT:
                self._incidents.add("an attempt has other bytes")
            if AdviceFlag.CONTRADICTS_ADVICE in result.flags:
                self._incidents.add("an advice contradicts")
            job.done(job.item, result)
        for listener in self._listeners:
            listener(booked.wallets)
        if self.is_idle and self._random.random() < LOOKS:
            self._proof.same_as_loaded(self.state)

    def _after(self, delay_ms: int, action: Callable[[], None]) -> None:
        def act() -> None:
            if self.alive:
                action()

        self._timeline.after(delay_ms, act)
