"""Checks: what could be booked, and what speaks against it; nothing is kept of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec
import pytest
import pytest_asyncio

from contract.ids import EventId, new_uuid7
from contract.messages import (
    AdviceFlag,
    DeclineReason,
    OrderCheck,
    OrderChecked,
    OrderDeclined,
    Rejected,
    RejectReason,
)
from contract.money import Money
from contract.order import (
    LineRole,
    Order,
    OrderKind,
    encode_order,
    make_line,
    plain_line,
)
from hub.service.checks import Due
from hub.service.orders import Orders
from tests.hub import samples
from tests.hub.service.shop import (
    DESK,
    OTHER,
    PRETZEL,
    Shop,
    a_payout,
    a_sale,
    a_top_up,
    an_order,
    canceling,
)

if TYPE_CHECKING:
    from tests.hub.hubs import Parts

REFERENCE = "2" + "0" * 26


@dataclass
class OneBill:
    """Bills of an event that has written one."""

    amount_minor: int = 12000
    is_payable: bool = True

    async def due(self, reference: str) -> Due | None:
        known = reference == REFERENCE
        return Due(Money(self.amount_minor), self.is_payable) if known else None

    async def hold(self, order: Order) -> Due | None:
        return await self.due(order.bill or "")

    async def release(self, order: Order) -> None:
        """Nobody keeps it for anybody here."""

    async def paid(self, order: Order) -> None:
        """Nobody keeps accounts here."""


@pytest_asyncio.fixture
async def shop(parts: Parts) -> Shop:
    return await Shop(parts).open()


def paying(minor: int, reference: str = REFERENCE) -> Order:
    line = plain_line(LineRole.BILL, minor, "Start fees")
    return an_order(OrderKind.BILL_PAYMENT, (line,), till=DESK, bill=reference)


@pytest.mark.parametrize(
    ("bills", "order", "reason"),
    [
        (OneBill(), paying(12000), None),
        (OneBill(), paying(12000, "1" * 27), DeclineReason.UNKNOWN_BILL),
        (OneBill(is_payable=False), paying(12000), DeclineReason.BILL_NOT_DUE),
        (OneBill(), paying(11999), DeclineReason.WRONG_BILL_AMOUNT),
    ],
    ids=["due", "unknown", "not due", "another amount"],
)
async def test_a_bill_is_paid_as_it_is_due(
    shop: Shop, bills: OneBill, order: Order, reason: DeclineReason | None
) -> None:
    parts = shop.parts
    parts.orders = Orders(
        parts.store, parts.context, parts.booking, parts.staff, bills=bills
    )

    answer = await shop.check(order)

    if reason is None:
        assert isinstance(answer, OrderChecked)
        assert answer.facts.due == Money(12000)
        assert await shop.advise(order) == ()
    else:
        assert isinstance(answer, OrderDeclined)
        assert answer.reason is reason
        assert answer.text.endswith(".")
        assert await shop.advise(order) == (AdviceFlag.BILL_NOT_DUE,)
    # The money is in the register either way.
    assert await shop.posted("cash_register", "desk-1") == -order.total_minor


async def test_a_check_before_a_payment_was_chosen(shop: Shop) -> None:
    wallet = await shop.band(700)
    unpaid = msgspec.structs.replace(a_top_up(wallet, 500), attempt=0, payment=None)
    greedy = msgspec.structs.replace(a_payout(wallet, 800), attempt=0, payment=None)

    checked, declined = await shop.check(unpaid), await shop.check(greedy)

    assert isinstance(checked, OrderChecked)
    assert checked.facts.balance == Money(700)
    assert isinstance(declined, OrderDeclined)
    assert declined.reason is DeclineReason.INSUFFICIENT_BALANCE


async def test_a_check_of_a_cancellation_looks_at_the_original(shop: Shop) -> None:
    wallet = await shop.band()
    top_up = a_top_up(wallet, 500)
    early = await shop.check(canceling(top_up))
    assert isinstance(early, OrderDeclined)
    assert early.reason is DeclineReason.NOT_FINAL_YET

    await shop.advise(top_up)
    assert isinstance(await shop.check(canceling(top_up)), OrderChecked)


async def test_a_check_leaves_no_trace(shop: Shop) -> None:
    wallet = await shop.band(700)
    position = shop.parts.booking.position

    for order in (a_top_up(wallet, 500), a_top_up(wallet, 10**15)):
        await shop.check(order)

    assert shop.parts.booking.position == position
    assert await shop.posted("cash_register", "desk-1") == -700


async def test_a_check_of_strangers(shop: Shop) -> None:
    wallet = await shop.band()
    top_up = a_top_up(wallet, 500)
    reasons = {
        DeclineReason.UNKNOWN_WRISTBAND: a_top_up(4_000_000, 500),
        DeclineReason.WRONG_EVENT: msgspec.structs.replace(
            top_up, event=EventId("winter")
        ),
        DeclineReason.UNKNOWN_PRODUCT: msgspec.structs.replace(top_up, catalogue=9),
    }
    for reason, order in reasons.items():
        declined = await shop.check(order)
        assert isinstance(declined, OrderDeclined)
        assert declined.reason is reason

    token = samples.credential(await shop.band())
    message = OrderCheck(
        id=new_uuid7(),
        order=msgspec.Raw(encode_order(top_up)),
        answer_by=samples.NOW,
        credential=token,
    )
    forged = await shop.parts.orders.checks.check(message, DESK)
    assert isinstance(forged, OrderDeclined)
    assert forged.reason is DeclineReason.FORGED_WRISTBAND
    stolen = await shop.parts.orders.checks.check(message, OTHER)
    assert isinstance(stolen, Rejected)
    assert stolen.reason is RejectReason.FORGED_TILL
    cash = a_sale(None, make_line(PRETZEL, 1))
    assert isinstance(await shop.check(cash), OrderChecked)
