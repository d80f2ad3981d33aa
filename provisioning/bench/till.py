"""What a till costs: CPU per tap, time to the first picture, memory, whole orders."""

from __future__ import annotations

import asyncio
import random
import sys
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from contract.ids import TillId
from edge.ui.app import TillApp
from edge.ui.sample import sample_selling
from edge.ui.screenshot import StillTill
from edge.ui.widgets.product_grid import ProductGrid
from provisioning.bench.figures import Figures, Sample, Target, percentile
from provisioning.bench.terminal import Terminal
from provisioning.bench.whole_tills import TILLS, measure_whole_tills, name_of
from provisioning.demo_event import CATALOGUE, panel_guests
from provisioning.processes import claimed_directory
from provisioning.shop import Shop, ShopPlan, program

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from contract.catalogue import Catalogue
    from provisioning.bench.baseline import Pace

SIZE = (98, 26)  # 1280x720 pixels
TAPS = 60
QUIET_S = 3.0
SCREENS = "screens alone"
REAL = "real till"
CPU_PER_TAP_MS_MAX = 20.0
MEMORY_MIB_MAX = 120.0
FIRST_SCREEN_S_MAX = 1.5
APPROVED_P50_MS_MAX = 30.0
APPROVED_P99_MS_MAX = 100.0
NOBODY_APPROVED_MS = 999_999.0  # nothing was sold: that misses any target


@dataclass(frozen=True, slots=True)
class Program:
    """A till to be tapped: how to start it and what it sells."""

    name: str
    argv: Sequence[str | Path]
    catalogue: Catalogue
    environment: Mapping[str, str] | None = None


def measure_till(
    figures: Figures, directory: Path, pace: Pace, say: Callable[[str], object]
) -> list[Target]:
    """Measure the screens alone, a real till on a terminal, and whole tills."""
    screens = sample_program()
    for repetition in range(1, pace.repetitions + 1):
        say(f"till: repetition {repetition} of {pace.repetitions}\n")
        tap(figures, screens)
        with (
            claimed_directory(directory, "bench-till") as place,
            Shop(place, _plan()) as shop,
        ):
            tap(figures, real_program(shop))
        measure_whole_tills(figures, directory, pace, say)
    return targets(figures)


def targets(figures: Figures) -> list[Target]:
    """Say what was to be reached, by screens, a real till and whole tills."""
    return [
        *_targets(figures, SCREENS, ("CPU per tap", CPU_PER_TAP_MS_MAX)),
        *_targets(
            figures,
            REAL,
            ("CPU per tap", CPU_PER_TAP_MS_MAX),
            ("memory", MEMORY_MIB_MAX),
            ("first full screen", FIRST_SCREEN_S_MAX),
        ),
        *_approved(figures),
    ]


def sample_program() -> Program:
    """The till's screens over a basket in memory."""
    catalogue = sample_selling().catalogue
    assert catalogue is not None
    argv = [sys.executable, "-m", "provisioning.bench.sample_till"]
    return Program(SCREENS, argv, catalogue)


def real_program(shop: Shop) -> Program:
    """The real till of a shop, with journal, link, reader and TSE."""
    return Program(
        REAL,
        [*program("edge"), "--config", shop.counters[0].config],
        CATALOGUE,
        shop.pcscd.environment,
    )


def tap(figures: Figures, subject: Program, *, taps: int = TAPS) -> None:
    """Start it on a terminal, tap products at random, and look at what that cost."""
    tiles = asyncio.run(tile_centers(subject.catalogue))
    chosen = random.Random(7).choices(tiles, k=taps)
    last_label = subject.catalogue.products[-1].label.split("\n")[0]
    begin_s = time.perf_counter()
    with Terminal(subject.argv, SIZE, subject.environment) as terminal:
        terminal.await_text(last_label)
        full_s = time.perf_counter() - begin_s
        terminal.read_until_quiet()
        start_cpu_s = terminal.cpu_s()
        answered, repainted = [], []
        for column, row in chosen:
            terminal.tap(column, row)
            first_s, last_s = terminal.read_until_painted()
            answered.append(first_s)
            repainted.append(last_s)
        tapping_s = terminal.cpu_s() - start_cpu_s
        resting_s = _cpu_at_rest(terminal)
        resident_mib = terminal.resident_mib()

    def add(what: str, value: float, unit: str) -> None:
        figures.add(f"{subject.name}: {what}", Sample(value), unit=unit)

    add("first full screen", full_s, "s")
    add("CPU until it rests", start_cpu_s, "s")
    add("CPU per tap", tapping_s / taps * 1000, "ms")
    add("tap to first answer, p50", percentile(sorted(answered), 50) * 1000, "ms")
    add("tap to repainted, p50", percentile(sorted(repainted), 50) * 1000, "ms")
    add("CPU at rest", resting_s / QUIET_S * 100, "%")
    add("memory", resident_mib, "MiB")


async def tile_centers(
    catalogue: Catalogue, size: tuple[int, int] = SIZE
) -> list[tuple[int, int]]:
    """Where to tap each product, as column and row of the terminal from 0."""
    view = replace(sample_selling(), catalogue=catalogue, basket=(), total=None)
    app = TillApp(StillTill(view))
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        grid = app.query_one(ProductGrid)
        left, top, tiling = grid.region.x, grid.region.y, grid.tiling
        count = min(tiling.capacity, len(catalogue.products))
        return [
            (left + region.x + region.width // 2, top + region.y + region.height // 2)
            for region in map(tiling.region, range(count))
        ]


def _plan() -> ShopPlan:
    return ShopPlan(
        (TillId("bar-1"),), tse_latency_ms=0, guests=lambda _till: panel_guests()
    )


def _cpu_at_rest(terminal: Terminal) -> float:
    before_s = terminal.cpu_s()
    terminal.read_for(QUIET_S)
    return terminal.cpu_s() - before_s


def _approved(figures: Figures) -> Iterator[Target]:
    points = {point.name: point for point in figures.points()}
    for name in map(name_of, TILLS):
        for part, limit, measured in (
            ("p50", APPROVED_P50_MS_MAX, points[name].p50_ms),
            ("p99", APPROVED_P99_MS_MAX, points[name].p99_ms),
        ):
            value = NOBODY_APPROVED_MS if measured is None else measured
            yield Target(
                name=f"{name}: {part}, ms", bound="at most", limit=limit, value=value
            )


def _targets(figures: Figures, name: str, *limits: tuple[str, float]) -> list[Target]:
    return [
        Target(
            name=f"{name}: {what}",
            bound="at most",
            limit=limit,
            value=figures.median(f"{name}: {what}"),
        )
        for what, limit in limits
    ]
