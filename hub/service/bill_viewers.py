"""Who may see and pay a bill; to all others it is not there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from contract.bill_reference import is_reference
from hub.core.bills.errors import NoSuchBill
from hub.store.bills import read_bill

if TYPE_CHECKING:
    from hub.store.bills import BillRecord, Source


@dataclass(frozen=True, slots=True)
class OfUser:
    """Somebody logged in on the portal: sees the own bills.

    And those of the clubs whose officer they are now, whoever made them.
    """

    user: int


@dataclass(frozen=True, slots=True)
class OfWallet:
    """A guest with a wristband: sees its top-ups and those of the ones it replaced."""

    event: int
    serial: int


@dataclass(frozen=True, slots=True)
class OfStaff:
    """Somebody of the office: sees every bill."""


Viewer: TypeAlias = OfUser | OfWallet | OfStaff


async def visible(source: Source, viewer: Viewer, reference: str) -> BillRecord:
    """Read a bill for somebody; raises NoSuchBill, also for somebody else's."""
    # What is typed into an address may be something that no database takes as text.
    record = await read_bill(source, reference) if is_reference(reference) else None
    if record is None or not await _may_see(source, viewer, record):
        raise NoSuchBill("There is no such bill.")
    return record


async def _may_see(source: Source, viewer: Viewer, record: BillRecord) -> bool:
    match viewer:
        case OfStaff():
            return True
        case OfUser(user):
            if record.club is None:
                return record.portal_user == user
            # Whoever made it may be no officer any more.
            return bool(await source.fetch_value("is_officer_of", record.club, user))
        case OfWallet(event, serial):
            if record.event != event or not record.bill.is_top_up:
                return False
            rows = await source.fetch("serials_of_wallet", event, serial)
            theirs = {row["serial"] for row in rows}
            return {line.wallet for line in record.bill.lines} <= theirs
