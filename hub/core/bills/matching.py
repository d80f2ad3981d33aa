"""Which bill a bank credit pays: by reference alone, everything else is for people.

A reference with a right check digit that is a bill's books the credit, whatever its
amount: instalments are welcome, too much is shown as too much. Names and amounts only
make suggestions. What was taken in before is never booked twice.
"""

from __future__ import annotations

import enum
import re
import unicodedata
from typing import TYPE_CHECKING

import msgspec

from contract.bill_reference import number_of
from contract.money import plain_amount
from hub.core.bills.credits import Direction

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from collections.abc import Set as AbstractSet

    from hub.core.bills.credits import Credit
    from hub.core.bills.fingerprints import Fingerprint

SUGGESTIONS_MAX = 5
_WORD = re.compile(r"[a-z0-9]{2,}")


class Payable(msgspec.Struct, frozen=True, kw_only=True):
    """What matching needs to know of a bill."""

    reference: str
    currency: str
    open_minor: int
    payer_name: str


class Disposition(enum.Enum):
    """What becomes of a credit."""

    BOOKED = "booked"
    UNASSIGNED = "unassigned"
    """In the queue for staff: assign, split, ignore."""
    QUARANTINED = "quarantined"
    """The file says something about it that makes no sense; nobody books it unseen."""
    IGNORED = "ignored"


class Reason(enum.Enum):
    """Why a credit was not simply booked to the one bill it names."""

    FLAWED = "flawed"
    NOT_BOOKED_YET = "not_booked_yet"
    MONEY_OUT = "money_out"
    ZERO = "zero"
    REVERSAL = "reversal"
    """A credit or debit of before was undone; a bill may have to be opened again."""
    KNOWN = "known"
    MAYBE_KNOWN = "maybe_known"
    SUM_ONLY = "sum_only"
    """Several credits in one sum: their details are in the notification (camt.054)."""
    OTHER_CURRENCY = "other_currency"
    UNKNOWN_BILL = "unknown_bill"
    """Names a bill in the right form that is not here."""
    SEVERAL_BILLS = "several_bills"
    """Names more than one bill, and their open amounts don't add up to it."""
    NO_REFERENCE = "no_reference"


class Part(msgspec.Struct, frozen=True):
    """How much of a credit goes to which bill."""

    reference: str
    amount_minor: int


class Match(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be done with one credit."""

    disposition: Disposition
    reason: Reason | None = None
    about: str = ""
    """A sentence for staff."""
    parts: tuple[Part, ...] = ()
    suggestions: tuple[Payable, ...] = ()


def match(
    credit: Credit,
    fingerprint: Fingerprint,
    *,
    bills: Mapping[str, Payable],
    known: AbstractSet[str],
    candidates: Collection[Payable] = (),
) -> Match:
    """Decide about one credit.

    `bills` by their 21 digits: at least those that the credit mentions; `known`: the
    marks kept of earlier credits; `candidates`: open bills to suggest from.
    """
    early = _not_for_booking(credit) or _seen(fingerprint, known)
    if early is not None and early.disposition is not Disposition.UNASSIGNED:
        return early
    named = _named(credit, bills)
    likely = tuple(named) or suggestions(credit, candidates)
    if early is not None:
        return msgspec.structs.replace(early, suggestions=likely)
    return _by_reference(credit, named) or msgspec.structs.replace(
        _unmatched(credit), suggestions=likely
    )


def suggestions(credit: Credit, candidates: Iterable[Payable]) -> tuple[Payable, ...]:
    """Rank open bills by what they share with a credit: amount, words of the name."""
    words = _words(credit.payer_name, *credit.text)
    ranked = []
    for bill in candidates:
        if bill.currency != credit.currency or bill.open_minor <= 0:
            continue
        shared = len(words & _words(bill.payer_name))
        score = 2 * (bill.open_minor == credit.amount_minor) + min(shared, 2)
        if score >= 2:
            ranked.append((-score, bill.reference, bill))
    return tuple(bill for _, _, bill in sorted(ranked)[:SUGGESTIONS_MAX])


def _not_for_booking(credit: Credit) -> Match | None:
    """Sort out what no bill is paid by, the bank's doubts first."""
    if credit.flaw is not None or credit.direction is Direction.UNKNOWN:
        about = credit.flaw or "The bank does not say which way the money went."
        return _match(Disposition.QUARANTINED, Reason.FLAWED, about)
    if not credit.is_booked:
        about = "The bank has announced it, not booked it: it will come again."
        return _match(Disposition.IGNORED, Reason.NOT_BOOKED_YET, about)
    if credit.is_reversal:
        about = (
            "The bank undid an earlier booking. Find the bill and refund or reopen it."
        )
        return _match(Disposition.UNASSIGNED, Reason.REVERSAL, about)
    if credit.direction is Direction.DEBIT:
        about = "Money that left the account pays no bill."
        return _match(Disposition.IGNORED, Reason.MONEY_OUT, about)
    if credit.amount_minor == 0:
        return _match(Disposition.IGNORED, Reason.ZERO, "No money came.")
    return None


def _seen(fingerprint: Fingerprint, known: AbstractSet[str]) -> Match | None:
    if fingerprint.sure & known:
        about = "It was taken in before, from this file or another."
        return _match(Disposition.IGNORED, Reason.KNOWN, about)
    if fingerprint.weak & known:
        about = "It looks like one that was taken in before. Compare, then decide."
        return _match(Disposition.UNASSIGNED, Reason.MAYBE_KNOWN, about)
    return None


def _named(credit: Credit, bills: Mapping[str, Payable]) -> list[Payable]:
    found: dict[str, Payable] = {}
    for mention in credit.mentions:
        bill = bills.get(mention.number)
        if bill is not None and mention.names(bill.reference):
            found[bill.reference] = bill
    return list(found.values())


def _by_reference(credit: Credit, named: list[Payable]) -> Match | None:
    if not named or credit.is_sum:
        return None
    if any(bill.currency != credit.currency for bill in named):
        about = f"It is in {credit.currency}, the bill in {named[0].currency}."
        return _match(Disposition.UNASSIGNED, Reason.OTHER_CURRENCY, about, named)
    if len(named) == 1:
        whole = Part(named[0].reference, credit.amount_minor)
        return Match(disposition=Disposition.BOOKED, parts=(whole,))
    if sum(bill.open_minor for bill in named) == credit.amount_minor:
        parts = tuple(
            Part(bill.reference, bill.open_minor) for bill in named if bill.open_minor
        )
        return Match(disposition=Disposition.BOOKED, parts=parts)
    asked = plain_amount(sum(bill.open_minor for bill in named))
    about = f"It names {len(named)} bills that are open with {asked}. Split it by hand."
    return _match(Disposition.UNASSIGNED, Reason.SEVERAL_BILLS, about, named)


def _unmatched(credit: Credit) -> Match:
    if credit.is_sum:
        about = "Several credits in one sum. Import the notification (camt.054)."
        return _match(Disposition.UNASSIGNED, Reason.SUM_ONLY, about)
    if credit.mentions:
        about = f"There is no bill {credit.mentions[0]} here."
        return _match(Disposition.UNASSIGNED, Reason.UNKNOWN_BILL, about)
    about = "It names no bill in a form with a right check digit."
    return _match(Disposition.UNASSIGNED, Reason.NO_REFERENCE, about)


def _match(
    disposition: Disposition,
    reason: Reason,
    about: str,
    suggested: Iterable[Payable] = (),
) -> Match:
    return Match(
        disposition=disposition,
        reason=reason,
        about=about,
        suggestions=tuple(suggested),
    )


def _words(*texts: str) -> frozenset[str]:
    plain = unicodedata.normalize("NFKD", " ".join(texts)).casefold()
    letters = "".join(each for each in plain if not unicodedata.combining(each))
    return frozenset(_WORD.findall(letters))


def by_number(bills: Iterable[Payable]) -> dict[str, Payable]:
    """Index bills by the 21 digits that `match` looks them up by."""
    return {number_of(bill.reference): bill for bill in bills}
