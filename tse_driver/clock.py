"""Time as the driver sees it: one Protocol, so that tests and benches own it."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """The two clocks a session needs."""

    def now(self) -> datetime:
        """Return the time of day, UTC and aware."""

    def monotonic(self) -> float:
        """Return seconds that never run backwards, for deadlines."""


class SystemClock:
    """The clocks of this machine."""

    def now(self) -> datetime:
        """Return the time of day, UTC and aware."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Return seconds that never run backwards."""
        return time.monotonic()
