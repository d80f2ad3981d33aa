"""Shifts at a till: each has a Z number of its own."""

from __future__ import annotations

from uuid import UUID

import pytest

from contract.closing import decode_closing
from contract.ids import OrderId
from contract.messages import CashierLoggedIn, CashierLogin, Facts, SequenceSpan
from contract.money import Money
from contract.order import CashMove, CashPlace, OrderKind, PlaceRole
from contract.staff import Right
from edge.core import effects, events, intents, shifts, texts
from edge.core.acts import CashAct
from edge.core.picture import picture
from edge.core.view import Phase
from tests.contract.orders import BEER, VAULT
from tests.edge.core.festival import EVERYTHING, Festival
from tests.edge.core.test_canceling import booked, cancel, sold
from tests.edge.core.test_tse_swap import FIRST, SECOND

OURS = CashPlace(role=PlaceRole.REGISTER, key="bar-1")


def start(desk: Festival, holder: str = "c1") -> None:
    move = CashMove(source=VAULT, target=OURS, amount_minor=15_000, holder=holder)
    desk.begin(CashAct(OrderKind.SHIFT_START, move))
    desk.do(intents.Dismiss())


def end(desk: Festival, counted_minor: int = 15_000) -> None:
    move = CashMove(source=OURS, target=VAULT, counted_minor=counted_minor, holder="c1")
    desk.begin(CashAct(OrderKind.SHIFT_END, move))
    if desk.showing() is Phase.CHECKING:
        desk.check_passes()


def hand_over(desk: Festival) -> None:
    move = CashMove(source=OURS, target=OURS, holder="c2")
    desk.begin(CashAct(OrderKind.CASH_TRANSFER, move))


def sell(desk: Festival) -> None:
    desk.pick_all(BEER.id)
    desk.do(intents.PayByCash())
    desk.do(intents.Dismiss())


def numbers(desk: Festival) -> list[tuple[OrderKind, int]]:
    """Each completed order's kind and Z number."""
    orders = (desk.journal.rows[each.order].order for each in desk.decisions())
    return [(order.kind, order.z_number) for order in orders]


def test_the_next_shift_has_the_next_z_number() -> None:
    desk = Festival().up()
    start(desk)
    sell(desk)
    end(desk, 15_450)
    desk.seal_all()
    desk.sum_up()  # asked for by the till itself
    (closing,) = desk.state.closings
    assert decode_closing(closing.report).span == SequenceSpan(first=1, last=3)
    assert picture(desk.state).closed is not None
    start(desk, "c2")
    sell(desk)
    assert numbers(desk) == [
        (OrderKind.SHIFT_START, 1),
        (OrderKind.SALE, 1),
        (OrderKind.SHIFT_END, 1),
        (OrderKind.SHIFT_START, 2),
        (OrderKind.SALE, 2),
    ]


def test_nothing_is_opened_between_two_shifts() -> None:
    desk = Festival().up()
    start(desk)
    end(desk)
    decided = len(desk.decisions())
    start(desk)
    desk.pick_all(BEER.id)
    assert desk.state.banner == texts.SHIFT_ENDS
    desk.do(intents.CancelOrder(desk.decisions()[0].order))
    assert desk.state.banner == texts.SHIFT_ENDS
    assert len(desk.decisions()) == decided
    desk.seal_all()
    desk.sum_up()
    sell(desk)
    assert desk.last().z_number == 2


def test_a_restart_does_not_forget_that_a_shift_has_ended() -> None:
    desk = Festival().up()
    start(desk)
    end(desk)
    desk = desk.restarted()
    assert desk.state.z_number == 1
    desk.do(events.LinkUp())
    desk.sum_up()
    assert desk.state.z_number == 2


def test_a_register_in_other_hands_begins_the_next_z_number() -> None:
    desk = Festival().up()
    start(desk)
    sell(desk)
    desk.seal_all()
    hand_over(desk)
    assert desk.showing() is Phase.APPROVED
    desk.pick_all(BEER.id)
    assert desk.state.banner == texts.SHIFT_ENDS
    desk.seal_all()
    desk.sum_up()
    sell(desk)
    assert desk.last().z_number == 2
    desk.do(intents.CloseTill())
    assert desk.state.banner == texts.SHIFT_RUNS  # the second cashier's


def test_a_register_is_not_handed_over_while_something_is_open() -> None:
    desk = Festival().up()
    start(desk)
    sell(desk)  # not signed yet
    hand_over(desk)
    assert desk.state.banner == texts.SHIFT_ENDS
    assert numbers(desk)[-1] == (OrderKind.SALE, 1)


def test_a_till_is_not_closed_in_the_middle_of_a_shift() -> None:
    desk = Festival().up()
    start(desk)
    desk.seal_all()
    desk.do(intents.CloseTill())
    assert desk.state.banner == texts.SHIFT_RUNS
    assert picture(desk.state).not_closable == texts.SHIFT_RUNS
    end(desk)
    desk.seal_all()
    desk.sum_up()
    assert desk.state.z_number == 2


def test_a_till_that_can_not_count_may_close_all_the_same() -> None:
    desk = Festival().up()
    start(desk)
    desk.seal_all()
    kinds = tuple(set(EVERYTHING.kinds) - {OrderKind.SHIFT_END})
    desk.profile(kinds=kinds).do(intents.CloseTill())
    desk.sum_up()
    assert desk.state.z_number == 2


def log_in(desk: Festival, cashier: str, register: str | None) -> None:
    desk.do(intents.LogIn())
    desk.tap()
    desk.say(
        CashierLoggedIn(
            id=UUID(int=3),
            regarding=desk.asked(CashierLogin).id,
            cashier=cashier,
            name="Maria",
            role="seller",
            rights=tuple(Right),
            register=register,
        )
    )


def test_a_shift_is_not_begun_twice_by_mistake() -> None:
    desk = Festival().up()
    start(desk)
    sell(desk)
    desk.seal_all()
    decided = len(desk.decisions())
    move = CashMove(source=VAULT, target=OURS, amount_minor=15_000, holder="c2")
    desk.begin(CashAct(OrderKind.SHIFT_START, move))
    assert desk.state.banner == texts.SHIFT_RUNS
    assert not desk.performed(effects.SumUp)
    assert len(desk.decisions()) == decided
    sell(desk)
    assert numbers(desk)[-1] == (OrderKind.SALE, 1)
    desk.seal_all()
    end(desk, 15_900)
    desk.seal_all()
    desk.sum_up()
    start(desk, "c2")
    assert numbers(desk)[-1] == (OrderKind.SHIFT_START, 2)


@pytest.mark.parametrize(
    ("cashier", "register", "is_over"),
    [
        ("c1", None, True),
        ("c2", "bar-1", True),
        ("c1", "bar-1", False),
        ("c2", "drawer-2", False),
        ("c3", None, False),
    ],
)
def test_a_shift_that_was_counted_elsewhere_ends_once_the_hub_says_so(
    cashier: str, register: str | None, *, is_over: bool
) -> None:
    """Two tills may share a drawer: it is begun at one and counted at the other."""
    desk = Festival().up()
    start(desk)
    sell(desk)
    desk.seal_all()
    desk.recorded(*(each.order for each in desk.decisions()))
    log_in(desk, cashier, register)
    assert desk.performed(effects.SumUp) is is_over
    if is_over:
        desk.sum_up()
    sell(desk)
    assert numbers(desk)[-1] == (OrderKind.SALE, 2 if is_over else 1)


def test_whose_a_register_is_says_no_hub_that_lacks_its_hand_out() -> None:
    desk = Festival().up()
    start(desk)
    desk.seal_all()  # sealed, not recorded
    log_in(desk, "c1", None)
    assert not desk.performed(effects.SumUp)


def test_a_drawer_in_nobodys_hands_is_counted_once_more_with_nothing_in_it() -> None:
    desk = Festival().up()
    start(desk)
    desk.seal_all()
    desk.recorded(*(each.order for each in desk.decisions()))
    move = CashMove(source=OURS, target=VAULT, counted_minor=0, holder="c1")
    desk.begin(CashAct(OrderKind.SHIFT_END, move))
    for _ in range(2):
        desk.check_passes(Facts(in_register=Money(0)))
    cash = desk.last().cash
    assert cash is not None
    assert cash.difference_minor == 0
    desk.seal_all()
    desk.sum_up()
    start(desk, "c2")
    assert numbers(desk)[-1] == (OrderKind.SHIFT_START, 2)


def test_what_waits_for_a_silent_hub_holds_up_no_sale_but_the_next_shift() -> None:
    desk = Festival().up()
    start(desk)
    order = sold(desk, BEER.id)
    desk.lose_hub()
    cancel(desk, order)
    end(desk)
    sell(desk)
    assert numbers(desk)[-1] == (OrderKind.SALE, 1)
    decided = len(desk.decisions())
    start(desk)
    assert len(desk.decisions()) == decided
    desk.seal_all()
    assert not desk.performed(effects.SumUp)
    desk.up().do(events.CancellationDue(desk.state.cancellations[0].id, 1))
    booked(desk)
    desk.seal_all()
    desk.sum_up()
    start(desk)
    assert numbers(desk)[-1] == (OrderKind.SHIFT_START, 2)


def test_a_hand_out_that_is_canceled_ends_its_z_number() -> None:
    desk = Festival().up()
    start(desk)
    cancel(desk, OrderId(desk.last().id))
    desk.seal_all()
    desk.sum_up()
    start(desk)
    assert numbers(desk)[-1] == (OrderKind.SHIFT_START, 2)


def test_practice_begins_no_shift() -> None:
    desk = Festival().up()
    desk.do(intents.SwitchTraining(on=True))
    start(desk)
    end(desk, 0)
    start(desk)
    assert desk.state.shift is None


def test_a_shift_goes_on_in_the_z_number_of_another_tse() -> None:
    desk = Festival().up()
    desk.do(FIRST)
    start(desk)
    desk.seal_all()
    desk.do(SECOND)
    desk.sum_up()
    assert desk.state.z_number == 2
    sell(desk)
    desk.seal_all()
    desk.do(intents.CloseTill())
    assert desk.state.banner == texts.SHIFT_RUNS


@pytest.mark.parametrize("document", [b"", b"{", b'{"z_number":"one"}'])
def test_what_can_not_be_read_is_no_shift(document: bytes) -> None:
    assert shifts.remembered(document) is None
