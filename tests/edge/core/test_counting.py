"""Close-outs: a count is compared with what the ledger has in the register."""

from __future__ import annotations

from uuid import UUID

import msgspec
import pytest

from contract.ids import OrderId
from contract.messages import (
    AdviceRecorded,
    CashierLoggedIn,
    CashierLogin,
    Facts,
    HubStatus,
    OrderCheck,
    OrderChecked,
    RecordedOrder,
)
from contract.money import Money
from contract.order import CashMove, CashPlace, OrderKind, PlaceRole, decode_order
from contract.staff import Right
from edge.core import events, intents, registers
from edge.core.acts import CashAct
from edge.core.counting import TRIES_MAX
from edge.core.view import Phase
from hub.core.ledger import Role, order_entry
from tests.contract.orders import BEER, VAULT
from tests.edge.core.desk import ANCHOR
from tests.edge.core.festival import Festival

OURS = CashPlace(role=PlaceRole.REGISTER, key="bar-1")


def sold_in_cash(desk: Festival, *, delivered: bool = True) -> OrderId:
    desk.pick_all(BEER.id)
    desk.do(intents.PayByCash())
    order = OrderId(desk.last().id)
    if delivered:
        desk.recorded(order)
    desk.do(intents.Dismiss())
    return order


def count(desk: Festival, counted_minor: int) -> None:
    move = CashMove(source=OURS, target=VAULT, counted_minor=counted_minor, holder="c1")
    desk.begin(CashAct(OrderKind.SHIFT_END, move))


def has(minor: int) -> Facts:
    return Facts(in_register=Money(minor))


def compared(desk: Festival) -> tuple[int | None, int]:
    """What the last close-out expected, and what differed."""
    order = desk.last()
    assert order.cash is not None
    return order.cash.expected_minor, order.cash.difference_minor


def test_cash_that_another_till_brought_is_no_difference() -> None:
    desk = Festival().up()
    sold_in_cash(desk)
    count(desk, 5_450)
    desk.check_passes(has(5_450))  # 50.00 came from another register
    assert desk.showing() is Phase.CHECKING
    desk.check_passes(has(5_450))
    assert desk.showing() is Phase.APPROVED
    assert compared(desk) == (5_450, 0)
    (given,) = (
        each.amount_minor
        for each in order_entry(desk.last()).postings
        if each.account.role is Role.CASH_REGISTER
    )
    assert given == 5_450  # all that the ledger had there
    assert desk.restarted().state.registers == {"bar-1": -5_000}


def test_a_count_that_the_ledger_agrees_with_is_asked_about_once() -> None:
    desk = Festival().up()
    sold_in_cash(desk)
    count(desk, 400)
    desk.check_passes(has(450))
    assert desk.showing() is Phase.APPROVED
    assert compared(desk) == (450, -50)


def test_a_count_waits_until_the_ledger_has_the_last_sale() -> None:
    desk = Festival().up()
    late = sold_in_cash(desk, delivered=False)
    count(desk, 5_450)
    desk.check_passes(has(5_000))  # without the sale that is under way
    assert desk.showing() is Phase.CHECKING
    order, attempt = desk.last_asked()
    desk.do(events.RequestExpired(order, attempt))  # it did answer
    assert desk.showing() is Phase.CHECKING
    desk.recorded(late)
    desk.do(events.CountDue(order, attempt))
    desk.check_passes(has(5_450))
    desk.check_passes(has(5_450))
    assert compared(desk) == (5_450, 0)


def test_an_order_that_is_stuck_holds_up_no_count() -> None:
    desk = Festival().up()
    sold_in_cash(desk, delivered=False)
    count(desk, 450)
    for _ in range(TRIES_MAX - 1):
        desk.check_passes(has(0))
        assert desk.showing() is Phase.CHECKING
        desk.do(events.CountDue(*desk.last_asked()))
    desk.check_passes(has(0))
    assert desk.showing() is Phase.APPROVED
    assert compared(desk) == (450, 0)


def test_a_count_waits_until_a_restored_ledger_has_everything_again() -> None:
    desk = Festival().up()
    sale = sold_in_cash(desk)
    desk.seal_all()
    count(desk, 450)
    check = desk.asked(OrderCheck)
    order = decode_order(check.order)
    restored = msgspec.structs.replace(ANCHOR, incarnation=UUID(int=99), batch=1)
    desk.say(
        OrderChecked(
            id=UUID(int=3),
            regarding=check.id,
            order=order.id,
            attempt=order.attempt,
            anchor=restored,
            facts=has(0),  # the backup is older than the sale
        )
    )
    assert desk.showing() is Phase.CHECKING
    assert desk.state.elsewhere == {}
    desk.do(events.CountDue(*desk.last_asked()))  # before the journal has answered
    assert registers.booked(desk.state) is None
    desk.do(events.UndeliveredAgain((sale,)))
    assert registers.booked(desk.state) is None
    desk.say(
        AdviceRecorded(
            id=UUID(int=4),
            regarding=UUID(int=5),
            recorded=(RecordedOrder(order=sale),),
            anchor=restored,
        )
    )
    assert registers.booked(desk.state) == {"bar-1": 450}


def test_a_log_in_at_a_restored_hub_says_nothing_of_the_register() -> None:
    desk = Festival().up()
    sale = sold_in_cash(desk)
    desk.do(intents.LogIn())
    desk.tap()
    asked = desk.asked(CashierLogin)
    restored = msgspec.structs.replace(ANCHOR, incarnation=UUID(int=99), batch=1)
    desk.say(HubStatus(id=UUID(int=3), online=True, anchor=restored))
    desk.do(events.UndeliveredAgain((sale,)))
    desk.say(logged_in(asked, 0))
    assert desk.state.cashier is not None
    assert desk.state.elsewhere == {}


def test_a_hub_that_goes_while_a_count_waits_holds_it_up_not() -> None:
    desk = Festival().up()
    sold_in_cash(desk, delivered=False)
    count(desk, 450)
    desk.check_passes(has(0))
    desk.lose_hub()
    assert desk.showing() is Phase.APPROVED
    assert compared(desk) == (450, 0)


def log_in(desk: Festival, register_minor: int) -> None:
    desk.do(intents.LogIn())
    desk.tap()
    desk.say(logged_in(desk.asked(CashierLogin), register_minor))


def logged_in(asked: CashierLogin, register_minor: int) -> CashierLoggedIn:
    return CashierLoggedIn(
        id=UUID(int=3),
        regarding=asked.id,
        cashier="c1",
        name="Maria",
        role="seller",
        rights=tuple(Right),
        register="drawer-3",
        register_minor=register_minor,
    )


@pytest.mark.parametrize("restarts", [False, True])
def test_without_the_hub_a_count_expects_what_it_said_at_the_log_in(
    *, restarts: bool
) -> None:
    desk = Festival().up()
    log_in(desk, 15_000)  # handed out, and sold from, at another till
    sold_in_cash(desk)
    if restarts:
        desk = desk.restarted()
    desk.lose_hub()
    source = CashPlace(role=PlaceRole.REGISTER, key="drawer-3")
    move = CashMove(source=source, target=VAULT, counted_minor=15_450, holder="c1")
    desk.begin(CashAct(OrderKind.SHIFT_END, move))
    assert compared(desk) == (15_450, 0)


def test_what_is_under_way_is_not_counted_twice_at_a_log_in() -> None:
    desk = Festival().up()
    sold_in_cash(desk, delivered=False)
    log_in(desk, 15_000)  # with or without the sale: nobody can tell
    assert desk.state.elsewhere == {}


def test_a_count_of_nothing_is_paid_once_there_is_something() -> None:
    desk = Festival().up()
    count(desk, 0)
    desk.check_passes(has(5_000))
    check = desk.asked(OrderCheck)
    order = decode_order(check.order)
    assert order.payment is not None
    desk.check_passes(has(5_000))
    assert compared(desk) == (5_000, -5_000)
