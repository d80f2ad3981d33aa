"""A stocking: the rolls and notes that a cash register is handed out with.

Templates of them are the event's; an order that hands a register out holds the one it
was stocked by, piece by piece, so that it says for good what the cashier was given.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final

import msgspec

from contract.money import Currency, Money, plain_amount

if TYPE_CHECKING:
    from collections.abc import Mapping

COUNT_MAX = 9_999
IN_ROLL_MAX = 100
PIECES_MAX = 30

StockingName = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^[^\s\x00-\x1f\x7f]"
        r"([^\x00-\x1f\x7f]{0,38}[^\s\x00-\x1f\x7f])?$(?!\n)",
        max_length=40,
    ),
]
"""What a template is called: up to 40 characters, no blanks around them.

As in a StaffId there is no control character in it, which no database would take.
"""

_COINS_EUR = (200, 100, 50, 20, 10, 5, 2, 1)
_COINS_CHF = (500, 200, 100, 50, 20, 10, 5)
_NOTES_EUR = (500_00, 200_00, 100_00, 50_00, 20_00, 10_00, 5_00)
_NOTES_CHF = (1_000_00, 200_00, 100_00, 50_00, 20_00, 10_00)

DENOMINATIONS: Final[Mapping[Currency, tuple[int, ...]]] = {
    Currency.EUR: (*_NOTES_EUR, *_COINS_EUR),
    Currency.CHF: (*_NOTES_CHF, *_COINS_CHF),
}
"""The notes and coins there are, in minor units, the largest first."""


class Pieces(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Notes, loose coins or rolls of one value; with `in_roll` coins in each roll."""

    value_minor: Annotated[int, msgspec.Meta(ge=1, le=1_000_00)]
    count: Annotated[int, msgspec.Meta(ge=1, le=COUNT_MAX)]
    in_roll: Annotated[int, msgspec.Meta(ge=1, le=IN_ROLL_MAX)] = 1

    @property
    def total_minor(self) -> int:
        """What they are worth together, in minor units."""
        return self.count * self.in_roll * self.value_minor

    def __str__(self) -> str:
        """Write them as an operator types them: 5x10.00, or 2x25x2.00 for rolls."""
        roll = f"{self.in_roll}x" if self.in_roll > 1 else ""
        return f"{self.count}x{roll}{plain_amount(self.value_minor)}"


class Stocking(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A template by its name, or what a register was stocked with by it."""

    name: StockingName
    pieces: Annotated[
        tuple[Pieces, ...], msgspec.Meta(min_length=1, max_length=PIECES_MAX)
    ]

    @property
    def total_minor(self) -> int:
        """What the register holds by it, in minor units; never said, always added."""
        return sum(each.total_minor for each in self.pieces)


def stocking_fault(stocking: Stocking, currency: Currency) -> str | None:
    """Say what keeps a template from being filled; the text is a sentence."""
    if not 0 < len(stocking.pieces) <= PIECES_MAX:
        return f"It may hold 1 to {PIECES_MAX} sorts of cash."
    seen: set[tuple[int, int]] = set()
    for each in stocking.pieces:
        value = Money(each.value_minor, currency)
        if each.value_minor not in DENOMINATIONS[currency]:
            return f"There is no coin or note of {value}."
        if each.in_roll > 1 and each.value_minor >= min(_notes(currency)):
            return f"Notes of {value} come in no rolls."
        sort = (each.value_minor, each.in_roll)
        if sort in seen:
            return f"{value} is named twice; say it once, with the whole number."
        seen.add(sort)
    return None


def _notes(currency: Currency) -> tuple[int, ...]:
    return {Currency.EUR: _NOTES_EUR, Currency.CHF: _NOTES_CHF}[currency]
