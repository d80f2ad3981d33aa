"""What a bank says came in or went out, in one form for every bank format."""

from __future__ import annotations

import enum
from datetime import date

import msgspec

from contract.bill_reference import Mention, mentions


class Direction(enum.Enum):
    """Which way money went, as the bank says it (ISO 20022 CdtDbtInd)."""

    CREDIT = "CRDT"
    DEBIT = "DBIT"
    UNKNOWN = "unknown"


class Credit(msgspec.Struct, frozen=True, kw_only=True):
    """One movement on a bank account: an entry, or one of several it sums up."""

    account: str
    entry: int
    """Which entry of the file it is from, counted from 1."""
    part: int = 1
    """Which detail of the entry, counted from 1."""
    direction: Direction
    amount_minor: int
    currency: str
    is_booked: bool = True
    is_reversal: bool = False
    booked_on: date | None = None
    value_on: date | None = None
    entry_ref: str = ""
    """The bank's own reference of the whole entry."""
    bank_ref: str = ""
    """The bank's own reference of this movement."""
    end_to_end_id: str = ""
    structured: tuple[str, ...] = ()
    """References the bank carried as such."""
    text: tuple[str, ...] = ()
    payer_name: str = ""
    payer_iban: str = ""
    charges_minor: int = 0
    """What the bank kept or bills apart; the amount is gross."""
    charges_included: bool = False
    """Whether the charges are already taken off the amount on the account."""
    is_sum: bool = False
    """An entry that sums up several movements which this file does not name."""
    flaw: str | None = None
    """What is wrong with it, so that nobody may book it unseen."""

    @property
    def mentions(self) -> tuple[Mention, ...]:
        """Name the bills in it: by structured references, else by any text."""
        found = dict.fromkeys(
            mention for text in self.structured for mention in mentions([text])
        )
        if found:
            return tuple(found)
        return mentions([*self.text, *self.structured, self.end_to_end_id])

    @property
    def day(self) -> date | None:
        """The day from which the money counts."""
        return self.value_on or self.booked_on
