"""Ledger rules: which balanced entry an order makes, by its kind and payment method.

A positive posting is a credit: what the event owes a guest, or has earned, grows. What
it holds (drawers, providers) or has lost is a negative balance. Revenue is posted net
per tax code and the tax beside it, so that both add up from the orders themselves.
"""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING

import msgspec

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


class Account(msgspec.Struct, frozen=True):
    """An account by its role and what tells it from others of that role."""

    role: Role
    key: str


class Unit(enum.Enum):
    """What an amount counts; an entry balances per unit."""

    MONEY = "money"
    VOUCHER = "voucher"


class Posting(msgspec.Struct, frozen=True):
    """An amount on one account, in minor units of the event's currency."""

    account: Account
    amount_minor: int
    unit: Unit = Unit.MONEY


class Entry(msgspec.Struct, frozen=True):
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


def order_entry(order: Order, *, adds_up: bool | None = None) -> Entry:
    """Make the entry of an order that somebody pays; cancellations come negative.

    `adds_up`: whether its sums do, where that has just been looked into.
    """
    assert order.payment is not None, "an order without a payment books nothing"
    if adds_up is None:
        adds_up = inconsistency(order) is None
    payer = _PAYERS[order.kind, order.payment.method](order)
    return Entry((Posting(payer, -order.total_minor), *_earned(order, adds_up=adds_up)))


def top_up_entry(wallet: int, amount_minor: int, provider: str) -> Entry:
    """Make the entry of money that a payment provider took for a wallet."""
    return Entry(
        (
            Posting(Account(Role.PROVIDER_CLEARING, provider), -amount_minor),
            Posting(Account(Role.WALLET, str(wallet)), amount_minor),
        )
    )


def _wallet(order: Order) -> Account:
    assert order.payment is not None
    return Account(Role.WALLET, str(order.payment.wallet))


def _drawer(order: Order) -> Account:
    return Account(Role.CASH_REGISTER, order.till)


_PAYERS: Mapping[tuple[OrderKind, PaymentMethod], Callable[[Order], Account]] = {
    (OrderKind.SALE, PaymentMethod.WALLET): _wallet,
    (OrderKind.SALE, PaymentMethod.CASH): _drawer,
    (OrderKind.CANCELLATION, PaymentMethod.WALLET): _wallet,
    (OrderKind.CANCELLATION, PaymentMethod.CASH): _drawer,
}


def _earned(order: Order, *, adds_up: bool) -> tuple[Posting, ...]:
    if not adds_up:
        unclear = Account(Role.REVENUE, UNCLEAR_TAX)
        return (Posting(unclear, order.total_minor),) if order.total_minor else ()
    amounts = [
        (Account(role, str(tax.code)), amount)
        for tax in order.taxes
        for role, amount in ((Role.REVENUE, tax.net_minor), (Role.TAX, tax.tax_minor))
    ]
    return tuple(Posting(account, amount) for account, amount in amounts if amount)
