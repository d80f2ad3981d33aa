"""What wallets can bear: how little, how much, and what their wristbands may buy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from contract.messages import AdviceFlag, DeclineReason
from hub.core.booking import Standing

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hub.core.booking import Item
    from hub.core.records import Records
    from hub.core.state import Charge, LedgerState, Wallet

LOSS_FLAGS: Mapping[DeclineReason, AdviceFlag] = {
    DeclineReason.UNKNOWN_WRISTBAND: AdviceFlag.UNKNOWN_WRISTBAND,
    DeclineReason.BLOCKED_WRISTBAND: AdviceFlag.BLOCKED_WRISTBAND,
    DeclineReason.ALLOWANCE_USED_UP: AdviceFlag.EXCEEDS_ALLOWANCE,
}
"""What is said of an advice beside that it was a loss, by the reason why."""


def shortage(item: Item, state: LedgerState) -> DeclineReason | None:
    """Find a wallet that would hold too little of something, or too much."""
    if not item.moves:
        return None
    gained = 0
    for wallet, minor, vouchers in _sums(item, state):
        gained += minor
        if minor < 0 and wallet.balance + minor < 0:
            return DeclineReason.INSUFFICIENT_BALANCE
        if vouchers < 0 and wallet.vouchers + vouchers < 0:
            return DeclineReason.INSUFFICIENT_VOUCHERS
        if (
            item.is_capped
            and minor > 0
            and _exceeds(wallet.balance + minor, wallet.cap)
        ):
            return DeclineReason.BALANCE_CAP
    if not item.is_capped or gained <= 0:
        return None
    money = state.guests_money
    return DeclineReason.EVENT_CAP if _exceeds(money.held + gained, money.cap) else None


def may_buy(item: Item, state: LedgerState) -> bool:
    """Whether the payer's wristband may buy all that is in the order."""
    if not item.barred or item.payer is None:
        return True
    band = state.bands[item.payer]
    return band is None or band.bound_as not in item.barred


def apply(charge: Charge, wallet: Wallet, state: LedgerState, records: Records) -> bool:
    """Move money; whatever then exceeds a limit is allowed exactly that far.

    Says whether more is held now beyond a limit than before.
    """
    records.touch(wallet)
    wallet.used = True
    money, minor = state.guests_money, charge.minor
    wallet.balance += minor
    wallet.vouchers += charge.vouchers
    money.held += minor
    below = max(0, -wallet.balance)
    above = _above(wallet.balance, wallet.cap)
    above_all = _above(money.held, money.cap)
    if minor < 0:
        wallet.overdraft = max(wallet.overdraft, below)
        wallet.excess = min(wallet.excess, above)
        money.excess = min(money.excess, above_all)
        return False
    grows = above > wallet.excess or above_all > money.excess
    wallet.overdraft = min(wallet.overdraft, below)
    wallet.excess, money.excess = above, above_all
    return grows


def standing(item: Item, state: LedgerState) -> Standing | None:
    """Say how the wallet stands that an item is about, for its verdict's facts."""
    serial = about(item)
    band = None if serial is None else state.bands.get(serial)
    if band is None:
        return None
    wallet, money = state.wallets[band.wallet], state.guests_money
    room: int | None = None
    if wallet.cap is not None:
        room = max(0, wallet.cap - wallet.balance)
    if money.cap is not None:
        left = max(0, money.cap - money.held)
        room = left if room is None else min(room, left)
    return Standing(wallet.balance, wallet.vouchers, band.bound_as, room)


def about(item: Item) -> int | None:
    """Name the one wristband that an item is about: the payer's, or who gains."""
    if item.payer is not None or len(item.moves) != 1:
        return item.payer
    return item.moves[0].serial


def _sums(item: Item, state: LedgerState) -> Sequence[tuple[Wallet, int, int]]:
    """Add up per wallet: two wristbands may open the same one."""
    if len(item.moves) == 1:
        move = item.moves[0]
        wallet = state.wallet(move.serial)[1]
        assert wallet is not None, "unknown wristbands were objected to"
        return ((wallet, move.minor, move.vouchers),)
    sums: dict[int, tuple[int, int]] = {}
    for move in item.moves:
        wallet = state.wallet(move.serial)[1]
        assert wallet is not None, "unknown wristbands were objected to"
        minor, vouchers = sums.get(wallet.number, (0, 0))
        sums[wallet.number] = (minor + move.minor, vouchers + move.vouchers)
    return [
        (state.wallets[number], minor, vouchers)
        for number, (minor, vouchers) in sums.items()
    ]


def _exceeds(held: int, cap: int | None) -> bool:
    return cap is not None and held > cap


def _above(held: int, cap: int | None) -> int:
    return 0 if cap is None else max(0, held - cap)
