"""The clock lamp: whether the till's time can be right."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from contract.messages import Lamp, LampState

if TYPE_CHECKING:
    from datetime import datetime

EARLIEST_YEAR: Final = 2026  # nothing was ever sold by this software before
SLACK: Final = timedelta(seconds=2)


def clock_lamp(now: datetime, last_at: datetime | None) -> Lamp:
    """Judge the system clock by what the till knows for sure."""
    if now.year < EARLIEST_YEAR:
        return Lamp(
            state=LampState.BAD,
            text=f"The clock says {now:%Y-%m-%d %H:%M} UTC, which can't be. Set it, or"
            " check that the network time server is reachable.",
        )
    if last_at is not None and now < last_at - SLACK:
        return Lamp(
            state=LampState.BAD,
            text=f"The clock says {now:%Y-%m-%d %H:%M} UTC, but this till's last order"
            f" was at {last_at:%Y-%m-%d %H:%M}. Set the clock, or check that the"
            " network time server is reachable.",
        )
    return Lamp(state=LampState.GOOD)
