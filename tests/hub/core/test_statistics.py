"""What was sold, counted by hour, till and product; cancellations taken off."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec

from contract.order import (
    Credit,
    LineRole,
    OrderKind,
    Payment,
    PaymentMethod,
    discount_lines,
    make_line,
)
from hub.core.statistics import GrantSum, OrdersAt, OrderSum, SoldSum, Statistics
from tests.hub.service.shop import (
    BAR,
    BEER,
    CUP,
    DESK,
    ENTRY,
    OTHER,
    PRETZEL,
    a_grant,
    a_sale,
    a_top_up,
    an_order,
    canceling,
    with_vouchers,
)

if TYPE_CHECKING:
    from contract.order import Order

SIX = datetime(2026, 6, 1, 18, 0, tzinfo=UTC)
HALF_PAST = SIX.replace(minute=30, second=12, microsecond=7)
SEVEN = SIX.replace(hour=19)


def counted(*orders: tuple[Order, datetime]) -> Statistics:
    statistics = Statistics()
    for order, at in orders:
        statistics.take(order, at)
    return statistics


def sold(statistics: Statistics, product: int) -> dict[tuple[int, str], SoldSum]:
    return {
        (at.hour.hour, at.till): each
        for at, each in statistics.sold.items()
        if at.product == product
    }


def test_sales_are_counted_by_hour_and_till() -> None:
    statistics = counted(
        (a_sale(None, make_line(BEER, 2)), SIX),
        (a_sale(None, make_line(BEER, 1), make_line(PRETZEL, 3)), HALF_PAST),
        (a_sale(None, make_line(BEER, 4)), SEVEN),
        (a_sale(None, make_line(BEER, 5), till=OTHER), SEVEN),
    )

    assert sold(statistics, BEER.id) == {
        (18, BAR): SoldSum(3, 0, 1350),
        (19, BAR): SoldSum(4, 0, 1800),
        (19, OTHER): SoldSum(5, 0, 2250),
    }
    assert sold(statistics, PRETZEL.id) == {(18, BAR): SoldSum(3, 0, 660)}
    assert statistics.all_sold == OrderSum(4, 0, 6060, 6060)
    assert statistics.names[BEER.id] == BEER.name


def test_a_cancellation_is_taken_off_where_and_when_it_was_made() -> None:
    sale = a_sale(None, make_line(BEER, 2), make_line(PRETZEL, 1))
    statistics = counted((sale, SIX), (canceling(sale, (1,)), SEVEN))

    assert sold(statistics, BEER.id) == {
        (18, BAR): SoldSum(2, 0, 900),
        (19, OTHER): SoldSum(0, 2, -900),
    }
    assert statistics.all_sold == OrderSum(1, 1, 220, 220)


def test_deposits_are_counted_and_are_no_revenue() -> None:
    statistics = counted(
        (a_sale(None, make_line(BEER, 3), make_line(CUP, 3)), SIX),
        (a_sale(None, make_line(CUP, -2)), SIX),
    )

    assert sold(statistics, CUP.id) == {(18, BAR): SoldSum(1, 0, 200)}
    assert statistics.all_sold == OrderSum(2, 0, 1550, 1350)


def test_vouchers_are_taken_off_and_counted() -> None:
    sale = with_vouchers(7, 1, make_line(BEER, 2))
    statistics = counted((sale, SIX), (canceling(sale), SEVEN))

    taken = {
        at.hour.hour: each
        for at, each in statistics.sold.items()
        if at.role is LineRole.VOUCHER
    }
    assert taken == {18: SoldSum(1, 0, -450), 19: SoldSum(0, 1, 450)}
    assert statistics.all_sold == OrderSum(1, 1, 0, 0)


def test_what_is_paid_in_is_counted_by_payment_and_is_not_sold() -> None:
    card = Payment(method=PaymentMethod.CARD)
    statistics = counted(
        (a_top_up(7, 2000), SIX),
        (a_top_up(7, 500), HALF_PAST),
        (a_top_up(7, 1000, card), SIX),
        (a_grant(7, 3), SIX),
    )

    assert statistics.all_sold == OrderSum()
    assert statistics.sold == {}
    top_up, grant = OrderKind.TOP_UP, OrderKind.GRANT
    assert statistics.orders == {
        OrdersAt(SIX, DESK, top_up, PaymentMethod.CASH): OrderSum(2, 0, 2500, 0),
        OrdersAt(SIX, DESK, top_up, PaymentMethod.CARD): OrderSum(1, 0, 1000, 0),
        OrdersAt(SIX, DESK, grant, None): OrderSum(1, 0, 0, 0),
    }


def test_practice_does_not_count() -> None:
    practiced = msgspec.structs.replace(a_sale(None, make_line(BEER, 1)), training=True)
    assert counted((practiced, SIX)).orders == {}


def free_tickets(count: int, granter: str) -> Order:
    """Entry for so many guests, as somebody's gift."""
    entry = (make_line(ENTRY, count),)
    return an_order(
        OrderKind.TICKET,
        (*entry, *discount_lines(entry, "Free ticket")),
        None,
        credits=tuple(Credit(wallet=each) for each in range(count)),
        granted_by=granter,
    )


def test_what_is_given_away_is_counted_by_who_granted_it() -> None:
    taken_back = free_tickets(1, "lead-2")
    statistics = counted(
        (free_tickets(2, "lead-1"), SIX),
        (a_grant(7, 3), SIX),
        (a_grant(8, 4), SEVEN),
        (taken_back, SIX),
        (canceling(taken_back, till=DESK), SEVEN),
        (a_sale(None, make_line(BEER, 1)), SIX),
    )

    assert statistics.granted == {
        "lead-1": GrantSum(orders=3, tickets=2, worth_minor=2000, vouchers=7),
        "lead-2": GrantSum(orders=1, canceled=1),
    }
