"""Every way to pay there is, by its code: a further one is a module and a line here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hub.core.bills.errors import NotAllowed
from hub.payments import paypal_orders, postfinance, stripe_checkout
from hub.payments.by_hand import CASH, E_BANKING, ORGANIZER, SLIP

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from hub.core.bills.bill import Bill
    from hub.payments.method import PaymentMethod

BY_HAND: tuple[PaymentMethod, ...] = (SLIP, E_BANKING, CASH, ORGANIZER)
"""Methods that need no contract with a provider."""

CODES = (
    postfinance.CODE,
    paypal_orders.CODE,
    SLIP.code,
    E_BANKING.code,
    stripe_checkout.CODE,
    CASH.code,
    ORGANIZER.code,
)
"""All codes, in the order in which they are offered."""


def registered(with_contract: Iterable[PaymentMethod]) -> Mapping[str, PaymentMethod]:
    """Collect the methods of an event: those of its contracts, and those by hand."""
    methods = {method.code: method for method in (*with_contract, *BY_HAND)}
    unknown = methods.keys() - set(CODES)
    if unknown:
        raise NotAllowed(f"There is no way to pay called {', '.join(sorted(unknown))}.")
    return {code: methods[code] for code in CODES if code in methods}


def offered(
    methods: Mapping[str, PaymentMethod], enabled: Iterable[str], bill: Bill
) -> tuple[PaymentMethod, ...]:
    """Choose what a bill offers: enabled, in its currency, and not locked out."""
    chosen = set(enabled)
    return tuple(
        method
        for code, method in methods.items()
        if code in chosen
        and bill.currency in method.currencies
        and bill.locked_to in {None, code}
    )
