from __future__ import annotations

import pytest

from provisioning.bench.baseline import read_output
from provisioning.bench.figures import (
    Figures,
    Sample,
    Target,
    latency_sample,
    percentile,
)
from provisioning.bench.load import BOOKED, Tally
from provisioning.processes import ProvisioningError

PGBENCH = """\
transaction type: <builtin: TPC-B (sort of)>
scaling factor: 10
number of clients: 8
latency average = 3.265 ms
initial connection time = 11.9 ms
tps = 2449.863131 (without initial connection time)
"""


def test_a_point_is_the_median_and_its_ratio_to_the_median_of_the_yardstick() -> None:
    figures = Figures()
    for booked, yardstick in ((900, 300), (100, 500), (800, 200)):
        figures.add("pgbench", Sample(yardstick), unit="tps")
        figures.add("booking", Sample(booked), unit="orders/s", baseline="pgbench")
    yardstick_point, booking = figures.points()
    assert yardstick_point.median == 300
    assert yardstick_point.ratio is None
    assert booking.median == 800
    assert booking.ratio == pytest.approx(800 / 300)
    assert booking.values == (900, 100, 800)


def test_latencies_and_details_are_medians_over_the_repetitions() -> None:
    figures = Figures()
    for p50_ms, cores in ((1.0, 0.5), (9.0, 0.7), (2.0, 0.6)):
        figures.add("flow", Sample(1, p50_ms, 20.0, {"cores": cores}), unit="orders/s")
    (point,) = figures.points()
    assert (point.p50_ms, point.p99_ms) == (2.0, 20.0)
    assert point.details == {"cores": 0.6}


@pytest.mark.parametrize(
    ("percent", "value"), [(50, 50), (99, 99), (100, 100), (1, 1), (0.5, 1)]
)
def test_a_percentile_is_a_value_that_was_measured(percent: float, value: int) -> None:
    assert percentile(list(range(1, 101)), percent) == value


def test_latencies_become_a_rate_and_two_percentiles() -> None:
    sample = latency_sample([0.004, 0.001, 0.002, 0.003], 2.0)
    assert sample.value == 2.0
    assert sample.p50_ms == pytest.approx(2.0)
    assert sample.p99_ms == pytest.approx(4.0)


def test_nothing_answered_is_a_rate_of_zero() -> None:
    assert latency_sample([], 2.0) == Sample(0.0)


def test_targets_are_bounds_in_either_direction() -> None:
    speed = Target(name="speed", bound="at least", limit=3, value=3.0)
    delay = Target(name="delay", bound="at most", limit=30, value=30.1)
    assert speed.met
    assert not delay.met


def test_what_pgbench_prints_is_read() -> None:
    sample = read_output(PGBENCH, server_us=2449.863131 * 300)
    assert sample.value == pytest.approx(2449.863131)
    assert sample.details["mean_ms"] == pytest.approx(3.265)
    assert sample.details["server_us"] == pytest.approx(300)


def test_a_pgbench_that_says_something_else_is_named() -> None:
    with pytest.raises(ProvisioningError, match=r"pgbench said .* no such table"):
        read_output("no such table")


def test_only_what_was_booked_within_the_time_counts() -> None:
    tally = Tally.of(100.0)
    assert tally.take(BOOKED, tally.since_s)
    assert tally.take("OrderDeclined", tally.since_s)
    tally.restart(100.0, warm_up_s=50.0)
    assert tally.take(BOOKED, tally.since_s)
    tally.restart(-1.0, warm_up_s=0.0)
    assert not tally.take(BOOKED, tally.since_s)
    assert len(tally.latencies_s) == 1
    assert tally.answers == 4
    assert tally.sample().details["refused"] == 1
