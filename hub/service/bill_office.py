"""What the office sees of bills: all of them, and what somebody has to look at."""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from contract.money import Currency, Money
from hub.core.bills.errors import NotAllowed
from hub.core.bills.steps import amount_of, decode_step
from hub.service.bill_list import listed_bill
from hub.service.seen import NOTE_MAX, seen_of

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from hub.service.bill_list import ListedBill
    from hub.service.seen import Seen
    from hub.store.store import Row, Store

BILLS_PER_PAGE = 100
ALARMS_SHOWN_MAX = 200
REFUSED_PER_PAGE = 200
_GROUPS = re.compile(r"[0-9][0-9 ]*")


class Which(enum.Enum):
    """Which bills are listed."""

    ALL = "all"
    OPEN = "open"
    OVER = "over"
    """More was paid than is due: something is to be given back."""


@dataclass(frozen=True, slots=True)
class OfficeBill:
    """A bill with who pays it."""

    payer: str
    listed: ListedBill


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """What a provider said that somebody has to look at."""

    number: int
    reference: str
    attempt: int | None
    method: str
    status: str
    """In the provider's own words."""
    texts: tuple[str, ...]
    heard_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedStep:
    """What a bill has the ledger book, and the ledger refused."""

    number: int
    order: UUID
    reference: str
    payer: str
    step: str
    amount: Money | None
    """None where its bytes can't be read."""
    reason: str
    made_at: datetime
    seen: Seen | None


class BillOffice:
    """Lists an event's bills and alarms for its staff."""

    def __init__(self, store: Store, event: int) -> None:
        self._store = store
        self._event = event

    async def bills(
        self,
        which: Which = Which.ALL,
        *,
        search: str = "",
        after: ListedBill | None = None,
    ) -> tuple[OfficeBill, ...]:
        """List bills, newest first, a page at a time: the one `after` the last seen.

        `search` is a part of the reference, grouped or not, or of the payer's name.
        """
        wanted = search.strip()
        if _GROUPS.fullmatch(wanted):
            wanted = wanted.replace(" ", "")
        rows = await self._store.fetch(
            "bills_of_event",
            self._event,
            which.value,
            wanted,
            None if after is None else after.created_at,
            None if after is None else after.reference,
            BILLS_PER_PAGE,
        )
        return tuple(OfficeBill(row["payer_name"], listed_bill(row)) for row in rows)

    async def close_alarm(self, number: int, by: str, note: str = "") -> None:
        """Note that somebody has looked at an alarm; raises NotAllowed if one had."""
        if len(note) > NOTE_MAX:
            raise NotAllowed(f"A note has up to {NOTE_MAX} characters.")
        closed = await self._store.fetch_value(
            "close_payment_alarm", self._event, number, by, note.strip()
        )
        if closed is None:
            raise NotAllowed("Somebody else has seen to this. Look again.")

    async def refused(
        self, *, seen: bool = False, before: int | None = None
    ) -> tuple[RefusedStep, ...]:
        """List what the ledger refused, newest first, a page at a time.

        What nobody has seen to, or what somebody has; only older ones than `before`.
        """
        rows = await self._store.fetch(
            "refused_bill_entries", self._event, seen, before, REFUSED_PER_PAGE
        )
        return tuple(_refused(row) for row in rows)

    async def alarms(self) -> tuple[Alarm, ...]:
        """List what providers said that somebody has to look at, newest first."""
        rows = await self._store.fetch("payment_alarms", self._event, ALARMS_SHOWN_MAX)
        return tuple(
            Alarm(
                number=row["id"],
                reference=row["bill"],
                attempt=row["attempt"],
                method=row["method"],
                status=row["status"],
                texts=tuple(row["alarms"]),
                heard_at=row["heard_at"],
            )
            for row in rows
        )


def _refused(row: Row) -> RefusedStep:
    step = decode_step(row["body"])
    currency = Currency(row["currency"])
    return RefusedStep(
        number=row["number"],
        order=row["order_id"],
        reference=row["bill"],
        payer=row["payer_name"],
        step=row["step"],
        amount=None if step is None else Money(amount_of(step), currency),
        reason=row["reason"],
        made_at=row["made_at"],
        seen=seen_of(row),
    )
