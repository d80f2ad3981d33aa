"""Payment slips to be printed and posted: a list for staff, and what posting costs."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

from contract.money import Currency
from hub.core.bills.errors import NotAllowed
from hub.core.bills.postings import Channel, Via
from hub.core.bills.steps import fee_step
from hub.service.settlements import utc_now
from hub.store.bills import add_steps, lock_bill, read_bill

if TYPE_CHECKING:
    from collections.abc import Callable

    from hub.service.transfers import Transfers
    from hub.store.store import Store

POST = Channel(Via.PROVIDER, "post")
"""Whom the hub owes postage."""


class PostedSlip(msgspec.Struct, frozen=True, kw_only=True):
    """A bill that is paid by slip, and whether it was posted."""

    reference: str
    payer_name: str
    street: str
    town: str
    currency: Currency
    total_minor: int
    locked_at: datetime
    """When its payer chose the slip."""
    sent_at: datetime | None
    sent_by: str | None


class Slips:
    """The slips of one event."""

    def __init__(
        self,
        store: Store,
        event: int,
        transfers: Transfers,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._store = store
        self._event = event
        self._transfers = transfers
        self._now = now

    async def all(self) -> tuple[PostedSlip, ...]:
        """List slips, those to be posted first."""
        rows = await self._store.fetch("slips", self._event)
        return tuple(
            PostedSlip(
                reference=row["reference"],
                payer_name=row["payer_name"],
                street=f"{row['street']} {row['house_number']}".strip(),
                town=f"{row['country']}-{row['postal_code']} {row['town']}",
                currency=Currency(row["currency"]),
                total_minor=row["total_minor"],
                locked_at=row["locked_at"],
                sent_at=row["sent_at"],
                sent_by=row["sent_by"],
            )
            for row in rows
        )

    async def print(self, reference: str, language: str) -> bytes:
        """Print a bill with its slip (PDF); raises NotAllowed."""
        record = await read_bill(self._store, reference)
        if record is None or record.event != self._event:
            raise NotAllowed(f"There is no bill {reference[:40]}.")
        return await self._transfers.slip(record, language)

    async def mark_sent(self, reference: str, by: str) -> bool:
        """Note that a slip was posted, once: its fee is taken off what is settled.

        False if that was noted before.
        """
        async with self._store.unit_of_work() as unit:
            record = await lock_bill(unit, reference)
            if record is None or record.event != self._event:
                raise NotAllowed(f"There is no bill {reference[:40]}.")
            if record.bill.locked_to != "slip":
                raise NotAllowed("This bill is not paid by slip.")
            noted = await unit.fetch("add_slip_sent", reference, by, self._now())
            if not noted:
                return False
            fee = await unit.fetch_value("slip_fee", reference)
            if fee:
                # The organizer bears it: the amount on the slip is printed by then.
                step = fee_step(record.bill, record.organizer, POST, fee)
                await add_steps(unit, record, [(None, None, step)])
            return True

    async def unlock(self, reference: str) -> None:
        """Let a bill be paid otherwise, as long as its slip was not posted."""
        async with self._store.unit_of_work() as unit:
            record = await lock_bill(unit, reference)
            if record is None or record.event != self._event:
                raise NotAllowed(f"There is no bill {reference[:40]}.")
            if await unit.fetch_value("is_slip_sent", reference):
                raise NotAllowed("This slip was posted: the bill is paid by it.")
            await unit.fetch("unlock_bill", reference)
