"""Figures of a benchmark: samples of several repetitions, their medians, targets."""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Bound = Literal["at least", "at most"]


@dataclass(frozen=True, slots=True)
class Sample:
    """What one repetition measured at one point."""

    value: float
    p50_ms: float | None = None
    p99_ms: float | None = None
    details: Mapping[str, float] = field(default_factory=dict)


class Point(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a benchmark: medians over its repetitions."""

    name: str
    unit: str
    median: float
    values: tuple[float, ...]
    p50_ms: float | None = None
    p99_ms: float | None = None
    ratio: float | None = None
    details: dict[str, float] = {}


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """A bound on a figure, and what was measured."""

    name: str
    bound: Bound
    limit: float
    value: float

    @property
    def met(self) -> bool:
        """Whether the figure keeps within the bound."""
        if self.bound == "at least":
            return self.value >= self.limit
        return self.value <= self.limit


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """Everything a run found out, and where it ran."""

    benchmarks: tuple[str, ...]
    environment: dict[str, str]
    points: tuple[Point, ...]
    targets: tuple[Target, ...]

    def point(self, name: str) -> Point | None:
        """Find a line by its name."""
        return next((each for each in self.points if each.name == name), None)


class Figures:
    """Collects samples by the name of their point, in order of first appearance."""

    def __init__(self) -> None:
        self._samples: dict[str, list[Sample]] = {}
        self._units: dict[str, str] = {}
        self._baselines: dict[str, str] = {}

    def add(
        self, name: str, sample: Sample, *, unit: str, baseline: str | None = None
    ) -> None:
        """Take one repetition's sample; `baseline` names the point it is divided by."""
        assert self._units.setdefault(name, unit) == unit, "one unit per point"
        self._samples.setdefault(name, []).append(sample)
        if baseline is not None:
            self._baselines[name] = baseline

    def median(self, name: str) -> float:
        """The median of a point over its repetitions so far."""
        return statistics.median(each.value for each in self._samples[name])

    def points(self) -> tuple[Point, ...]:
        """Sum up every point."""
        return tuple(self._point(name) for name in self._samples)

    def _point(self, name: str) -> Point:
        samples = self._samples[name]
        baseline = self._baselines.get(name)
        median = self.median(name)
        return Point(
            name=name,
            unit=self._units[name],
            median=median,
            values=tuple(each.value for each in samples),
            p50_ms=_median_of([each.p50_ms for each in samples]),
            p99_ms=_median_of([each.p99_ms for each in samples]),
            ratio=None if baseline is None else median / self.median(baseline),
            details={
                key: statistics.median(each.details[key] for each in samples)
                for key in samples[0].details
            },
        )


def percentile(ordered: Sequence[float], percent: float) -> float:
    """The value that `percent` of the sorted values do not exceed (nearest rank)."""
    assert ordered, "no percentile of nothing"
    rank = math.ceil(len(ordered) * percent / 100)
    return ordered[max(rank, 1) - 1]


def latency_sample(
    latencies_s: Sequence[float],
    elapsed_s: float,
    details: Mapping[str, float] | None = None,
) -> Sample:
    """Sum up a closed loop: answers per second, and p50 and p99 in milliseconds."""
    if not latencies_s:
        return Sample(0.0, details=details or {})
    ordered = sorted(latencies_s)
    return Sample(
        len(ordered) / elapsed_s,
        percentile(ordered, 50) * 1000,
        percentile(ordered, 99) * 1000,
        details or {},
    )


def _median_of(values: Sequence[float | None]) -> float | None:
    present = [each for each in values if each is not None]
    return statistics.median(present) if present else None
