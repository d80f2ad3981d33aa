"""Who comes to a till without a screen: its guests, and those who work there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from edge.simulator.wristband import VirtualWristband

NOBODY = "demo"
"""Whose cash registers are where nobody has to log in."""


@dataclass(frozen=True, slots=True)
class Badge:
    """A member of staff: the name in orders, the wristband, the PIN."""

    id: str
    wristband: VirtualWristband
    pin: str


@dataclass(frozen=True, slots=True)
class Team:
    """A supervisor, who hands out and takes back the register, and a cashier."""

    supervisor: Badge
    cashier: Badge


@dataclass(frozen=True, slots=True)
class People:
    """Guests by their wristbands; `spare` is one that nobody has used, for a swap.

    Without a team the till is trusted as it is. `bills` are those that guests bring to
    the till to pay them there, by their references.
    """

    guests: Sequence[VirtualWristband]
    spare: VirtualWristband | None = None
    team: Team | None = None
    bills: Sequence[str] = ()

    def __post_init__(self) -> None:
        if not self.guests:
            raise ValueError("A scripted cashier needs wristbands to tap.")
