"""Tickets bought beforehand: a code lets one guest in, until that is undone again.

Codes are known by their digests. A till asks before it lets anybody in; what it reports
all the same is booked and flagged, for the guest is inside.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from contract.messages import AdviceFlag, DeclineReason
from contract.order import LineRole
from hub.core.undoing import quantities_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from hub.core.booking import Item
    from hub.core.records import Records
    from hub.core.state import LedgerState, Live

FLAGS: Mapping[DeclineReason, AdviceFlag] = {
    DeclineReason.PRESALE_UNKNOWN: AdviceFlag.PRESALE_UNKNOWN,
    DeclineReason.PRESALE_USED: AdviceFlag.PRESALE_USED,
    DeclineReason.PRESALE_OTHER_TICKET: AdviceFlag.PRESALE_OTHER_TICKET,
}
"""What is said of an advice whose guest is inside already."""


def objection(item: Item, state: LedgerState) -> DeclineReason | None:
    """Say what forbids letting a guest in by an item's codes; they were looked for."""
    for code in item.presale:
        known = state.presales.get(code)
        if known is None:
            return DeclineReason.PRESALE_UNKNOWN
        if known.holder not in {None, item.order}:
            return DeclineReason.PRESALE_USED
    return None if _fits(item, state) else DeclineReason.PRESALE_OTHER_TICKET


def change(
    item: Item, entry: int, state: LedgerState, records: Records
) -> tuple[str, ...]:
    """Take an item's codes that are free; a cancellation frees those of its original.

    Returns what changed hands.
    """
    if item.cancels is not None:
        return _free(item, item.cancels, entry, state, records)
    return _take(item, entry, state, records) if item.presale else ()


def _take(
    item: Item, entry: int, state: LedgerState, records: Records
) -> tuple[str, ...]:
    taken = []
    for code in item.presale:
        known = state.presales.get(code)
        if known is not None and known.holder is None:
            _hand_over(code, item.order, entry, item, state, records)
            taken.append(code)
    return tuple(taken)


def _free(
    item: Item, canceled: UUID, entry: int, state: LedgerState, records: Records
) -> tuple[str, ...]:
    original = state.order(canceled).live
    if original is None:
        return ()
    codes = original.presale
    if quantities_of(item.lines) is not None:  # one guest goes out
        codes = tuple([code for code in codes if code in item.frees])
    held = [code for code in codes if _holder(code, state) == canceled]
    for code in held:
        _hand_over(code, None, entry, item, state, records)
    return tuple(held)


def undo(
    live: Live, item: Item, entry: int, state: LedgerState, records: Records
) -> None:
    """Take back what a booking did to codes, but for those that changed hands since."""
    left_by = item.order if live.cancels is None else None
    for code in live.presale:
        if _holder(code, state) == left_by:
            _hand_over(code, live.cancels, entry, item, state, records)


def _hand_over(
    code: str,
    holder: UUID | None,
    entry: int,
    item: Item,
    state: LedgerState,
    records: Records,
) -> None:
    known = state.presales[code]  # nobody holds a code that is not known
    records.presale(code, entry, known.holder, holder, item.order)
    state.presales[code] = replace(known, holder=holder)


def _holder(code: str, state: LedgerState) -> UUID | None:
    known = state.presales.get(code)
    return None if known is None else known.holder


def _fits(item: Item, state: LedgerState) -> bool:
    """Whether just the tickets that the codes are for are taken off, each whole."""
    wanted = Counter(
        known.product for code in item.presale if (known := state.presales.get(code))
    )
    off: Counter[int] = Counter()
    for line in item.lines:
        if line.role is LineRole.ITEM and line.product in wanted:
            tickets = min(line.quantity, wanted[line.product])
            wanted[line.product] -= tickets
            off[line.tax_code] += tickets * line.unit_price_minor
        elif line.role is LineRole.DISCOUNT:
            off[line.tax_code] += line.total_minor
    return not any(wanted.values()) and not any(off.values())
