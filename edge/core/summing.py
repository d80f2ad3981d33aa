"""What a Z number adds up to: its orders as the journal has them, as a report."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from contract.closing import ClosingReport, ClosingTotal, SequenceSpan, orders_digest
from contract.order import Outcome, TaxSum, decode_order, order_digest

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from contract.messages import Anchor
    from contract.order import Order, OrderKind, PaymentMethod
    from edge.core.records import ShiftOrder
    from edge.core.state import Moment, TillState


def report(
    state: TillState,
    orders: Sequence[ShiftOrder],
    anchor: Anchor | None,
    moment: Moment,
) -> ClosingReport:
    """Sum a Z number up; its orders come by sequence, and each has been decided."""
    assert state.terms is not None
    decided = [(each, decode_order(each.document)) for each in orders]
    real = [pair for pair in decided if not pair[1].training]
    completed = [order for each, order in real if each.outcome is Outcome.COMPLETED]
    return ClosingReport(
        event=state.identity.event,
        till=state.identity.till,
        z_number=state.z_number,
        currency=state.terms.catalogue.currency,
        opened_at=min(order.opened_at for _, order in decided),
        closed_at=moment.now,
        span=SequenceSpan(first=orders[0].sequence, last=orders[-1].sequence),
        completed=len(completed),
        aborted=len(real) - len(completed),
        totals=_totals(completed),
        taxes=_taxes(completed),
        digest=orders_digest(order_digest(each.document) for each in orders),
        cashier=state.cashier.id if state.cashier else "",
        tse_serial=state.unit.serial,
        counters=_counters(orders),
        anchor=anchor,
        trained=len(orders) - len(real),
    )


def _totals(orders: Iterable[Order]) -> tuple[ClosingTotal, ...]:
    counts: Counter[tuple[OrderKind, PaymentMethod | None]] = Counter()
    sums: Counter[tuple[OrderKind, PaymentMethod | None]] = Counter()
    for order in orders:
        key = (order.kind, order.payment.method if order.payment else None)
        counts[key] += 1
        sums[key] += order.total_minor
    return tuple(
        ClosingTotal(kind=key[0], method=key[1], orders=count, total_minor=sums[key])
        for key, count in counts.items()
    )


def _taxes(orders: Iterable[Order]) -> tuple[TaxSum, ...]:
    sums: dict[tuple[int, int], list[int]] = {}
    for order in orders:
        for tax in order.taxes:
            known = sums.setdefault((tax.code, tax.rate_bp), [0, 0, 0])
            known[0] += tax.gross_minor
            known[1] += tax.net_minor
            known[2] += tax.tax_minor
    return tuple(
        TaxSum(code=code, rate_bp=rate, gross_minor=gross, net_minor=net, tax_minor=tax)
        for (code, rate), (gross, net, tax) in sorted(sums.items())
    )


def _counters(orders: Sequence[ShiftOrder]) -> SequenceSpan | None:
    used = [number for each in orders for number in each.counters]
    return SequenceSpan(first=min(used), last=max(used)) if used else None
