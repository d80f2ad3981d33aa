"""Whether the till's time can be right: the clock lamp, and what a TSE is set by."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from contract.messages import Lamp, LampState

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

EARLIEST_YEAR: Final = 2026  # nothing was ever sold by this software before
SLACK: Final = timedelta(seconds=2)
CHIP_SLACK: Final = timedelta(seconds=5)
UNCONFIRMED: Final = (
    "The clock is not confirmed, so the TSE is not used: no server of time has set it."
    " Check that the network time server is reachable; or compare the time on the"
    " status page with a watch, and let a supervisor press 'Clock is right'."
)


@dataclass(frozen=True, slots=True)
class ClockFacts:
    """What a machine says for its clock; `chip` is a clock that a battery keeps."""

    now: datetime
    synchronized: bool
    chip: datetime | None = None


class Warrant(enum.Enum):
    """Who vouches for the time that a TSE is given."""

    SYNCHRONIZED = "synchronized"
    CHIP = "chip"
    PERSON = "person"


def warrant(
    facts: ClockFacts, witnesses: Sequence[datetime], *, confirmed: bool
) -> Warrant | None:
    """Say who vouches for the clock; None when nobody does.

    Witnesses are times that have been: of the journal's last order, of the TSE's last
    log message. A clock chip counts if it agrees with the clock and with all of them.
    """
    if facts.synchronized:
        return Warrant.SYNCHRONIZED
    chip = facts.chip
    if (
        chip is not None
        and witnesses
        and chip.year >= EARLIEST_YEAR
        and abs(chip - facts.now) <= CHIP_SLACK
        and all(facts.now >= seen - SLACK for seen in witnesses)
    ):
        return Warrant.CHIP
    return Warrant.PERSON if confirmed else None


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
