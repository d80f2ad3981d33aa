from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast
from uuid import UUID

from hub.core.bills.payouts import SettlementPaid, encode_paid
from hub.core.bills.postings import Channel, Via
from hub.core.booking import Result, ResultCode
from hub.service.booking import Booking, HubFault
from hub.service.payout_booker import PayoutBooker

if TYPE_CHECKING:
    from hub.core.booking import Item
    from hub.store.store import Row, Store

GUILTY, GOOD = UUID(int=1), UUID(int=3)
BODY = encode_paid(
    SettlementPaid(
        organizer="club",
        number=1,
        channel=Channel(Via.BANK, "main"),
        payout_minor=4500,
    )
)


class Desk:
    """A store with three payouts, and a ledger that refuses the first."""

    def __init__(self) -> None:
        self.booked: list[int] = []

    def on_election(self, _listener: object) -> None:
        pass

    async def fetch(self, query: str, *values: Any) -> list[Row]:
        if query == "settlement_booked":
            self.booked.append(values[0])
            return []
        return [
            {"id": 1, "order_id": GUILTY, "body": BODY},
            {"id": 2, "order_id": UUID(int=2), "body": b"spoilt"},
            {"id": 3, "order_id": GOOD, "body": BODY},
        ]

    async def submit(self, item: Item) -> Result:
        if item.order == GUILTY:
            raise HubFault("The ledger refuses it.")
        return Result(ResultCode.BOOKED, None, None, (), 7, b"")


async def test_a_payout_that_can_t_be_booked_holds_up_no_other() -> None:
    desk = Desk()
    booker = PayoutBooker(cast("Store", desk), cast("Booking", desk), 1)

    assert await booker.book() == 1

    assert desk.booked == [3]
