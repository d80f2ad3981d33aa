"""Cancellations: what of an order can be taken back, whole or by line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from contract.messages import AdviceFlag, DeclineReason
from hub.core.booking import Step
from hub.core.state import Undone

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from contract.order import Line
    from hub.core.booking import Item
    from hub.core.state import End, LedgerState, OrderState


FLAGS: Mapping[DeclineReason, AdviceFlag] = {
    DeclineReason.NOT_FINAL_YET: AdviceFlag.NOTHING_TO_CANCEL,
    DeclineReason.NOTHING_TO_CANCEL: AdviceFlag.NOTHING_TO_CANCEL,
    DeclineReason.ALREADY_CANCELED: AdviceFlag.ALREADY_CANCELED,
}
"""What is said of a cancellation that was carried out all the same."""


def refusal(item: Item, state: LedgerState) -> DeclineReason | None:
    """Say why a cancellation can't be booked; the original was looked for."""
    assert item.cancels is not None, "only a cancellation undoes an order"
    original = state.order(item.cancels)
    if original.end is None:
        return DeclineReason.NOT_FINAL_YET
    others = [each for number, each in original.undone.items() if number != item.order]
    if any(each.quantities is None for each in others):
        return DeclineReason.ALREADY_CANCELED
    if original.end.step is Step.ABORTED or not _same_payer(item, original, state):
        return DeclineReason.NOTHING_TO_CANCEL
    if quantities_of(item.lines) is None and not _mirrors(item, original.end, state):
        return DeclineReason.NOTHING_TO_CANCEL
    return _line_refusal(item, original.end.lines, others)


def _line_refusal(
    item: Item, lines: tuple[Line, ...], others: Sequence[Undone]
) -> DeclineReason | None:
    quantities = quantities_of(item.lines)
    if quantities is None and others:
        return DeclineReason.ALREADY_CANCELED
    undoes = _undoes_all if quantities is None else _undoes_some
    if not undoes(item, lines):
        return DeclineReason.NOTHING_TO_CANCEL
    for number, quantity in (quantities or {}).items():
        gone = sum((each.quantities or {}).get(number, 0) for each in others)
        if _exceeds(quantity + gone, lines[number - 1].quantity):
            return DeclineReason.ALREADY_CANCELED
    return None


def given_back(item: Item, state: LedgerState) -> int | None:
    """Say what a cancellation moves on the wallet: what was charged, and no more.

    The rest of it had been a loss, which is undone. None: as the order says.
    """
    assert item.cancels is not None, "only a cancellation undoes an order"
    original = state.order(item.cancels)
    if original.live is None or len(item.moves) != 1:
        return None
    charged = -sum(charge.minor for charge in original.live.charges)
    gone = sum(
        each.minor for number, each in original.undone.items() if number != item.order
    )
    wanted = item.moves[0].minor
    return min(wanted, charged - gone) if wanted > 0 else wanted


def note(item: Item, state: LedgerState, minor: int) -> None:
    """Remember what a booked cancellation took back."""
    assert item.cancels is not None, "only a cancellation undoes an order"
    original = state.order(item.cancels)
    original.undone[item.order] = Undone(minor, quantities_of(item.lines))


def quantities_of(lines: tuple[Line, ...]) -> dict[int, int] | None:
    """Tell what a cancellation takes back by line of the original; None: all of it."""
    quantities: dict[int, int] = {}
    for line in lines:
        if line.cancels_line is None:
            return None
        number = line.cancels_line
        quantities[number] = quantities.get(number, 0) - line.quantity
    return quantities or None


def _same_payer(item: Item, original: OrderState, state: LedgerState) -> bool:
    assert original.end is not None, "an original has ended"
    payer = original.end.payer
    if payer == item.payer or payer is None or item.payer is None:
        return payer == item.payer
    # A swapped wristband opens the same wallet as the one that paid.
    mine, its = state.bands.get(item.payer), state.bands.get(payer)
    return mine is not None and its is not None and mine.wallet == its.wallet


def _mirrors(item: Item, end: End, state: LedgerState) -> bool:
    """Whether a whole cancellation moves back what the original moved, and where."""
    left: dict[object, tuple[int, int]] = {}
    for move in (*item.moves, *end.moves):
        band = state.bands.get(move.serial)
        # A swapped wristband opens the same wallet as the one that was paid with.
        place = ("serial", move.serial) if band is None else ("wallet", band.wallet)
        minor, vouchers = left.get(place, (0, 0))
        left[place] = (minor + move.minor, vouchers + move.vouchers)
    return not any(minor or vouchers for minor, vouchers in left.values())


def _undoes_all(item: Item, lines: tuple[Line, ...]) -> bool:
    wanted = sum(line.total_minor for line in item.lines)
    return wanted == -sum(line.total_minor for line in lines)


def _undoes_some(item: Item, lines: tuple[Line, ...]) -> bool:
    return all(
        line.cancels_line is not None
        and 1 <= line.cancels_line <= len(lines)
        and line.product == lines[line.cancels_line - 1].product
        and line.unit_price_minor == lines[line.cancels_line - 1].unit_price_minor
        for line in item.lines
    )


def _exceeds(quantity: int, sold: int) -> bool:
    return quantity * sold <= 0 or abs(quantity) > abs(sold)
