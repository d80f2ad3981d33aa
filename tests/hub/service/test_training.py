"""What a hub makes of orders made for training, and of the event's booking model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import pytest
import pytest_asyncio

from contract.lines import LineRole
from contract.messages import AdviceFlag, DeclineReason, OrderDeclined
from contract.order import (
    BookingModel,
    CashMove,
    CashPlace,
    Order,
    OrderKind,
    Outcome,
    Path,
    PlaceRole,
    make_line,
    plain_line,
)
from hub.service.events import ModelFixed, set_booking_model
from hub.service.order_check import Signatures
from hub.service.verification import verify
from tests.hub import samples
from tests.hub.service.shop import (
    BEER,
    CASH,
    Shop,
    a_grant,
    a_payout,
    a_sale,
    a_top_up,
    an_order,
    canceling,
    with_vouchers,
)
from tests.hub.signing import signed

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.hub.hubs import Parts

NUMBER = samples.EVENT.number


@pytest_asyncio.fixture
async def shop(parts: Parts) -> AsyncIterator[Shop]:
    opened = await Shop(parts).open()
    yield opened
    report = await verify(
        parts.store,
        NUMBER,
        incarnation=parts.context.current.incarnation,
        signatures=Signatures.ALL,
    )
    assert report.ok, report.findings


def practiced(order: Order) -> Order:
    return msgspec.structs.replace(order, training=True)


def proven(order: Order, number: int) -> dict[str, Any]:
    """The parts of an advice that has a signature of its own."""
    return {"signature": signed(order, Outcome.COMPLETED, number), "outage": None}


def a_stocking(till: str) -> Order:
    vault = CashPlace(role=PlaceRole.VAULT, key="main")
    register = CashPlace(role=PlaceRole.REGISTER, key=till)
    move = CashMove(source=vault, target=register, amount_minor=15_000, holder="c1")
    line = plain_line(LineRole.TRANSIT, 15_000, "Cash")
    return an_order(OrderKind.SHIFT_START, (line,), CASH, cash=move)


async def test_what_was_practiced_is_recorded_and_moves_nothing(shop: Shop) -> None:
    wallet = await shop.band(1_000, vouchers=2)
    acts = [
        a_sale(wallet, make_line(BEER, 1)),
        with_vouchers(wallet, 1, make_line(BEER, 2)),
        a_sale(None, make_line(BEER, 1)),
        a_top_up(wallet, 2_000),
        a_payout(wallet, 500),
        a_grant(wallet, 3),
        a_stocking(samples.TILL),
    ]
    for number, act in enumerate(acts, start=1):
        order = practiced(act)
        said = proven(order, number)
        assert await shop.advise(order, **said) == ()
        assert await shop.advise(order, **said) == ()  # a repeat changes nothing

    assert await shop.held(wallet) == (1_000, 2)
    assert await shop.posted("revenue", "1") == 0
    assert await shop.posted("vault", "main") == 0
    rows = await shop.parts.store.fetch("booked_orders", NUMBER)
    assert not {row["order_id"] for row in rows} & {each.id for each in acts}


async def test_practice_without_network_uses_no_allowance(shop: Shop) -> None:
    wallet = await shop.band()
    sale = practiced(a_sale(wallet, make_line(BEER, 400)))
    assert await shop.advise(sale, Path.STAND_IN) == ()
    assert await shop.held(wallet) == (0, 0)


async def test_nobody_asks_for_practice(shop: Shop) -> None:
    wallet = await shop.band(1_000)
    verdict = await shop.ask(practiced(a_sale(wallet, make_line(BEER, 1))))

    assert isinstance(verdict, OrderDeclined)
    assert verdict.reason is DeclineReason.INCONSISTENT_ORDER
    assert await shop.held(wallet) == (1_000, 0)


async def test_practice_gives_nothing_back(shop: Shop) -> None:
    """Whoever cancels for real what was practiced has nothing to take back."""
    wallet = await shop.band(1_000)
    sale = practiced(a_sale(wallet, make_line(BEER, 1)))
    await shop.advise(sale)
    real = msgspec.structs.replace(canceling(sale), training=False)

    declined = await shop.declined(real)
    assert declined.reason is DeclineReason.NOTHING_TO_CANCEL
    assert await shop.advise(canceling(sale)) == ()  # itself practice
    assert await shop.held(wallet) == (1_000, 0)


@pytest.mark.parametrize("is_forgotten", [False, True])
@pytest.mark.parametrize("lines", [None, (1,)])
async def test_cash_given_back_for_practice_is_flagged(
    shop: Shop, lines: tuple[int, ...] | None, is_forgotten: bool
) -> None:
    """No till offers it; what one did all the same left the register, and is told."""
    sale = practiced(a_sale(None, make_line(BEER, 1)))
    assert await shop.advise(sale) == ()
    if is_forgotten:
        shop.parts.booking.forget()  # so it is read from the database again
    real = msgspec.structs.replace(canceling(sale, lines), training=False)

    declined = await shop.check(real)
    assert isinstance(declined, OrderDeclined)
    assert declined.reason is DeclineReason.NOTHING_TO_CANCEL
    assert await shop.advise(real) == (AdviceFlag.NOTHING_TO_CANCEL,)


async def test_aborted_practice_is_known_as_such(shop: Shop) -> None:
    sale = practiced(a_sale(None, make_line(BEER, 1)))
    said = {"signature": signed(sale, Outcome.ABORTED, 1), "outage": None}
    assert await shop.advise(sale, Path.ONLINE, Outcome.ABORTED, **said) == ()


async def test_a_real_sale_can_not_be_passed_off_as_practice(parts: Parts) -> None:
    """What was signed as a sale is not what training signs."""
    shop = await Shop(parts).open()
    sale = a_sale(None, make_line(BEER, 1))
    flags = await shop.advise(practiced(sale), **proven(sale, 1))
    assert flags == (AdviceFlag.BAD_SIGNATURE,)

    found = await verify(
        parts.store, NUMBER, incarnation=parts.context.current.incarnation
    )
    assert [each.check for each in found.findings] == ["signature"]


async def test_the_booking_model_is_chosen_before_the_first_sale(shop: Shop) -> None:
    store, keeper = shop.parts.store, shop.parts.context
    await set_booking_model(store, NUMBER, BookingModel.VOUCHER)
    await keeper.refresh()
    assert keeper.current.agreed.booking_model is BookingModel.VOUCHER

    redeemed = msgspec.structs.replace(
        a_sale(None, make_line(BEER, 1)), booking_model=BookingModel.VOUCHER
    )
    assert await shop.advise(redeemed, **proven(redeemed, 1)) == ()
    other = a_sale(None, make_line(BEER, 1))
    flags = await shop.advise(other, **proven(other, 2))
    assert flags == (AdviceFlag.OTHER_BOOKING_MODEL,)
    await set_booking_model(store, NUMBER, BookingModel.VOUCHER)
    with pytest.raises(ModelFixed, match="has sold by the booking model 'voucher'"):
        await set_booking_model(store, NUMBER, BookingModel.PAYMENT)
