"""What the till's screen costs: CPU per tap, time to the first picture, memory."""

from __future__ import annotations

import asyncio
import random
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from edge.ui.app import TillApp
from edge.ui.widgets.product_grid import ProductGrid
from provisioning.bench.figures import Figures, Sample, Target, percentile
from provisioning.bench.sample_till import SampleTill
from provisioning.bench.terminal import Terminal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

SIZE = (98, 26)  # 1280x720 pixels
TAPS = 60
QUIET_S = 3.0
LIMITS = (
    ("CPU per tap", "ms", 20.0),
    ("first full screen", "s", 1.5),
    ("memory", "MiB", 120.0),
)


@dataclass(frozen=True, slots=True)
class Program:
    """A till to be tapped: how to start it and where its tiles are."""

    name: str
    argv: Sequence[str | Path]
    tiles: Sequence[tuple[int, int]]
    environment: Mapping[str, str] | None = None


def measure_screens(
    figures: Figures, repetitions: int, say: Callable[[str], object]
) -> list[Target]:
    """Measure the till's screens alone; nothing else runs in their process."""
    program = sample_program()
    for repetition in range(1, repetitions + 1):
        say(f"till: repetition {repetition} of {repetitions}\n")
        measure_program(figures, program)
    name = program.name
    return [
        Target(
            name=f"{name}: {what}, {unit}",
            bound="at most",
            limit=limit,
            value=figures.median(f"{name}: {what}"),
        )
        for what, unit, limit in LIMITS
    ]


def sample_program() -> Program:
    """The till's screens over a basket in memory."""
    return Program(
        "till's screens",
        [sys.executable, "-m", "provisioning.bench.sample_till"],
        asyncio.run(tile_centers(TillApp(SampleTill()))),
    )


async def tile_centers(
    app: TillApp, size: tuple[int, int] = SIZE
) -> list[tuple[int, int]]:
    """Where to tap each product, as column and row of the terminal."""
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        grid = app.query_one(ProductGrid)
        left, top = grid.region.x, grid.region.y
        view = app.query_one(ProductGrid).tiling
        return [
            (left + region.x + region.width // 2, top + region.y + region.height // 2)
            for region in map(view.region, range(view.capacity))
        ]


def measure_program(figures: Figures, program: Program, *, taps: int = TAPS) -> None:
    """Start it on a terminal, tap products at random, and look at what that cost."""
    chosen = random.Random(7).choices(program.tiles, k=taps)
    with Terminal(program.argv, SIZE, program.environment) as terminal:
        _first, full = terminal.read_until_painted()
        start_cpu_s = terminal.cpu_s()
        answered, repainted = [], []
        for column, row in chosen:
            terminal.tap(column, row)
            first, last = terminal.read_until_painted()
            answered.append(first)
            repainted.append(last)
        tapping_s = terminal.cpu_s() - start_cpu_s
        resting_s = _cpu_at_rest(terminal)
        resident_mib = terminal.resident_mib()
    name = program.name
    figures.add(f"{name}: first full screen", Sample(full), unit="s")
    figures.add(
        f"{name}: CPU until the first full screen", Sample(start_cpu_s), unit="s"
    )
    figures.add(f"{name}: CPU per tap", Sample(tapping_s / taps * 1000), unit="ms")
    for what, latencies in (("first answer", answered), ("repainted", repainted)):
        ordered = sorted(latencies)
        half, most = percentile(ordered, 50) * 1000, percentile(ordered, 95) * 1000
        figures.add(
            f"{name}: tap to {what}",
            Sample(half, half, details={"p95_ms": most}),
            unit="ms",
        )
    figures.add(f"{name}: CPU at rest", Sample(resting_s / QUIET_S * 100), unit="%")
    figures.add(f"{name}: memory", Sample(resident_mib), unit="MiB")


def _cpu_at_rest(terminal: Terminal) -> float:
    before = terminal.cpu_s()
    time.sleep(QUIET_S)
    return terminal.cpu_s() - before
