"""Whether an order adds up and has the parts of its kind: no catalogue is looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING

from contract.acts import OrderKind, PaymentMethod, PlaceRole
from contract.forms import FORMS, Need, Sign
from contract.lines import NO_TAX, TAXED, LineRole, tax_sum
from contract.money import MINOR_MAX, Money, cash_rounding

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from contract.acts import CashMove, Credit, WristbandChange
    from contract.attempt import Order
    from contract.forms import Form
    from contract.lines import Line


def inconsistency(order: Order) -> str | None:
    """Name the first thing wrong with an order, or None when all is as it should be.

    The text ends a sentence: "The order does not add up: ...".
    """
    wrong = _sums_fault(order)
    if wrong is not None:
        return wrong
    form = FORMS.get(order.acts_as)
    if form is None or (order.kind is OrderKind.CANCELLATION and not form.cancelable):
        return "an order of this kind can't be canceled"
    sign = -1 if order.kind is OrderKind.CANCELLATION else 1
    return (
        _lines_fault(order, form, sign)
        or _payment_fault(order, form, sign)
        or _parts_fault(order, form, sign)
    )


def _sums_fault(order: Order) -> str | None:
    total = moved = 0
    gross: dict[int, int] = {}
    for number, line in enumerate(order.lines, start=1):
        amount = line.total_minor
        if line.quantity == 0:
            return f"line {number} has no quantity"
        if line.quantity * line.unit_price_minor != amount:
            return f"line {number} is not quantity times price"
        total += amount
        moved += abs(amount)
        gross[line.tax_code] = gross.get(line.tax_code, 0) + amount
    if moved > MINOR_MAX:
        return "its lines are beyond the limit of amounts"
    if total != order.total_minor:
        return "the lines do not add up to the total"
    return _taxes_fault(order, gross)


def _taxes_fault(order: Order, gross: Mapping[int, int]) -> str | None:
    rates = {tax.code: tax.rate_bp for tax in order.taxes}
    if len(rates) != len(order.taxes):
        return "a tax code appears twice"
    if rates.get(NO_TAX.code):
        return "what is not taxable has a rate of tax"
    expected = tuple(
        tax_sum(code, rates[code], gross[code])
        for code in sorted(gross)
        if code in rates
    )
    if len(expected) != len(gross) or expected != order.taxes:
        return "the taxes do not follow from the lines"
    return None


# --- lines ---------------------------------------------------------------------------


_ROLE_SIGNS: Mapping[LineRole, int] = {
    LineRole.VOUCHER: -1,
    LineRole.DISCOUNT: -1,
    LineRole.DONATION: 1,
    LineRole.TIP_STAFF: 1,
    LineRole.TIP_HOUSE: 1,
    LineRole.BILL: 1,
}


def _lines_fault(order: Order, form: Form, sign: int) -> str | None:
    undone: set[int] = set()
    rounded = 0
    for number, line in enumerate(order.lines, start=1):
        wrong = _line_fault(line, form, sign)
        if wrong is not None:
            return f"line {number} {wrong}"
        if line.cancels_line is not None:
            undone.add(line.cancels_line)
        if line.role is LineRole.ROUNDING:
            rounded += line.total_minor
    if rounded and _rounding(order, rounded) != rounded:
        return "the rounding is not what cash asks for"
    if undone and (sign == 1 or len(undone) != _by_line(order)):
        return "its lines do not name lines of another order one by one"
    return None


def _line_fault(line: Line, form: Form, sign: int) -> str | None:
    if line.role not in form.roles:
        return f"is no part of such an order ({line.role.value})"
    if line.role is LineRole.ITEM:  # as nearly all are
        return "takes vouchers without being a discount" if line.vouchers else None
    if line.role not in TAXED and line.tax_code != NO_TAX.code:
        return "has a tax code, but is not taxable"
    if line.total_minor * sign * _ROLE_SIGNS.get(line.role, 0) < 0:
        return "has the wrong sign"
    takes = line.vouchers * sign
    if takes < 0 or (takes > 0) is not (line.role is LineRole.VOUCHER):
        return "does not say how many vouchers it is for"
    return None


def _rounding(order: Order, rounded: int) -> int | None:
    payment = order.payment
    if payment is not None and payment.method is not PaymentMethod.CASH:
        return None
    return cash_rounding(Money(order.total_minor - rounded, order.currency)).minor


def _by_line(order: Order) -> int:
    # The rounding of what is given back belongs to no line of the original.
    return sum(line.role is not LineRole.ROUNDING for line in order.lines)


def _sum_of(order: Order, role: LineRole) -> int:
    return sum(line.total_minor for line in order.lines if line.role is role)


# --- payment -------------------------------------------------------------------------


def _payment_fault(order: Order, form: Form, sign: int) -> str | None:
    payment = order.payment
    if payment is not None and payment.method not in form.methods:
        return "it can't be paid this way"
    total = order.total_minor * sign
    if (total < 0 and form.sign is Sign.IN) or (total > 0 and form.sign is Sign.OUT):
        return "its total has the wrong sign"
    if payment is not None and payment.wallet is None and order.vouchers:
        return "it takes vouchers, but names no wristband that has them"
    return None


# --- the other parts -----------------------------------------------------------------


def _parts_fault(order: Order, form: Form, sign: int) -> str | None:
    if bool(order.credits) is not (form.credits is Need.MUST):
        return _has_or_lacks(bool(order.credits), "wristbands to credit")
    if (order.wristband is not None) is not form.wristband:
        return _has_or_lacks(not form.wristband, "a wristband to change")
    if (order.cash is not None) is not form.cash:
        return _has_or_lacks(not form.cash, "a movement of cash")
    if (order.bill is not None) is not form.bill:
        return _has_or_lacks(not form.bill, "a bill")
    return (
        _granted_fault(order, form)
        or (_presale_fault(order, form) if order.presale else None)
        or _credits_fault(order, form, sign)
        or (_cash_fault(order, order.cash, sign) if order.cash else None)
        or (_wristband_fault(order, order.wristband) if order.wristband else None)
    )


def _has_or_lacks(has: object, part: str) -> str:
    return f"it {'has' if has else 'lacks'} {part}"


def _granted_fault(order: Order, form: Form) -> str | None:
    if form.granted_by is Need.NEVER:
        return "it is granted, but such an order is not" if order.granted_by else None
    if order.acts_as is OrderKind.TICKET and not any(
        # Of a ticket's credits a part may be undone alone.
        line.role is LineRole.ITEM or line.cancels_line is not None
        for line in order.lines
    ):
        return "it sells no entry"
    given = form.granted_by is Need.MUST or bool(_sum_of(order, LineRole.DISCOUNT))
    if given is bool(order.granted_by or order.presale):
        return None
    return "it does not say who granted it" if given else "nothing in it is granted"


def _presale_fault(order: Order, form: Form) -> str | None:
    if not form.presale:
        return "it was paid beforehand, but such an order is not"
    if order.granted_by:
        return "it is granted, and was paid beforehand"
    if len(set(order.presale)) != len(order.presale):
        return "it names a code of the presale twice"
    if len(order.presale) > len(order.credits):
        return "it has more codes of the presale than wristbands"
    return None


_CREDITED: Mapping[OrderKind, Callable[[int, int], bool]] = {
    OrderKind.TOP_UP: lambda money, vouchers: money > 0 and vouchers == 0,
    OrderKind.PAYOUT: lambda money, vouchers: money < 0 and vouchers == 0,
    OrderKind.TICKET: lambda money, vouchers: money >= 0 and vouchers >= 0,
    OrderKind.GRANT: lambda money, vouchers: money == 0 and vouchers > 0,
}


def _credits_fault(order: Order, form: Form, sign: int) -> str | None:
    given: tuple[Credit, ...] = order.credits
    if not given:
        return None
    wrong = _guests_fault(order, form, sign)
    if wrong is not None:
        return wrong
    if len({each.wallet for each in given}) != len(given):
        return "it credits a wristband twice"
    is_right = _CREDITED[order.acts_as]
    if not all(is_right(e.amount_minor * sign, e.vouchers * sign) for e in given):
        return "it credits what such an order does not credit"
    if sum(each.amount_minor for each in given) != _sum_of(order, LineRole.CREDIT):
        return "its credits are not what its lines say"
    return None


def _guests_fault(order: Order, form: Form, sign: int) -> str | None:
    """What is undone by line is undone for one guest, with one ticket at most."""
    is_part = any(line.cancels_line is not None for line in order.lines)
    if (form.one or is_part) and len(order.credits) != 1:
        return "it concerns one wristband only"
    items = [line.quantity for line in order.lines if line.role is LineRole.ITEM]
    if is_part and sum(items) * sign > 1:
        return "it takes back more than one ticket of one guest"
    return None


def _cash_fault(order: Order, move: CashMove, sign: int) -> str | None:
    kind = order.acts_as
    # A cancellation moves the cash back: from the target to the source.
    places = (move.source, move.target)[::sign]
    registers = [each.role is PlaceRole.REGISTER for each in places]
    ours = [
        each.role is PlaceRole.REGISTER and each.key == order.cash_register
        for each in places
    ]
    transit = _sum_of(order, LineRole.TRANSIT) * sign
    stays = move.source == move.target
    rules = (
        (
            min(move.amount_minor, move.counted_minor or 0) >= 0,
            "its cash is negative",
        ),
        (not stays or _hands_over(kind, move), "its cash goes nowhere"),
        (
            _PLACES[kind](registers, ours),
            "its cash can't go that way in such an order",
        ),
        (
            _is_counted_right(kind, move),
            "its count is not that of a close-out, or belongs to one",
        ),
        (
            bool(move.holder) is (kind in _SHIFTS) or kind is OrderKind.CASH_TRANSFER,
            "it does not say whose shift it is, or is about none",
        ),
        (
            transit == move.amount_minor * (ours[1] - ours[0]),
            "its lines are not the cash that it moves",
        ),
        (
            _is_stocked_right(kind, move),
            "its rolls and notes are not the cash that it moves",
        ),
        (
            _sum_of(order, LineRole.DIFFERENCE) == move.difference_minor,
            "its difference is not counted less expected",
        ),
    )
    return next((text for holds, text in rules if not holds), None)


def _is_stocked_right(kind: OrderKind, move: CashMove) -> bool:
    if move.stocking is None:
        return True
    is_start = kind is OrderKind.SHIFT_START
    return is_start and move.stocking.total_minor == move.amount_minor


def _hands_over(kind: OrderKind, move: CashMove) -> bool:
    is_transfer = kind is OrderKind.CASH_TRANSFER
    return is_transfer and bool(move.holder) and move.amount_minor == 0


_SHIFTS = frozenset({OrderKind.SHIFT_START, OrderKind.SHIFT_END})
# By (source is a register, target is one) and (source is the order's own, target is).
_PLACES: Mapping[OrderKind, Callable[[list[bool], list[bool]], bool]] = {
    OrderKind.SHIFT_START: lambda registers, ours: ours[1] and not registers[0],
    OrderKind.SHIFT_END: lambda registers, ours: ours[0] and not registers[1],
    OrderKind.CASH_TRANSFER: lambda registers, _: all(registers),
    OrderKind.CASH_MOVEMENT: lambda registers, ours: (
        not all(registers) and any(registers) is any(ours)
    ),
}


def _is_counted_right(kind: OrderKind, move: CashMove) -> bool:
    if kind is OrderKind.SHIFT_END:
        return move.expected_minor is not None and (
            move.counted_minor == move.amount_minor
        )
    return move.counted_minor is None and move.expected_minor is None


def _wristband_fault(order: Order, change: WristbandChange) -> str | None:
    if change.successor == change.wristband:
        return "its wristband is swapped for itself"
    said = {
        name
        for name in ("successor", "blocked", "variant", "note")
        if getattr(change, name) is not None
    }
    must, may = _WRISTBAND_FIELDS[order.kind]
    if not must <= said or not said <= must | may:
        return "it says of its wristband what such an order does not say"
    if order.kind is OrderKind.ANNOTATE and not said:
        return "it says nothing of its wristband"
    return None


_WRISTBAND_FIELDS: Mapping[OrderKind, tuple[frozenset[str], frozenset[str]]] = {
    OrderKind.REGISTER: (frozenset(), frozenset({"variant"})),
    OrderKind.SWAP: (frozenset({"successor"}), frozenset()),
    OrderKind.BLOCK: (frozenset({"blocked"}), frozenset()),
    OrderKind.ANNOTATE: (frozenset(), frozenset({"variant", "note"})),
}
