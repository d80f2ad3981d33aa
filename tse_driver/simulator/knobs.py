"""Everything about a simulated TSE that can be chosen, as one line of text.

    slow,signatures=500,expires=10

is a slow one with 500 signatures left in it, whose certificate ends in ten days.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from tse_driver.errors import KnobUnknown
from tse_driver.simulator import keys
from tse_driver.simulator.device import Limits
from tse_driver.simulator.faults import Fault, FaultyTse
from tse_driver.simulator.module import SimulatedTse

if TYPE_CHECKING:
    from pathlib import Path

    from tse_driver.clock import Clock

EXPIRED_DAYS = -1
NUMBER_MAX = 10**12


class Knob(StrEnum):
    """What takes a number: how much of it the simulated TSE has."""

    SIGNATURES = "signatures"
    """Signatures in its life."""
    CLIENTS = "clients"
    """Tills it can know."""
    TRANSACTIONS = "transactions"
    """Fiscal transactions open at once."""
    CAPACITY = "capacity"
    """Bytes of memory."""
    EXPIRES = "expires"
    """Days until its certificate ends (only for a new state)."""


_LIMITS = {
    Knob.SIGNATURES: "signatures",
    Knob.CLIENTS: "clients",
    Knob.TRANSACTIONS: "transactions",
    Knob.CAPACITY: "capacity",
}


@dataclass(frozen=True, slots=True)
class Knobs:
    """A simulated TSE as it was asked for."""

    faults: frozenset[Fault] = frozenset()
    numbers: dict[Knob, int] = field(default_factory=dict)

    @classmethod
    def from_text(cls, text: str) -> Knobs:
        """Read a list such as "slow,clients=2"; raise KnobUnknown."""
        faults, numbers = set(), {}
        for part in filter(None, map(str.strip, text.split(","))):
            name, equals, number = part.partition("=")
            if not equals and name in set(Fault):
                faults.add(Fault(name))
            elif name in set(Knob) and number.isascii() and number.isdecimal():
                numbers[Knob(name)] = min(int(number), NUMBER_MAX)
            else:
                known = ", ".join([*Fault, *(f"{knob}=N" for knob in Knob)])
                raise KnobUnknown("The simulator", f"'{part}', but {known}")
        return cls(frozenset(faults), numbers)

    def build(
        self,
        state: Path | None = None,
        *,
        clock: Clock | None = None,
        latency_s: float = 0.0,
        developer: bool = False,
        curve: str = keys.DEFAULT_CURVE,
    ) -> FaultyTse:
        """Make the TSE, with the keys and the log kept in `state`."""
        limits = {
            _LIMITS[knob]: number
            for knob, number in self.numbers.items()
            if knob in _LIMITS
        }
        days = self.numbers.get(Knob.EXPIRES, keys.VALID_DAYS)
        module = SimulatedTse(
            state,
            clock=clock,
            limits=Limits(**limits),
            valid_days=EXPIRED_DAYS if Fault.EXPIRED in self.faults else days,
            developer=developer,
            curve=curve,
        )
        return FaultyTse(module, self.faults, latency_s=latency_s)
