"""What an order costs in an empty ledger, and in one that already holds millions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import uvloop

from provisioning.bench.baseline import run_pgbench
from provisioning.bench.crowd import found_event, running_hub, till_names
from provisioning.bench.figures import Sample, Target
from provisioning.bench.filling import Filler
from provisioning.bench.ledger import LedgerBench

if TYPE_CHECKING:
    from collections.abc import Callable

    from provisioning.bench.baseline import Pace, Servers
    from provisioning.bench.crowd import Crowd
    from provisioning.bench.figures import Figures, Point

DATABASE = "history"
ORDERS = 3_000_000
STEPS = 3
TILLS = 32
CLIENTS = 8
SLOWDOWN_MAX = 1.15
UNIT = "orders/s"


def measure_history(
    figures: Figures,
    servers: Servers,
    pace: Pace,
    say: Callable[[str], object],
    *,
    orders: int | None = None,
) -> list[Target]:
    """Measure at nothing and after each third of the orders; filling takes minutes.

    Beside the ledger that grows, turn by turn, a new one: a machine's own pace is not
    the same after ten minutes of work.
    """
    orders = orders or ORDERS
    tills = pace.tills[0] if pace.tills else TILLS
    say("history: issuing wristbands\n")
    run = _Run(figures, servers, pace, tills)
    milestones = [orders * step // STEPS for step in range(STEPS + 1)]
    slowdown = 1.0
    for held, following in zip(milestones, [*milestones[1:], None], strict=True):
        say(f"history: {held} orders in the ledger, {tills} tills\n")
        slowdown = run.measure(held)
        if following is not None:
            say(f"history: filling up to {following} orders\n")
            run.fill(held, following)
    return [
        Target(
            name=f"CPU per order with {orders} orders / in a new ledger beside it",
            bound="at most",
            limit=SLOWDOWN_MAX,
            value=slowdown,
        )
    ]


@dataclass(frozen=True, slots=True)
class _Ledger:
    dsn: str
    crowd: Crowd


class _Run:
    def __init__(
        self, figures: Figures, servers: Servers, pace: Pace, tills: int
    ) -> None:
        self._figures = figures
        self._servers = servers
        self._pace = pace
        self._tills = tills
        self._growing = self._found(DATABASE)

    def measure(self, held: int) -> float:
        """Let tills sell; hub's and server's CPU per order, divided by a new ledger's.

        pgbench runs beside both.
        """
        new = self._found(f"{DATABASE}_beside_{held}")
        baseline = f"pgbench, {CLIENTS} clients, beside {held} orders"
        names = {
            f"booking, {self._tills} tills, {held} orders held": self._growing,
            f"booking, {self._tills} tills, a new ledger beside {held}": new,
        }
        for repetition in range(self._pace.repetitions):
            pgbench = run_pgbench(self._servers.cluster, CLIENTS, self._pace.seconds)
            self._figures.add(baseline, pgbench, unit="tps")
            turns = list(names.items())
            for name, ledger in turns if repetition % 2 else reversed(turns):
                sample = uvloop.run(self._sell(ledger))
                self._figures.add(name, sample, unit=UNIT, baseline=baseline)
        costs = {point.name: _cost_us(point) for point in self._figures.points()}
        with_held, without = (costs[name] for name in names)
        return with_held / without

    def fill(self, held: int, following: int) -> None:
        """Book orders in full batches; what that costs is a figure, too."""
        sample = uvloop.run(self._fill(following - held))
        name = f"full batches, {held} to {following} orders held"
        self._figures.add(name, sample, unit=UNIT)

    def _found(self, database: str) -> _Ledger:
        dsn = self._servers.cluster.create_database(database)
        crowd = uvloop.run(found_event(dsn, self._servers.key, till_names(1)))
        return _Ledger(dsn, crowd)

    async def _sell(self, ledger: _Ledger) -> Sample:
        cluster, seconds = self._servers.cluster, self._pace.seconds
        async with running_hub(ledger.dsn, self._servers.key) as (_, _, hub):
            bench = LedgerBench(hub, ledger.crowd, cluster.pid, seconds)
            return await bench.book(self._tills)

    async def _fill(self, orders: int) -> Sample:
        growing = self._growing
        async with running_hub(growing.dsn, self._servers.key) as (_, _, hub):
            filler = Filler(hub, growing.crowd, self._servers.cluster.pid)
            return await filler.fill(orders)


def _cost_us(point: Point) -> float:
    return point.details.get("hub_us", 0.0) + point.details["server_us"]
