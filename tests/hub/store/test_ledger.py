from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING
from uuid import uuid4

import asyncpg
import msgspec
import pytest
import pytest_asyncio

from contract.messages import DeclineReason
from contract.order import Order, Path
from hub.core.booking import credit_item
from hub.core.ledger import Account, Posting, Role
from hub.store.errors import BookingRefused, DatabaseGone
from hub.store.ledger import Ledger
from hub.store.store import Store
from tests.hub.samples import order
from tests.hub.store.ledgers import (
    EVENT,
    Bench,
    aborted,
    asked,
    completed,
    order_id,
    told,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from hub.store.store import Row

BOOKED = ("booked", None, ())
RECORDED = ("recorded", None, ())


def declined(reason: str) -> tuple[str, str, tuple[str, ...]]:
    return "declined", reason, ()


def flagged(*flags: str) -> tuple[str, None, tuple[str, ...]]:
    return "recorded", None, flags


@pytest_asyncio.fixture
async def bench(database: str) -> AsyncIterator[Bench]:
    async with AsyncExitStack() as stack:
        opened = await Bench.open(database, stack)
        yield opened
        report = await opened.verify()
        found = [each for each in report.findings if each.check != "outcome"]
        assert not found, found


def again(earlier: Order, attempt: int, total: int, wallet: int | None) -> Order:
    return order(total, wallet, order_id=earlier.id, attempt=attempt)


async def test_one_wallet_pays_in_arrival_order(bench: Bench) -> None:
    tight, ample = await bench.wallet(1000), await bench.wallet(10_000)
    one, two, three, five, six, seven, eight = (
        order(total, wallet, order_id=order_id(number))
        for number, wallet, total in (
            (1, tight, 600),
            (2, tight, 500),
            (3, tight, 300),
            (5, 999_999, 100),
            (6, ample, 50),
            (7, tight, 100),
            (8, tight, 1),
        )
    )
    items = [asked(each) for each in (one, two, three, one, five, six, seven, eight)]

    results = await bench.book(*items)

    short = declined("insufficient_balance")
    unknown = declined("unknown_wristband")
    expected = [BOOKED, short, BOOKED, BOOKED, unknown, BOOKED, BOOKED, short]
    assert [told(each) for each in results] == expected
    assert [each.balance_minor for each in results[:4]] == [400, 400, 100, 400]
    assert await bench.balance(tight) == (0, 0)
    assert await bench.balance(ample) == (9950, 0)


async def test_revenue_and_tax_are_posted_apart(bench: Bench) -> None:
    wallet = await bench.wallet(1190)
    await bench.book(asked(order(1190, wallet)))

    assert await bench.posted("revenue", "1") == 1000
    assert await bench.posted("tax", "1") == 190


async def test_a_repeat_hears_the_original_answer(bench: Bench) -> None:
    wallet = await bench.wallet(500)
    first, refused = asked(order(400, wallet)), asked(order(200, wallet))
    original = await bench.book(first, refused)
    await bench.book(credit_item(uuid4(), wallet, 5000, "test"))

    repeated = await bench.book(first, refused)

    assert [told(each) for each in repeated] == [told(each) for each in original]
    assert [each.balance_minor for each in repeated] == [100, 100]
    assert await bench.balance(wallet) == (5100, 0)


async def test_other_bytes_for_one_attempt_are_a_conflict(bench: Bench) -> None:
    wallet = await bench.wallet(500)
    first = order(100, wallet)
    forged = again(first, 1, 1, wallet)

    results = await bench.book(asked(first), asked(forged))

    assert told(results[1])[0] == "conflict"
    assert await bench.balance(wallet) == (400, 0)


async def test_a_new_attempt_takes_back_the_ones_before_it(bench: Bench) -> None:
    left, right = await bench.wallet(500), await bench.wallet(500)
    first = order(300, left)
    second = again(first, 2, 300, right)

    results = await bench.book(asked(first), asked(second), asked(first))

    assert [told(each) for each in results] == [BOOKED, BOOKED, BOOKED]
    assert await bench.balance(left) == (500, 0)
    assert await bench.balance(right) == (200, 0)


async def test_money_taken_back_can_pay_the_new_attempt(bench: Bench) -> None:
    wallet = await bench.wallet(300)
    first = order(300, wallet)

    results = await bench.book(asked(first), asked(again(first, 2, 200, wallet)))

    assert [told(each) for each in results] == [BOOKED, BOOKED]
    assert await bench.balance(wallet) == (100, 0)


async def test_a_late_earlier_attempt_is_superseded(bench: Bench) -> None:
    wallet = await bench.wallet(500)
    first = order(100, wallet)
    second = again(first, 2, 100, wallet)

    results = await bench.book(asked(second), asked(first))

    assert told(results[1]) == declined("superseded")
    assert await bench.balance(wallet) == (400, 0)


async def test_a_declined_attempt_still_closes_the_one_before(bench: Bench) -> None:
    wallet = await bench.wallet(500)
    first = order(100, wallet)
    second = asked(again(first, 2, 100, wallet), DeclineReason.WRONG_PRICE)

    results = await bench.book(asked(first), second)

    assert told(results[1]) == declined("wrong_price")
    assert await bench.balance(wallet) == (500, 0)


async def test_a_blocked_wristband_pays_nothing(bench: Bench) -> None:
    wallet = await bench.wallet(500, blocked=True)

    results = await bench.book(asked(order(100, wallet)))

    assert told(results[0]) == declined("blocked_wristband")


async def test_the_advice_of_a_booked_order_posts_nothing_more(bench: Bench) -> None:
    wallet = await bench.wallet(500)
    sale = order(300, wallet)

    results = await bench.book(asked(sale), completed(sale), completed(sale))

    assert [told(each) for each in results] == [BOOKED, RECORDED, RECORDED]
    assert await bench.balance(wallet) == (200, 0)


async def test_cash_is_booked_by_the_advice(bench: Bench) -> None:
    await bench.book(completed(order(1190)))

    assert await bench.posted("cash_register", "bar-1") == -1190
    assert await bench.posted("revenue", "1") == 1000


async def test_cash_after_a_booked_attempt_frees_the_wallet(bench: Bench) -> None:
    wallet = await bench.wallet(500)
    sale = order(300, wallet)
    paid_in_cash = again(sale, 2, 300, None)

    results = await bench.book(asked(sale), completed(paid_in_cash))

    assert told(results[1]) == RECORDED
    assert await bench.balance(wallet) == (500, 0)
    assert await bench.posted("cash_register", "bar-1") == -300


async def test_an_aborted_order_is_taken_back(bench: Bench) -> None:
    wallet = await bench.wallet(500)
    sale = order(300, wallet)

    results = await bench.book(asked(sale), aborted(sale), asked(sale))

    assert told(results[1]) == RECORDED
    assert told(results[2]) == BOOKED  # a verdict never changes
    assert await bench.balance(wallet) == (500, 0)


async def test_an_abort_comes_before_its_request(bench: Bench) -> None:
    wallet = await bench.wallet(500)
    sale = order(300, wallet)

    results = await bench.book(
        aborted(sale), asked(sale), asked(again(sale, 2, 300, wallet))
    )

    assert [told(each) for each in results[1:]] == [declined("aborted")] * 2
    assert await bench.balance(wallet) == (500, 0)


async def test_an_order_nobody_tried_to_pay_can_be_aborted(bench: Bench) -> None:
    results = await bench.book(aborted(order(300, attempt=0)))

    assert told(results[0]) == RECORDED


async def test_a_completed_order_books_although_it_was_declined(bench: Bench) -> None:
    wallet = await bench.wallet(100)
    sale = order(300, wallet)

    results = await bench.book(asked(sale), completed(sale))

    assert told(results[1]) == flagged("contradicts_decline", "exceeds_balance")
    assert await bench.balance(wallet) == (-200, 200)


async def test_credits_lower_the_overdraft(bench: Bench) -> None:
    wallet = await bench.wallet(100)
    await bench.book(completed(order(300, wallet)))
    await bench.book(credit_item(uuid4(), wallet, 150, "test"))
    assert await bench.balance(wallet) == (-50, 50)

    results = await bench.book(
        asked(order(1, wallet)), credit_item(uuid4(), wallet, 100, "test")
    )

    assert told(results[0]) == declined("insufficient_balance")
    assert await bench.balance(wallet) == (50, 0)


async def test_a_late_request_of_a_completed_order_is_booked_once(
    bench: Bench,
) -> None:
    wallet = await bench.wallet(500)
    sale = order(300, wallet)

    results = await bench.book(completed(sale, Path.STAND_IN), asked(sale))

    assert [told(each) for each in results] == [RECORDED, BOOKED]
    assert await bench.balance(wallet) == (200, 0)


async def test_what_stand_in_sold_beyond_the_balance_is_a_loss(bench: Bench) -> None:
    wallet = await bench.wallet(500)
    first, second = order(300, wallet), order(400, wallet)

    results = await bench.book(
        completed(first, Path.STAND_IN), completed(second, Path.STAND_IN)
    )

    assert [told(each) for each in results] == [RECORDED, flagged("stand_in_loss")]
    assert await bench.balance(wallet) == (0, 0)
    assert await bench.posted("stand_in_loss", "insufficient_balance") == -200


@pytest.mark.parametrize(
    ("reason", "refusal", "flags"),
    [
        ("unknown_wristband", None, ("unknown_wristband",)),
        ("blocked_wristband", None, ("blocked_wristband",)),
        ("forged_wristband", DeclineReason.FORGED_WRISTBAND, ()),
    ],
)
async def test_what_no_wallet_can_be_charged_for_is_a_loss(
    bench: Bench, reason: str, refusal: DeclineReason | None, flags: tuple[str, ...]
) -> None:
    wallet = await bench.wallet(500, blocked=reason == "blocked_wristband")
    serial = 999_999 if reason == "unknown_wristband" else wallet

    results = await bench.book(
        completed(order(300, serial), Path.STAND_IN, refusal=refusal)
    )

    assert told(results[0]) == flagged("stand_in_loss", *flags)
    assert await bench.balance(wallet) == (500, 0)
    assert await bench.posted("stand_in_loss", reason) == -300


async def test_an_advice_with_other_bytes_is_what_counts(bench: Bench) -> None:
    wallet = await bench.wallet(500)
    sale = order(300, wallet)

    results = await bench.book(asked(sale), completed(again(sale, 1, 200, wallet)))

    assert told(results[1]) == flagged("other_bytes")
    assert await bench.balance(wallet) == (300, 0)


async def test_a_second_advice_that_says_otherwise_moves_nothing(
    database: str,
) -> None:
    async with AsyncExitStack() as stack:
        bench = await Bench.open(database, stack)
        wallet = await bench.wallet(500)
        sale = order(300, wallet)

        results = await bench.book(asked(sale), completed(sale), aborted(sale))

        assert told(results[2]) == flagged("contradicts_advice")
        assert await bench.balance(wallet) == (200, 0)
        texts = [each.text for each in (await bench.verify()).findings]
        assert any("contradict each other" in text for text in texts)


async def test_a_cancellation_waits_for_the_advice(bench: Bench) -> None:
    wallet = await bench.wallet(500)
    sale = order(300, wallet)
    early = order(-300, wallet, cancels=sale.id)
    late = again_canceled(early, 2, sale, wallet)

    results = await bench.book(
        asked(sale), asked(early), completed(sale), asked(late), completed(late)
    )

    assert told(results[1]) == declined("not_final_yet")
    assert [told(each) for each in results[2:]] == [RECORDED, BOOKED, RECORDED]
    assert await bench.balance(wallet) == (500, 0)
    assert await bench.posted("revenue", "1") == 0


def again_canceled(early: Order, attempt: int, sale: Order, wallet: int) -> Order:
    return order(-300, wallet, order_id=early.id, attempt=attempt, cancels=sale.id)


async def test_an_order_is_canceled_once(bench: Bench) -> None:
    wallet = await bench.wallet(500)
    sale = order(300, wallet)
    one, two = (order(-300, wallet, cancels=sale.id) for _ in range(2))

    results = await bench.book(asked(sale), completed(sale), asked(one), asked(two))

    assert told(results[3]) == declined("already_canceled")
    assert await bench.balance(wallet) == (500, 0)

    # An aborted cancellation leaves the order as it was, and it can be canceled.
    three = order(-300, wallet, cancels=sale.id)
    results = await bench.book(aborted(one), asked(three))
    assert [told(each) for each in results] == [RECORDED, BOOKED]
    assert await bench.balance(wallet) == (500, 0)


@pytest.mark.parametrize("case", ["other amount", "other wallet", "aborted"])
async def test_only_what_was_sold_can_be_canceled(bench: Bench, case: str) -> None:
    wallet, other = await bench.wallet(500), await bench.wallet(500)
    sale = order(300, wallet)
    canceling = order(
        -200 if case == "other amount" else -300,
        other if case == "other wallet" else wallet,
        cancels=sale.id,
    )
    end = aborted(sale) if case == "aborted" else completed(sale)

    results = await bench.book(asked(sale), end, asked(canceling))

    assert told(results[2]) == declined("nothing_to_cancel")


async def test_canceling_gives_back_what_was_charged(bench: Bench) -> None:
    wallet = await bench.wallet(100)
    sale = order(300, wallet)
    await bench.book(completed(sale, Path.STAND_IN))
    assert await bench.posted("stand_in_loss", "insufficient_balance") == -200

    results = await bench.book(asked(order(-300, wallet, cancels=sale.id)))

    assert told(results[0]) == BOOKED
    assert await bench.balance(wallet) == (100, 0)
    assert await bench.posted("stand_in_loss", "insufficient_balance") == 0


async def test_a_top_up_books_once(bench: Bench) -> None:
    wallet = await bench.wallet()
    payment = credit_item(uuid4(), wallet, 5000, "paypal")

    await bench.book(payment, payment)
    await bench.book(payment)

    assert await bench.balance(wallet) == (5000, 0)
    assert await bench.posted("provider_clearing", "paypal") == -5000


async def test_batches_are_numbered_without_gaps(bench: Bench) -> None:
    wallet = await bench.wallet(500)
    numbers = [(await bench.book(asked(order(100, wallet))))[0].batch for _ in range(3)]

    assert numbers == [numbers[0], numbers[0] + 1, numbers[0] + 2]


async def test_an_unbalanced_entry_is_refused(bench: Bench) -> None:
    item = completed(order(300))
    guilty = msgspec.structs.replace(
        item, postings=(Posting(Account(Role.REVENUE, "1"), 300),)
    )

    with pytest.raises(BookingRefused, match="does not balance"):
        await bench.ledger.book([guilty])


@pytest.mark.parametrize(
    "postings",
    [
        ("{7, 8}", "{5}", None, None),
        ("{7, 8, 9}", "{5, -5, NULL}", None, None),
        ("{7, NULL}", "{5, -5}", None, None),
        ("{{7, 8}}", "{{5, -5}}", None, None),
        ("{7, 8, 9}", "{{5, -5, 0}}", None, None),
        ("{}", "{}", "{7}", None),
        ("{}", "{}", "{7}", "{NULL}"),
        ("{}", "{}", "{7, 8}", "{1}"),
        ("{}", "{}", "{{7, 8}}", "{{1, -1}}"),
        ("{7, 8}", "{5, -6}", None, None),
        ("{}", "{}", "{7, 8}", "{1, 1}"),
    ],
    ids=str,
)
async def test_the_database_refuses_what_is_no_entry(
    bench: Bench, postings: tuple[str | None, ...]
) -> None:
    owner = await asyncpg.connect(bench.dsn)
    try:
        await owner.execute("SET ROLE kassenband_hub")
        with pytest.raises(asyncpg.CheckViolationError):
            await owner.execute(
                "INSERT INTO entry VALUES (1, 1000, 3, 'request', gen_random_uuid(), 1,"
                " NULL, NULL, $1::text::bigint[], $2::text::bigint[],"
                " $3::text::bigint[], $4::text::bigint[])",
                *postings,
            )
    finally:
        await owner.close()


async def test_a_writer_that_lost_touch_reads_the_ledger_again(bench: Bench) -> None:
    wallet = await bench.wallet(500)
    sale = order(300, wallet)
    await bench.book(asked(sale))
    other = await Ledger.beside(bench.store, EVENT)
    await other.book([asked(order(50, wallet)), completed(sale)])
    await other.close()

    results = await bench.book(asked(order(150, wallet)), asked(sale), aborted(sale))

    assert told(results[0]) == BOOKED
    assert results[0].balance_minor == 0
    assert told(results[1]) == BOOKED
    assert told(results[2]) == flagged("contradicts_advice")


async def test_an_order_that_only_seems_new_is_looked_up(bench: Bench) -> None:
    wallet = await bench.wallet(500)
    first, cash = order(300, wallet), order(100)
    await bench.book(completed(first, Path.STAND_IN), completed(cash))
    bench.ledger.forget()

    results = await bench.book(asked(first), asked(order(100, wallet)), completed(cash))

    assert [told(each) for each in results] == [BOOKED, BOOKED, RECORDED]
    assert await bench.balance(wallet) == (100, 0)


async def test_the_writer_is_wary_only_while_old_orders_come_as_new(
    bench: Bench,
) -> None:
    wallet = await bench.wallet(500)
    first = order(300, wallet)
    await bench.book(completed(first, Path.STAND_IN))
    bench.ledger.forget()
    await bench.book(asked(first))  # is looked up, and so is what comes next
    draft = await bench.ledger.ready(())
    assert draft.state.is_wary

    await bench.book(asked(order(100, wallet)))

    draft = await bench.ledger.ready(())
    assert not draft.state.is_wary


async def test_the_database_itself_keeps_a_wallet_above_its_overdraft(
    bench: Bench,
) -> None:
    await bench.wallet(500)
    connection = await asyncpg.connect(bench.dsn)
    with pytest.raises(asyncpg.CheckViolationError):
        await connection.execute("UPDATE wallet SET balance_minor = -1")
    await connection.close()


async def test_twins_on_two_connections_book_once(bench: Bench) -> None:
    wallet = await bench.wallet(2500)
    sale = asked(order(1000, wallet))
    writers = [await Ledger.beside(bench.store, EVENT) for _ in range(6)]

    booked = await asyncio.gather(*(each.book([sale]) for each in writers))

    assert {told(each.results[0]) for each in booked} == {BOOKED}
    assert await bench.balance(wallet) == (1500, 0)
    for each in writers:
        await each.close()


async def test_eight_sales_at_once_take_no_more_than_there_is(bench: Bench) -> None:
    wallet = await bench.wallet(2500)
    writers = [await Ledger.beside(bench.store, EVENT) for _ in range(8)]

    booked = await asyncio.gather(
        *(each.book([asked(order(1000, wallet))]) for each in writers)
    )

    verdicts = sorted(told(each.results[0]) for each in booked)
    assert verdicts.count(BOOKED) == 2
    assert verdicts.count(declined("insufficient_balance")) == 6
    assert await bench.balance(wallet) == (500, 0)
    for each in writers:
        await each.close()


async def test_there_is_one_writer(bench: Bench) -> None:
    assert await Ledger.seize(bench.store, EVENT) is None
    await bench.ledger.close()

    heir = None
    for _ in range(600):  # the server notices the closed connection a little later
        heir = await Ledger.seize(bench.store, EVENT)
        if heir is not None:
            break
        await asyncio.sleep(0.05)
    assert heir is not None
    await heir.close()


async def test_who_fails_to_begin_writing_lets_go_of_the_lock(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else nobody could write until that hub is started again."""
    await bench.ledger.close()
    real, tries = Store.fetch_row, 0

    async def fetch_row(store: Store, query: str, *values: object) -> Row | None:
        nonlocal tries
        tries += 1
        if tries == 1:
            raise DatabaseGone("The pool's connection is gone.")
        return await real(store, query, *values)

    monkeypatch.setattr(Store, "fetch_row", fetch_row)
    heir, failures = None, 0
    for _ in range(600):  # the server notices a closed connection a little later
        try:
            heir = await Ledger.seize(bench.store, EVENT)
        except DatabaseGone:
            failures += 1
        if heir is not None:
            break
        await asyncio.sleep(0.05)

    assert failures == 1
    assert heir is not None
    await heir.close()
