"""Taking a bank's file in: each credit decided in turn, with what that changes.

Pure: the store is asked before what is known and which bills are named, and told after
what to keep. Credits of one file see what earlier ones left open of a bill.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from contract.bill_reference import number_of
from hub.core.bills.credits import Credit
from hub.core.bills.fingerprints import Fingerprint, fingerprints
from hub.core.bills.matching import Disposition, Match, Reason, by_number, match

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from collections.abc import Set as AbstractSet

    from hub.core.bills.matching import Payable

_WILL_COME_AGAIN = frozenset({Reason.FLAWED, Reason.NOT_BOOKED_YET})
_NO_PAYMENT = frozenset({Reason.MONEY_OUT, Reason.ZERO})


class TakenIn(msgspec.Struct, frozen=True):
    """What becomes of one credit."""

    credit: Credit
    fingerprint: Fingerprint
    match: Match

    @property
    def kept_marks(self) -> AbstractSet[str]:
        """The marks by which it is known from now on.

        None of what comes again before it counts, of what never pays a bill, and of
        sums: their parts must not be taken for known while nobody has booked the sum.
        """
        reason = self.match.reason
        if self.credit.is_sum or reason in _WILL_COME_AGAIN | _NO_PAYMENT:
            return frozenset()
        return self.fingerprint.marks


class Looked(msgspec.Struct, frozen=True):
    """What has to be looked up before a file's credits can be decided."""

    numbers: tuple[str, ...]
    """The 21 digits of every bill that is named."""
    marks: tuple[str, ...]


def to_look_up(credits_: Sequence[Credit], prints: Sequence[Fingerprint]) -> Looked:
    """Say what the decisions about a file depend on."""
    numbers = {mention.number for credit in credits_ for mention in credit.mentions}
    marks = {mark for each in prints for mark in (*each.sure, *each.weak)}
    return Looked(tuple(sorted(numbers)), tuple(sorted(marks)))


def take_in(
    credits_: Sequence[Credit],
    prints: Sequence[Fingerprint],
    *,
    bills: Iterable[Payable],
    known: AbstractSet[str],
) -> Iterator[TakenIn]:
    """Decide about every credit of a file, in its order."""
    named = by_number(bills)
    for credit, fingerprint in zip(credits_, prints, strict=True):
        decided = match(credit, fingerprint, bills=named, known=known)
        yield TakenIn(credit, fingerprint, decided)
        for part in decided.parts if decided.disposition is Disposition.BOOKED else ():
            number = number_of(part.reference)
            bill = named[number]
            left = max(0, bill.open_minor - part.amount_minor)
            named[number] = msgspec.structs.replace(bill, open_minor=left)


def prints_of(credits_: Sequence[Credit]) -> tuple[Fingerprint, ...]:
    """Make the fingerprints of one file's credits."""
    return tuple(fingerprints(credits_))
