"""Registering teams: what may be registered, when, and what it then has to pay."""

from __future__ import annotations

import enum
from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

from contract.money import Currency
from hub.core.bills.fees import (
    AdditionalFee,
    StartFee,
    additional_fees,
    start_fee,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

NAME_MAX = 80
MEMBERS_MAX = 50
MEMBER_MAX = 80
TEAMS_MAX = 200
"""Of one person at one competition: a bill has 500 lines, with two fees per team."""


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """A team as somebody wants it."""

    name: str
    category: str
    members: tuple[str, ...] = ()
    club: str = ""
    """The club's slug, "" for none."""
    paid_by_club: bool = False


class Reason(enum.Enum):
    """Why a team can't be registered or changed."""

    CLOSED = "closed"
    NOT_OPEN = "not_open"
    BILLED = "billed"
    GONE = "gone"
    TOO_MANY = "too_many"
    UNKNOWN = "unknown"
    PAID_BY_NOBODY = "paid_by_nobody"


class Flaw(enum.Enum):
    """What is wrong with a field."""

    REQUIRED = "required"
    TOO_LONG = "too_long"
    ONE_LINE = "one_line"
    CHOICE = "choice"
    MEMBERS = "members"


class Price(msgspec.Struct, frozen=True):
    """What a team has to pay, as it is copied when it registers."""

    start_fee_minor: int
    additional: tuple[AdditionalFee, ...]

    @property
    def total_minor(self) -> int:
        """All of it."""
        return self.start_fee_minor + sum(fee.amount_minor for fee in self.additional)


class Competition(msgspec.Struct, frozen=True, kw_only=True):
    """What teams register for."""

    id: int
    slug: str
    name: str
    organizer: str
    currency: Currency
    zone: str
    opens_at: datetime
    is_public: bool
    categories: tuple[str, ...]
    start_fees: tuple[StartFee, ...]
    additional_fees: tuple[AdditionalFee, ...]

    def price(self, category: str, now: datetime) -> Price | Reason:
        """Say what a team of a category has to pay that registers now, or why none."""
        if now < self.opens_at:
            return Reason.NOT_OPEN
        fee = start_fee(self.start_fees, category, now)
        if fee is None:
            return Reason.CLOSED
        return Price(fee.amount_minor, additional_fees(self.additional_fees, category))

    def open_categories(self, now: datetime) -> tuple[str, ...]:
        """Choose the categories in which teams can be registered now."""
        prices = {name: self.price(name, now) for name in self.categories}
        return tuple(n for n, price in prices.items() if isinstance(price, Price))

    def fees_ahead(self, category: str, now: datetime) -> tuple[StartFee, ...]:
        """List what a start costs now and later, by deadline."""
        own = [fee for fee in self.start_fees if fee.category == category]
        usable = own or [fee for fee in self.start_fees if fee.category is None]
        ahead = [fee for fee in usable if now <= fee.deadline]
        return tuple(sorted(ahead, key=lambda fee: fee.deadline))

    def ends_at(self) -> datetime | None:
        """Name the last deadline; None without fees: then it never begins."""
        return max((fee.deadline for fee in self.start_fees), default=None)


def flaws(wish: Wish, categories: tuple[str, ...]) -> Mapping[str, Flaw]:
    """Say which fields of a wish can't be taken, and why."""
    found: dict[str, Flaw] = {}
    if not wish.name:
        found["name"] = Flaw.REQUIRED
    elif len(wish.name) > NAME_MAX:
        found["name"] = Flaw.TOO_LONG
    elif not wish.name.isprintable():
        found["name"] = Flaw.ONE_LINE
    if wish.category not in categories:
        found["category"] = Flaw.CHOICE
    if len(wish.members) > MEMBERS_MAX:
        found["members"] = Flaw.MEMBERS
    elif any(len(member) > MEMBER_MAX for member in wish.members):
        found["members"] = Flaw.TOO_LONG
    elif not all(member.isprintable() for member in wish.members):
        found["members"] = Flaw.ONE_LINE
    return found
