from __future__ import annotations

from dataclasses import replace

import pytest

from contract.staff import Right
from edge.core import effects, intents, registers
from edge.core.state import LoggedIn
from tests.contract.orders import BEER
from tests.edge.core.festival import Festival


def test_a_register_is_the_cashiers_or_the_profiles_or_the_tills() -> None:
    desk = Festival()
    assert registers.key(desk.state) == "bar-1"
    desk.profile(register="drawer-1")
    assert registers.key(desk.state) == "drawer-1"
    cashier = LoggedIn("c1", "Maria", "seller", frozenset(Right), "drawer-3")
    desk.state = replace(desk.state, cashier=cashier)
    assert registers.key(desk.state) == "drawer-3"


def test_what_should_be_in_it_is_what_was_told_and_what_was_sold_since() -> None:
    desk = Festival()
    desk.state, done = registers.told(desk.state, "bar-1", 5_000)
    assert [type(each) for each in done] == [effects.Commit]
    desk.pick_all(BEER.id)
    desk.do(intents.PayByCash())
    assert registers.held(desk.state, "bar-1") == 5_450
    assert registers.told(desk.state, "bar-1", 5_450) == (desk.state, ())


def test_what_is_not_delivered_may_be_in_the_ledger_or_not() -> None:
    desk = Festival().up()
    assert registers.booked(desk.state) == {}
    desk.pick_all(BEER.id)
    desk.do(intents.PayByCash())
    assert registers.booked(desk.state) is None
    desk.recorded(desk.decisions()[-1].order)
    assert registers.booked(desk.state) == {"bar-1": 450}


@pytest.mark.parametrize("document", [b"", b"[", b'{"bar-1":"much"}'])
def test_what_can_not_be_read_was_not_told(document: bytes) -> None:
    assert registers.remembered(document) == {}
