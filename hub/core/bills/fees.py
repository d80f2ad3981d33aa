"""What a start costs, by deadline and category, and what a way to pay costs.

A start fee holds until its deadline; the last deadline ends registration. The fee is
copied to the team when it registers and never looked up again.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

from contract.money import MINOR_MAX, Currency

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from collections.abc import Set as AbstractSet

BASIS_POINTS = 10_000


class StartFee(msgspec.Struct, frozen=True):
    """What a team pays that registers until the deadline, this moment included."""

    amount_minor: int
    deadline: datetime
    category: str | None = None
    """None: every category that has no fee of its own."""

    def __post_init__(self) -> None:
        if not 0 <= self.amount_minor <= MINOR_MAX:
            raise ValueError("A start fee can't be negative.")
        if self.deadline.tzinfo is None:
            raise ValueError("A deadline needs its time zone.")


class AdditionalFee(msgspec.Struct, frozen=True):
    """What teams pay beside the start fee: a map, a chip, a bed."""

    name: str
    amount_minor: int
    category: str | None = None


class MethodFee(msgspec.Struct, frozen=True):
    """What a way to pay costs: something fixed and a share, perhaps limited."""

    fixed_minor: int = 0
    rate_bp: int = 0
    """Hundredths of a percent of the amount."""
    most_minor: int | None = None
    """The share alone is never more than this."""

    def __post_init__(self) -> None:
        if self.fixed_minor < 0 or self.rate_bp < 0 or (self.most_minor or 0) < 0:
            raise ValueError("What a method costs can't be negative.")

    def of(self, amount_minor: int) -> int:
        """Compute the fee of an amount, rounded half up, once."""
        assert amount_minor >= 0, amount_minor
        share = (amount_minor * self.rate_bp + BASIS_POINTS // 2) // BASIS_POINTS
        if self.most_minor is not None:
            share = min(share, self.most_minor)
        return self.fixed_minor + share


def start_fee(
    fees: Iterable[StartFee], category: str, registered_at: datetime
) -> StartFee | None:
    """Find the fee of a team that registers now; None when registration has ended.

    A category with fees of its own knows no others, and so may end earlier or later.
    """
    all_fees = list(fees)
    own = [fee for fee in all_fees if fee.category == category]
    usable = own or [fee for fee in all_fees if fee.category is None]
    ahead = [fee for fee in usable if registered_at <= fee.deadline]
    return min(ahead, key=lambda fee: fee.deadline, default=None)


def additional_fees(
    fees: Iterable[AdditionalFee], category: str
) -> tuple[AdditionalFee, ...]:
    """Choose the additional fees of a team of this category."""
    return tuple(fee for fee in fees if fee.category in {None, category})


PAYER_MAY_BEAR: Mapping[Currency, AbstractSet[str] | None] = {
    Currency.CHF: None,
    Currency.EUR: frozenset({"paypal"}),
}
"""Methods whose fee may be put on the payer, by currency; None: all of them.

In the euro area nothing may be charged for transfers and consumers' cards (directive
(EU) 2015/2366 article 62(4), BGB section 270a). The German Federal Court allowed it for
PayPal (25 March 2021, I ZR 203/19). Swiss law leaves it to contracts.
"""


def surcharge(
    fee: MethodFee,
    amount_minor: int,
    *,
    method: str,
    payer_bears: bool,
    currency: Currency,
) -> int:
    """Compute what the payer pays on top: nothing where the organizer bears it."""
    allowed = PAYER_MAY_BEAR[currency]
    if not payer_bears or (allowed is not None and method not in allowed):
        return 0
    return fee.of(amount_minor)
