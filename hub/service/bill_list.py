"""Bills in lists: as much of each as a line of a list shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from contract.money import Currency
from hub.core.bills.bill import (
    NOBODY,
    Bill,
    Line,
    LineKind,
    Movement,
    MovementKind,
    Standing,
    standing,
)

if TYPE_CHECKING:
    from datetime import datetime

    from hub.store.store import Row


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedBill:
    """A bill in a list."""

    reference: str
    title: str
    club_name: str | None
    labels: tuple[str, ...]
    """Its teams, or what else it is for."""
    currency: Currency
    total_minor: int
    """As issued, also of a canceled bill."""
    created_at: datetime
    standing: Standing

    @property
    def is_settled(self) -> bool:
        """Whether nothing is asked for any more."""
        return self.standing.open_minor == 0


def listed_bill(row: Row) -> ListedBill:
    """Read a bill of a list, with the sums of what moved."""
    bill = _total(row)
    moved = [
        Movement(kind, row[f"{name}_minor"])
        for kind, name in _SUMS.items()
        if row[f"{name}_minor"]
    ]
    return ListedBill(
        reference=row["reference"],
        title=row["title"],
        club_name=row["club_name"],
        labels=tuple(row["labels"] or ()),
        currency=bill.currency,
        total_minor=row["total_minor"],
        created_at=row["created_at"],
        standing=standing(bill, moved),
    )


_SUMS = {
    MovementKind.PAYMENT: "paid",
    MovementKind.REFUND: "refunded",
    MovementKind.CHARGEBACK: "charged_back",
}


def _total(row: Row) -> Bill:
    """Make as much of a bill as its standing needs."""
    line = Line(kind=LineKind.START_FEE, label="", amount_minor=row["total_minor"])
    return Bill(
        reference=row["reference"],
        event="",
        currency=Currency(row["currency"]),
        payer=NOBODY,
        lines=(line,),
        created_at=row["created_at"],
        is_canceled=row["canceled_at"] is not None,
        locked_to=row["locked_to"],
    )
