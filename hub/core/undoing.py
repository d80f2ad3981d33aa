"""Cancellations: what of an order can be taken back, whole or by line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from contract.messages import AdviceFlag, DeclineReason
from contract.order import LineRole
from hub.core.booking import LOSS_ACCOUNTS, Move, Step
from hub.core.state import Undone

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from contract.order import Credit, Line
    from hub.core.booking import Item
    from hub.core.state import Amounts, Charge, End, LedgerState, OrderState


FLAGS: Mapping[DeclineReason, AdviceFlag] = {
    DeclineReason.NOT_FINAL_YET: AdviceFlag.NOTHING_TO_CANCEL,
    DeclineReason.NOTHING_TO_CANCEL: AdviceFlag.NOTHING_TO_CANCEL,
    DeclineReason.ALREADY_CANCELED: AdviceFlag.ALREADY_CANCELED,
    DeclineReason.NOT_ALLOWED: AdviceFlag.NOT_ALLOWED,
    DeclineReason.OTHER_PAYMENT: AdviceFlag.OTHER_PAYMENT,
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
    if item.own_only and original.end.till != item.till:
        return DeclineReason.NOT_ALLOWED
    if not _is_cancelable(item, original):
        return DeclineReason.NOTHING_TO_CANCEL
    return (
        _payment_refusal(item, original.end, state)
        or _line_refusal(item, original.end.lines, others)
        or _guest_refusal(item, original.end, others, state)
    )


def _payment_refusal(item: Item, end: End, state: LedgerState) -> DeclineReason | None:
    """Say why money can't go back like that: it goes back the way it came."""
    if item.method is not end.method:
        # Nobody paid for what was practiced, or given away.
        paid = end.method is not None
        return DeclineReason.OTHER_PAYMENT if paid else DeclineReason.NOTHING_TO_CANCEL
    back = _same_payer(item.payer, end.payer, state) and _goes_back(item, end, state)
    return None if back else DeclineReason.NOTHING_TO_CANCEL


def _line_refusal(
    item: Item, lines: tuple[Line, ...], others: Sequence[Undone]
) -> DeclineReason | None:
    quantities = quantities_of(item.lines)
    if quantities is None:
        if others:
            return DeclineReason.ALREADY_CANCELED
        return None if _undoes_all(item, lines) else DeclineReason.NOTHING_TO_CANCEL
    if not _undoes_some(item, lines):
        return DeclineReason.NOTHING_TO_CANCEL
    left = [_measure(line) for line in lines]
    for gone in (quantities, *(each.quantities or {} for each in others)):
        for number, quantity in gone.items():
            left[number - 1] -= quantity
    for number, quantity in quantities.items():
        sold = _measure(lines[number - 1])
        if quantity * sold <= 0 or left[number - 1] * sold < 0:
            return DeclineReason.ALREADY_CANCELED
    return None if _still_adds_up(lines, left) else DeclineReason.NOTHING_TO_CANCEL


def _guest_refusal(
    item: Item, end: End, others: Sequence[Undone], state: LedgerState
) -> DeclineReason | None:
    """Say why one guest of an order can't give back what it credited.

    Who goes out goes with all that came with the ticket, and once only.
    """
    if quantities_of(item.lines) is None or not end.credits:
        return None
    back = given_by(item.lines, item.credits)
    guest = None if back is None else _credited(back.wallet, end, state)
    if back is None or guest is None or not _is_whole_ticket(item):
        return DeclineReason.NOTHING_TO_CANCEL
    earlier = [
        each
        for each in others
        if each.back is not None and _credited(each.back.wallet, end, state) == guest
    ]
    minor = guest.amount_minor + back.amount_minor
    vouchers = guest.vouchers + back.vouchers
    for each in earlier:
        assert each.back is not None, "only what gave back is here"
        minor += each.back.amount_minor
        vouchers += each.back.vouchers
    is_out = goes_out(item.lines)
    is_gone = is_out and any(each.is_out for each in earlier)
    if is_gone or not (_is_between(minor, guest.amount_minor) and vouchers >= 0):
        return DeclineReason.ALREADY_CANCELED
    is_whole = not minor and not vouchers if is_out else not back.vouchers
    return None if is_whole else DeclineReason.NOTHING_TO_CANCEL


def _is_whole_ticket(item: Item) -> bool:
    """Whether a ticket comes back at its price, or as free as it was."""
    totals = {LineRole.ITEM: 0, LineRole.DISCOUNT: 0}
    for line in item.lines:
        if line.role in totals:
            totals[line.role] += line.total_minor
    off = totals[LineRole.DISCOUNT]
    if not off:
        return not item.frees
    return off == -totals[LineRole.ITEM]


def _credited(serial: int, end: End, state: LedgerState) -> Credit | None:
    """Find what an order credited to a wristband, or to the one it was swapped for."""
    band = state.bands.get(serial)
    for each in end.credits:
        if each.wallet == serial:
            return each
    for each in end.credits:
        other = state.bands.get(each.wallet)
        if band is not None and other is not None and band.wallet == other.wallet:
            return each
    return None


def _is_between(amount: int, end: int) -> bool:
    return min(0, end) <= amount <= max(0, end)


def _still_adds_up(lines: tuple[Line, ...], left: Sequence[int]) -> bool:
    """Whether no more stays taken off than what stays sold costs, per tax code.

    What vouchers paid can't be given back in money: they are given back with it.
    """
    costs: dict[int, int] = {}
    for line, quantity in zip(lines, left, strict=True):
        if line.role in _COSTS:
            by_amount = line.role in _BY_AMOUNT
            cost = quantity if by_amount else quantity * line.unit_price_minor
            costs[line.tax_code] = costs.get(line.tax_code, 0) + cost
    return all(cost >= 0 for cost in costs.values())


def given_back(item: Item, state: LedgerState) -> Move | None:
    """Say what a cancellation moves on the wallet: what was charged, and no more.

    The rest of it had been a loss, which is undone. None: as the order says.
    """
    assert item.cancels is not None, "only a cancellation undoes an order"
    original = state.order(item.cancels)
    if original.live is None or len(item.moves) != 1:
        return None
    left = left_vouchers = 0
    for charge in original.live.charges:
        left -= charge.minor
        left_vouchers -= charge.vouchers
    for number, each in original.undone.items():
        if number != item.order:
            left -= each.minor
            left_vouchers -= each.vouchers
    wanted = item.moves[0]
    return Move(
        wanted.serial,
        min(wanted.minor, left) if wanted.minor > 0 else wanted.minor,
        min(wanted.vouchers, left_vouchers) if wanted.vouchers > 0 else wanted.vouchers,
    )


def losses_undone(
    item: Item, wanted: Mapping[str, int], state: LedgerState
) -> list[tuple[int, str, int]]:
    """Say which losses a cancellation takes back: those of its original, by reason.

    `wanted` are the amounts that no wallet gets, by unit.
    """
    assert item.cancels is not None, "only a cancellation undoes an order"
    original = state.order(item.cancels)
    if original.live is None:
        return []
    numbers = {state.accounts[account] for account in LOSS_ACCOUNTS.values()}
    others = [each for order, each in original.undone.items() if order != item.order]
    gone: dict[tuple[int, str], int] = {}
    for account, unit, amount in [loss for each in others for loss in each.losses]:
        gone[account, unit] = gone.get((account, unit), 0) + amount
    left = dict(wanted)
    found = []
    for account, unit, amount in original.live.postings:
        if account not in numbers:
            continue
        back = min(left.get(unit, 0), -amount - gone.get((account, unit), 0))
        if back > 0:
            found.append((account, unit, back))
            left[unit] -= back
    return found


def note(
    item: Item, state: LedgerState, charges: Sequence[Charge], postings: Amounts
) -> None:
    """Remember what a booked cancellation gave back, and what it posted."""
    assert item.cancels is not None, "only a cancellation undoes an order"
    original = state.order(item.cancels)
    numbers = {state.accounts[account] for account in LOSS_ACCOUNTS.values()}
    original.undone[item.order] = Undone(
        sum([charge.minor for charge in charges]),
        sum([charge.vouchers for charge in charges]),
        quantities_of(item.lines),
        tuple([posting for posting in postings if posting[0] in numbers]),
        given_by(item.lines, item.credits),
        goes_out(item.lines),
    )


def quantities_of(lines: tuple[Line, ...]) -> dict[int, int] | None:
    """Tell what a cancellation takes back by line of the original; None: all of it.

    Quantities, but amounts of what is divided by guests. The rounding of what is given
    back in cash is of no line.
    """
    quantities: dict[int, int] = {}
    for line in lines:
        number = line.cancels_line
        if number is not None:
            quantities[number] = quantities.get(number, 0) - _measure(line)
    return quantities or None


def given_by(lines: tuple[Line, ...], back: tuple[Credit, ...]) -> Credit | None:
    """Tell what one guest gives back by a cancellation by line; None: no such one."""
    is_part = quantities_of(lines) is not None
    return back[0] if is_part and len(back) == 1 else None


def goes_out(lines: tuple[Line, ...]) -> bool:
    """Whether a cancellation by line takes a ticket back."""
    return any(
        line.role is LineRole.ITEM and line.cancels_line is not None for line in lines
    )


def _measure(line: Line) -> int:
    return line.total_minor if line.role in _BY_AMOUNT else line.quantity


def _is_cancelable(item: Item, original: OrderState) -> bool:
    """Whether the original is what the cancellation says, and was no cancellation."""
    end, live = original.end, original.live
    if end is None or end.step is Step.ABORTED:
        return False
    if live is not None and live.cancels is not None:
        return False
    return end.kind is item.kind and end.bill == item.bill


def _same_payer(one: int | None, other: int | None, state: LedgerState) -> bool:
    if one == other or one is None or other is None:
        return one == other
    # A swapped wristband opens the same wallet as the one that paid.
    mine, its = state.bands.get(one), state.bands.get(other)
    return mine is not None and its is not None and mine.wallet == its.wallet


def _goes_back(item: Item, end: End, state: LedgerState) -> bool:
    """Whether money moves back from where it went; what guests give is looked at."""
    if quantities_of(item.lines) is None:
        return _mirrors(item, end, state)
    return bool(end.credits) or all(move.serial == item.payer for move in item.moves)


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
    mine = [line for line in item.lines if line.role is not LineRole.ROUNDING]
    its = [line for line in lines if line.role is not LineRole.ROUNDING]
    return len(mine) == len(its) and all(
        _is_of(one, other) and _measure(one) == -_measure(other)
        for one, other in zip(mine, its, strict=True)
    )


def _undoes_some(item: Item, lines: tuple[Line, ...]) -> bool:
    for line in item.lines:
        number = line.cancels_line
        if number is None:
            if line.role is not LineRole.ROUNDING:
                return False
        elif number > len(lines) or not _is_of(line, lines[number - 1]):
            return False
    return True


def _is_of(line: Line, original: Line) -> bool:
    return (
        line.role is original.role
        and line.product == original.product
        and (
            line.unit_price_minor == original.unit_price_minor
            or line.role in _BY_AMOUNT
        )
        and line.tax_code == original.tax_code
        and line.vouchers == -original.vouchers
    )


_BY_AMOUNT = frozenset({LineRole.CREDIT, LineRole.DISCOUNT})
"""One line for a whole group, of which each guest has a share."""
_COSTS = frozenset({LineRole.ITEM, LineRole.VOUCHER, LineRole.DISCOUNT})
