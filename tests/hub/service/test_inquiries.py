from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from contract.ids import new_uuid7
from contract.messages import (
    Malformed,
    Note,
    OrderBooked,
    OrderDeclined,
    OrderQuery,
    RejectReason,
    WristbandInfo,
    WristbandQuery,
)
from contract.money import Money
from contract.order import OrderKind, Outcome, decode_order
from hub.service.verification import verify
from tests.hub import acts, samples
from tests.hub.acts import on_wristband, swap
from tests.hub.people import advise, hire, request, token
from tests.hub.samples import order

if TYPE_CHECKING:
    from contract.messages import DeclineReason
    from contract.order import Order
    from tests.hub.hubs import Parts

COMMENT = "Lost the yellow hat; call 0170 1234567."


async def ask(parts: Parts, serial: int, cashier: str = "") -> WristbandInfo:
    """Ask about a wristband that is at hand."""
    return await parts.inquiries.wristband(
        WristbandQuery(
            id=new_uuid7(),
            wristband=serial,
            cashier=cashier,
            credential=token(1, serial),
        )
    )


async def declined(parts: Parts, about: Order) -> DeclineReason:
    answer = await request(parts, about)
    assert isinstance(answer, OrderDeclined), answer
    return answer.reason


async def commented(parts: Parts, serial: int) -> Note:
    """Write a comment on a wristband, as a till would."""
    note = Note(key=uuid4(), text=COMMENT)
    about = on_wristband(OrderKind.ANNOTATE, serial, note=note.key, variant=2)
    await parts.inquiries.note([note], samples.TILL, str(note.key).encode())
    assert isinstance(await request(parts, about, note), OrderBooked)
    return note


async def is_well(parts: Parts) -> bool:
    event = parts.context.current
    report = await verify(parts.store, event.number, event.incarnation)
    assert report.ok, report.findings
    return report.ok


async def test_account_status(parts: Parts) -> None:
    """Balance, vouchers, comment, restriction, history."""
    wallet = await parts.wallet(2000)
    sale = order(450, wallet)
    await request(parts, sale)
    top_up = acts.top_up(wallet, 1000)
    await advise(parts, top_up)
    await commented(parts, wallet)

    info = await ask(parts, wallet)

    assert (info.balance, info.vouchers, info.blocked) == (Money(2550), 0, False)
    assert (info.variant, info.restriction, info.comment) == (0, 2, COMMENT)
    assert info.successor is None
    assert [(each.kind, each.amount_minor, each.till) for each in info.orders] == [
        (OrderKind.TOP_UP, 1000, samples.TILL),
        (OrderKind.SALE, -450, samples.TILL),
        (OrderKind.TOP_UP, 2000, "hub"),
    ]
    assert info.orders[1].order == sale.id
    assert await is_well(parts)


async def test_what_was_canceled_is_shown_so(parts: Parts) -> None:
    wallet = await parts.wallet(2000)
    sale = order(450, wallet)
    await advise(parts, sale)
    await request(parts, order(-450, wallet, cancels=sale.id))

    info = await ask(parts, wallet)

    assert [(each.kind, each.canceled) for each in info.orders] == [
        (OrderKind.CANCELLATION, False),
        (OrderKind.SALE, True),
        (OrderKind.TOP_UP, False),
    ]


async def test_what_was_aborted_is_not_shown(parts: Parts) -> None:
    wallet = await parts.wallet(2000)
    sale = order(450, wallet)
    await request(parts, sale)
    await advise(parts, sale, Outcome.ABORTED, None)

    assert len((await ask(parts, wallet)).orders) == 1


async def test_swap_wristband(parts: Parts) -> None:
    """The new one has the balance and the history; the old one opens nothing."""
    old, new = await parts.wallet(2000, 1), await parts.wallet(0, 2)
    await request(parts, order(450, old))
    await commented(parts, old)

    assert isinstance(await request(parts, swap(old, new)), OrderBooked)

    info = await ask(parts, new)
    assert (info.balance, info.comment, info.successor) == (Money(1550), COMMENT, None)
    assert len(info.orders) == 2
    assert (await ask(parts, old)).successor == new
    assert (await declined(parts, order(1, old))).value == "already_swapped"
    assert isinstance(await request(parts, order(1550, new)), OrderBooked)
    assert await is_well(parts)


async def test_a_swap_survives_a_new_writer(parts: Parts) -> None:
    old, new = await parts.wallet(2000, 1), await parts.wallet(0, 2)
    exchange = swap(old, new)
    await request(parts, exchange)
    parts.booking.forget()

    assert (await declined(parts, order(1, old))).value == "already_swapped"
    assert (await declined(parts, swap(old, new))).value == "already_swapped"


async def test_a_swap_aborted_before_a_new_writer_is_taken_back(parts: Parts) -> None:
    old, new = await parts.wallet(2000, 1), await parts.wallet(0, 2)
    exchange = swap(old, new)
    await request(parts, on_wristband(OrderKind.ANNOTATE, old, variant=1))
    await request(parts, exchange)
    parts.booking.forget()

    await advise(parts, exchange, Outcome.ABORTED, None)

    info = await ask(parts, old)
    assert (info.successor, info.restriction) == (None, 1)
    assert isinstance(await request(parts, order(450, old)), OrderBooked)
    assert (await ask(parts, new)).balance == Money(0)
    parts.booking.forget()
    assert isinstance(await request(parts, order(450, old)), OrderBooked)
    assert await is_well(parts)


async def test_register_wristband(parts: Parts) -> None:
    wallet = await parts.wallet(0)
    first = on_wristband(OrderKind.REGISTER, wallet, variant=1)

    assert isinstance(await request(parts, first), OrderBooked)

    again = on_wristband(OrderKind.REGISTER, wallet)
    assert (await declined(parts, again)).value == "already_registered"
    assert (await ask(parts, wallet)).restriction == 1
    stranger = on_wristband(OrderKind.REGISTER, 4_000_000)
    assert (await declined(parts, stranger)).value == "unknown_wristband"


async def test_block_wristband(parts: Parts) -> None:
    wallet = await parts.wallet(2000)
    block = on_wristband(OrderKind.BLOCK, wallet, blocked=True)

    assert isinstance(await request(parts, block), OrderBooked)
    assert (await ask(parts, wallet)).blocked
    assert (await declined(parts, order(1, wallet))).value == "blocked_wristband"

    free = on_wristband(OrderKind.BLOCK, wallet, blocked=False)
    assert isinstance(await request(parts, free), OrderBooked)
    assert isinstance(await request(parts, order(1, wallet)), OrderBooked)
    assert await is_well(parts)


async def test_comments_are_for_those_who_may_read_them(parts: Parts) -> None:
    wallet = await parts.wallet(2000)
    await commented(parts, wallet)
    await hire(parts)

    told = await ask(parts, wallet, "dora")
    assert (told.comment, len(told.orders)) == (COMMENT, 1)
    kept = await ask(parts, wallet, "ann")
    assert (kept.balance, kept.comment, kept.orders) == (Money(2000), "", ())


async def test_a_wristband_not_at_hand_is_for_those_who_may(parts: Parts) -> None:
    wallet = await parts.wallet(2000)
    await hire(parts)
    query = WristbandQuery(id=new_uuid7(), wristband=wallet, cashier="ann")

    with pytest.raises(Malformed) as refused:
        await parts.inquiries.wristband(query)

    assert refused.value.reason is RejectReason.NOT_ALLOWED


async def test_forged_and_unknown_wristbands_are_said_to_be(parts: Parts) -> None:
    wallet = await parts.wallet(2000)
    with pytest.raises(Malformed, match="not genuine"):
        await parts.inquiries.wristband(
            WristbandQuery(
                id=new_uuid7(), wristband=wallet, credential=token(1, wallet + 1)
            )
        )
    with pytest.raises(Malformed, match="does not know") as unknown:
        await ask(parts, 4_000_000)
    assert unknown.value.reason is RejectReason.UNKNOWN_WRISTBAND


async def test_a_note_is_kept_without_what_no_database_takes(parts: Parts) -> None:
    note = Note(key=uuid4(), text="lost\0again")
    await parts.inquiries.note([note], samples.TILL, str(note.key).encode())
    rows = parts.store._pool
    assert await rows.fetchval("SELECT body FROM wristband_note") == "lost again"


async def test_a_note_that_no_order_names_is_not_kept(parts: Parts) -> None:
    note = Note(key=uuid4(), text=COMMENT)

    await parts.inquiries.note([note], samples.TILL, b"{}")

    rows = await parts.store.connect()
    assert await rows.fetchval("SELECT count(*) FROM wristband_note") == 0
    await rows.close()


async def test_a_comment_is_nowhere_in_the_ledger(parts: Parts) -> None:
    wallet = await parts.wallet(2000)
    await commented(parts, wallet)
    connection = await parts.store.connect()
    said = await connection.fetchval(
        "SELECT string_agg(convert_from(body, 'UTF8'), '') FROM attempt"
    )
    await connection.close()

    assert COMMENT not in said


async def test_an_order_is_told_to_whoever_will_cancel_it(parts: Parts) -> None:
    sold = order(450)
    query = OrderQuery(id=new_uuid7(), order=sold.id)
    with pytest.raises(Malformed) as refused:
        await parts.inquiries.order(query)
    assert refused.value.reason is RejectReason.UNKNOWN_ORDER
    await request(parts, sold)
    await advise(parts, sold)
    told = await parts.inquiries.order(query)
    assert decode_order(told.order) == sold
    assert (told.canceled, told.undone) == (False, ())
