"""What tills say beside orders and money: staff, wristbands, closings, notes."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from contract.messages import (
    AdviceBatch,
    CashierLogin,
    CashierLogout,
    Closing,
    OrderQuery,
    OrderRequest,
    WristbandQuery,
)
from hub.service.booking import NoLedger
from hub.store.errors import StoreError

if TYPE_CHECKING:
    from contract.ids import TillId
    from contract.messages import FromHub
    from hub.service.closings import Closings
    from hub.service.inquiries import Inquiries
    from hub.service.staff import Staff

Said: TypeAlias = WristbandQuery | OrderQuery | CashierLogin | CashierLogout | Closing
"""What the desk answers."""


class Desk:
    """Answers what needs the database but books no order; raises NoLedger."""

    def __init__(self, staff: Staff, inquiries: Inquiries, closings: Closings) -> None:
        self._staff = staff
        self._inquiries = inquiries
        self._closings = closings

    async def open(self) -> None:
        """Read who is logged in, before tills are heard; raises DatabaseGone."""
        await self._staff.load()

    async def answer(self, message: Said, till: TillId) -> FromHub:
        """Answer a till; raises Malformed too."""
        try:
            match message:
                case WristbandQuery():
                    return await self._inquiries.wristband(message)
                case OrderQuery():
                    return await self._inquiries.order(message)
                case CashierLogin():
                    return await self._staff.log_in(message, till)
                case CashierLogout():
                    return await self._staff.log_out(message, till)
                case Closing():
                    return await self._closings.close(message, till)
        except StoreError as error:
            raise NoLedger(str(error)) from error

    async def keep_notes(
        self, message: OrderRequest | AdviceBatch, till: TillId
    ) -> None:
        """Keep what somebody wrote beside orders, before those are booked."""
        if isinstance(message, AdviceBatch):
            notes = message.notes
            said = b"".join(bytes(each) for each in message.advices) if notes else b""
        else:
            notes = (message.note,) if message.note is not None else ()
            said = bytes(message.order)
        try:
            await self._inquiries.note(notes, till, said)
        except StoreError as error:
            raise NoLedger(str(error)) from error
