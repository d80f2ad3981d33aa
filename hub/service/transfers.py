"""What the payer of a bill needs for a transfer: whom to pay, and a slip to print."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from hub.core.bills.errors import NotAllowed
from hub.payments.slip_pdf import Slip, slip_pdf
from hub.payments.transfer import SLIP_MINOR_MAX, Creditor, Transfer

if TYPE_CHECKING:
    from hub.store.bills import BillRecord
    from hub.store.store import Store


class Transfers:
    """Reads the account a bill is paid to, and writes transfers and slips to it."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def creditor(self, record: BillRecord) -> Creditor | None:
        """Say whom to pay; None where no account was given."""
        if record.competition is None:
            found = await self._store.fetch_value("top_up_creditor", record.event)
        else:
            found = await self._store.fetch_value("bill_creditor", record.competition)
        return None if found is None else msgspec.json.decode(found, type=Creditor)

    async def transfer(self, record: BillRecord) -> Transfer | None:
        """Say how what is open can be transferred; None if nothing is, or can be."""
        creditor = await self.creditor(record)
        open_minor = record.standing.open_minor
        if creditor is None or not 0 < open_minor <= SLIP_MINOR_MAX:
            return None
        return Transfer(
            creditor=creditor,
            payer=record.bill.payer,
            reference=record.bill.reference,
            amount_minor=open_minor,
            currency=record.bill.currency,
            message=record.title,
        )

    async def slip(self, record: BillRecord, language: str) -> bytes:
        """Print the bill with its payment slip (PDF).

        Raises NotAllowed where the bill is not to be paid by slip, NotOffered where the
        account can't have one.
        """
        transfer = await self.transfer(record)
        if transfer is None or record.bill.locked_to != "slip":
            raise NotAllowed("This bill has no payment slip: choose it on its page.")
        lines = [(line.label, line.amount_minor) for line in record.bill.lines]
        kept = record.standing.kept_minor
        if kept:
            lines.append((_PAID.get(language, _PAID["en"]), -kept))
        slip = Slip(
            transfer=transfer,
            title=record.title,
            lines=tuple(lines),
            language=language,
        )
        return slip_pdf(slip, record.bill.created_at)


_PAID = {"de": "Bereits bezahlt", "en": "Already paid"}
