"""How an order is undone by another one, and which orders the hub is asked first."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING

import msgspec

from contract.acts import OrderKind, PaymentMethod
from contract.catalogue import TaxRate
from contract.forms import FORMS
from contract.lines import sum_taxes

if TYPE_CHECKING:
    from collections.abc import Collection

    from contract.acts import CashMove
    from contract.attempt import Order
    from contract.lines import Line


class Ask(enum.Enum):
    """What the till asks the hub before an order may complete; that decides who books.

    An order that is requested is booked by its request, any other by its advice.
    """

    NOTHING = "nothing"
    CHECK = "check"
    REQUEST = "request"


def ask_first(order: Order, *, of_other_till: bool = False) -> Ask:
    """Say what an order needs before it completes, by its kind and payment.

    Whatever takes from a wallet is requested. A cancellation takes from wallets where
    the original gave, and needs the hub to hold the original; where that was an order
    `of_other_till`, the hub is asked whoever gives the money back, for only it knows
    what became of the original, and who may undo it. Nobody is asked in training.
    """
    if order.training:
        return Ask.NOTHING
    payment = order.payment
    if payment is not None and payment.method is PaymentMethod.WALLET:
        return Ask.REQUEST
    if order.kind is OrderKind.CANCELLATION:
        if order.credits:
            return Ask.REQUEST
        return Ask.CHECK if of_other_till else Ask.NOTHING
    if order.kind is OrderKind.TICKET and (order.granted_by or order.presale):
        # Booked at once, so that no code lets two in; but money is taken before that.
        return Ask.CHECK if order.total_minor else Ask.REQUEST
    return _ASKED[order.kind]


def undone(original: Order, lines: Collection[int] | None = None) -> Order:
    """Write the cancellation of an order, whole or by line (numbers from 1).

    It comes as attempt 0 and as if the original's till had made it at the same time:
    replace `id`, `till`, `sequence`, `z_number`, `opened_at` and `cashier`, then set
    attempt and payment. By line it names the lines undone and may need a rounding of
    its own; what credits wallets or moves cash is undone as a whole. Raises ValueError
    when the order can't be undone like that.
    """
    if original.kind is OrderKind.CANCELLATION or not FORMS[original.kind].cancelable:
        raise ValueError("An order of this kind can't be canceled.")
    if lines is not None and (original.credits or original.cash):
        raise ValueError("An order of this kind is canceled as a whole only.")
    left = _negated(original, lines)
    rates = {
        tax.code: TaxRate(code=tax.code, rate_bp=tax.rate_bp, name=str(tax.code))
        for tax in original.taxes
    }
    return msgspec.structs.replace(
        original,
        kind=OrderKind.CANCELLATION,
        attempt=0,
        payment=None,
        cancels=original.id,
        undoes=None if original.kind is OrderKind.SALE else original.kind,
        lines=left,
        taxes=sum_taxes(left, rates),
        total_minor=sum(line.total_minor for line in left),
        credits=tuple(
            msgspec.structs.replace(
                each, amount_minor=-each.amount_minor, vouchers=-each.vouchers
            )
            for each in original.credits
        ),
        cash=_moved_back(original.cash),
    )


_ASKED = {
    OrderKind.SALE: Ask.NOTHING,
    OrderKind.TOP_UP: Ask.CHECK,
    OrderKind.PAYOUT: Ask.REQUEST,
    OrderKind.TICKET: Ask.CHECK,
    OrderKind.GRANT: Ask.REQUEST,
    OrderKind.BILL_PAYMENT: Ask.CHECK,
    OrderKind.REGISTER: Ask.REQUEST,
    OrderKind.SWAP: Ask.REQUEST,
    OrderKind.BLOCK: Ask.REQUEST,
    OrderKind.ANNOTATE: Ask.REQUEST,
    OrderKind.SHIFT_START: Ask.NOTHING,
    OrderKind.CASH_MOVEMENT: Ask.NOTHING,
    OrderKind.CASH_TRANSFER: Ask.NOTHING,
    # Refused while the cashier is logged in; a silent hub holds nobody up.
    OrderKind.SHIFT_END: Ask.CHECK,
}


def _negated(original: Order, numbers: Collection[int] | None) -> tuple[Line, ...]:
    known = range(1, len(original.lines) + 1)
    if numbers is not None and (not numbers or not set(numbers) <= set(known)):
        raise ValueError(f"The order has the lines 1 to {len(original.lines)}.")
    return tuple(
        msgspec.structs.replace(
            line,
            quantity=-line.quantity,
            total_minor=-line.total_minor,
            vouchers=-line.vouchers,
            cancels_line=None if numbers is None else number,
        )
        for number, line in zip(known, original.lines, strict=True)
        if numbers is None or number in numbers
    )


def _moved_back(move: CashMove | None) -> CashMove | None:
    if move is None:
        return None
    return msgspec.structs.replace(move, source=move.target, target=move.source)
