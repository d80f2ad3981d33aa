"""The sentences that go with what is not booked: exact where there is more to say."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from contract.declines import explained
from contract.messages import DeclineReason
from contract.money import Money
from contract.order import OrderKind

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from contract.order import Order

CONFLICT = (
    "This attempt is known to the hub with other content. "
    "Abort the order and enter it again."
)


def sentence(reason: DeclineReason, order: Order, balance: Money | None) -> str:
    """Say why an attempt is declined, for the cashier and the guest."""
    if reason is DeclineReason.INSUFFICIENT_BALANCE and balance is not None:
        if order.payment is not None and order.payment.wallet is not None:
            short = order.total - balance
            return f"{balance} on the wristband, {short} short. Top up or pay in cash."
        if order.kind is OrderKind.PAYOUT:
            return f"Only {balance} on the wristband. Pay out that or less."
        return f"Only {balance} is left on the wristband: the guest has spent the rest."
    return explained(reason)[1]


def unreadable(wrong: str) -> str:
    """Say why an order can't even be read; `wrong` is the parser's word on it."""
    for pattern, sentence_of in _UNREADABLE.items():
        found = pattern.match(wrong)
        if found is not None:
            return sentence_of(found)
    return (
        f"The order can't be read: {wrong.rstrip('.')}. Abort it and enter it again; "
        "if that does not help, call the technician."
    )


def balance_of(minor: int | None, order: Order) -> Money | None:
    """Put a currency to a balance that the ledger told, if it told one."""
    return None if minor is None else Money(minor, order.currency)


def _beyond(found: re.Match[str]) -> str:
    field = found["field"]
    what = "amount" if field.endswith("_minor") else "number"
    return f"The {what} at {field} is beyond what an order may hold. Enter it again."


def _no_integer(found: re.Match[str]) -> str:
    return f"The number at {found['field']} is no whole number. Enter it again."


def _other_form(found: re.Match[str]) -> str:
    return f"The text at {found['field']} holds what it can't hold. Enter it again."


def _too_many(found: re.Match[str]) -> str:
    return (
        f"The order holds more than {found['most']} {found['field']}. "
        "Make two orders of it."
    )


# What msgspec says of a value that does not fit its field.
_UNREADABLE: Mapping[re.Pattern[str], Callable[[re.Match[str]], str]] = {
    re.compile(r"Expected `int` [<>]= -?\d+ - at `\$\.(?P<field>[^`]+)`$"): _beyond,
    re.compile(
        r"Expected `int`, got `float` - at `\$\.(?P<field>[^`]+)`$"
    ): _no_integer,
    re.compile(
        r"Expected `str` matching regex .* - at `\$\.(?P<field>[^`]+)`$", re.DOTALL
    ): _other_form,
    re.compile(
        r"Expected `array` of length <= (?P<most>\d+) - at `\$\.(?P<field>[^`]+)`$"
    ): _too_many,
}
