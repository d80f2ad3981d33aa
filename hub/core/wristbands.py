"""What becomes of wristbands: registered, swapped, blocked, restricted; and undone.

A swapped wristband keeps pointing at its wallet, so that what tills sold to it while
the hub was silent is charged where it belongs; it opens nothing new. Its successor must
never have been used, so nothing is lost with the wallet that it leaves.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from contract.messages import AdviceFlag, DeclineReason

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hub.core.booking import Item
    from hub.core.changes import BandChange
    from hub.core.records import Records
    from hub.core.state import Band, Changed, LedgerState, Live

FLAGS: Mapping[DeclineReason, AdviceFlag] = {
    DeclineReason.UNKNOWN_WRISTBAND: AdviceFlag.UNKNOWN_WRISTBAND,
    DeclineReason.ALREADY_SWAPPED: AdviceFlag.SWAPPED_WRISTBAND,
    DeclineReason.ALREADY_REGISTERED: AdviceFlag.SWAPPED_WRISTBAND,
}
"""What is said of an advice whose change of a wristband could not be made."""


def objection(item: Item, state: LedgerState) -> DeclineReason | None:
    """Say what forbids the changes that an item makes of wristbands."""
    for change in item.bands:
        band = state.bands[change.serial]
        if band is None:
            return DeclineReason.UNKNOWN_WRISTBAND
        if band.successor is not None:
            return DeclineReason.ALREADY_SWAPPED
        if change.registers and band.registered:
            return DeclineReason.ALREADY_REGISTERED
        if change.opens_wallet_of is not None and _was_used(band, state):
            return DeclineReason.ALREADY_REGISTERED
    return None


def opens_nothing(item: Item, state: LedgerState) -> bool:
    """Whether an item asks for a wallet by a wristband that was swapped.

    What is given back, and what comes in without a till, still finds its way.
    """
    if item.till is None or item.cancels is not None:
        return False
    for move in item.moves:
        band = state.bands[move.serial]
        if band is not None and band.successor is not None:
            return True
    payer = None if item.payer is None else state.bands[item.payer]
    return payer is not None and payer.successor is not None


def change(item: Item, entry: int, state: LedgerState, records: Records) -> Changed:
    """Make an item's changes, none of which is objected to; returns them."""
    changed = []
    for each in item.bands:
        before = state.bands[each.serial]
        assert before is not None, "unknown wristbands were objected to"
        after = _after(each, before, state)
        state.bands[each.serial] = after
        records.band(each.serial, after, entry, item.order)
        changed.append((each.serial, before, after))
    return tuple(changed)


def undo(
    live: Live, item: Item, entry: int, state: LedgerState, records: Records
) -> None:
    """Take an order's changes back, but for what was changed again since."""
    for serial, before, after in reversed(live.bands):
        if state.bands[serial] == after:
            state.bands[serial] = before
            records.band(serial, before, entry, item.order)


def _was_used(band: Band, state: LedgerState) -> bool:
    return band.registered or band.blocked or state.wallets[band.wallet].used


def _after(change: BandChange, before: Band, state: LedgerState) -> Band:
    after = replace(
        before,
        blocked=before.blocked if change.blocked is None else change.blocked,
        registered=before.registered or change.registers,
        successor=before.successor if change.successor is None else change.successor,
        note=before.note if change.note is None else change.note,
        restriction=(
            before.restriction if change.restriction is None else change.restriction
        ),
    )
    if change.opens_wallet_of is None:
        return after
    original = state.bands[change.opens_wallet_of]
    assert original is not None, "unknown wristbands were objected to"
    return replace(
        after,
        wallet=original.wallet,
        restriction=original.restriction,
        note=original.note,
    )
