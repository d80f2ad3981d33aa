"""A bar on the terminal for what takes its time; silent where nobody looks."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Self, TextIO

if TYPE_CHECKING:
    from types import TracebackType

WIDTH = 40
_CLEAR = "\r\x1b[K"


class Progress:
    """Shows how much of something is done, as often as a percent is."""

    def __init__(self, what: str, stream: TextIO = sys.stderr) -> None:
        self._what = what
        self._stream = stream
        self._asked = stream.isatty()
        self._shown = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._shown >= 0:
            self._stream.write(_CLEAR)
            self._stream.flush()

    def show(self, done: int, total: int) -> None:
        """Say that so many of so many are done."""
        percent = 100 * done // total if total else 100
        if not self._asked or percent == self._shown:
            return
        self._shown = percent
        filled = "█" * (WIDTH * percent // 100)
        self._stream.write(
            f"{_CLEAR}{filled:░<{WIDTH}} {percent:3} %  {done} of {total} {self._what}"
        )
        self._stream.flush()
