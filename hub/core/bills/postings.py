"""What bills do to the ledger: one balanced entry for each thing that happens.

What payers pay in lies on the bill's own account until the bill is paid. Then what is
due leaves it in one piece (the release): start fees to the organizer, top-ups to
wallets, tickets to revenue. If money goes back, as much is taken back as is covered no
longer. So the organizer's balance is what can be settled at any time, and what remains
on a bill's account is a part payment or too much.
"""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Protocol

import msgspec

from contract.money import share_out
from hub.core.bills.bill import LineKind
from hub.core.ledger import Account, Entry, Posting, Role

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

_ORGANIZERS = frozenset({LineKind.START_FEE, LineKind.ADDITIONAL_FEE})


class Via(enum.Enum):
    """Where a method's money lies when it is confirmed."""

    BANK = "bank"
    PROVIDER = "provider"


class Channel(msgspec.Struct, frozen=True):
    """The account a method pays into: a bank account, or a provider's clearing."""

    via: Via
    key: str

    @property
    def account(self) -> Account:
        """Return the account in the ledger."""
        role = Role.BANK if self.via is Via.BANK else Role.PROVIDER_CLEARING
        return Account(role, self.key)


class Part(Protocol):
    """What of a bill is for whom: as much of a line as the ledger needs."""

    @property
    def kind(self) -> LineKind:
        """What it is for."""

    @property
    def amount_minor(self) -> int:
        """How much."""

    @property
    def wallet(self) -> int | None:
        """The serial of the wristband that a top-up is for."""


class Collecting(Protocol):
    """As much of a bill as the ledger needs."""

    @property
    def reference(self) -> str:
        """What names it."""

    @property
    def lines(self) -> Sequence[Part]:
        """What it collects, as issued."""


def payment_entry(
    bill: Collecting,
    channel: Channel,
    principal_minor: int,
    surcharge_minor: int,
    organizer: str,
) -> Entry:
    """Book a confirmed payment: the principal towards the bill, the surcharge apart."""
    paid = principal_minor + surcharge_minor
    return _entry(
        Posting(channel.account, -paid),
        Posting(_bill(bill), principal_minor),
        *_borne(bill, surcharge_minor, channel, organizer),
    )


def fee_entry(
    bill: Collecting, channel: Channel, fee_minor: int, organizer: str
) -> Entry:
    """Book what bank or provider kept: it is taken off what the organizer gets.

    Of a bill's top-ups and tickets the event itself bears its share. Below zero it is
    what was given back of a fee.
    """
    return _entry(
        Posting(channel.account, fee_minor),
        *_borne(bill, -fee_minor, channel, organizer),
    )


def return_entry(
    bill: Collecting,
    channel: Channel,
    principal_minor: int,
    surcharge_minor: int,
    organizer: str,
) -> Entry:
    """Book money that went back to the payer, by refund or chargeback."""
    return _entry(
        Posting(channel.account, principal_minor + surcharge_minor),
        Posting(_bill(bill), -principal_minor),
        *_borne(bill, -surcharge_minor, channel, organizer),
    )


def turn_entry(
    bill: Collecting, organizer: str, before_minor: int, after_minor: int
) -> Entry:
    """Pass on what is due, or take back of it what is covered no longer.

    `before_minor` and `after_minor` say how much is passed on before and after. Lines
    are covered in their order, so what is missing is missing at the last ones. A wallet
    is charged even if the money was spent since (overdraft). Revenue of tickets is
    posted gross here; the taxes of a ticket are its own order's.
    """
    gainers = [_gainer(line.kind, line.wallet, organizer) for line in bill.lines]
    before, after = _covered(bill, before_minor), _covered(bill, after_minor)
    return _entry(
        Posting(_bill(bill), before_minor - after_minor),
        *(
            Posting(gainer, now - once)
            for gainer, once, now in zip(gainers, before, after, strict=True)
        ),
    )


def _covered(bill: Collecting, minor: int) -> Iterator[int]:
    """Say how much of each line an amount covers."""
    for line in bill.lines:
        part = min(line.amount_minor, minor)
        minor -= part
        yield part


def _gainer(kind: LineKind, wallet: int | None, organizer: str) -> Account:
    match kind:
        case LineKind.START_FEE | LineKind.ADDITIONAL_FEE:
            return Account(Role.ORGANIZER_PAYABLE, organizer)
        case LineKind.TOP_UP:
            return Account(Role.WALLET, str(wallet))
        case LineKind.TICKET:
            return Account(Role.REVENUE, "0")


def _borne(
    bill: Collecting, amount_minor: int, channel: Channel, organizer: str
) -> tuple[Posting, ...]:
    """Share out what a method costs or brings by whose money the bill collects."""
    organizers = sum(
        line.amount_minor for line in bill.lines if line.kind in _ORGANIZERS
    )
    sign = -1 if amount_minor < 0 else 1
    own, rest = share_out(abs(amount_minor), (organizers, _whole(bill) - organizers))
    return (
        Posting(Account(Role.ORGANIZER_PAYABLE, organizer), sign * own),
        Posting(Account(Role.FEE_EXPENSE, channel.key), sign * rest),
    )


def _bill(bill: Collecting) -> Account:
    return Account(Role.BILL_RECEIVABLE, bill.reference)


def _whole(bill: Collecting) -> int:
    """The total as issued: a canceled bill's, too."""
    return sum(line.amount_minor for line in bill.lines)


def _entry(*parts: Posting) -> Entry:
    sums: dict[Account, int] = {}
    for each in parts:
        sums[each.account] = sums.get(each.account, 0) + each.amount_minor
    return Entry(tuple(Posting(account, minor) for account, minor in _used(sums)))


def _used(sums: dict[Account, int]) -> Iterable[tuple[Account, int]]:
    return ((account, minor) for account, minor in sums.items() if minor)
