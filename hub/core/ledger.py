"""Ledger rules: which balanced entry an order makes, by its kind and payment method.

A positive posting is a credit: what the event owes a guest, or has earned, grows. What
it holds (drawers, providers) or has lost is a negative balance. Revenue is posted net
per tax code and the tax beside it, so that both add up from the orders themselves.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING

from contract.order import OrderKind, PaymentMethod, inconsistency

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from contract.order import Order

UNCLEAR_TAX = "unclear"
"""Revenue of orders whose taxes do not follow from their lines; for an accountant."""


class Role(enum.Enum):
    """What an account is for; the values are those of the database."""

    WALLET = "wallet"
    REVENUE = "revenue"
    TAX = "tax"
    CASH_REGISTER = "cash_register"
    PROVIDER_CLEARING = "provider_clearing"
    STAND_IN_LOSS = "stand_in_loss"


@dataclass(frozen=True, slots=True)
class Account:
    """An account by its role and what tells it from others of that role."""

    role: Role
    key: str


@dataclass(frozen=True, slots=True)
class Posting:
    """An amount on one account, in minor units of the event's currency."""

    account: Account
    amount_minor: int


@dataclass(frozen=True, slots=True)
class Entry:
    """Postings that add up to zero."""

    postings: tuple[Posting, ...]

    def __post_init__(self) -> None:
        assert sum(each.amount_minor for each in self.postings) == 0, "out of balance"
        accounts = {each.account for each in self.postings}
        assert len(accounts) == len(self.postings), "an account appears twice"

    @property
    def wallet_minor(self) -> int:
        """What the entry adds to a wallet; negative when the guest pays."""
        return sum(
            each.amount_minor
            for each in self.postings
            if each.account.role is Role.WALLET
        )

    @property
    def elsewhere(self) -> tuple[Posting, ...]:
        """The postings on all accounts but wallets."""
        return tuple(
            each for each in self.postings if each.account.role is not Role.WALLET
        )


def order_entry(order: Order) -> Entry:
    """Make the entry of an order that somebody pays; cancellations come negative."""
    assert order.payment is not None, "an order without a payment books nothing"
    return _RULES[order.kind, order.payment.method](order)


def top_up_entry(wallet: int, amount_minor: int, provider: str) -> Entry:
    """Make the entry of money that a payment provider took for a wallet."""
    return Entry(
        (
            Posting(Account(Role.PROVIDER_CLEARING, provider), -amount_minor),
            Posting(Account(Role.WALLET, str(wallet)), amount_minor),
        )
    )


def _from_wallet(order: Order) -> Entry:
    assert order.payment is not None
    payer = Account(Role.WALLET, str(order.payment.wallet))
    return Entry((Posting(payer, -order.total_minor), *_earned(order)))


def _in_cash(order: Order) -> Entry:
    drawer = Account(Role.CASH_REGISTER, order.till)
    return Entry((Posting(drawer, -order.total_minor), *_earned(order)))


_RULES: Mapping[tuple[OrderKind, PaymentMethod], Callable[[Order], Entry]] = {
    (OrderKind.SALE, PaymentMethod.WALLET): _from_wallet,
    (OrderKind.SALE, PaymentMethod.CASH): _in_cash,
    (OrderKind.CANCELLATION, PaymentMethod.WALLET): _from_wallet,
    (OrderKind.CANCELLATION, PaymentMethod.CASH): _in_cash,
}


def _earned(order: Order) -> tuple[Posting, ...]:
    if inconsistency(order) is not None:
        unclear = Account(Role.REVENUE, UNCLEAR_TAX)
        return (Posting(unclear, order.total_minor),) if order.total_minor else ()
    amounts = [
        (Account(role, str(tax.code)), amount)
        for tax in order.taxes
        for role, amount in ((Role.REVENUE, tax.net_minor), (Role.TAX, tax.tax_minor))
    ]
    return tuple(Posting(account, amount) for account, amount in amounts if amount)
