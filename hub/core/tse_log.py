"""What a TSE's signatures were for, as far as its archives tell."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

FISCAL_STEP: Final = "transaction"
"""Begin, change or end of a fiscal transaction; all else has the TSE's own name."""


@dataclass(frozen=True, slots=True, order=True)
class LoggedSpan:
    """Signatures from one counter to another that were for the same."""

    first: int
    last: int
    what: str


@dataclass(frozen=True, slots=True)
class Explained:
    """A part of a gap; `what` is empty where no archive tells."""

    first: int
    last: int
    what: str


def without_overlap(spans: Iterable[LoggedSpan]) -> tuple[LoggedSpan, ...]:
    """Sort what several archives say, each counter once."""
    found: list[LoggedSpan] = []
    for each in sorted(spans):
        first = max(each.first, found[-1].last + 1) if found else each.first
        if first <= each.last:
            found.append(LoggedSpan(first, each.last, each.what))
    return tuple(found)


def explain(first: int, last: int, log: Iterable[LoggedSpan]) -> Iterator[Explained]:
    """Divide a gap into what the log tells of and what it does not.

    The log is sorted and without overlap.
    """
    told: list[LoggedSpan] = []
    place = first
    for each in log:
        begin, end = max(each.first, first), min(each.last, last)
        if begin > end:
            continue
        if begin > place:
            yield from _summed(told)
            yield Explained(place, begin - 1, "")
            told = []
        told.append(LoggedSpan(begin, end, each.what))
        place = end + 1
    yield from _summed(told)
    if place <= last:
        yield Explained(place, last, "")


def _summed(told: list[LoggedSpan]) -> Iterator[Explained]:
    if not told:
        return
    counts: Counter[str] = Counter()
    for each in told:
        counts[each.what] += each.last - each.first + 1
    what = ", ".join(f"{name} ({count})" for name, count in counts.items())
    yield Explained(told[0].first, told[-1].last, what)
