"""Puts together what is done with the bank: its files, slips, refunds, settlements."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hub.service.bank_folder import BankFolder
from hub.service.bank_queue import BankQueue
from hub.service.bills import hub_time
from hub.service.office_tasks import OfficeTasks
from hub.service.payment_log import PaymentLog
from hub.service.payout_booker import PayoutBooker
from hub.service.payout_files import PayoutFiles
from hub.service.refunds import Refunds
from hub.service.settlements import Settlements
from hub.service.slips import Slips
from hub.service.transfers import Transfers
from hub.web.bank_pages import bank_section
from hub.web.overview_pages import overview_section
from hub.web.refund_pages import refunds_section
from hub.web.settlement_pages import settlements_section
from hub.web.slip_pages import slips_section

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from hub.paying import Paying
    from hub.service.booking import Booking
    from hub.settings import Settings
    from hub.store.store import Store
    from hub.web.office_desk import OfficeSection


class Banking:
    """All that one hub does with the bank."""

    def __init__(
        self, settings: Settings, store: Store, booking: Booking, event: int
    ) -> None:
        self._store = store
        self._event = event
        self.booker = PayoutBooker(store, booking, event)
        self._folder = BankFolder(
            store,
            event,
            settings.bank_folder,
            PaymentLog(store, settings.payments.secrets),
            is_due=lambda: booking.is_writer,
        )

    def parts(self) -> Iterator[tuple[str, Callable[[], Awaitable[None]]]]:
        """Name what runs beside the ledger's writer."""
        yield "payouts", self.booker.run
        yield "bank folder", self._folder.run

    def sections(self, paying: Paying) -> tuple[OfficeSection, ...]:
        """Make the bank's pages of the office, and before them the overview."""
        store, event = self._store, self._event
        refunds = Refunds(
            store, event, paying.methods, paying.payments, paying.performer
        )
        settlements = Settlements(store, event)
        tasks = OfficeTasks(store, event, refunds, settlements, hub_time)
        return (
            overview_section(tasks),
            bank_section(store, event, BankQueue(store, event), paying.log),
            slips_section(Slips(store, event, Transfers(store)), paying.log),
            refunds_section(store, event, refunds),
            settlements_section(settlements, PayoutFiles(store, event)),
        )
