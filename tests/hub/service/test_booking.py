from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import asyncpg
import msgspec
import pytest

from contract.order import Path
from hub.core.booking import Result
from hub.core.draft import Draft
from hub.core.ledger import Account, Posting, Role
from hub.service.booking import APART_MIN, Booking, HubFault, NoLedger
from hub.store.errors import DatabaseGone
from hub.store.ledger import Booked, Ledger
from tests.hub.hubs import PATIENCE_S, running_parts, until
from tests.hub.samples import order
from tests.hub.store.ledgers import asked, completed, told

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hub.core.booking import Item
    from hub.service.context import ContextKeeper
    from hub.store.store import Store
    from tests.hub.hubs import Parts


async def test_the_same_attempt_six_times_at_once_books_once(parts: Parts) -> None:
    wallet = await parts.wallet(2500)
    sale = asked(order(1000, wallet))

    results = await asyncio.gather(*(parts.booking.submit(sale) for _ in range(6)))

    assert {told(each) for each in results} == {("booked", None, ())}
    assert (await parts.wristbands.balance(wallet)).minor == 1500


async def test_eight_sales_at_once_take_no_more_than_there_is(parts: Parts) -> None:
    wallet = await parts.wallet(2500)
    sales = [asked(order(1000, wallet)) for _ in range(8)]

    results = await asyncio.gather(*(parts.booking.submit(each) for each in sales))

    assert [told(each)[0] for each in results].count("booked") == 2
    assert (await parts.wristbands.balance(wallet)).minor == 500


async def test_one_guilty_item_fails_alone(parts: Parts) -> None:
    wallet = await parts.wallet(2500)
    items = [asked(order(10, wallet)) for _ in range(9)]
    wrong = (Posting(Account(Role.REVENUE, "1"), 300),)
    items[4] = msgspec.structs.replace(completed(order(300)), postings=wrong)

    ends = await asyncio.gather(
        *(parts.booking.submit(each) for each in items), return_exceptions=True
    )

    booked = [each for each in ends if isinstance(each, Result)]
    assert len(booked) == 8
    assert isinstance(ends[4], HubFault)
    assert "Call the hub's operator" in str(ends[4])
    assert (await parts.wristbands.balance(wallet)).minor == 2420


async def test_an_item_that_can_not_be_judged_fails_alone(parts: Parts) -> None:
    wallet = await parts.wallet(2500)
    items = [asked(order(10, wallet)) for _ in range(9)]
    items[4] = msgspec.structs.replace(completed(order(300)), advice_digest=None)

    ends = await asyncio.gather(
        *(parts.booking.submit(each) for each in items), return_exceptions=True
    )

    assert [isinstance(each, HubFault) for each in ends] == [
        number == 4 for number in range(9)
    ]
    assert (await parts.wristbands.balance(wallet)).minor == 2420


async def test_what_another_writer_booked_meanwhile_is_read_again(
    parts: Parts,
) -> None:
    wallet = await parts.wallet(100)
    intruder = await Ledger.beside(parts.store, parts.context.current.number)
    for _ in range(3):
        await intruder.book([asked(order(10, wallet))])
        result = await parts.booking.submit(asked(order(20, wallet)))
        assert told(result) == ("booked", None, ())
    await intruder.close()

    result = await parts.booking.submit(asked(order(20, wallet)))

    assert told(result)[:2] == ("declined", "insufficient_balance")
    assert (await parts.wristbands.balance(wallet)).minor == 10


async def test_a_void_batch_harms_nobody_who_comes_while_it_fails(
    parts: Parts,
) -> None:
    wallets = [await parts.wallet(100, uid_end) for uid_end in range(1, 7)]
    old = order(10, wallets[0])
    await parts.booking.submit(completed(old, Path.STAND_IN))
    parts.booking.forget()
    ends = [parts.booking.submit(asked(old))]  # which the writer takes to be new
    for wallet in wallets[1:]:
        await asyncio.sleep(0.0005)
        ends.append(parts.booking.submit(asked(order(10, wallet))))

    results = await asyncio.gather(*ends)

    assert [told(each)[0] for each in results] == ["booked"] * 6


async def test_who_was_told_is_not_told_again_when_the_ledger_goes(
    parts: Parts,
) -> None:
    wallet = await parts.wallet(2500)
    guilty = msgspec.structs.replace(
        completed(order(300)), postings=(Posting(Account(Role.REVENUE, "1"), 300),)
    )
    told_of: list[object] = []
    real, calls = Ledger.book, 0

    async def book(ledger: Ledger, items: Sequence[Item]) -> Booked:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise DatabaseGone("It was pulled.")
        return await real(ledger, items)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Ledger, "book", book)
        for item in [*(asked(order(10, wallet)) for _ in range(3)), guilty]:
            parts.booking.hand_in(item, told_of.append)
        await until(lambda: len(told_of) >= 4 and parts.booking.is_writer)

    assert [isinstance(each, Result) for each in told_of] == [True, True, False, False]
    assert (await parts.wristbands.balance(wallet)).minor == 2480


@pytest.mark.parametrize("change", [{"body": "no bytes"}, {"payer": 2**63}])
async def test_what_the_driver_can_t_send_fails_alone(
    parts: Parts, change: dict[str, object]
) -> None:
    """A fault of one item, not of the connection: that would be tried for ever."""
    wallet = await parts.wallet(2500)
    items = [asked(order(10, wallet)) for _ in range(9)]
    items[4] = msgspec.structs.replace(items[4], **change)

    async with asyncio.timeout(PATIENCE_S):
        ends = await asyncio.gather(
            *(parts.booking.submit(each) for each in items), return_exceptions=True
        )

    assert isinstance(ends[4], HubFault)
    assert [told(each) for each in ends if isinstance(each, Result)] == [
        ("booked", None, ())
    ] * 8
    assert (await parts.wristbands.balance(wallet)).minor == 2420


async def test_what_alone_can_t_be_sent_leaves_no_batch_and_the_writer_in_office(
    parts: Parts,
) -> None:
    changes: list[bool] = []
    parts.booking.on_election(changes.append)
    wallet = await parts.wallet(2500)
    before = parts.booking.position
    poison = msgspec.structs.replace(asked(order(10, wallet)), payer=2**63)

    with pytest.raises(HubFault):
        await parts.booking.submit(poison)
    result = await parts.booking.submit(asked(order(10, wallet)))

    assert result.batch == before[0] + 1
    assert changes == []


async def test_who_can_t_be_looked_into_is_told_once_when_the_ledger_goes(
    parts: Parts,
) -> None:
    wallet = await parts.wallet(2500)
    good = asked(order(10, wallet))
    poison = msgspec.structs.replace(asked(order(10, wallet)), payer=2**63)
    told_of: list[object] = []
    real = Ledger.load

    async def load(ledger: Ledger, items: Sequence[Item]) -> None:
        if list(items) == [good]:
            raise DatabaseGone("It was pulled.")
        await real(ledger, items)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Ledger, "load", load)
        for item in (poison, good):
            parts.booking.hand_in(item, told_of.append)
        await until(lambda: len(told_of) >= 2 and parts.booking.is_writer)

    assert [type(each) for each in told_of] == [NoLedger, NoLedger]


async def test_who_is_booked_is_told_although_the_next_batch_can_t_be_closed(
    parts: Parts,
) -> None:
    wallet = await parts.wallet(2500)
    told_of: list[object] = []
    real, calls = Draft.close, 0

    def close(draft: Draft) -> None:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise RuntimeError("It can't be closed.")
        real(draft)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Draft, "close", close)
        for _ in range(2 * APART_MIN):
            parts.booking.hand_in(asked(order(10, wallet)), told_of.append)
        await until(lambda: len(told_of) >= 2 * APART_MIN and parts.booking.is_writer)

    assert len(told_of) == 2 * APART_MIN
    assert [isinstance(each, Result) for each in told_of].count(True) == APART_MIN
    assert (await parts.wristbands.balance(wallet)).minor == 2500 - 10 * APART_MIN


async def test_words_about_one_order_keep_their_order_in_a_batch(parts: Parts) -> None:
    wallet = await parts.wallet(100)
    sale = order(60, wallet)
    said = [asked(sale), completed(sale), asked(order(50, wallet)), asked(sale)]

    results = await asyncio.gather(*map(parts.booking.submit, said))

    assert [told(each)[0] for each in results] == [
        "booked",
        "recorded",
        "declined",
        "booked",
    ]
    assert len({each.batch for each in results}) == 1


async def test_a_second_hub_stands_by_and_takes_over(
    store: Store, context: ContextKeeper
) -> None:
    standby = Booking(store, context.current.number)
    changes: list[bool] = []
    standby.on_election(changes.append)
    async with running_parts(store, context) as first:
        task = asyncio.create_task(standby.run())
        with pytest.raises(NoLedger, match="not the ledger's writer"):
            await standby.submit(asked(order(10, 1)))
        assert first.booking.is_writer
        assert not changes

    async with asyncio.timeout(PATIENCE_S):
        await standby.elected()
        result = await standby.submit(asked(order(10, 1)))

    assert result.batch > 0
    assert changes == [True]
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert changes == [True, False]


async def test_a_lost_connection_fails_who_waits_and_books_again(
    parts: Parts,
) -> None:
    wallet = await parts.wallet(100)
    await _end_writer(parts)

    sale = asked(order(10, wallet))
    async with asyncio.timeout(PATIENCE_S):
        while True:
            try:
                result = await parts.booking.submit(sale)
                break
            except NoLedger:
                await asyncio.sleep(0.02)

    assert told(result) == ("booked", None, ())
    assert (await parts.wristbands.balance(wallet)).minor == 90


async def test_changed_wallets_are_told(parts: Parts) -> None:
    told_of: list[Sequence[int]] = []
    wallet = await parts.wallet(100)
    parts.booking.on_wallets(told_of.append)

    await parts.booking.submit(asked(order(10, wallet)))
    await parts.booking.submit(asked(order(1000, wallet)))

    assert len(told_of) == 1


async def _end_writer(parts: Parts) -> None:
    owner = await asyncpg.connect(parts.store.dsn)
    ended = await owner.fetch(
        "SELECT pg_terminate_backend(pid) FROM pg_locks"
        " WHERE locktype = 'advisory' AND granted AND database ="
        " (SELECT oid FROM pg_database WHERE datname = current_database())"
    )
    await owner.close()
    assert ended, "somebody holds the writer's lock"
