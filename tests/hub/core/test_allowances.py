"""Stand-in beyond the allowance: found, and never found of a till that keeps it."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from contract.ids import OrderId, TillId, WalletSerial
from contract.messages import StandInLimits, WalletChange
from edge.core.records import Spend
from edge.core.standin import Granted, StandInBook
from hub.core import allowances
from hub.core.allowances import Allowances
from tests.hub.samples import TILL, order

LIMITS = StandInLimits(
    allowance_minor=2000, till_total_minor=2500, unknown_wallet_minor=300
)
WALLET = WalletSerial(7)


def test_what_is_within_the_allowance_is_no_excess() -> None:
    book = Allowances()

    assert book.excess(order(1500, WALLET), 3, LIMITS) == 0
    assert book.excess(order(500, WALLET), 3, LIMITS) == 0


def test_what_was_sold_in_later_batches_or_none_counts() -> None:
    book = Allowances()
    first, second = order(1500, WALLET), order(800, WALLET)
    book.excess(first, 3, LIMITS)

    assert book.excess(second, 3, LIMITS) == 300
    book.recorded(first, 4)
    assert book.excess(second, 3, LIMITS) == 300
    # The till knew of a balance that the first one is in: nothing of it is left open.
    assert book.excess(second, 4, LIMITS) == 0


def test_a_repeat_changes_nothing() -> None:
    book = Allowances()
    first = order(1500, WALLET)
    book.excess(first, 3, LIMITS)
    book.recorded(first, 4)

    assert book.excess(first, 3, LIMITS) == 0
    book.recorded(first, 9)
    assert book.excess(order(800, WALLET), 5, LIMITS) == 0


def test_other_tills_and_wristbands_have_their_own() -> None:
    book = Allowances()
    book.excess(order(1500, WALLET), 3, LIMITS)

    assert book.excess(order(1500, 8), 3, LIMITS) == 0
    assert book.excess(order(1500, WALLET, till=TillId("bar-2")), 3, LIMITS) == 0


def test_an_unknown_wristband_has_a_limit_of_its_own() -> None:
    book = Allowances()

    assert book.excess(order(400, WALLET), None, LIMITS) == 100


def test_one_order_is_never_above_the_tills_total() -> None:
    wide = StandInLimits(allowance_minor=9000, till_total_minor=2500)

    assert Allowances().excess(order(3000, WALLET), 3, wide) == 500


def test_cash_and_money_given_back_have_no_limit() -> None:
    book = Allowances()
    assert book.excess(order(9000), 3, LIMITS) == 0
    assert book.excess(order(-900, WALLET), 3, LIMITS) == 0
    book.recorded(order(9000), 4)


def test_it_does_not_grow_without_end() -> None:
    book = Allowances()
    for _ in range(allowances.ORDERS_PER_PAIR_MAX * 2):
        book.excess(order(1, WALLET), 3, LIMITS)

    assert len(book._spent[TILL, WALLET]) == allowances.ORDERS_PER_PAIR_MAX


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("sell"), st.integers(1, 900)),
            st.tuples(st.just("record"), st.booleans()),
            st.tuples(st.just("hear"), st.integers(0, 3000)),
        ),
        max_size=60,
    )
)
def test_a_till_that_keeps_the_rule_is_never_blamed(
    steps: list[tuple[str, int]],
) -> None:
    """The till's own rule decides; answers get lost, and news come when they come."""
    till, hub = StandInBook(), Allowances()
    till = till.heard([WalletChange(wallet=WALLET, available_minor=2000)], 1)
    batch, waiting = 1, list[tuple[OrderId, int, int | None]]()
    for what, value in steps:
        if what == "sell":
            sale = order(value, WALLET)
            granted = till.judge(WALLET, value, LIMITS, 0)
            if isinstance(granted, Granted):
                till = till.spent(Spend(OrderId(sale.id), 1, WALLET, value, None))
                waiting.append((OrderId(sale.id), value, granted.basis_batch))
        elif what == "record" and waiting:
            batch += 1
            for number, total, basis in waiting:
                sale = order(total, WALLET, order_id=number)
                assert hub.excess(sale, basis, LIMITS) == 0
                hub.recorded(sale, batch)
            if value:  # else the answer is lost, and all of it is sent again
                till = till.recorded([each[0] for each in waiting], batch)
                waiting = []
        elif what == "hear":
            available = min(value, LIMITS.allowance_minor)
            news = WalletChange(wallet=WALLET, available_minor=available)
            till = till.heard([news], batch)


def test_what_a_request_booked_counts_from_its_batch_on() -> None:
    """Its verdict came too late for the sale, but the till heard of the batch."""
    book = Allowances()
    first, second = order(1500, WALLET), order(800, WALLET)
    book.excess(first, 3, LIMITS)
    assert book.excess(second, 4, LIMITS) == 300
    assert book.others(second) == [first.id]

    book.recorded(first, 6)
    book.place(second, {first.id: 4})

    assert book.excess(second, 4, LIMITS) == 0
    assert book.excess(second, 3, LIMITS) == 300
