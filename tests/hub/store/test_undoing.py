"""Cancellations at the ledger: whole and by line, from any till, never twice."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import TYPE_CHECKING
from uuid import uuid4

import msgspec
import pytest
import pytest_asyncio

from contract.ids import new_uuid7
from contract.order import (
    CardReceipt,
    Credit,
    Line,
    LineRole,
    Order,
    OrderKind,
    Path,
    Payment,
    PaymentMethod,
    WristbandChange,
    make_line,
    plain_line,
    sum_taxes,
    undone,
)
from hub.core.booking import block_item
from tests.hub import samples
from tests.hub.store.ledgers import Bench, aborted, asked, completed, told

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

BOOKED = ("booked", None, ())
RECORDED = ("recorded", None, ())


@pytest_asyncio.fixture
async def bench(database: str) -> AsyncIterator[Bench]:
    async with AsyncExitStack() as stack:
        opened = await Bench.open(database, stack)
        yield opened
        report = await opened.verify()
        assert report.ok, report.findings


def sale(wallet: int | None, *lines: Line) -> Order:
    """A sale of three beers and a pretzel, or of other lines."""
    sold = lines or (make_line(samples.BEER, 3), make_line(samples.PRETZEL, 1))
    total = sum(line.total_minor for line in sold)
    return msgspec.structs.replace(
        samples.order(total, wallet),
        lines=sold,
        taxes=sum_taxes(sold, samples.CATALOGUE.tax_rates()),
    )


def canceling(
    original: Order, lines: tuple[int, ...] | None = None, till: str = "bar-2"
) -> Order:
    """The other till's cancellation of an order, ready to be asked for."""
    return msgspec.structs.replace(
        undone(original, lines),
        id=new_uuid7(),
        till=samples.TILLS[1] if till == "bar-2" else samples.TILL,
        attempt=1,
        payment=original.payment,
    )


def part_of(order: Order, quantity: int) -> Order:
    """The same cancellation of one line, by another quantity."""
    (line,) = order.lines
    line = msgspec.structs.replace(
        line, quantity=-quantity, total_minor=-quantity * line.unit_price_minor
    )
    return msgspec.structs.replace(
        order,
        id=new_uuid7(),
        lines=(line,),
        taxes=sum_taxes((line,), samples.CATALOGUE.tax_rates()),
        total_minor=line.total_minor,
    )


async def test_another_till_cancels_one_line(bench: Bench) -> None:
    wallet = await bench.wallet(2000)
    order = sale(wallet)
    await bench.book(asked(order), completed(order))

    results = await bench.book(asked(canceling(order, (2,))))

    assert told(results[0]) == BOOKED
    assert await bench.balance(wallet) == (2000 - 3 * 450, 0)


async def test_two_tills_cancel_the_same_line(bench: Bench) -> None:
    wallet = await bench.wallet(2000)
    order = sale(wallet)
    await bench.book(asked(order), completed(order))
    one, two = canceling(order, (2,)), canceling(order, (2,), "bar-1")

    first = await bench.book(asked(one))
    bench.ledger.forget()
    second = await bench.book(asked(two), asked(canceling(order)))

    assert told(first[0]) == BOOKED
    assert [told(each) for each in second] == [
        ("declined", "already_canceled", ()),
        ("declined", "already_canceled", ()),
    ]
    assert await bench.balance(wallet) == (2000 - 3 * 450, 0)


async def test_a_line_is_canceled_piece_by_piece_and_no_further(bench: Bench) -> None:
    wallet = await bench.wallet(2000)
    order = sale(wallet)
    await bench.book(asked(order), completed(order))
    beers = canceling(order, (1,))

    results = await bench.book(*(asked(part_of(beers, 1)) for _ in range(4)))

    assert [told(each)[0] for each in results] == ["booked"] * 3 + ["declined"]
    assert await bench.balance(wallet) == (2000 - 220, 0)


async def test_an_aborted_cancellation_frees_its_line(bench: Bench) -> None:
    wallet = await bench.wallet(2000)
    order = sale(wallet)
    one, two = canceling(order, (1,)), canceling(order, (1,))
    await bench.book(asked(order), completed(order), asked(one))

    results = await bench.book(aborted(one), asked(two), completed(two))

    assert [told(each) for each in results] == [RECORDED, BOOKED, RECORDED]
    assert await bench.balance(wallet) == (2000 - 220, 0)


async def test_the_loss_of_a_sale_is_undone_before_the_guest_gets_more(
    bench: Bench,
) -> None:
    wallet = await bench.wallet(1000)
    order = sale(wallet)  # 15.70, of which 5.70 could not be charged
    await bench.book(completed(order, Path.STAND_IN))

    await bench.book(asked(canceling(order, (1,))), asked(canceling(order, (2,))))

    assert await bench.balance(wallet) == (1000, 0)
    assert await bench.posted("stand_in_loss", "insufficient_balance") == 0


async def test_a_loss_is_undone_by_the_reason_it_had(bench: Bench) -> None:
    """Whole or line by line, by this writer or by the next one."""
    wallet = await bench.wallet(1000, blocked=True)
    one, two = sale(wallet), sale(wallet)
    for each in (one, two):
        await bench.book(completed(each, Path.STAND_IN))
    assert await bench.posted("stand_in_loss", "blocked_wristband") == -3140

    assert told(*await bench.book(asked(canceling(one)))) == BOOKED
    assert await bench.posted("stand_in_loss", "blocked_wristband") == -1570
    assert told(*await bench.book(asked(canceling(two, (1,))))) == BOOKED
    assert await bench.posted("stand_in_loss", "blocked_wristband") == -220
    bench.ledger.forget()
    assert told(*await bench.book(asked(canceling(two, (2,))))) == BOOKED

    assert await bench.posted("stand_in_loss", "blocked_wristband") == 0
    assert await bench.posted("stand_in_loss", "insufficient_balance") == 0
    assert await bench.balance(wallet) == (1000, 0)


async def test_losses_for_two_reasons_are_both_undone(bench: Bench) -> None:
    wallet = await bench.wallet(1000)
    first = sale(wallet)  # 15.70
    beyond = msgspec.structs.replace(completed(first, Path.STAND_IN), excess_minor=300)
    await bench.book(beyond)
    assert await bench.posted("stand_in_loss", "allowance_used_up") == -300
    assert await bench.posted("stand_in_loss", "insufficient_balance") == -270

    for number in (1, 2):
        bench.ledger.forget()
        assert told(*await bench.book(asked(canceling(first, (number,))))) == BOOKED

    assert await bench.posted("stand_in_loss", "allowance_used_up") == 0
    assert await bench.posted("stand_in_loss", "insufficient_balance") == 0
    assert await bench.balance(wallet) == (1000, 0)


async def test_cash_is_handed_back_by_the_till_that_cancels(bench: Bench) -> None:
    order = sale(None)
    await bench.book(completed(order))

    results = await bench.book(completed(canceling(order)))

    assert told(results[0]) == RECORDED
    assert await bench.posted("cash_register", "bar-1") == -1570
    assert await bench.posted("cash_register", "bar-2") == 1570
    assert await bench.posted("revenue", "1") == 0


def top_up(wallet: int, minor: int) -> Order:
    """Cash for a wristband."""
    line = plain_line(LineRole.CREDIT, minor, "Top-up")
    return msgspec.structs.replace(
        samples.order(0),
        kind=OrderKind.TOP_UP,
        lines=(line,),
        taxes=sum_taxes((line,), {}),
        total_minor=minor,
        payment=Payment(method=PaymentMethod.CASH),
        credits=(Credit(wallet=wallet, amount_minor=minor),),
    )


async def test_a_top_up_is_canceled_while_the_money_is_there(bench: Bench) -> None:
    wallet = await bench.wallet()
    one, two = top_up(wallet, 1000), top_up(wallet, 500)
    drink = samples.order(700, wallet)
    await bench.book(completed(one), completed(two), asked(drink), completed(drink))

    results = await bench.book(asked(canceling(one)), asked(canceling(two)))

    assert told(results[0]) == ("declined", "insufficient_balance", ())
    assert told(results[1]) == BOOKED
    assert await bench.balance(wallet) == (300, 0)


async def test_only_the_wallet_that_gained_gives_back(bench: Bench) -> None:
    wallet, other = await bench.wallet(), await bench.wallet(5000)
    order = top_up(wallet, 1000)
    await bench.book(completed(order))
    forged = msgspec.structs.replace(
        canceling(order), credits=(Credit(wallet=other, amount_minor=-1000),)
    )

    results = await bench.book(asked(forged))

    assert told(results[0]) == ("declined", "nothing_to_cancel", ())
    assert await bench.balance(other) == (5000, 0)


async def test_a_swap_taken_back_leaves_both_wristbands_usable(bench: Bench) -> None:
    """Also when the hub was restarted since, and knows the swapped one only."""
    lost, fresh = await bench.wallet(1000), await bench.wallet()
    swap = msgspec.structs.replace(
        samples.order(1),
        kind=OrderKind.SWAP,
        lines=(),
        taxes=(),
        total_minor=0,
        payment=None,
        wristband=WristbandChange(wristband=lost, successor=fresh),
    )
    again = msgspec.structs.replace(swap, id=new_uuid7())
    await bench.book(asked(swap))
    bench.ledger.forget()

    results = await bench.book(aborted(swap), asked(again))

    assert [told(each) for each in results] == [RECORDED, BOOKED]
    assert await bench.balance(fresh) == (1000, 0)


async def test_a_top_up_by_line_takes_from_nobody(bench: Bench) -> None:
    wallet, other = await bench.wallet(), await bench.wallet(5000)
    order = top_up(wallet, 1000)
    await bench.book(completed(order))
    whole = canceling(order)
    line = msgspec.structs.replace(whole.lines[0], cancels_line=1)
    forged = msgspec.structs.replace(
        whole, lines=(line,), credits=(Credit(wallet=other, amount_minor=-1000),)
    )

    results = await bench.book(asked(forged))

    assert told(results[0]) == ("declined", "nothing_to_cancel", ())
    assert await bench.balance(other) == (5000, 0)


async def canceled_by_card(bench: Bench) -> tuple[int, Order]:
    """A top-up of 20.00 by card, whose cancellation is booked, not yet refunded."""
    wallet = await bench.wallet()
    original = msgspec.structs.replace(
        top_up(wallet, 2000), payment=Payment(method=PaymentMethod.CARD)
    )
    await bench.book(completed(original))
    asked_for = canceling(original)
    assert told(*await bench.book(asked(asked_for))) == BOOKED
    assert await bench.balance(wallet) == (0, 0)
    return wallet, asked_for


@pytest.mark.parametrize("is_blocked", [False, True])
async def test_a_card_that_was_refunded_leaves_the_wallet_charged_once(
    bench: Bench, *, is_blocked: bool
) -> None:
    """The terminal's receipt comes with the next attempt, the wristband blocked or not.

    Else a guest had his money on the card, and on the wristband for the event to lose.
    """
    wallet, order = await canceled_by_card(bench)
    if is_blocked:
        await bench.book(block_item(uuid4(), wallet, blocked=True))
    receipt = CardReceipt(provider="acme", id="4242")
    payment = Payment(method=PaymentMethod.CARD, card=receipt)
    refunded = msgspec.structs.replace(order, attempt=2, payment=payment)

    assert told(*await bench.book(completed(refunded))) == RECORDED

    assert await bench.balance(wallet) == (0, 0)
    assert await bench.posted("card_clearing", order.till) == 0
    assert await bench.posted("stand_in_loss", "blocked_wristband") == 0


async def test_a_wallet_has_its_money_again_when_no_card_was_refunded(
    bench: Bench,
) -> None:
    wallet, order = await canceled_by_card(bench)

    assert told(*await bench.book(aborted(order))) == RECORDED

    assert await bench.balance(wallet) == (2000, 0)
