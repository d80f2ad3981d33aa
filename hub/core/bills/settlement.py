"""Settlements: what an organizer gets of an event's paid bills, and when.

After the registration deadline the balance of the organizer's account is paid out: all
that paid bills brought, less what the methods cost. What comes later, in either
direction, is in the next one. If more went back than came, nothing is paid out and the
difference is carried forward.
"""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING

import msgspec

from hub.core.bills.errors import NotAllowed

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime


class Share(enum.Enum):
    """What moved the organizer's balance since the settlement before."""

    PAID_BILLS = "paid_bills"
    SURCHARGES = "surcharges"
    METHOD_FEES = "method_fees"
    TAKEN_BACK = "taken_back"
    """Bills that were paid and settled or not, and are unpaid again."""


class Amount(msgspec.Struct, frozen=True):
    """One movement of the organizer's balance; negative what is taken from it."""

    share: Share
    minor: int
    reference: str


class Settlement(msgspec.Struct, frozen=True, kw_only=True):
    """What was earned, kept, carried and paid out; sums in minor units."""

    bills: tuple[str, ...]
    """References of the bills that it is about, sorted."""
    paid_bills_minor: int
    surcharges_minor: int
    method_fees_minor: int
    taken_back_minor: int
    carried_in_minor: int

    @property
    def balance_minor(self) -> int:
        """The balance of the organizer's account; the ledger must say the same."""
        return (
            self.paid_bills_minor
            + self.surcharges_minor
            + self.method_fees_minor
            + self.taken_back_minor
            + self.carried_in_minor
        )

    @property
    def payout_minor(self) -> int:
        """What the organizer is paid now."""
        return max(0, self.balance_minor)

    @property
    def carried_out_minor(self) -> int:
        """What the organizer owes, taken off the next settlement; zero or negative."""
        return min(0, self.balance_minor)


def settle(amounts: Iterable[Amount], *, carried_in_minor: int = 0) -> Settlement:
    """Add up what moved the organizer's balance since the last settlement."""
    assert carried_in_minor <= 0, "a positive balance was paid out"
    sums = dict.fromkeys(Share, 0)
    bills: set[str] = set()
    for amount in amounts:
        sums[amount.share] += amount.minor
        bills.add(amount.reference)
    return Settlement(
        bills=tuple(sorted(bills)),
        paid_bills_minor=sums[Share.PAID_BILLS],
        surcharges_minor=sums[Share.SURCHARGES],
        method_fees_minor=sums[Share.METHOD_FEES],
        taken_back_minor=sums[Share.TAKEN_BACK],
        carried_in_minor=carried_in_minor,
    )


def may_settle(deadline: datetime, now: datetime) -> None:
    """Refuse to settle while teams can still register."""
    if now <= deadline:
        raise NotAllowed(
            "The event can be settled after its registration deadline, "
            f"{deadline:%Y-%m-%d %H:%M %Z}."
        )


class Approval(msgspec.Struct, frozen=True):
    """Who drew up a payout and who approved it; only then money may leave."""

    drawn_up_by: str
    approved_by: str | None = None

    @property
    def is_given(self) -> bool:
        """Whether two people have agreed."""
        return self.approved_by is not None


def approve(approval: Approval, by: str) -> Approval:
    """Add the second person's approval; the first can't give it."""
    if approval.is_given:
        raise NotAllowed("This payout is approved already.")
    if by == approval.drawn_up_by:
        raise NotAllowed("Somebody else must approve what you drew up.")
    return Approval(approval.drawn_up_by, by)
