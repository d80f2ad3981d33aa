"""A whole event in simulated time: real tills, the real ledger, a bad wire between."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING

from contract.ids import TillId
from tests.world.site import Site
from tests.world.tills import SimulatedTill
from tests.world.timeline import MS, Timeline

if TYPE_CHECKING:
    from collections.abc import Callable

    from edge.core.view import Phase

    Edge = tuple[Phase, str, Phase]

HEAL_MS = 400_000


@dataclass
class World:
    """One seed's event; `run` plays it to its healed end."""

    seed: int
    tills: list[SimulatedTill] = field(default_factory=list)
    edges: set[Edge] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.random = Random(self.seed)
        self.is_large = self.seed % 20 == 0
        self.busy_ms = 20_000 if self.is_large else self.random.randint(2000, 5000)
        count = (
            self.random.randint(2, 3) if self.is_large else self.random.choice([1, 2])
        )
        names = [TillId(f"bar-{number}") for number in range(count)]
        self.timeline = Timeline()
        hub_random = Random(f"{self.seed} hub")
        self.site = Site(self.timeline, hub_random, names)
        self.tills = [SimulatedTill(self, name) for name in names]
        self.site.tills = [till.down_from_hub for till in self.tills]

    def run(self) -> None:
        """Sell in disorder, then heal everything and wait until all is settled."""
        for till in self.tills:
            till.boot()
            self.timeline.after(100, till.cashier_acts)
        self.timeline.after(500, self._hub_ticks)
        self._plan()
        self.timeline.run(self.busy_ms)
        self._heal()
        settled = self.timeline.run(HEAL_MS, done=self._settled)
        assert settled, f"not settled: {[till.what_waits() for till in self.tills]}"
        self.site.release_quarantine()
        assert self.timeline.run(HEAL_MS + 1000, done=self._settled)

    def _plan(self) -> None:
        """Let things happen that happen once, in some of the worlds."""
        draw, site = self.random, self.site
        if draw.random() < 0.15:
            self._at(0.3, site.save)
            self._at(0.6 + 0.35 * draw.random(), site.restore)
        if draw.random() < 0.15:
            self._at(draw.random(), site.publish_catalogue)
        if draw.random() < 0.1:
            till = draw.choice(self.tills).identity.till
            self._at(draw.random(), lambda: site.revoke(till))
        for each in self.tills:
            if draw.random() < 0.1:
                self._at(draw.random(), each.set_clock)
        for chance, happening in (
            (0.5, site.kill),
            (0.1, lambda: site.book_beside(1)),
        ):
            for _ in range(3 if self.is_large else 1):
                if draw.random() < chance:
                    self._at(draw.random(), happening)

    def _at(self, share: float, happening: Callable[[], None]) -> None:
        self.timeline.after(int(share * self.busy_ms), happening)

    def _heal(self) -> None:
        self.site.listens = True
        for till in self.tills:
            till.heal()

    def _settled(self) -> bool:
        return self.site.is_idle and all(till.is_settled() for till in self.tills)

    def _hub_ticks(self) -> None:
        """Tell wallets; at times the way to the hub is lost, or found again."""
        if self.timeline.now_ns < self.busy_ms * MS and self.random.random() < 0.15:
            self.site.listens = not self.site.listens
            if self.random.random() < 0.5:  # else nobody tells the tills
                self.site.announce()
        self.site.tell_wallets()
        self.timeline.after(500, self._hub_ticks)
