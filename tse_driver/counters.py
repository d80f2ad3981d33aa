"""Sets of counters that are nearly gapless, kept as runs: millions in little memory."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


class Counters:
    """Which counters were seen."""

    def __init__(self) -> None:
        self._firsts: list[int] = []
        self._lasts: list[int] = []

    def __contains__(self, number: int) -> bool:
        at = bisect_right(self._firsts, number) - 1
        return at >= 0 and number <= self._lasts[at]

    def add(self, number: int) -> bool:
        """Add one; return whether it is new."""
        at = bisect_right(self._firsts, number) - 1
        if at >= 0 and number <= self._lasts[at]:
            return False
        joins_left = at >= 0 and self._lasts[at] + 1 == number
        right = at + 1
        joins_right = right < len(self._firsts) and self._firsts[right] == number + 1
        if joins_left and joins_right:
            self._lasts[at] = self._lasts[right]
            del self._firsts[right], self._lasts[right]
        elif joins_left:
            self._lasts[at] = number
        elif joins_right:
            self._firsts[right] = number
        else:
            self._firsts.insert(right, number)
            self._lasts.insert(right, number)
        return True

    def gaps(self) -> Iterator[tuple[int, int]]:
        """Yield first and last of each hole between those seen."""
        for before, after in zip(self._lasts, self._firsts[1:], strict=False):
            yield before + 1, after - 1
