"""Simulated time, and a seeded wire that loses, repeats, delays and reorders."""

from __future__ import annotations

import heapq
import itertools
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

BEGIN = datetime(2026, 7, 4, 18, 0, tzinfo=UTC)
MS = 1_000_000


class Timeline:
    """What happens next, and when; the only clock of a world."""

    def __init__(self) -> None:
        self.now_ns = 0
        self._number = itertools.count()
        self._heap: list[tuple[int, int, Callable[[], None]]] = []

    @property
    def now(self) -> datetime:
        return BEGIN + timedelta(microseconds=self.now_ns // 1000)

    def after(self, ms: int, action: Callable[[], None]) -> None:
        """Let something happen later."""
        when = self.now_ns + ms * MS
        heapq.heappush(self._heap, (when, next(self._number), action))

    def run(self, until_ms: int, *, done: Callable[[], bool] | None = None) -> bool:
        """Let time pass; returns whether `done` was reached."""
        while self._heap and self._heap[0][0] <= until_ms * MS:
            self.now_ns, _, action = heapq.heappop(self._heap)
            action()
            if done is not None and done():
                return True
        self.now_ns = until_ms * MS
        return done is not None and done()


class Wire:
    """One direction of a connection; a healed wire only delays."""

    def __init__(self, timeline: Timeline, random: Random) -> None:
        self._timeline = timeline
        self._random = random
        self.healed = False
        self.cut = False

    def carry(self, deliver: Callable[[], None]) -> None:
        """Deliver something once, twice, late or never."""
        if self.cut:
            return
        chance = self._random.random
        if not self.healed and chance() < 0.08:
            return
        copies = 2 if not self.healed and chance() < 0.08 else 1
        for _ in range(copies):
            slow = not self.healed and chance() < 0.1
            delay_ms = self._random.randint(100, 2500) if slow else 0
            self._timeline.after(
                delay_ms + self._random.randint(1, 30), self._unless_cut(deliver)
            )

    def _unless_cut(self, deliver: Callable[[], None]) -> Callable[[], None]:
        def arrive() -> None:
            if not self.cut:
                deliver()

        return arrive
