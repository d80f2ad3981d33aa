"""How an order is undone by another one, and which orders the hub is asked first."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from contract.acts import OrderKind, PaymentMethod
from contract.catalogue import TaxRate
from contract.forms import FORMS
from contract.lines import LineRole, sum_taxes

if TYPE_CHECKING:
    from collections.abc import Collection

    from contract.acts import CashMove, Credit
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


def undone(
    original: Order,
    lines: Collection[int] | None = None,
    *,
    guest: int | None = None,
    code: str | None = None,
) -> Order:
    """Write the cancellation of an order, whole or by line (numbers from 1).

    It comes as attempt 0 and as if the original's till had made it at the same time:
    replace `id`, `till`, `sequence`, `z_number`, `opened_at` and `cashier`, then set
    attempt and payment. By line it names the lines undone and may need a rounding of
    its own; what moves cash is undone as a whole.

    Of an order that credits wallets, lines are undone for one `guest`, by the serial of
    the wristband (needless where there is one only): of a ticket's line one ticket with
    the vouchers it brought, of a credit what that wallet got, of a discount one
    ticket's price. `code` says which code of the presale is free then, if there were
    several. Raises ValueError when the order can't be undone like that.
    """
    if original.kind is OrderKind.CANCELLATION or not FORMS[original.kind].cancelable:
        raise ValueError("An order of this kind can't be canceled.")
    if lines is not None and original.cash:
        raise ValueError("An order of this kind is canceled as a whole only.")
    part = _whole(original)
    if lines is not None:
        numbers = _known(original, lines)
        part = _Part(_by_line(original, numbers))
        if original.credits:
            part = _of_guest(original, numbers, _guest(original, guest), code)
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
        lines=part.lines,
        taxes=sum_taxes(part.lines, rates),
        total_minor=sum(line.total_minor for line in part.lines),
        credits=part.credits,
        granted_by=part.granted_by,
        presale=part.presale,
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


@dataclass(frozen=True, slots=True)
class _Part:
    """What of an order is undone, turned round."""

    lines: tuple[Line, ...]
    credits: tuple[Credit, ...] = ()
    granted_by: str = ""
    presale: tuple[str, ...] = ()


def _whole(original: Order) -> _Part:
    return _Part(
        tuple(_turned(line, None) for line in original.lines),
        tuple(
            msgspec.structs.replace(
                each, amount_minor=-each.amount_minor, vouchers=-each.vouchers
            )
            for each in original.credits
        ),
        original.granted_by,
        original.presale,
    )


def _known(original: Order, numbers: Collection[int]) -> list[int]:
    found = sorted(set(numbers))
    if not found or found[0] < 1 or found[-1] > len(original.lines):
        raise ValueError(f"The order has the lines 1 to {len(original.lines)}.")
    return found


def _by_line(original: Order, numbers: Collection[int]) -> tuple[Line, ...]:
    return tuple(_turned(original.lines[number - 1], number) for number in numbers)


def _turned(line: Line, number: int | None) -> Line:
    return msgspec.structs.replace(
        line,
        quantity=-line.quantity,
        total_minor=-line.total_minor,
        vouchers=-line.vouchers,
        cancels_line=number,
    )


def _guest(original: Order, guest: int | None) -> Credit:
    if guest is None and len(original.credits) == 1:
        return original.credits[0]
    for each in original.credits:
        if each.wallet == guest:
            return each
    raise ValueError("Say which of the order's wristbands gives back.")


def _of_guest(
    original: Order, numbers: Collection[int], guest: Credit, code: str | None
) -> _Part:
    """Undo some lines for one guest, with the credits that they brought."""
    named = [original.lines[number - 1] for number in numbers]
    entries = [line for line in named if line.role is LineRole.ITEM]
    if len(entries) > 1:
        raise ValueError("A guest has one ticket: name its line only.")
    left = guest.amount_minor
    gone: list[Line] = []
    for number, line in zip(numbers, named, strict=True):
        amount = line.total_minor
        if line.role is LineRole.CREDIT:
            amount = min(left, amount) if amount > 0 else max(left, amount)
            left -= amount
        elif line.role is LineRole.DISCOUNT:
            amount = -_price(entries, line.tax_code)
        elif line.role is LineRole.ITEM:
            amount = line.unit_price_minor
        if amount or line.role is LineRole.ITEM:
            gone.append(_turned(_share(line, amount), number))
    back = msgspec.structs.replace(
        guest,
        amount_minor=left - guest.amount_minor,
        vouchers=-guest.vouchers if entries else 0,
    )
    if not gone or not (entries or back.amount_minor):
        raise ValueError("These lines gave this wristband nothing.")
    if not any(line.role is LineRole.DISCOUNT for line in gone):
        return _Part(tuple(gone), (back,))
    codes = original.presale if code is None else (code,)
    if len(codes) > 1 or not set(codes) <= set(original.presale):
        raise ValueError("Say which of the order's presale codes is free again.")
    return _Part(tuple(gone), (back,), original.granted_by, codes)


def _price(entries: Collection[Line], tax_code: int) -> int:
    return sum(each.unit_price_minor for each in entries if each.tax_code == tax_code)


def _share(line: Line, amount: int) -> Line:
    """Make a line over one ticket, or over a part of an amount."""
    if amount == line.total_minor:
        return line
    return msgspec.structs.replace(
        line,
        quantity=1 if amount >= 0 else -1,
        unit_price_minor=abs(amount),
        total_minor=amount,
    )


def _moved_back(move: CashMove | None) -> CashMove | None:
    if move is None:
        return None
    return msgspec.structs.replace(move, source=move.target, target=move.source)
