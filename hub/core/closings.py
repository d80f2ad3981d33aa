"""A till's closing, compared with what the ledger has of its orders."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from contract.closing import (
    PROCESS_TYPE,
    ClosingTotal,
    closing_process_data,
    orders_digest,
)
from contract.messages import ClosingFlag, SequenceSpan
from contract.order import TaxSum
from contract.shift import Turn, turn_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from contract.acts import OrderKind, PaymentMethod
    from contract.closing import ClosingReport
    from contract.fiscal import Signature
    from contract.order import Order

MISSING_MAX = 100


@dataclass(frozen=True, slots=True)
class Ended:
    """An order of a till as the ledger has it."""

    order: Order
    digest: bytes
    completed: bool
    counters: tuple[int, int] | None
    """The TSE's signature counters of its start and its end."""
    is_held: bool = False
    """It is in quarantine: the hub has it, the ledger does not."""


def missing(span: SequenceSpan, known: Iterable[int]) -> tuple[SequenceSpan, ...]:
    """Name the sequence numbers of which no order is known, at most 100 spans."""
    gaps: list[SequenceSpan] = []
    expected = span.first
    for number in sorted(set(known) | {span.last + 1}):
        if number > expected:
            gaps.append(SequenceSpan(first=expected, last=number - 1))
        expected = max(expected, number + 1)
    return tuple(gaps[:MISSING_MAX])


def spans(numbers: Iterable[int]) -> tuple[SequenceSpan, ...]:
    """Put sequence numbers together to spans, at most 100 of them."""
    found: list[SequenceSpan] = []
    for number in sorted(set(numbers)):
        if found and found[-1].last == number - 1:
            found[-1] = SequenceSpan(first=found[-1].first, last=number)
        else:
            found.append(SequenceSpan(first=number, last=number))
    return tuple(found[:MISSING_MAX])


def flags(
    report: ClosingReport,
    orders: Sequence[Ended],
    *,
    signed: bool,
    signature_fits: bool,
    chain_fits: bool,
) -> tuple[ClosingFlag, ...]:
    """List what does not agree between a closing and the orders that it closes."""
    checks = (
        (ClosingFlag.TOTALS_DIFFER, not _totals_agree(report, orders)),
        (
            ClosingFlag.DIGEST_DIFFERS,
            report.digest != orders_digest(each.digest for each in orders),
        ),
        (ClosingFlag.CHAIN_DIFFERS, not chain_fits),
        (ClosingFlag.COUNTERS_HAVE_GAPS, not _counters_agree(report, orders)),
        (ClosingFlag.UNSIGNED, not signed),
        (ClosingFlag.BAD_SIGNATURE, signed and not signature_fits),
        (ClosingFlag.ORDERS_HELD_BACK, any(each.is_held for each in orders)),
        (ClosingFlag.TWO_SHIFTS, second_shift(orders) is not None),
    )
    return tuple(flag for flag, holds in checks if holds)


def second_shift(orders: Iterable[Ended]) -> int | None:
    """Name the order by which another shift comes into a Z number; None: one at most.

    What is sold after a close-out is nobody's shift; after a register was handed to
    another cashier it is theirs.
    """
    latest: Turn | None = None
    for each in sorted(orders, key=lambda ended: ended.order.sequence):
        if not each.completed:
            continue
        turn = turn_of(each.order)
        if latest is Turn.PASSES or (turn is Turn.BEGINS and latest is not None):
            return each.order.sequence
        latest = turn or latest
    return None


def totals(orders: Iterable[Order]) -> tuple[ClosingTotal, ...]:
    """Add completed orders up by kind and payment, in a fixed order."""
    counts: Counter[tuple[OrderKind, PaymentMethod | None]] = Counter()
    sums: Counter[tuple[OrderKind, PaymentMethod | None]] = Counter()
    for order in orders:
        key = (order.kind, order.payment.method if order.payment else None)
        counts[key] += 1
        sums[key] += order.total_minor
    return tuple(
        ClosingTotal(kind=kind, method=method, orders=count, total_minor=sums[key])
        for key, count in sorted(counts.items(), key=_place)
        for kind, method in (key,)
    )


def taxes(orders: Iterable[Order]) -> tuple[TaxSum, ...]:
    """Add the taxes of completed orders up, by code and rate."""
    sums: dict[tuple[int, int], TaxSum] = {}
    for order in orders:
        for tax in order.taxes:
            known = sums.get((tax.code, tax.rate_bp))
            sums[tax.code, tax.rate_bp] = tax if known is None else _added(known, tax)
    return tuple(sums[key] for key in sorted(sums))


def fits(signature: Signature, report: ClosingReport, data: bytes) -> bool:
    """Whether a signature speaks of these bytes, and is that of the report's TSE."""
    return (
        signature.client == report.till
        and signature.process_type == PROCESS_TYPE
        and signature.process_data == closing_process_data(data)
        and report.tse_serial in {"", signature.tse_serial}
    )


def _totals_agree(report: ClosingReport, orders: Sequence[Ended]) -> bool:
    real = [each for each in orders if not each.order.training]
    completed = [each.order for each in real if each.completed]
    said = {(each.kind, each.method): each for each in report.totals}
    found = {(each.kind, each.method): each for each in totals(completed)}
    return (
        report.completed == len(completed)
        and report.aborted == len(real) - len(completed)
        and report.trained == len(orders) - len(real)
        and said == found
        and sorted(report.taxes, key=_tax_place) == list(taxes(completed))
    )


def _counters_agree(report: ClosingReport, orders: Sequence[Ended]) -> bool:
    """Whether every signature between the first and the last belongs to an order."""
    used = set(_used(orders))
    if report.counters is None:
        return not used
    first, last = report.counters.first, report.counters.last
    return used == set(range(first, last + 1)) if last - first < _SANE else False


_SANE = 1_000_000  # signatures in one shift: more than any TSE makes in a day


def _used(orders: Iterable[Ended]) -> Iterator[int]:
    for each in orders:
        if each.counters is not None:
            yield from each.counters


def _place(
    counted: tuple[tuple[OrderKind, PaymentMethod | None], int],
) -> tuple[str, str]:
    (kind, method), _ = counted
    return kind.value, "" if method is None else method.value


def _tax_place(tax: TaxSum) -> tuple[int, int]:
    return tax.code, tax.rate_bp


def _added(left: TaxSum, right: TaxSum) -> TaxSum:
    return TaxSum(
        code=left.code,
        rate_bp=left.rate_bp,
        gross_minor=left.gross_minor + right.gross_minor,
        net_minor=left.net_minor + right.net_minor,
        tax_minor=left.tax_minor + right.tax_minor,
    )
