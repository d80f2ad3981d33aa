"""What a cashier can want, whoever asks: a screen, a key or a scripted cashier."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pick:
    """Put one more of a product into the basket (opens an order if none is open)."""

    product: int


@dataclass(frozen=True, slots=True)
class Remove:
    """Take one of a product out of the basket."""

    product: int


@dataclass(frozen=True, slots=True)
class AbortOrder:
    """Give the open order up; its fiscal transaction ends as AVBelegabbruch."""


@dataclass(frozen=True, slots=True)
class PayByWristband:
    """Ask the guest to present a wristband."""


@dataclass(frozen=True, slots=True)
class PayByCash:
    """Take the total in cash; completes the order."""


@dataclass(frozen=True, slots=True)
class BackToBasket:
    """Return from 'present wristband' or from a decline to the basket."""


@dataclass(frozen=True, slots=True)
class Dismiss:
    """Leave the result of the last order behind."""


@dataclass(frozen=True, slots=True)
class AnswerHandedOut:
    """Answer the question after a restart: were the goods handed out?"""

    handed_out: bool


@dataclass(frozen=True, slots=True)
class RestartTse:
    """Bring the TSE into service anew, as its lamp asks for; possible at any time."""


CounterIntent = (
    Pick
    | Remove
    | AbortOrder
    | PayByWristband
    | PayByCash
    | BackToBasket
    | Dismiss
    | AnswerHandedOut
)

Intent = CounterIntent | RestartTse
