from __future__ import annotations

import re
from pathlib import Path

import pytest

from provisioning.bench.figures import Figures, Sample
from provisioning.bench.till import targets
from provisioning.bench.whole_tills import TILLS, name_of

PERFORMANCE = Path(__file__).parents[2] / "docs" / "performance.md"
GOOD = {
    "screens alone: CPU per tap": (17.6, "ms"),
    "real till: CPU per tap": (18.2, "ms"),
    "real till: memory": (67.0, "MiB"),
}


def missed(first_screen_s: float, p50_ms: float | None, p99_ms: float | None) -> int:
    figures = Figures()
    for name, (value, unit) in GOOD.items():
        figures.add(name, Sample(value), unit=unit)
    figures.add("real till: first full screen", Sample(first_screen_s), unit="s")
    for tills in TILLS:
        sample = Sample(20.0, p50_ms, p99_ms)
        figures.add(name_of(tills), sample, unit="orders/s")
    return sum(not each.met for each in targets(figures))


@pytest.mark.parametrize(
    ("measured", "count"),
    [
        ((1.5, 30.0, 100.0), 0),
        ((3.8, 30.0, 100.0), 1),
        ((1.5, 45.0, 100.0), len(TILLS)),
        ((1.5, 23.0, 115.0), len(TILLS)),
        ((1.5, None, None), 2 * len(TILLS)),
    ],
)
def test_a_slow_screen_and_a_slow_whole_till_miss_their_targets(
    measured: tuple[float, float | None, float | None], count: int
) -> None:
    assert missed(*measured) == count


def test_what_the_table_of_targets_says_of_whole_tills_is_what_is_judged() -> None:
    table = PERFORMANCE.read_text("utf-8")
    assert re.search(r"\| first full screen \| at most 1\.5 s \|", table)
    assert re.search(r"\| whole till, [^|]*\| p50 30 ms, p99 100 ms \|", table)
    assert missed(1.5, 30.0, 100.0) == 0
    assert missed(1.51, 30.01, 100.01) == 1 + 2 * len(TILLS)
