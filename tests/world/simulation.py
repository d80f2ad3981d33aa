"""A whole event in simulated time: real tills, the real ledger, a bad wire between."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from random import Random
from typing import TYPE_CHECKING
from unittest.mock import patch
from uuid import UUID

from contract.ids import TillId
from contract.order import Outcome, decode_order
from hub.core import state
from hub.core.bills.bill import LineKind
from hub.core.bills.steps import BillStep, Share, StepKind, encode_step, step_item
from hub.core.booking import credit_item
from tests.world.desk import Desk
from tests.world.drawers import Drawers
from tests.world.site import Site
from tests.world.tills import SimulatedTill
from tests.world.timeline import MS, Timeline

if TYPE_CHECKING:
    from collections.abc import Callable

    from contract.order import Order
    from edge.core.view import Phase
    from hub.core.booking import Item

    Edge = tuple[Phase, str, Phase]

HEAL_MS = 400_000
FEW_ORDERS = 45  # more than a batch and the one before it are about


@dataclass
class World:
    """One seed's event; `run` plays it to its healed end."""

    seed: int
    tills: list[SimulatedTill] = field(default_factory=list)
    desks: list[Desk] = field(default_factory=list)
    completed: list[Order] = field(default_factory=list)
    """Orders that might be canceled; those of tills are added when asked for."""
    edges: set[Edge] = field(default_factory=set)

    counts_cash: bool = True
    """Not where a till's orders are set aside: the ledger does not have its cash."""

    def __post_init__(self) -> None:
        self.random = Random(self.seed)
        self.drawers = Drawers()
        self._of_tills: set[UUID] = set()
        self.is_large = self.seed % 40 == 0
        self.busy_ms = 20_000 if self.is_large else self.random.randint(2000, 5000)
        count = (
            self.random.randint(2, 3) if self.is_large else self.random.choice([1, 2])
        )
        names = [TillId(f"bar-{number}") for number in range(count)]
        self.timeline = Timeline()
        hub_random = Random(f"{self.seed} hub")
        desks = [TillId("desk-0")] if self.random.random() < 0.7 else []
        if self.is_large:
            desks = [TillId("desk-0"), TillId("desk-1")]
        self.site = Site(self.timeline, hub_random, [*names, *desks])
        self.tills = [SimulatedTill(self, name) for name in names]
        self.desks = [
            Desk(self, name, is_faulty=self.random.random() < 0.3) for name in desks
        ]
        self.site.honest = frozenset(names)
        self.site.tills = [each.down_from_hub for each in self._everyone()]

    def run(self) -> None:
        """Sell in disorder, then heal everything and wait until all is settled."""
        kept = FEW_ORDERS if self.is_large else state.ORDERS_KEPT
        with patch.object(state, "ORDERS_KEPT", kept):
            self._run()

    def _run(self) -> None:
        for till in self.tills:
            till.boot()
            self.timeline.after(100, till.cashier_acts)
        for desk in self.desks:
            desk.start()
        self.timeline.after(500, self._hub_ticks)
        self._plan()
        self.timeline.run(self.busy_ms)
        self._heal()
        settled = self.timeline.run(HEAL_MS, done=self._settled)
        waits = [each.what_waits() for each in self._everyone()]
        assert settled, f"not settled: {waits}"
        self.site.release_quarantine()
        assert self.timeline.run(HEAL_MS + 1000, done=self._settled)

    def is_delivered(self) -> bool:
        """Whether the ledger has all that tills ever did."""
        return self.site.is_idle and all(each.is_delivered for each in self.tills)

    def decided(self) -> list[Order]:
        """Tell which orders might be canceled: the desks' and the tills'."""
        for till in self.tills:
            for order, row in till.journal.rows.items():
                decision = row.order.decision
                if decision is not None and order not in self._of_tills:
                    self._of_tills.add(order)
                    if decision.outcome is Outcome.COMPLETED:
                        self.completed.append(decode_order(decision.document))
        return self.completed

    def _plan(self) -> None:
        """Let things happen that happen once, in some of the worlds."""
        draw, site = self.random, self.site
        if draw.random() < 0.15:
            self._at(0.3, site.save)
            self._at(0.6 + 0.35 * draw.random(), site.restore)
        if draw.random() < 0.15:
            self._at(draw.random(), site.publish_catalogue)
        if draw.random() < 0.1:
            self.counts_cash = False
            till = draw.choice(self.tills).identity.till
            self._at(draw.random(), lambda: site.revoke(till))
            self._at(draw.random(), site.release_quarantine)
        self._plan_what_needs_no_till()
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

    def _plan_what_needs_no_till(self) -> None:
        """Let the hub's own words come twice each, in whatever order."""
        draw, site = self.random, self.site
        words: list[Item] = []
        if draw.random() < 0.3:
            words.append(credit_item(UUID(int=self.seed + 1), 2, 700, "online"))
        if draw.random() < 0.3:
            words += _bill_steps(self.seed)
        for word in words:
            for said in ([word, word], [word]):
                self._at(draw.random(), partial(site.book, said, _nothing))

    def _at(self, share: float, happening: Callable[[], None]) -> None:
        self.timeline.after(int(share * self.busy_ms), happening)

    def _heal(self) -> None:
        self.site.listens = True
        for till in self.tills:
            till.heal()
        for desk in self.desks:
            desk.heal()

    def _settled(self) -> bool:
        return self.site.is_idle and all(each.is_settled() for each in self._everyone())

    def _everyone(self) -> list[SimulatedTill | Desk]:
        return [*self.tills, *self.desks]

    def _hub_ticks(self) -> None:
        """Tell wallets; at times the way to the hub is lost, or found again."""
        if self.timeline.now_ns < self.busy_ms * MS and self.random.random() < 0.15:
            self.site.listens = not self.site.listens
            if self.random.random() < 0.5:  # else nobody tells the tills
                self.site.announce()
        self.site.tell_wallets()
        self.timeline.after(500, self._hub_ticks)


def _bill_steps(seed: int) -> list[Item]:
    """A top-up by bill that is paid, and then charged back, when it is spent or not."""
    steps = [
        BillStep(
            step=kind,
            reference="1",
            organizer="club",
            lines=(Share(LineKind.TOP_UP, 20_000, 2),),
            before_minor=before,
            after_minor=20_000 - before,
        )
        for kind, before in ((StepKind.RELEASE, 0), (StepKind.RETAKE, 20_000))
    ]
    first = (seed + 1) << 32  # unlike any other order's
    return [
        step_item(UUID(int=first + number), encode_step(step))
        for number, step in enumerate(steps)
    ]


def _nothing() -> None:
    pass
