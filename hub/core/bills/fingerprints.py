"""Recognizing a credit that was taken in before, from another file or kind of file.

Banks report the same money several times: in a notification (camt.054) during the day,
in the statement (camt.053) at night, again when asked. Their own references tell it,
though given on different levels; and a statement may carry less of the payer's text.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from hub.core.bills.credits import Credit

_NONE: frozenset[str] = frozenset()


class Fingerprint(msgspec.Struct, frozen=True):
    """What a credit is recognized by when it comes again."""

    marks: frozenset[str]
    """To be kept with a credit when it is booked, queued or ignored; of an entry that
    sums up others only when somebody assigned it by hand."""
    sure: frozenset[str]
    """If one of these was kept before, it is the same money."""
    weak: frozenset[str]
    """If one of these was kept before it may be, and somebody has to look."""


def fingerprints(credits_: Iterable[Credit]) -> Iterator[Fingerprint]:
    """Make the fingerprint of each credit of one file, in its order.

    Equal credits within a file are different ones: they are told by their turn.
    """
    turns: Counter[str] = Counter()
    for credit in credits_:
        if credit.is_sum:
            yield _of_a_sum(credit, turns)
        elif credit.bank_ref or credit.entry_ref:
            yield _of_a_referenced(credit, turns)
        else:
            weak = _next(turns, "weak", credit, *_bills(credit), *credit.text)
            yield Fingerprint(frozenset({weak}), _NONE, frozenset({weak}))


def _of_a_referenced(credit: Credit, turns: Counter[str]) -> Fingerprint:
    """Tell a credit by the bank's references, its own before that of its entry."""
    bills = _bills(credit)
    own, entry = credit.bank_ref, credit.entry_ref
    marks: set[str] = set()
    sure: set[str] = set()
    weak: set[str] = set()
    if own:
        mark = _next(turns, "own", credit, own, *bills)
        marks.add(mark)
        sure |= {mark, _same_turn(mark, "bare", credit, own, *bills)}
    if entry and entry != own:
        mark = _next(turns, "within" if own else "bare", credit, entry, *bills)
        marks.add(mark)
        # Two with references of their own are told by these, not by their entry's.
        known = ("bare",) if own else ("bare", "within", "own")
        sure |= {_same_turn(mark, kind, credit, entry, *bills) for kind in known}
    if entry:
        alike = _next(turns, "alike", credit, entry)
        unbilled = _same_turn(alike, "unbilled", credit, entry)
        marks |= {alike, _of_entry("part", credit)}
        weak.add(_of_entry("sum", credit))
        if bills:
            weak.add(unbilled)
        else:
            marks.add(unbilled)
            sure.add(alike)
    return Fingerprint(frozenset(marks), frozenset(sure), frozenset(weak))


def _of_a_sum(credit: Credit, turns: Counter[str]) -> Fingerprint:
    """Tell an entry without its details: they may have come, or come, elsewhere."""
    if not credit.entry_ref:
        weak = frozenset({_next(turns, "weak", credit)})
        return Fingerprint(weak, _NONE, weak)
    total, part = _of_entry("sum", credit), _of_entry("part", credit)
    return Fingerprint(frozenset({total}), frozenset({total, part}), _NONE)


def _next(turns: Counter[str], kind: str, credit: Credit, *parts: str) -> str:
    digest = _digest(kind, *_about(credit), *parts)
    turns[digest] += 1
    return f"{digest}-{turns[digest]}"


def _same_turn(mark: str, kind: str, credit: Credit, *parts: str) -> str:
    turn = mark.rpartition("-")[2]
    return f"{_digest(kind, *_about(credit), *parts)}-{turn}"


def _of_entry(kind: str, credit: Credit) -> str:
    return _digest(kind, credit.account, credit.direction.value, credit.entry_ref)


def _bills(credit: Credit) -> tuple[str, ...]:
    return tuple(sorted(mention.number for mention in credit.mentions))


def _about(credit: Credit) -> tuple[str, ...]:
    return (
        credit.account,
        credit.direction.value,
        str(credit.amount_minor),
        credit.currency,
        "" if credit.day is None else credit.day.isoformat(),
    )


def _digest(*parts: str) -> str:
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:32]
