"""The demo's audit: three witnesses who know nothing of each other must agree.

The tills' journals say what was promised, the ledger what was booked, and the TSEs'
exports what was signed. Nothing is taken from whoever did the selling.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from contract.fiscal import ReceiptType
from contract.order import OrderKind, Outcome

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from contract.fiscal import Signature
    from edge.journal.reading import JournaledOrder


@dataclass(frozen=True, slots=True)
class LedgerOrder:
    """What the ledger says of an order: its bookings that no reversal undoes.

    `total_minor` is what it sold for, `paid_minor` what came in by cash and card.
    """

    order: str
    live_entries: int
    total_minor: int
    paid_minor: int = 0


@dataclass(frozen=True, slots=True)
class SignedProcess:
    """A finished fiscal transaction of a TSE export whose signature was verified."""

    client: str
    number: int
    process_data: str


@dataclass(frozen=True, slots=True)
class TaxExport:
    """What the export for the tax office holds; its signatures verify by itself."""

    closings: int = 0
    receipts: int = 0
    signatures_verified: int = 0


@dataclass(frozen=True, slots=True)
class KeptArchive:
    """A TSE's log as the hub has recorded it; `last` is its newest transaction."""

    till: str
    serial: str
    last: int
    verified: bool


@dataclass(frozen=True, slots=True)
class ArchiveCount:
    """How many tills' TSEs have their log at the hub, up to the last closing."""

    delivered: int = 0
    verified: int = 0
    wanted: int = 0


@dataclass(frozen=True, slots=True)
class Findings:
    """The audit's figures; `problems` names each thing that is wrong.

    `booked_by_kind` counts the orders that journal and ledger agree on, what was
    practiced is booked nowhere.
    """

    orders_booked: int
    orders_declined: int
    orders_lost: int
    orders_doubled: int
    signatures_verified: int
    ledger_balanced: bool
    p50_ms: int | None
    p99_ms: int | None
    problems: tuple[str, ...]
    booked_by_kind: Mapping[str, int] = field(default_factory=dict)
    closings_recorded: int = 0
    orders_practiced: int = 0
    tax_export: TaxExport = TaxExport()
    tse_archives: ArchiveCount = ArchiveCount()

    @property
    def good(self) -> bool:
        """Whether something was sold and nothing is wrong."""
        return not self.problems


def audit(
    journals: Mapping[str, Sequence[JournaledOrder]],
    booked: Mapping[str, LedgerOrder],
    signed: Collection[SignedProcess],
    *,
    declined: int,
    ledger_findings: Sequence[str],
    closings: int = 0,
) -> Findings:
    """Compare the three witnesses; `journals` by till. Pure, to be tested on lies."""
    decided = [
        (till, order)
        for till, orders in journals.items()
        for order in orders
        if order.outcome is not None
    ]
    completed = [(till, order) for till, order in decided if _is_to_book(order)]
    lost = [order for _, order in completed if _live_entries(order, booked) == 0]
    doubled = [each for each in booked.values() if each.live_entries > 1]
    verified = [order for till, order in completed if _is_signed(till, order, signed)]
    latencies = sorted(
        order.card_to_shown_us
        for _, order in completed
        if order.card_to_shown_us is not None
    )
    problems = [
        *_gaps(journals),
        *_problems(decided, booked, signed),
        *ledger_findings,
    ]
    return Findings(
        orders_booked=sum(each.live_entries > 0 for each in booked.values()),
        orders_declined=declined,
        orders_lost=len(lost),
        orders_doubled=len(doubled),
        signatures_verified=len(verified),
        ledger_balanced=not ledger_findings,
        p50_ms=percentile_ms(latencies, 50),
        p99_ms=percentile_ms(latencies, 99),
        problems=tuple(problems),
        booked_by_kind=dict(
            sorted(
                Counter(
                    order.kind for _, order in completed if _live_entries(order, booked)
                ).items()
            )
        ),
        closings_recorded=closings,
        orders_practiced=sum(_is_practiced(order) for _, order in decided),
    )


def archives(
    closed: Mapping[str, Signature | None], kept: Collection[KeptArchive]
) -> tuple[ArchiveCount, list[str]]:
    """Say whose TSE's log the hub lacks up to the last closing; `closed` by till."""
    delivered = verified = 0
    problems = []
    for till, closing in closed.items():
        if closing is None:
            problems.append(f"{till} has no closing that its TSE has signed")
            continue
        serial, number = closing.tse_serial, closing.number
        found = [
            each
            for each in kept
            if (each.till, each.serial) == (till, serial) and each.last >= number
        ]
        delivered += bool(found)
        verified += any(each.verified for each in found)
        if not any(each.verified for each in found):
            state = "could not be verified" if found else "is not at the hub"
            problems.append(
                f"the log of {till}'s TSE up to its last closing (fiscal transaction"
                f" {number}) {state}; see {till}.log"
            )
    return ArchiveCount(delivered, verified, len(closed)), problems


def has_sold(orders: Iterable[JournaledOrder]) -> bool:
    """Tell whether a till has sold something, other than for training."""
    kinds = {each.kind for each in orders if _is_to_book(each)}
    return OrderKind.SALE.value in kinds


def kinds_missing(orders: Iterable[JournaledOrder]) -> frozenset[OrderKind]:
    """Name the kinds of order that no till has completed, other than for training."""
    made = {each.kind for each in orders if _is_to_book(each)}
    return frozenset(kind for kind in OrderKind if kind.value not in made)


def percentile_ms(sorted_us: Sequence[int], percent: int) -> int | None:
    """Return a percentile of sorted microseconds in whole ms (nearest rank)."""
    if not sorted_us:
        return None
    rank = max(1, -(-len(sorted_us) * percent // 100))
    return round(sorted_us[rank - 1] / 1000)


def _is_completed(order: JournaledOrder) -> bool:
    return order.outcome == Outcome.COMPLETED.value


def _is_to_book(order: JournaledOrder) -> bool:
    return _is_completed(order) and not _is_practiced(order)


def _is_practiced(order: JournaledOrder) -> bool:
    """Whether it was made for training, by the text that the TSE has signed."""
    return (order.process_data or "").startswith(f"{ReceiptType.TRAINING.value}^")


def _live_entries(order: JournaledOrder, booked: Mapping[str, LedgerOrder]) -> int:
    found = booked.get(order.id)
    return found.live_entries if found else 0


def _is_total(order: JournaledOrder, found: LedgerOrder) -> bool:
    if order.kind == OrderKind.CASH_TRANSFER.value:
        return found.paid_minor == 0  # from one register to another
    paid = found.paid_minor if order.wallet is None else found.total_minor
    return paid == order.total_minor


def _is_signed(
    till: str, order: JournaledOrder, signed: Collection[SignedProcess]
) -> bool:
    if order.signature is None or order.process_data is None:
        return False
    return SignedProcess(till, order.signature.number, order.process_data) in signed


def _gaps(journals: Mapping[str, Sequence[JournaledOrder]]) -> Iterable[str]:
    for till, orders in journals.items():
        if not any(map(_is_to_book, orders)):
            yield f"{till} sold nothing"
        for order in orders:
            if order.outcome is None:
                yield f"order {order.id} of {till} was never decided"


def _problems(
    decided: Sequence[tuple[str, JournaledOrder]],
    booked: Mapping[str, LedgerOrder],
    signed: Collection[SignedProcess],
) -> Iterable[str]:
    for till, order in decided:
        name = f"order {order.id} of {till}"
        live = _live_entries(order, booked)
        if live != int(_is_to_book(order)):
            yield f"{name} ended as {order.outcome} but is booked {live} times"
        if live and not _is_total(order, booked[order.id]):
            yield f"{name} is booked with another total"
        if not order.recorded:
            yield f"the ledger did not record how {name} ended"
        if not _is_signed(till, order, signed):
            yield f"{name} has no signature that the TSE's export proves"
    for unknown in booked.keys() - {order.id for _, order in decided}:
        yield f"order {unknown} is in the ledger but in no till's journal"
