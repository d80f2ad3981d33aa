"""What tills say beside orders and money: staff, wristbands, closings, TSEs, notes."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from contract.messages import (
    AdviceBatch,
    CashierLogin,
    CashierLogout,
    Closing,
    OrderQuery,
    OrderRequest,
    TillDescribed,
    TseNotes,
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
    from hub.service.tse_news import TseNews

Said: TypeAlias = (
    WristbandQuery
    | OrderQuery
    | CashierLogin
    | CashierLogout
    | Closing
    | TillDescribed
    | TseNotes
)
"""What the desk answers."""


class Desk:
    """Answers what needs the database but books no order; raises NoLedger."""

    def __init__(
        self,
        staff: Staff,
        inquiries: Inquiries,
        closings: Closings,
        tse_news: TseNews,
    ) -> None:
        self._staff = staff
        self._inquiries = inquiries
        self._closings = closings
        self._tse_news = tse_news

    async def open(self) -> None:
        """Read who is logged in, before tills are heard; raises DatabaseGone."""
        await self._staff.load()

    async def answer(self, message: Said, till: TillId) -> FromHub:
        """Answer a till; raises Malformed too."""
        try:
            match message:
                case WristbandQuery():
                    answer: FromHub = await self._inquiries.wristband(message)
                case OrderQuery():
                    answer = await self._inquiries.order(message)
                case CashierLogin():
                    answer = await self._staff.log_in(message, till)
                case CashierLogout():
                    answer = await self._staff.log_out(message, till)
                case Closing():
                    answer = await self._closings.close(message, till)
                case TillDescribed():
                    answer = await self._tse_news.described(message, till)
                case TseNotes():
                    answer = await self._tse_news.noted(message, till)
        except StoreError as error:
            raise NoLedger(str(error)) from error
        return answer

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
