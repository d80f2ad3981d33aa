"""Has the ledger book what bills bring: the part of the elected writer.

What is to be booked was committed together with what caused it, each step under an id
of its own. So this may stop anywhere: whatever was not seen to be booked is handed in
again, and the ledger books it once.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from hub.core.bills.steps import decode_step, step_item
from hub.core.booking import ResultCode
from hub.service.booker import Booker
from hub.service.booking import HubFault

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from hub.core.booking import Result
    from hub.store.store import Row

log = logging.getLogger(__name__)

CHANNEL = "kassenband_bills"
STEPS_AT_ONCE = 500


class BillBooker(Booker):
    """Hands the steps of bills to the ledger, in the order in which they happened."""

    waiting = "Bills"

    async def book(self) -> int:
        """Book all that waits now; says how many steps were booked.

        Raises NoLedger, DatabaseGone; what was booked until then stays booked.
        """
        booked = last = 0
        while True:
            rows = await self._store.fetch(
                "waiting_bill_entries", self._event, last, STEPS_AT_ONCE
            )
            if not rows:
                return booked
            last = rows[-1]["number"]
            booked += await self._book(rows)

    async def _book(self, rows: Sequence[Row]) -> int:
        known = [row for row in rows if _can_be_read(row)]
        answers = await asyncio.gather(
            *(
                self._booking.submit(step_item(row["order_id"], row["body"]))
                for row in known
            ),
            return_exceptions=True,
        )
        orders: list[UUID] = []
        failed: BaseException | None = None
        for row, answer in zip(known, answers, strict=True):
            if isinstance(answer, HubFault):
                continue  # it was logged, and is tried again later
            if isinstance(answer, BaseException):
                failed = answer
            elif _is_booked(row, answer):
                orders.append(row["order_id"])
        if orders:
            await self._store.fetch("mark_bill_entries", self._event, orders)
        if failed is not None:
            raise failed
        return len(orders)


def _can_be_read(row: Row) -> bool:
    """Whether somebody else has not spoilt what we wrote; the others are booked."""
    if decode_step(row["body"]) is not None:
        return True
    log.error(
        "Step %s of bill %s can't be read. Run 'kassenband-hub verify'.",
        row["order_id"],
        row["bill"],
    )
    return False


def _is_booked(row: Row, result: Result) -> bool:
    if result.code is not ResultCode.BOOKED:
        log.error(
            "The ledger does not book step %s of bill %s (%s). Call the operator.",
            row["order_id"],
            row["bill"],
            result.reason.value if result.reason else result.code.value,
        )
        return False
    if result.flags:
        log.warning(
            "Bill %s: %s.", row["bill"], ", ".join(each.value for each in result.flags)
        )
    return True
