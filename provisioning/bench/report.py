"""What a person reads: a table of figures, the targets, a comparison of two runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from provisioning.bench.figures import Point, Report, Target
from provisioning.processes import ProvisioningError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

Row = tuple[str, ...]

HEADINGS: Row = ("", "median", "", "range", "p50 ms", "p99 ms", "ratio")
COMPARED: Row = (
    *("", "before", "after", "", "after / before"),
    *("ratio before", "ratio after"),
)


def show(report: Report) -> str:
    """Write a report as text."""
    facts = "\n".join(f"  {key}: {value}" for key, value in report.environment.items())
    parts = [f"Machine\n{facts}", "Figures\n" + _table(report.points)]
    if report.targets:
        parts.append("Targets\n" + "\n".join(map(_target, report.targets)))
    return "\n\n".join(parts) + "\n"


def show_comparison(before: Report, after: Report) -> str:
    """Write two runs side by side, and what changed about the machine."""
    rows: list[Row] = [COMPARED]
    for point in after.points:
        earlier = before.point(point.name)
        if earlier is not None:
            rows.append(_compared(earlier, point))
    changed = [
        f"  {key}: {before.environment.get(key, 'unknown')} before, {value} now"
        for key, value in after.environment.items()
        if before.environment.get(key) != value
    ]
    text = _align(rows) + "\n"
    if changed:
        text += "\nThe machine differs\n" + "\n".join(changed) + "\n"
    return text


def load_report(path: Path) -> Report:
    """Read a report that `--json FILE` wrote."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Report)
    except (OSError, msgspec.DecodeError) as error:
        raise ProvisioningError(
            f"{path} holds no benchmark's report ({error})."
            " Make one with './kassenband bench --json FILE'."
        ) from error


def number(value: float) -> str:
    """Write a figure with three significant digits, large ones whole."""
    if abs(value) >= 100:
        return f"{value:.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def _table(points: Sequence[Point]) -> str:
    rows: list[Row] = [HEADINGS, *map(_row, points)]
    lines = _align(rows).splitlines()
    return "\n".join(
        f"{line}  {_details(point)}".rstrip()
        for line, point in zip(lines, [None, *points], strict=True)
    )


def _row(point: Point) -> Row:
    low, high = min(point.values), max(point.values)
    spread = f"{number(low)}-{number(high)}" if len(point.values) > 1 else ""
    return (
        point.name,
        number(point.median),
        point.unit,
        spread,
        "" if point.p50_ms is None else number(point.p50_ms),
        "" if point.p99_ms is None else number(point.p99_ms),
        "" if point.ratio is None else f"{number(point.ratio)} x",
    )


def _details(point: Point | None) -> str:
    details = {} if point is None else point.details
    return ", ".join(f"{key} {number(value)}" for key, value in details.items())


def _compared(before: Point, after: Point) -> Row:
    change = "" if not before.median else f"{number(after.median / before.median)} x"
    return (
        after.name,
        number(before.median),
        number(after.median),
        after.unit,
        change,
        "" if before.ratio is None else f"{number(before.ratio)} x",
        "" if after.ratio is None else f"{number(after.ratio)} x",
    )


def _target(target: Target) -> str:
    word = "met" if target.met else "TARGET MISSED"
    return (
        f"  {target.name}: {number(target.value)},"
        f" wanted {target.bound} {number(target.limit)}: {word}"
    )


def _align(rows: Sequence[Row]) -> str:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  "
        + "  ".join(
            cell.ljust(width) if place == 0 else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    )
