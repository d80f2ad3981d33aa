"""What an order costs in an empty ledger, and in one that already holds millions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import uvloop

from provisioning.bench.baseline import Pace, Servers, run_pgbench
from provisioning.bench.crowd import found_event, running_hub, till_names
from provisioning.bench.figures import Figures, Sample, Target
from provisioning.bench.filling import Filler
from provisioning.bench.ledger import LedgerBench

if TYPE_CHECKING:
    from collections.abc import Callable

    from provisioning.bench.crowd import Crowd

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
    """Measure at nothing and after each third of the orders; filling takes minutes."""
    orders = orders or ORDERS
    dsn = servers.cluster.create_database(DATABASE)
    tills = pace.tills[0] if pace.tills else TILLS
    say("history: issuing wristbands\n")
    crowd = uvloop.run(found_event(dsn, servers.key, till_names(1)))
    run = _Run(figures, servers, dsn, crowd)
    milestones = [orders * step // STEPS for step in range(STEPS + 1)]
    for held, following in zip(milestones, [*milestones[1:], None], strict=True):
        say(f"history: {held} orders in the ledger, {tills} tills\n")
        run.measure(held, pace, tills)
        if following is not None:
            say(f"history: filling up to {following} orders\n")
            run.fill(held, following)
    return [
        Target(
            name=f"CPU per order with {orders} orders / in an empty ledger",
            bound="at most",
            limit=SLOWDOWN_MAX,
            value=run.costs_us[-1] / run.costs_us[0],
        )
    ]


class _Run:
    def __init__(
        self, figures: Figures, servers: Servers, dsn: str, crowd: Crowd
    ) -> None:
        self._figures = figures
        self._servers = servers
        self._dsn = dsn
        self._crowd = crowd
        self.costs_us: list[float] = []

    def measure(self, held: int, pace: Pace, tills: int) -> None:
        """Let tills sell, pgbench beside it; the cost is hub's and server's CPU."""
        baseline = f"pgbench, {CLIENTS} clients, beside {held} orders"
        name = f"booking, {tills} tills, {held} orders held"
        for _ in range(pace.repetitions):
            pgbench = run_pgbench(self._servers.cluster, CLIENTS, pace.seconds)
            self._figures.add(baseline, pgbench, unit="tps")
            sample = uvloop.run(self._sell(pace.seconds, tills))
            self._figures.add(name, sample, unit=UNIT, baseline=baseline)
        point = next(each for each in self._figures.points() if each.name == name)
        self.costs_us.append(point.details["hub_us"] + point.details["server_us"])

    def fill(self, held: int, following: int) -> None:
        """Book orders in full batches; what that costs is a figure, too."""
        sample = uvloop.run(self._fill(following - held))
        name = f"full batches, {held} to {following} orders held"
        self._figures.add(name, sample, unit=UNIT)

    async def _sell(self, seconds: int, tills: int) -> Sample:
        async with running_hub(self._dsn, self._servers.key) as (_, _, hub):
            bench = LedgerBench(hub, self._crowd, self._servers.cluster.pid, seconds)
            return await bench.book(tills)

    async def _fill(self, orders: int) -> Sample:
        async with running_hub(self._dsn, self._servers.key) as (_, _, hub):
            filler = Filler(hub, self._crowd, self._servers.cluster.pid)
            return await filler.fill(orders)
