"""Ledger rules: which balanced entry an order makes, one pure function per kind.

A positive posting is a credit: what the event owes a guest, or has earned, grows. What
it holds (registers, vaults, providers) or has lost is a negative balance. Revenue is
posted net per tax code and the tax beside it, so that both add up from the orders
themselves. Vouchers are postings of a unit of their own on the same wallets. The chart
and the rules are told to accountants in docs/ledger.md.
"""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING

import msgspec

from contract.lines import TAXED, tax_sum
from contract.order import (
    NO_TAX,
    LineRole,
    OrderKind,
    PaymentMethod,
    PlaceRole,
    inconsistency,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from contract.order import CashPlace, Order

UNCLEAR_TAX = "unclear"
"""Revenue of orders whose taxes do not follow from their lines; for an accountant."""

UNKNOWN_PROVIDER = "unknown"
"""Card money whose terminal's receipt the till did not hand in."""

ONLY = "all"
"""The key of a role that has one account only."""


class Unit(enum.Enum):
    """What is counted on an account; every entry balances in each unit."""

    __hash__ = object.__hash__  # as of Role

    MONEY = "money"
    """Minor units of the event's currency."""
    VOUCHER = "voucher"


class Role(enum.Enum):
    """What an account is for; the values are those of the database."""

    # Members are single objects; an enum's own hash is slow, and taken per posting.
    __hash__ = object.__hash__

    WALLET = "wallet"
    REVENUE = "revenue"
    TAX = "tax"
    DEPOSIT_LIABILITY = "deposit_liability"
    CASH_REGISTER = "cash_register"
    BAG = "bag"
    VAULT = "vault"
    BANK = "bank"
    CARD_CLEARING = "card_clearing"
    PROVIDER_CLEARING = "provider_clearing"
    BILL_RECEIVABLE = "bill_receivable"
    ORGANIZER_PAYABLE = "organizer_payable"
    FEE_EXPENSE = "fee_expense"
    VOUCHER_POOL = "voucher_pool"
    DIFFERENCE = "difference"
    STAND_IN_LOSS = "stand_in_loss"
    ROUNDING = "rounding"
    DONATION = "donation"
    TIP_PAYABLE = "tip_payable"
    PAYOUT = "payout"


class Nature(enum.Enum):
    """On which side of the books an account stands, and so its usual sign."""

    ASSET = "asset"
    LIABILITY = "liability"
    INCOME = "income"
    EXPENSE = "expense"


class AccountKind(msgspec.Struct, frozen=True):
    """What the accounts of one role hold, and what tells them apart."""

    nature: Nature
    key: str
    about: str


CHART: Mapping[Role, AccountKind] = {
    Role.WALLET: AccountKind(
        Nature.LIABILITY,
        "serial of the wristband",
        "what guests have on their wristbands, in money and in vouchers",
    ),
    Role.REVENUE: AccountKind(
        Nature.INCOME, "tax code, or 'unclear'", "what was sold, net of tax"
    ),
    Role.TAX: AccountKind(
        Nature.LIABILITY, "tax code", "value added tax contained in what was sold"
    ),
    Role.DEPOSIT_LIABILITY: AccountKind(
        Nature.LIABILITY, "tax code", "deposits to be given back, net of tax"
    ),
    Role.CASH_REGISTER: AccountKind(
        Nature.ASSET, "the register (its till's id, unless named)", "cash at a till"
    ),
    Role.BAG: AccountKind(Nature.ASSET, "the bag", "cash on its way"),
    Role.VAULT: AccountKind(Nature.ASSET, "the vault", "cash in the office"),
    Role.BANK: AccountKind(Nature.ASSET, "the bank account", "money at the bank"),
    Role.CARD_CLEARING: AccountKind(
        Nature.ASSET, "the terminals' provider", "card payments not yet at the bank"
    ),
    Role.PROVIDER_CLEARING: AccountKind(
        Nature.ASSET, "the provider", "online payments not yet at the bank"
    ),
    Role.BILL_RECEIVABLE: AccountKind(
        Nature.ASSET,
        "the bill's reference",
        "what payers paid in until all is due is there",
    ),
    Role.ORGANIZER_PAYABLE: AccountKind(
        Nature.LIABILITY, "the organizer", "start fees to be passed on"
    ),
    Role.FEE_EXPENSE: AccountKind(
        Nature.EXPENSE, "the provider", "what providers keep for their service"
    ),
    Role.VOUCHER_POOL: AccountKind(
        Nature.ASSET, ONLY, "vouchers given out and not yet used (unit: vouchers)"
    ),
    Role.DIFFERENCE: AccountKind(
        Nature.EXPENSE, "the register", "cash found too much or too little at a count"
    ),
    Role.STAND_IN_LOSS: AccountKind(
        Nature.EXPENSE, "why", "sales that no wallet could be charged for"
    ),
    Role.ROUNDING: AccountKind(Nature.EXPENSE, ONLY, "cash rounded to 0.05"),
    Role.DONATION: AccountKind(Nature.LIABILITY, ONLY, "given to be passed on"),
    Role.TIP_PAYABLE: AccountKind(
        Nature.LIABILITY, ONLY, "tips for the staff, to be passed on"
    ),
    Role.PAYOUT: AccountKind(
        Nature.LIABILITY, "the payout run", "on its way to guests' bank accounts"
    ),
}
"""The chart of accounts. A liability's or an income's balance is usually positive."""


class Account(msgspec.Struct, frozen=True):
    """An account by its role and what tells it from others of that role."""

    role: Role
    key: str


class Posting(msgspec.Struct, frozen=True):
    """An amount on one account, in minor units of the event's currency or vouchers."""

    account: Account
    amount_minor: int
    unit: Unit = Unit.MONEY


class WalletDelta(msgspec.Struct, frozen=True):
    """What one wallet gains by an entry; negative what it gives."""

    money_minor: int = 0
    vouchers: int = 0


class Entry(msgspec.Struct, frozen=True):
    """Postings that add up to zero in each unit; of an account one per unit."""

    postings: tuple[Posting, ...]

    def __post_init__(self) -> None:
        money = vouchers = 0
        for each in self.postings:
            if each.unit is Unit.MONEY:
                money += each.amount_minor
            else:
                vouchers += each.amount_minor
        assert money == 0, "out of balance"
        assert vouchers == 0, "vouchers out of balance"
        places = {(each.account, each.unit) for each in self.postings}
        assert len(places) == len(self.postings), "an account appears twice"

    @property
    def wallet_minor(self) -> int:
        """What the entry adds to wallets in money; negative when the guest pays."""
        return sum(
            each.amount_minor
            for each in self.postings
            if each.account.role is Role.WALLET and each.unit is Unit.MONEY
        )

    @property
    def wallets(self) -> Mapping[int, WalletDelta]:
        """What each wallet gains, by the serial of the wristband the order named."""
        found: dict[int, WalletDelta] = {}
        for each in self.postings:
            if each.account.role is not Role.WALLET:
                continue
            serial = int(each.account.key)
            known = found.get(serial, _NOTHING)
            if each.unit is Unit.MONEY:
                delta = WalletDelta(each.amount_minor, known.vouchers)
            else:
                delta = WalletDelta(known.money_minor, each.amount_minor)
            found[serial] = delta
        return found

    @property
    def elsewhere(self) -> tuple[Posting, ...]:
        """The postings on all accounts but wallets."""
        return tuple(
            each for each in self.postings if each.account.role is not Role.WALLET
        )


_NOTHING = WalletDelta()


def order_entry(order: Order, *, adds_up: bool | None = None) -> Entry:
    """Make the entry of an order that completes; cancellations come negative.

    `adds_up`: whether `inconsistency` found nothing, where that has just been looked
    into. What does not add up is booked all the same, as unclear revenue. What was made
    for training books nothing.
    """
    assert order.attempt > 0, "an order without an attempt books nothing"
    if order.training:
        return Entry(())
    if adds_up is None:
        adds_up = inconsistency(order) is None
    return RULES[order.kind](order) if adds_up else _unclear(order)


def top_up_entry(wallet: int, amount_minor: int, provider: str) -> Entry:
    """Make the entry of money that a payment provider took for a wallet."""
    return Entry(
        (
            Posting(Account(Role.PROVIDER_CLEARING, provider), -amount_minor),
            Posting(_wallet(wallet), amount_minor),
        )
    )


def mirrored(entry: Entry) -> Entry:
    """Turn an entry round: the reversal of a booking that no sale stands behind."""
    return Entry(
        tuple(
            Posting(each.account, -each.amount_minor, each.unit)
            for each in entry.postings
        )
    )


# --- one rule per kind ---------------------------------------------------------------


def _sale(order: Order) -> Entry:
    """The payer pays; the event earns, owes deposits and tax, takes vouchers back."""
    if all(line.role is LineRole.ITEM for line in order.lines):  # as nearly all are
        return _entry(_paid(order), _earned(order))
    return _entry(_paid(order), _earned(order), _redeemed(order), _beside(order))


def _top_up(order: Order) -> Entry:
    """Cash or card money becomes a wallet's; a payout is the same with other signs."""
    return _entry(_paid(order), _credited(order), _beside(order))


def _ticket(order: Order) -> Entry:
    """The payer pays for entry, and for what is on the wristbands then."""
    return _entry(_paid(order), _earned(order), _credited(order), _beside(order))


def _grant(order: Order) -> Entry:
    """Wallets gain vouchers; the pool says how many are about."""
    return _entry(_credited(order))


def _bill_payment(order: Order) -> Entry:
    """The payer pays what a bill asks for."""
    assert order.bill is not None
    account = Account(Role.BILL_RECEIVABLE, order.bill)
    amount = _sum_of(order, LineRole.BILL)
    return _entry(_paid(order), (Posting(account, amount),), _beside(order))


def _nothing(_order: Order) -> Entry:
    """What becomes of a wristband moves no money: its wallet stays what it is."""
    return Entry(())


def _cash_moved(order: Order) -> Entry:
    """Cash leaves one place for another; what a count found differs is named."""
    move = order.cash
    assert move is not None
    difference = move.difference_minor
    # The register is left with nothing: it gives what was expected in it.
    return _entry(
        (
            Posting(_place(move.source), move.amount_minor - difference),
            Posting(_place(move.target), -move.amount_minor),
            Posting(Account(Role.DIFFERENCE, order.cash_register), difference),
        )
    )


def _cancellation(order: Order) -> Entry:
    """The rule of the kind undone, on an order whose amounts are all turned."""
    return RULES[order.acts_as](order)


RULES: Mapping[OrderKind, Callable[[Order], Entry]] = {
    OrderKind.SALE: _sale,
    OrderKind.CANCELLATION: _cancellation,
    OrderKind.TOP_UP: _top_up,
    OrderKind.PAYOUT: _top_up,
    OrderKind.TICKET: _ticket,
    OrderKind.GRANT: _grant,
    OrderKind.BILL_PAYMENT: _bill_payment,
    OrderKind.REGISTER: _nothing,
    OrderKind.SWAP: _nothing,
    OrderKind.BLOCK: _nothing,
    OrderKind.ANNOTATE: _nothing,
    OrderKind.SHIFT_START: _cash_moved,
    OrderKind.CASH_MOVEMENT: _cash_moved,
    OrderKind.CASH_TRANSFER: _cash_moved,
    OrderKind.SHIFT_END: _cash_moved,
}
"""The posting rule of each kind, for orders that add up."""


# --- what the rules are made of ------------------------------------------------------


def _unclear(order: Order) -> Entry:
    account = Account(Role.REVENUE, UNCLEAR_TAX)
    return _entry(_paid(order), (Posting(account, order.total_minor),))


def _paid(order: Order) -> tuple[Posting, ...]:
    payment = order.payment
    if payment is None:
        return ()
    match payment.method:
        case PaymentMethod.WALLET:
            assert payment.wallet is not None
            payer = _wallet(payment.wallet)
        case PaymentMethod.CASH:
            payer = Account(Role.CASH_REGISTER, order.cash_register)
        case PaymentMethod.CARD:
            provider = payment.card.provider if payment.card else UNKNOWN_PROVIDER
            payer = Account(Role.CARD_CLEARING, provider)
    return (Posting(payer, -order.total_minor),)


def _earned(order: Order) -> Iterator[Posting]:
    deposits: dict[int, int] = {}
    not_earned = 0
    for line in order.lines:
        if line.role is LineRole.ITEM:
            continue
        if line.role is LineRole.DEPOSIT:
            code = line.tax_code
            deposits[code] = deposits.get(code, 0) + line.total_minor
        elif line.role not in TAXED:
            not_earned += line.total_minor
    for tax in order.taxes:
        key = str(tax.code)
        net = tax.net_minor
        if tax.code in deposits:
            owed = tax_sum(tax.code, tax.rate_bp, deposits[tax.code]).net_minor
            net -= owed
            yield Posting(Account(Role.DEPOSIT_LIABILITY, key), owed)
        if tax.code == NO_TAX.code:
            net -= not_earned
        yield Posting(Account(Role.REVENUE, key), net)
        yield Posting(Account(Role.TAX, key), tax.tax_minor)


def _credited(order: Order) -> Iterator[Posting]:
    for each in order.credits:
        yield Posting(_wallet(each.wallet), each.amount_minor)
        yield from _vouchers(each.wallet, each.vouchers)


def _redeemed(order: Order) -> tuple[Posting, ...]:
    if order.payment is None or order.payment.wallet is None:
        return ()
    return _vouchers(order.payment.wallet, -order.vouchers)


def _vouchers(wallet: int, gained: int) -> tuple[Posting, ...]:
    if gained == 0:
        return ()
    return (
        Posting(_wallet(wallet), gained, Unit.VOUCHER),
        Posting(Account(Role.VOUCHER_POOL, ONLY), -gained, Unit.VOUCHER),
    )


def _beside(order: Order) -> Iterator[Posting]:
    for line in order.lines:
        if line.role in _BESIDE:
            yield Posting(Account(_BESIDE[line.role], ONLY), line.total_minor)


_BESIDE = {
    LineRole.ROUNDING: Role.ROUNDING,
    LineRole.DONATION: Role.DONATION,
    LineRole.TIP_STAFF: Role.TIP_PAYABLE,
}
_PLACES = {
    PlaceRole.REGISTER: Role.CASH_REGISTER,
    PlaceRole.BAG: Role.BAG,
    PlaceRole.VAULT: Role.VAULT,
    PlaceRole.BANK: Role.BANK,
}


def _place(place: CashPlace) -> Account:
    return Account(_PLACES[place.role], place.key)


def _wallet(serial: int) -> Account:
    return Account(Role.WALLET, str(serial))


def _sum_of(order: Order, role: LineRole) -> int:
    return sum(line.total_minor for line in order.lines if line.role is role)


def _entry(*parts: Iterable[Posting]) -> Entry:
    """Add postings up per account and unit, in the order in which they came."""
    sums: dict[tuple[Account, Unit], int] = {}
    for part in parts:
        for each in part:
            place = (each.account, each.unit)
            sums[place] = sums.get(place, 0) + each.amount_minor
    return Entry(
        tuple(
            Posting(account, amount, unit)
            for (account, unit), amount in sums.items()
            if amount
        )
    )
