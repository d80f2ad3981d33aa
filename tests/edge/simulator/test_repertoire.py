from __future__ import annotations

from dataclasses import replace
from random import Random
from uuid import UUID

from contract.order import OrderKind
from contract.stocking import Pieces, Stocking
from edge.core.acts import BillPayment, CashAct
from edge.core.intents import Begin, CancelOrder
from edge.core.view import Phase, TillView
from edge.simulator.repertoire import errands, shift_end, shift_start, swap
from tests.contract.orders import BILL, FESTIVAL
from tests.edge.core.festival import Festival

VIEW = TillView(
    phase=Phase.SELLING,
    till="bar-1",
    catalogue=FESTIVAL,
    register="bar-1",
    register_minor=450,
)


def test_a_shift_has_every_kind_of_order() -> None:
    random = Random(1)
    round_ = list(errands(VIEW, UUID(int=1), random))
    everything = [
        *round_,
        shift_start(VIEW, "anna"),
        shift_end(VIEW, "anna", random),
        swap(7),
    ]
    kinds = {
        each.begin.act.kind for each in everything if isinstance(each.begin, Begin)
    }
    assert any(isinstance(each.begin, CancelOrder) for each in everything)
    assert kinds == set(OrderKind) - {OrderKind.SALE, OrderKind.CANCELLATION}


def test_a_register_is_handed_out_with_what_the_event_has_made_up() -> None:
    made_up = Stocking(name="Bar", pieces=(Pieces(value_minor=5_00, count=9),))
    begun = shift_start(replace(VIEW, stockings=(made_up,)), "anna").begin
    assert isinstance(begun, Begin)
    assert isinstance(begun.act, CashAct)
    assert (begun.act.move.stocking, begun.act.move.amount_minor) == (made_up, 45_00)


def test_a_guest_pays_the_bill_they_brought() -> None:
    acts = [
        each.begin.act
        for each in errands(VIEW, None, Random(1), bill=BILL)
        if isinstance(each.begin, Begin)
    ]
    assert [each.reference for each in acts if isinstance(each, BillPayment)] == [BILL]


def test_each_errand_can_be_begun_at_a_till() -> None:
    for errand in errands(VIEW, None, Random(2)):
        desk = Festival().up()
        desk.do(errand.begin)
        assert desk.records, errand
