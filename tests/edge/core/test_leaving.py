"""Log-outs that a silent hub did not hear of."""

from __future__ import annotations

from uuid import UUID

from contract.messages import CashierLogin, OrderCheck, Rejected, RejectReason, Right
from contract.order import CashMove, CashPlace, OrderKind, PlaceRole, decode_order
from edge.core import effects, events, intents
from edge.core.acts import CashAct
from edge.core.effects import SayLogouts
from edge.core.state import Inquiring
from edge.core.view import Phase
from tests.edge.core.festival import Festival
from tests.edge.core.test_inquiring import heard, log_in, logged_in, staffed

VAULT = CashPlace(role=PlaceRole.VAULT, key="main")


def working() -> Festival:
    """Let the hub log Maria in."""
    desk = staffed("seller").up()
    log_in(desk)
    desk.say(logged_in(desk.asked(CashierLogin).id, *Right))
    return desk


def left_alone() -> Festival:
    """Let her leave while the hub is silent."""
    desk = working()
    desk.lose_hub()
    desk.do(intents.LogOut())
    return desk


def test_a_log_out_without_the_hub_is_kept_with_its_time_over_a_restart() -> None:
    desk = left_alone()
    [bye] = desk.only(SayLogouts).logouts
    assert (bye.cashier, bye.at) == ("c1", desk.moment().now)

    started = desk.restarted()

    assert started.only(SayLogouts).logouts == (bye,)
    assert started.state.cashier is None


def test_a_log_out_that_the_hub_has_heard_is_said_no_more() -> None:
    desk = left_alone()
    [bye] = desk.state.unsaid
    desk.up()

    heard(desk, bye)

    assert desk.only(SayLogouts).logouts == ()
    assert desk.restarted().state.unsaid == ()
    heard(desk, bye)  # said twice, answered twice
    assert not desk.done


def test_who_logs_in_next_waits_until_the_hub_has_heard_who_left() -> None:
    desk = left_alone()
    [bye] = desk.state.unsaid
    desk.up()
    log_in(desk)
    assert desk.performed(effects.DeliverNow)
    assert not desk.performed(effects.SendRequest)

    heard(desk, bye)

    desk.say(logged_in(desk.asked(CashierLogin).id))
    assert desk.state.cashier is not None
    assert not desk.state.cashier.offline


def test_a_hub_that_never_hears_it_holds_nobody_up() -> None:
    desk = left_alone().up()
    log_in(desk)
    counter = desk.state.counter
    assert isinstance(counter, Inquiring)
    desk.do(events.InquiryExpired(counter.request))
    assert desk.showing() is Phase.SELLING
    assert desk.state.cashier is not None
    assert desk.state.cashier.offline


def test_the_answer_to_an_old_log_out_ends_no_log_in_after_it() -> None:
    desk = left_alone()
    [bye] = desk.state.unsaid
    log_in(desk)
    desk.up()
    heard(desk, bye)
    assert desk.state.cashier is not None


def test_who_comes_and_goes_without_the_hub_is_said_to_have_left_once() -> None:
    """The hub knows of the first log-in only, so the first log-out is what counts."""
    desk = left_alone()
    first = desk.state.unsaid
    log_in(desk)
    desk.do(intents.LogOut())
    assert desk.state.unsaid == first


def test_a_close_out_is_checked_after_the_hub_has_heard_who_left() -> None:
    desk = Festival(left_alone().journal).up()
    move = CashMove(source=VAULT, target=VAULT)
    desk.begin(CashAct(OrderKind.SHIFT_END, move))
    assert desk.performed(effects.DeliverNow)
    assert not desk.performed(effects.SendRequest)

    desk.do(events.RepeatRequest(*desk.last_asked()))

    asked = decode_order(desk.asked(OrderCheck).order)
    assert asked.kind is OrderKind.SHIFT_END


def test_a_log_out_that_the_hub_refuses_is_dropped_and_put_on_record() -> None:
    desk = left_alone()
    [bye] = desk.state.unsaid
    desk.up()
    desk.say(
        Rejected(
            id=UUID(int=3),
            regarding=bye.id,
            reason=RejectReason.INVALID,
            text="No such till.",
        )
    )
    assert desk.state.unsaid == ()
    assert "No such till." in desk.only(effects.Note).text
