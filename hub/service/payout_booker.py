"""Has the ledger book settlements that were paid out: a part of the elected writer.

Each has its id in the ledger since it was drawn up, so it is booked once, wherever this
stops.
"""

from __future__ import annotations

import logging

from hub.core.bills.payouts import decode_paid, paid_item
from hub.core.booking import ResultCode
from hub.service.booker import Booker
from hub.service.booking import HubFault

log = logging.getLogger(__name__)

CHANNEL = "kassenband_payouts"


class PayoutBooker(Booker):
    """Hands payouts to the ledger."""

    waiting = "Settlements"

    async def book(self) -> int:
        """Book all that waits now; says how many payouts were booked.

        One that can't be booked holds up no other. Raises NoLedger, DatabaseGone.
        """
        booked = 0
        for row in await self._store.fetch("settlements_to_book", self._event):
            if decode_paid(row["body"]) is None:
                log.error(
                    "Settlement %s can't be read. Run 'kassenband-hub verify'.",
                    row["id"],
                )
                continue
            item = paid_item(row["order_id"], row["body"])
            try:
                result = await self._booking.submit(item)
            except HubFault:
                continue  # it was logged, and is tried again later
            if result.code is not ResultCode.BOOKED:
                log.error("The ledger does not book settlement %s.", row["id"])
                continue
            await self._store.fetch("settlement_booked", row["id"])
            booked += 1
        return booked
