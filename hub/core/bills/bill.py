"""A bill: who owes what for which event, and how it stands after what was paid.

Paid is a sum, never one payment: confirmed principal less what went back is at least
what is due. States follow from that sum each time; none of them is stored.
"""

from __future__ import annotations

import enum
from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

from contract.bill_reference import is_reference
from contract.money import MINOR_MAX, Currency
from hub.core.bills.errors import BadBill

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

LINES_MAX = 500
TEXT_MAX = 200


class LineKind(enum.Enum):
    """What a line of a bill is for, and so who gets the money."""

    START_FEE = "start_fee"
    ADDITIONAL_FEE = "additional_fee"
    TOP_UP = "top_up"
    """Credits a wallet as soon as the bill is paid, once."""
    TICKET = "ticket"


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is owed; a team's lines carry its id, a top-up its wallet."""

    kind: LineKind
    label: str
    amount_minor: int
    team: str | None = None
    wallet: int | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.amount_minor <= MINOR_MAX:
            raise ValueError(f"The line {self.label!r} can't be negative.")
        if (self.kind is LineKind.TOP_UP) is not (self.wallet is not None):
            raise ValueError("A top-up, and nothing else, names its wallet.")


class Payer(msgspec.Struct, frozen=True, kw_only=True):
    """Who pays, as written on the bill when it was made; later moves change nothing."""

    name: str
    street: str
    house_number: str = ""
    postal_code: str
    town: str
    country: str
    email: str = ""

    def lacking(self) -> tuple[str, ...]:
        """Name the parts of the address without which no bill can be made."""
        needed = ("name", "street", "postal_code", "town", "country")
        return tuple(part for part in needed if not getattr(self, part).strip())


NOBODY = Payer(name="", street="", postal_code="", town="", country="")
"""Who pays a bill that is not sent to anybody: a guest's top-up."""


class Bill(msgspec.Struct, frozen=True, kw_only=True):
    """What one payer owes for one event in one currency; its lines never change."""

    reference: str
    event: str
    currency: Currency
    payer: Payer
    lines: tuple[Line, ...]
    created_at: datetime
    is_canceled: bool = False
    locked_to: str | None = None
    held_by: str | None = None
    """The till that is taking its money just now."""
    """The one method it may still be paid by; choosing the slip does that."""

    @property
    def total_minor(self) -> int:
        """What is due, in minor units."""
        return 0 if self.is_canceled else sum(each.amount_minor for each in self.lines)

    @property
    def is_top_up(self) -> bool:
        """Whether a guest pays something in, which asks for no postal address."""
        return all(each.kind is LineKind.TOP_UP for each in self.lines)


class MovementKind(enum.Enum):
    """In which direction money went between payer and bill."""

    PAYMENT = "payment"
    REFUND = "refund"
    CHARGEBACK = "chargeback"


class Movement(msgspec.Struct, frozen=True):
    """Confirmed money of a bill: principal only, without what the method cost.

    None of it is principal where a surcharge alone goes back.
    """

    kind: MovementKind
    principal_minor: int

    def __post_init__(self) -> None:
        if not 0 <= self.principal_minor <= MINOR_MAX:
            raise ValueError("Money that moved is no less than zero.")


class BillState(enum.Enum):
    """What a payer is told about a bill."""

    OPEN = "open"
    PARTLY_PAID = "partly_paid"
    PAID = "paid"
    OVERPAID = "overpaid"
    REFUNDED = "refunded"
    """Money went back and less than the total remains; the rest may be paid again."""
    CHARGED_BACK = "charged_back"
    """A provider or bank took a payment back; the rest is open again."""
    CANCELED = "canceled"


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """How a bill stands; all sums in minor units of its currency."""

    state: BillState
    due_minor: int
    paid_minor: int
    """Confirmed, before anything went back."""
    refunded_minor: int
    charged_back_minor: int

    @property
    def kept_minor(self) -> int:
        """What was paid and did not go back; negative if more went back than came."""
        return self.paid_minor - self.refunded_minor - self.charged_back_minor

    @property
    def is_paid(self) -> bool:
        """Whether nothing is owed any more."""
        return self.kept_minor >= self.due_minor

    @property
    def open_minor(self) -> int:
        """What is still to be paid."""
        return max(0, self.due_minor - self.kept_minor)

    @property
    def over_minor(self) -> int:
        """What is to be given back."""
        return max(0, self.kept_minor - self.due_minor)

    @property
    def may_be_canceled(self) -> bool:
        """Whether nothing is paid, so that the bill can be taken back."""
        return self.state is not BillState.CANCELED and self.kept_minor <= 0


def make_bill(bill: Bill) -> Bill:
    """Check a bill before it is issued; says what is wrong with it and what to do."""
    lacking = bill.payer.lacking()
    if lacking and not bill.is_top_up:
        raise BadBill(f"Complete your postal address first: {', '.join(lacking)}.")
    if not is_reference(bill.reference):
        raise BadBill(f"The reference {bill.reference!r} has a wrong check digit.")
    if not 1 <= len(bill.lines) <= LINES_MAX:
        raise BadBill(f"A bill has 1 to {LINES_MAX} lines, this one {len(bill.lines)}.")
    if bill.total_minor <= 0:
        raise BadBill("Nothing is to be paid: a total of zero needs no bill.")
    if bill.created_at.tzinfo is None:
        raise BadBill("A bill's time needs its time zone.")
    return bill


def standing(bill: Bill, moved: Iterable[Movement]) -> Standing:
    """Say how a bill stands after all money that moved, in whatever order it came."""
    sums = dict.fromkeys(MovementKind, 0)
    for each in moved:
        sums[each.kind] += each.principal_minor
    paid, refunded = sums[MovementKind.PAYMENT], sums[MovementKind.REFUND]
    charged_back = sums[MovementKind.CHARGEBACK]
    return Standing(
        state=_state(bill, paid, refunded, charged_back),
        due_minor=bill.total_minor,
        paid_minor=paid,
        refunded_minor=refunded,
        charged_back_minor=charged_back,
    )


def _state(bill: Bill, paid: int, refunded: int, charged_back: int) -> BillState:
    kept, due = paid - refunded - charged_back, bill.total_minor
    if kept > due:
        return BillState.OVERPAID
    if bill.is_canceled:
        return BillState.CANCELED
    if kept == due:
        return BillState.PAID
    if charged_back:
        return BillState.CHARGED_BACK
    if refunded:
        return BillState.REFUNDED
    return BillState.PARTLY_PAID if paid else BillState.OPEN


class ChangeKind(enum.Enum):
    """How what is to be billed differs from what was reviewed."""

    NEW = "new"
    GONE = "gone"
    OTHER_AMOUNT = "other_amount"


class Change(msgspec.Struct, frozen=True):
    """One difference between review and bill, to be named to the payer."""

    kind: ChangeKind
    label: str
    before_minor: int | None
    now_minor: int | None


def changes(reviewed: Sequence[Line], now: Sequence[Line]) -> tuple[Change, ...]:
    """Compare what the payer accepted with what would be billed now; () is a match."""
    return tuple(_changes(reviewed, now))


def _changes(reviewed: Sequence[Line], now: Sequence[Line]) -> Iterator[Change]:
    before, after = _keyed(reviewed), _keyed(now)
    for key, line in before.items():
        other = after.get(key)
        if other is None:
            yield Change(ChangeKind.GONE, line.label, line.amount_minor, None)
        elif other.amount_minor != line.amount_minor:
            yield Change(
                ChangeKind.OTHER_AMOUNT,
                other.label,
                line.amount_minor,
                other.amount_minor,
            )
    for key, line in after.items():
        if key not in before:
            yield Change(ChangeKind.NEW, line.label, None, line.amount_minor)


def _keyed(lines: Sequence[Line]) -> dict[tuple[object, ...], Line]:
    """Tell lines apart by what they are for; the same fee twice is told by its turn."""
    keyed: dict[tuple[object, ...], Line] = {}
    for line in lines:
        label = "" if line.kind is LineKind.START_FEE else line.label
        key: tuple[object, ...] = (line.kind, line.team, line.wallet, label)
        turn = 0
        while (*key, turn) in keyed:
            turn += 1
        keyed[(*key, turn)] = line
    return keyed
