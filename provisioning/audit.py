"""The demo's audit: three witnesses who know nothing of each other must agree.

The tills' journals say what was promised, the ledger what was booked, and the TSEs'
exports what was signed. Nothing is taken from whoever did the selling.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from uuid import UUID


@dataclass(frozen=True, slots=True)
class JournaledOrder:
    """What a till's journal says of an order it decided."""

    order: UUID
    till: str
    completed: bool
    total_minor: int
    recorded: bool
    fiscal_number: int | None
    process_data: str | None
    signed: bool
    card_to_shown_us: int | None


@dataclass(frozen=True, slots=True)
class LedgerOrder:
    """What the ledger says of an order: its bookings that no reversal undoes."""

    order: UUID
    live_entries: int
    total_minor: int
    completed: bool


@dataclass(frozen=True, slots=True)
class SignedProcess:
    """A finished fiscal transaction of a TSE export whose signature was verified."""

    client: str
    number: int
    process_data: str


@dataclass(frozen=True, slots=True)
class Findings:
    """The audit's figures; `problems` names each thing that is wrong."""

    orders_booked: int
    orders_declined: int
    orders_lost: int
    orders_doubled: int
    signatures_verified: int
    ledger_balanced: bool
    p50_ms: int | None
    p99_ms: int | None
    problems: tuple[str, ...]

    @property
    def good(self) -> bool:
        """Whether something was sold and nothing is wrong."""
        return not self.problems


def audit(
    journaled: Sequence[JournaledOrder],
    booked: Mapping[UUID, LedgerOrder],
    signed: Collection[SignedProcess],
    *,
    declined: int,
    ledger_findings: Sequence[str],
) -> Findings:
    """Compare the three witnesses; pure, so that it can be tested on lies."""
    completed = [each for each in journaled if each.completed]
    lost = [each for each in completed if not _is_booked(each, booked)]
    doubled = [each for each in booked.values() if each.live_entries > 1]
    verified = [each for each in completed if _is_signed(each, signed)]
    latencies = sorted(
        each.card_to_shown_us for each in completed if each.card_to_shown_us is not None
    )
    return Findings(
        orders_booked=sum(each.live_entries > 0 for each in booked.values()),
        orders_declined=declined,
        orders_lost=len(lost),
        orders_doubled=len(doubled),
        signatures_verified=len(verified),
        ledger_balanced=not ledger_findings,
        p50_ms=percentile_ms(latencies, 50),
        p99_ms=percentile_ms(latencies, 99),
        problems=tuple(_problems(journaled, booked, signed)) + tuple(ledger_findings),
    )


def percentile_ms(sorted_us: Sequence[int], percent: int) -> int | None:
    """Return a percentile of sorted microseconds in whole ms (nearest rank)."""
    if not sorted_us:
        return None
    rank = max(1, -(-len(sorted_us) * percent // 100))
    return round(sorted_us[rank - 1] / 1000)


def _is_booked(order: JournaledOrder, booked: Mapping[UUID, LedgerOrder]) -> bool:
    found = booked.get(order.order)
    return found is not None and found.live_entries > 0


def _is_signed(order: JournaledOrder, signed: Collection[SignedProcess]) -> bool:
    if order.fiscal_number is None or order.process_data is None:
        return False
    wanted = SignedProcess(order.till, order.fiscal_number, order.process_data)
    return wanted in signed


def _problems(
    journaled: Sequence[JournaledOrder],
    booked: Mapping[UUID, LedgerOrder],
    signed: Collection[SignedProcess],
) -> Iterable[str]:
    if not any(each.completed for each in journaled):
        yield "nothing was sold"
    known = {each.order for each in journaled}
    for each in journaled:
        entry = booked.get(each.order)
        live = entry.live_entries if entry else 0
        if each.completed and live != 1:
            yield f"order {each.order} was completed but is booked {live} times"
        if each.completed and entry and entry.total_minor != each.total_minor:
            yield f"order {each.order} is booked with another total"
        if not each.completed and live:
            yield f"order {each.order} was aborted but is booked"
        if not each.recorded:
            yield f"the advice of order {each.order} is not recorded"
        if not (each.signed and _is_signed(each, signed)):
            yield f"order {each.order} has no signature that the TSE's export proves"
    for order in booked.keys() - known:
        yield f"order {order} is in the ledger but in no till's journal"
