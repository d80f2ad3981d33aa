"""A closing beside everything else that is known: where till, ledger and TSE differ.

The till's journal speaks through the report, the ledger through the orders it has, the
TSE through the counters and numbers of its signatures. What differs is named one by
one, with figures, so that a person knows where to look.
"""

from __future__ import annotations

import enum
from collections import Counter
from dataclasses import dataclass, field
from itertools import islice, pairwise
from typing import TYPE_CHECKING

from contract.closing import orders_digest
from contract.money import Money
from hub.core import closings
from hub.core.tse_log import explain

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from contract.acts import OrderKind, PaymentMethod
    from contract.closing import ClosingReport, ClosingTotal
    from contract.fiscal import Outage, Signature
    from contract.order import Order
    from hub.core.closings import Ended
    from hub.core.tse_log import LoggedSpan

GAPS_MAX = 20


class FindingCode(enum.Enum):
    """What can be found."""

    Z_MISSING = "z_missing"
    ORDERS_MISSING = "orders_missing"
    ORDERS_BEFORE = "orders_before"
    COUNT_DIFFERS = "count_differs"
    TOTAL_DIFFERS = "total_differs"
    TAX_DIFFERS = "tax_differs"
    DIGEST_DIFFERS = "digest_differs"
    CHAIN_DIFFERS = "chain_differs"
    UNSIGNED = "unsigned"
    BAD_SIGNATURE = "bad_signature"
    OTHER_TSE = "other_tse"
    COUNTERS_DIFFER = "counters_differ"
    NUMBERS_MISSING = "numbers_missing"
    COUNTERS_MISSING = "counters_missing"
    COUNTERS_EXPLAINED = "counters_explained"
    TWICE = "twice"
    OUTAGES = "outages"
    HELD_BACK = "held_back"
    LATE = "late"
    TWO_SHIFTS = "two_shifts"
    CLOCK_OFF = "clock_off"


NOTES = frozenset(
    {
        FindingCode.COUNTERS_MISSING,
        FindingCode.COUNTERS_EXPLAINED,
        FindingCode.OUTAGES,
    }
)
"""What is to be known; anything else is to be looked into."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One difference, with its figures by name."""

    code: FindingCode
    values: Mapping[str, object] = field(default_factory=dict)

    @property
    def is_alarm(self) -> bool:
        """Whether somebody has to look into it."""
        return self.code not in NOTES


@dataclass(frozen=True, slots=True)
class Witness:
    """An order of the closing as the ledger has it, with what its TSE said."""

    ended: Ended
    signature: Signature | None = None
    outage: Outage | None = None


@dataclass(frozen=True, slots=True)
class OtherClosing:
    """Another closing of the same till."""

    z_number: int
    last_sequence: int
    signature: Signature | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosingFacts:
    """Everything that a closing is compared with."""

    report: ClosingReport
    orders: tuple[Witness, ...]
    signature: Signature | None = None
    signature_fits: bool = True
    chain_fits: bool = True
    clock_fits: bool = True
    others: tuple[OtherClosing, ...] = ()
    late: tuple[int, ...] = ()
    """Sequence numbers of orders with its Z number that are outside of its span."""
    log: tuple[LoggedSpan, ...] = ()
    """What its TSE's archives tell, sorted and without overlap."""

    @property
    def before(self) -> OtherClosing | None:
        """The closing before it."""
        earlier = [e for e in self.others if e.z_number < self.report.z_number]
        return max(earlier, key=lambda each: each.z_number, default=None)


def compare(facts: ClosingFacts) -> tuple[Finding, ...]:
    """Name all that differs, what is missing first."""
    return (
        *_sequence(facts),
        *_sums(facts),
        *_seals(facts),
        *_tse(facts),
        *_circumstances(facts),
    )


def _sequence(facts: ClosingFacts) -> Iterator[Finding]:
    report, before = facts.report, facts.before
    if report.z_number > 1 and (
        before is None or before.z_number != report.z_number - 1
    ):
        last = before.z_number if before else 0
        for first, until in _gaps((last, report.z_number)):
            yield Finding(FindingCode.Z_MISSING, _span(first, until))
    elif before is not None and report.span.first > before.last_sequence + 1:
        gap = _span(before.last_sequence + 1, report.span.first - 1)
        yield Finding(FindingCode.ORDERS_BEFORE, gap)
    known = (each.ended.order.sequence for each in facts.orders)
    for hole in closings.missing(report.span, known)[:GAPS_MAX]:
        yield Finding(FindingCode.ORDERS_MISSING, _span(hole.first, hole.last))


def _sums(facts: ClosingFacts) -> Iterator[Finding]:
    report = facts.report
    ended = [each.ended for each in facts.orders]
    real = [each for each in ended if not each.order.training]
    completed = [each.order for each in real if each.completed]
    counts = (
        ("completed", report.completed, len(completed)),
        ("aborted", report.aborted, len(real) - len(completed)),
        ("trained", report.trained, len(ended) - len(real)),
    )
    for what, said, found in counts:
        if said != found:
            values = {"what": what, "said": said, "found": found}
            yield Finding(FindingCode.COUNT_DIFFERS, values)
    yield from _totals(report, completed)
    yield from _taxes(report, completed)


def _totals(report: ClosingReport, completed: list[Order]) -> Iterator[Finding]:
    said, found = _by_key(report.totals), _by_key(closings.totals(completed))
    for key in sorted({*said, *found}, key=_place):
        one, two = said.get(key), found.get(key)
        if one == two:
            continue
        kind, method = key
        yield Finding(
            FindingCode.TOTAL_DIFFERS,
            {
                "kind": kind,
                "method": method,
                "said_orders": one.orders if one else 0,
                "said": Money(one.total_minor if one else 0, report.currency),
                "found_orders": two.orders if two else 0,
                "found": Money(two.total_minor if two else 0, report.currency),
            },
        )


def _taxes(report: ClosingReport, completed: list[Order]) -> Iterator[Finding]:
    said = {(each.code, each.rate_bp): each for each in report.taxes}
    found = {(each.code, each.rate_bp): each for each in closings.taxes(completed)}
    for key in sorted({*said, *found}):
        one, two = said.get(key), found.get(key)
        if one != two:
            values = {
                "code": key[0],
                "said": Money(one.gross_minor if one else 0, report.currency),
                "said_tax": Money(one.tax_minor if one else 0, report.currency),
                "found": Money(two.gross_minor if two else 0, report.currency),
                "found_tax": Money(two.tax_minor if two else 0, report.currency),
            }
            yield Finding(FindingCode.TAX_DIFFERS, values)


def _seals(facts: ClosingFacts) -> Iterator[Finding]:
    report = facts.report
    if report.digest != orders_digest(each.ended.digest for each in facts.orders):
        yield Finding(FindingCode.DIGEST_DIFFERS)
    if not facts.chain_fits:
        yield Finding(FindingCode.CHAIN_DIFFERS)
    if facts.signature is None:
        yield Finding(FindingCode.UNSIGNED)
    elif not facts.signature_fits:
        yield Finding(FindingCode.BAD_SIGNATURE)


def _tse(facts: ClosingFacts) -> Iterator[Finding]:
    report = facts.report
    signatures = [each.signature for each in facts.orders if each.signature]
    serials = {each.tse_serial for each in signatures}
    serial = report.tse_serial or next(iter(sorted(serials)), "")
    for other in sorted(serials - {serial}):
        yield Finding(FindingCode.OTHER_TSE, {"serial": other, "till_says": serial})
    own = [each for each in signatures if each.tse_serial == serial]
    counters = [n for each in own for n in (each.start_counter, each.counter)]
    yield from _ends(report, counters)
    twice = sorted(each for each, count in Counter(counters).items() if count > 1)
    for each in twice[:GAPS_MAX]:
        yield Finding(FindingCode.TWICE, {"counter": each})
    signed = [e.signature for e in facts.others if e.signature is not None]
    signed = [each for each in signed if each.tse_serial == serial]
    begin = _begin(facts, serial)
    numbers = {each.number for each in own}
    numbers |= {e.outage.number for e in facts.orders if e.outage and e.outage.number}
    known = numbers | {each.number for each in signed}
    if numbers:
        first = begin.number if begin else min(numbers)
        for gap in _gaps({each for each in known if first <= each <= max(numbers)}):
            yield Finding(FindingCode.NUMBERS_MISSING, _span(*gap))
    if counters:
        first = begin.counter if begin else min(counters)
        seen = {*counters, *(n for e in signed for n in (e.start_counter, e.counter))}
        inside = {each for each in seen if first <= each <= max(counters)}
        for gap in _gaps(inside):
            yield from _explained(gap, facts.log)


def _explained(gap: tuple[int, int], log: tuple[LoggedSpan, ...]) -> Iterator[Finding]:
    for part in islice(explain(*gap, log), GAPS_MAX):
        values = _span(part.first, part.last)
        if part.what:
            values["logged"] = part.what
            yield Finding(FindingCode.COUNTERS_EXPLAINED, values)
        else:
            yield Finding(FindingCode.COUNTERS_MISSING, values)


def _begin(facts: ClosingFacts, serial: str) -> Signature | None:
    """The signature of the closing before it, where the same TSE made it."""
    before = facts.before
    if before is None or before.z_number != facts.report.z_number - 1:
        return None
    signature = before.signature
    own = signature is not None and signature.tse_serial == serial
    return signature if own else None


def _ends(report: ClosingReport, counters: list[int]) -> Iterator[Finding]:
    said = report.counters
    found = (min(counters), max(counters)) if counters else None
    if (None if said is None else (said.first, said.last)) != found:
        values = {
            "said": "-" if said is None else f"{said.first} - {said.last}",
            "found": "-" if found is None else f"{found[0]} - {found[1]}",
        }
        yield Finding(FindingCode.COUNTERS_DIFFER, values)


def _circumstances(facts: ClosingFacts) -> Iterator[Finding]:
    unsigned = [e.ended.order.sequence for e in facts.orders if e.outage is not None]
    held = [e.ended.order.sequence for e in facts.orders if e.ended.is_held]
    for code, numbers in (
        (FindingCode.OUTAGES, unsigned),
        (FindingCode.HELD_BACK, held),
        (FindingCode.LATE, facts.late),
    ):
        for span in closings.spans(numbers)[:GAPS_MAX]:
            yield Finding(code, _span(span.first, span.last))
    second = closings.second_shift(each.ended for each in facts.orders)
    if second is not None:
        yield Finding(FindingCode.TWO_SHIFTS, {"first": second})
    if not facts.clock_fits:
        yield Finding(FindingCode.CLOCK_OFF)


def _gaps(known: Iterable[int]) -> list[tuple[int, int]]:
    """List what is missing between these numbers, first and last of each gap."""
    found = [
        (one + 1, two - 1) for one, two in pairwise(sorted(known)) if two > one + 1
    ]
    return found[:GAPS_MAX]


def _span(first: int, last: int) -> dict[str, object]:
    return {"first": first, "last": last}


def _by_key(
    totals: Iterable[ClosingTotal],
) -> dict[tuple[OrderKind, PaymentMethod | None], ClosingTotal]:
    return {(each.kind, each.method): each for each in totals}


def _place(key: tuple[OrderKind, PaymentMethod | None]) -> tuple[str, str]:
    kind, method = key
    return kind.value, "" if method is None else method.value
