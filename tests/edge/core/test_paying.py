"""Sales in all their forms; tests/edge/core/test_checkout has their plain flow."""

from __future__ import annotations

import pytest

from contract.messages import DeclineReason, Facts, OrderRequest
from contract.money import Money
from contract.order import PaymentMethod, decode_order
from edge.core import effects, events, intents
from edge.core.records import AttemptMade
from edge.core.state import Checking, Declined
from edge.core.view import Phase
from tests.contract.orders import BEER, CUP, PRETZEL
from tests.edge.core.festival import Festival


def presented(desk: Festival, *products: int) -> Festival:
    desk.pick_all(*products)
    desk.do(intents.PayByWristband())
    return desk


def test_vouchers_known_to_the_till_are_used_at_once() -> None:
    desk = presented(Festival().up().wallet(vouchers=1), BEER.id, PRETZEL.id)
    desk.tap()
    order = desk.book(vouchers=0)
    assert (order.total_minor, order.vouchers) == (300, 1)
    assert desk.state.counter.phase is Phase.APPROVED


def test_the_cashier_may_spare_the_guests_vouchers() -> None:
    desk = Festival().up().wallet(vouchers=5)
    desk.pick_all(BEER.id, BEER.id)
    desk.do(intents.LimitVouchers(0))
    desk.do(intents.PayByWristband())
    desk.tap()
    assert desk.book().vouchers == 0


def test_a_decline_with_facts_is_priced_anew_once() -> None:
    desk = presented(Festival().up().wallet(vouchers=2), BEER.id, PRETZEL.id)
    desk.tap()
    first = desk.decline(DeclineReason.INSUFFICIENT_VOUCHERS, Facts(vouchers=1))
    assert first.vouchers == 2
    again = decode_order(desk.asked(OrderRequest).order)
    assert (again.attempt, again.vouchers, again.total_minor) == (2, 1, 300)
    desk.decline(DeclineReason.INSUFFICIENT_VOUCHERS, Facts(vouchers=0))
    assert isinstance(desk.state.counter, Declined)  # not a third time by itself


def test_vouchers_the_till_had_not_heard_of_may_save_a_decline() -> None:
    desk = presented(Festival().up(), BEER.id, PRETZEL.id)
    desk.tap()
    facts = Facts(balance=Money(300), vouchers=1)
    desk.decline(DeclineReason.INSUFFICIENT_BALANCE, facts)
    assert desk.book().total_minor == 300


def test_facts_that_change_nothing_decline() -> None:
    desk = presented(Festival().up(), BEER.id)
    desk.tap()
    facts = Facts(balance=Money(300), vouchers=0)
    desk.decline(DeclineReason.INSUFFICIENT_BALANCE, facts)
    counter = desk.state.counter
    assert isinstance(counter, Declined)
    assert counter.decline.balance == Money(300)


def test_no_voucher_is_used_while_the_hub_is_silent() -> None:
    desk = presented(Festival().up().wallet(vouchers=2), BEER.id)
    desk.tap()
    counter = desk.state.counter
    assert isinstance(counter, Checking)
    desk.do(events.RequestExpired(counter.order.id, 1))
    sold = desk.last()
    assert (sold.attempt, sold.vouchers, sold.total_minor) == (2, 0, 450)
    made = [each for each in desk.records if isinstance(each, AttemptMade)]
    assert [each.attempt for each in made] == [1, 2]


def test_without_the_hub_vouchers_are_not_even_tried() -> None:
    desk = Festival().up().wallet(vouchers=2)
    desk.lose_hub()
    presented(desk, BEER.id).tap()
    sold = desk.last()
    assert (sold.attempt, sold.vouchers) == (1, 0)


@pytest.mark.parametrize(
    ("token", "known", "sold"),
    [(1, None, False), (2, None, True), (2, 1, False), (1, 2, True)],
)
def test_youth_protection_by_the_hubs_word_else_by_the_token(
    token: int, known: int | None, *, sold: bool
) -> None:
    desk = Festival()
    if known is not None:
        desk.wallet(variant=known)
    desk.do(events.LinkUp())
    presented(desk, BEER.id).tap(variant=token)
    counter = desk.state.counter
    if sold:
        assert isinstance(counter, Checking)
        return
    assert isinstance(counter, Declined)
    assert counter.decline.reason is DeclineReason.AGE_RESTRICTED
    assert BEER.name in counter.decline.text
    desk.do(intents.BackToBasket())
    desk.do(intents.Remove(BEER.id))
    presented(desk, PRETZEL.id).tap(variant=token)
    assert isinstance(desk.state.counter, Checking)


def test_a_deposit_goes_back_to_the_wristband_or_in_cash() -> None:
    desk = Festival().up()
    desk.do(intents.Return(CUP.id))
    desk.do(intents.PayByWristband())
    desk.tap()
    assert desk.book().total_minor == -200
    desk.do(intents.Return(CUP.id))
    desk.do(intents.PayByCash())
    assert desk.last().total_minor == -200
    assert desk.state.registers == {"bar-1": -200}


def test_a_button_sells_several_products() -> None:
    desk = Festival().up()
    desk.do(intents.PressButton(1))
    desk.do(intents.PayByCash())
    assert [line.product for line in desk.last().lines] == [BEER.id, CUP.id]


def test_a_price_is_entered_only_where_the_profile_allows_it() -> None:
    desk = Festival().up().profile(free_prices=False)
    desk.do(intents.Pick(4, price_minor=700))
    assert desk.records == []
    desk.profile()
    desk.do(intents.Pick(4, price_minor=700))
    desk.do(intents.PayByCash())
    assert desk.last().total_minor == 700


def test_what_the_profile_does_not_take_is_not_taken() -> None:
    desk = Festival().up().profile(methods=(PaymentMethod.WALLET,))
    desk.pick_all(BEER.id)
    desk.do(intents.PayByCash())
    assert desk.state.banner is not None
    assert desk.decisions() == []


def test_a_decision_says_what_each_wallet_gave() -> None:
    desk = presented(Festival().up(), BEER.id)
    desk.tap()
    desk.book()
    (decision,) = desk.decisions()
    assert decision.charges == ((1, 450),)
    assert decision.cash_minor == 0
    assert desk.performed(effects.Commit)
