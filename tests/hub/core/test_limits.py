"""What wallets can bear: never below nothing, never above a limit unless forced."""

from __future__ import annotations

from uuid import uuid4

from hypothesis import given, settings
from hypothesis import strategies as st

from contract.messages import DeclineReason
from hub.core import limits
from hub.core.booking import Item, Move, Standing, Step
from hub.core.records import Records
from hub.core.state import Band, Charge, GuestsMoney, LedgerState, Wallet


def a_state(
    *balances: int, cap: int | None = None, all_cap: int | None = None
) -> LedgerState:
    """Wallets 1, 2, ... each opened by the wristband of that number."""
    state = LedgerState(0, b"", 0)
    for number, balance in enumerate(balances, start=1):
        state.bands[number] = Band(number)
        state.wallets[number] = Wallet(number, balance, cap=cap)
    state.guests_money = GuestsMoney(sum(balances), all_cap)
    return state


def an_item(*moves: Move, is_capped: bool = True, payer: int | None = None) -> Item:
    return Item(
        step=Step.REQUEST,
        order=uuid4(),
        attempt=1,
        digest=b"",
        body=b"",
        till=None,
        payer=payer,
        moves=moves,
        is_capped=is_capped,
    )


def test_two_wristbands_of_one_wallet_can_not_spend_it_twice() -> None:
    state = a_state(1000)
    state.bands[2] = Band(1)

    assert limits.shortage(an_item(Move(1, -600), Move(2, -400)), state) is None
    assert limits.shortage(an_item(Move(1, -600), Move(2, -401)), state) is (
        DeclineReason.INSUFFICIENT_BALANCE
    )


def test_vouchers_are_a_unit_of_their_own() -> None:
    state = a_state(1000)

    assert limits.shortage(an_item(Move(1, 0, -1)), state) is (
        DeclineReason.INSUFFICIENT_VOUCHERS
    )
    assert limits.shortage(an_item(Move(1, 0, 1)), state) is None


def test_the_wallets_limit_comes_before_the_events() -> None:
    state = a_state(1000, 0, cap=1500, all_cap=1800)

    assert limits.shortage(an_item(Move(1, 501)), state) is DeclineReason.BALANCE_CAP
    assert limits.shortage(an_item(Move(2, 801)), state) is DeclineReason.EVENT_CAP
    assert limits.shortage(an_item(Move(2, 800)), state) is None
    assert limits.shortage(an_item(Move(1, 501), is_capped=False), state) is None
    # What one wristband pays for another is in the event already.
    assert limits.shortage(an_item(Move(1, -900), Move(2, 900)), state) is None


def test_it_says_how_the_wallet_stands() -> None:
    state = a_state(1000, cap=1500, all_cap=1200)

    assert limits.standing(an_item(Move(1, -5)), state) == Standing(1000, 0, 0, 200)
    assert limits.standing(an_item(Move(1, 5), Move(2, 5)), state) is None
    assert limits.standing(an_item(Move(9, 5)), state) is None
    assert limits.standing(an_item(payer=1), a_state(7)) == Standing(7, 0, 0, None)


def test_a_restriction_goes_before_the_token() -> None:
    state = a_state(1000)
    item = Item(
        step=Step.REQUEST,
        order=uuid4(),
        attempt=1,
        digest=b"",
        body=b"",
        till=None,
        payer=1,
        barred=frozenset({18}),
    )
    for token, restriction, may_buy in (
        (18, None, False),
        (18, 0, True),
        (0, 18, False),
    ):
        state.bands[1] = Band(1, variant=token, restriction=restriction)
        assert limits.may_buy(item, state) is may_buy


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 2), st.integers(-900, 900)), max_size=30))
def test_what_the_tables_check_holds_whatever_is_forced(
    moves: list[tuple[int, int]],
) -> None:
    state, records = a_state(300, 0, cap=500, all_cap=600), Records()

    for number, minor in moves:
        wallet = state.wallets[number]
        before = wallet.excess, state.guests_money.excess
        grew = limits.apply(Charge(number, minor), wallet, state, records)
        money = state.guests_money
        assert wallet.balance + wallet.overdraft >= 0
        assert wallet.balance - wallet.excess <= 500
        assert money.held - money.excess <= 600
        assert money.held == sum(each.balance for each in state.wallets.values())
        more = wallet.excess > before[0], money.excess > before[1]
        assert grew is any(more)
        assert minor >= 0 or not any(more)
