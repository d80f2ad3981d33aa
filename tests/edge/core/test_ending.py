from __future__ import annotations

from dataclasses import replace

from edge.core import effects, ending, events, intents
from edge.core.state import Shift
from tests.contract.orders import BEER
from tests.edge.core.festival import Festival

OVER = Shift(z_number=1, is_running=False, is_over=True)


def after_a_shift() -> Festival:
    """A till whose shift is over, with one order that is signed."""
    desk = Festival()
    desk.pick_all(BEER.id)
    desk.do(intents.PayByCash())
    desk.seal_all()
    desk.state = replace(desk.state, shift=OVER)
    return desk


def test_a_z_number_that_may_go_on_is_not_closed() -> None:
    desk = after_a_shift()
    desk.state = replace(desk.state, shift=None)
    assert ending.settle(desk.state) == (desk.state, ())


def test_a_z_number_that_must_end_is_summed_up_once() -> None:
    state, done = ending.settle(after_a_shift().state)
    assert done == (effects.SumUp(1),)
    assert ending.settle(state) == (state, ())


def test_the_shift_of_another_z_number_ends_nothing() -> None:
    desk = after_a_shift()
    desk.state = replace(desk.state, z_number=2)
    assert ending.settle(desk.state) == (desk.state, ())


def test_an_open_order_puts_it_off() -> None:
    desk = after_a_shift()
    desk.state = replace(desk.state, shift=None)
    desk.pick_all(BEER.id)
    desk.state = replace(desk.state, shift=OVER)
    assert ending.settle(desk.state) == (desk.state, ())
    desk.do(intents.AbortOrder())
    desk.seal_all()
    assert desk.performed(effects.SumUp)


def test_what_was_summed_up_without_the_latest_order_is_not_taken() -> None:
    desk = after_a_shift()
    desk.do(intents.Dismiss())
    summed = events.SummedUp(1, *desk.journal.summed(1))
    later = replace(desk.state, next_sequence=desk.state.next_sequence + 1)
    assert ending.may_take(desk.state, summed)
    assert not ending.may_take(later, summed)
    assert not ending.put_off(desk.state).is_summing
