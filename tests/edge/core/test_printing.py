"""Receipts and Z reports on paper: when they are printed, and as what."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from uuid import UUID

import pytest

from contract.ids import OrderId
from contract.messages import Lamp, LampState
from edge.core import effects, events, intents
from edge.core.picture import picture
from edge.core.printing import NOT_PRINTED, recovered
from edge.core.records import FiscalStart
from edge.core.settings import PrintPolicy
from edge.core.view import Phase, PrintState, TillView
from tests.contract.orders import BEER
from tests.contract.samples import AT, SIGNATURE
from tests.edge.core.festival import Festival

if TYPE_CHECKING:
    from collections.abc import Callable

START = FiscalStart(7, 14, AT)
EMPTY = "The receipt printer is out of paper. Put in a new roll."


def till(policy: PrintPolicy | None = PrintPolicy.ON_REQUEST) -> Festival:
    desk = Festival().up()
    identity = replace(desk.state.identity, prints=policy)
    desk.state = replace(desk.state, identity=identity)
    return desk


def sell(desk: Festival, *, signed: bool = True) -> OrderId:
    """Sell a beer for cash."""
    desk.do(intents.Dismiss())
    desk.pick_all(BEER.id)
    desk.do(intents.PayByCash())
    order = OrderId(desk.last().id)
    if signed:
        sign(desk, order)
    return order


def sign(desk: Festival, order: OrderId) -> None:
    desk.do(events.FiscalStarted(order, START))
    desk.do(events.FiscalFinished(order, SIGNATURE))


def jobs(desk: Festival) -> list[effects.ForPress]:
    """What the last step wants printed."""
    return [each for each in desk.done if isinstance(each, effects.ForPress)]


def view(desk: Festival) -> TillView:
    return picture(desk.state)


def told(desk: Festival) -> str:
    banner = view(desk).banner
    return "" if banner is None else banner.text


def states(desk: Festival) -> list[PrintState]:
    return [row.state for row in view(desk).receipts]


def test_a_receipt_is_printed_when_the_cashier_asks_for_it() -> None:
    desk = till()
    order = sell(desk)
    assert jobs(desk) == []
    assert view(desk).prints
    assert states(desk) == [PrintState.NO]
    desk.do(intents.PrintReceipt())
    (job,) = jobs(desk)
    assert isinstance(job, effects.PrintReceipt)
    assert (job.order, job.is_copy) == (order, False)
    assert job.config.seller.name == "Sommerfest e. V."
    assert states(desk) == [PrintState.ASKED]
    desk.do(events.Printed(order))
    assert states(desk) == [PrintState.PRINTED]
    assert view(desk).phase is Phase.APPROVED


def test_the_second_one_is_a_copy() -> None:
    desk = till()
    order = sell(desk)
    desk.do(intents.PrintReceipt())
    desk.do(events.Printed(order))
    desk.do(intents.PrintReceipt(order))
    (job,) = jobs(desk)
    assert job.is_copy


def test_an_impatient_cashier_gets_one_receipt() -> None:
    desk = till()
    sell(desk)
    desk.do(intents.PrintReceipt())
    desk.do(intents.PrintReceipt())
    assert jobs(desk) == []


def test_a_receipt_waits_for_its_signature() -> None:
    desk = till()
    order = sell(desk, signed=False)
    desk.do(intents.PrintReceipt())
    assert jobs(desk) == []
    desk.do(events.FiscalStarted(order, START))
    assert jobs(desk) == []
    desk.do(events.FiscalFinished(order, SIGNATURE))
    assert len(jobs(desk)) == 1


def test_an_outage_is_printed_as_well() -> None:
    desk = till(PrintPolicy.ALWAYS)
    order = sell(desk, signed=False)
    desk.do(events.FiscalFailed(order, "The TSE does not answer."))
    assert len(jobs(desk)) == 1


def test_some_tills_print_every_receipt_by_themselves() -> None:
    desk = till(PrintPolicy.ALWAYS)
    order = sell(desk, signed=False)
    desk.do(events.FiscalStarted(order, START))
    desk.do(events.FiscalFinished(order, SIGNATURE))
    (job,) = jobs(desk)
    assert not job.is_copy


def test_some_offer_it_only_when_the_hub_is_silent() -> None:
    desk = till(PrintPolicy.STAND_IN).wallet(1)
    sell(desk)
    assert not view(desk).prints
    assert not view(desk).receipts[0].stand_in
    desk.do(intents.Dismiss())
    desk.pick_all(BEER.id)
    desk.do(intents.PayByWristband())
    desk.lose_hub()
    desk.tap(1)
    assert view(desk).phase is Phase.APPROVED
    assert view(desk).receipts[0].stand_in


def test_what_was_not_printed_is_told_and_can_be_tried_again() -> None:
    desk = till()
    order = sell(desk)
    desk.do(intents.PrintReceipt())
    desk.do(events.PrintFailed(order, EMPTY))
    shown = view(desk)
    assert shown.banner is not None
    assert (shown.banner.title, shown.banner.text) == (NOT_PRINTED, EMPTY)
    assert states(desk) == [PrintState.NO]
    desk.do(intents.PrintReceipt())
    (job,) = jobs(desk)
    assert not job.is_copy
    assert view(desk).banner is None


def test_after_half_a_receipt_the_next_is_a_copy() -> None:
    desk = till()
    order = sell(desk)
    desk.do(intents.PrintReceipt())
    desk.do(events.PrintFailed(order, EMPTY, begun=True))
    desk.do(intents.PrintReceipt())
    (job,) = jobs(desk)
    assert job.is_copy


def test_earlier_receipts_can_be_printed_and_the_oldest_are_forgotten() -> None:
    desk = till()
    orders = [sell(desk) for _ in range(8)]
    assert [row.order for row in view(desk).receipts] == orders[:1:-1]
    desk.do(intents.PrintReceipt(orders[4]))
    (job,) = jobs(desk)
    assert isinstance(job, effects.PrintReceipt)
    assert job.order == orders[4]
    desk.do(intents.PrintReceipt(orders[0]))
    assert jobs(desk) == []
    banner = view(desk).banner
    assert banner is not None
    assert banner.title == "Nothing to print"


def restarted(desk: Festival) -> Festival:
    again = Festival(desk.journal)
    identity = replace(again.state.identity, prints=PrintPolicy.ON_REQUEST)
    # The festival recovers before it is told that it has a printer.
    again.state = recovered(
        replace(again.state, identity=identity), desk.journal.read()
    )
    return again


@pytest.mark.parametrize(
    ("came", "copy"),
    [
        (None, True),  # the power went while it was printed: nobody knows
        (events.Printed, True),
        (lambda order: events.PrintFailed(order, EMPTY), False),
        (lambda order: events.PrintFailed(order, EMPTY, begun=True), True),
    ],
)
def test_after_a_restart_only_what_may_be_on_paper_is_a_copy(
    came: Callable[[OrderId], events.Event] | None, copy: bool
) -> None:
    desk = till()
    order = sell(desk)
    desk.do(intents.PrintReceipt(order))
    if came is not None:
        desk.do(came(order))
    other = sell(desk)
    again = restarted(desk)
    assert [row.order for row in view(again).receipts] == [other, order]
    again.do(intents.PrintReceipt(order))
    assert [job.is_copy for job in jobs(again)] == [copy]
    again.do(intents.PrintReceipt(other))
    assert [job.is_copy for job in jobs(again)] == [False], "it was never printed"


@pytest.mark.parametrize("came", [True, False])
def test_after_a_restart_the_last_z_report_can_be_printed_again(came: bool) -> None:
    desk = till()
    sell(desk)
    close(desk)
    desk.do(events.Printed(None) if came else events.PrintFailed(None, EMPTY))
    again = restarted(desk)
    assert view(again).can_print_closing
    again.do(intents.PrintClosing())
    (job,) = jobs(again)
    assert isinstance(job, effects.PrintClosing)
    assert job.shift.report.z_number == 1
    assert job.shift.signature == SIGNATURE
    assert job.is_copy is came


def close(desk: Festival) -> None:
    """Close Z 1, and have it signed."""
    desk.do(intents.Dismiss())
    desk.do(intents.CloseTill())
    summed, _ = desk.journal.summed(1)
    desk.do(events.SummedUp(1, summed, None))
    (closing,) = desk.state.closings
    desk.do(events.FiscalStarted(closing.id, START))
    desk.do(events.FiscalFinished(closing.id, SIGNATURE))


def test_a_z_report_is_printed_once_it_is_signed_and_again_as_a_copy() -> None:
    desk = till()
    sell(desk)
    desk.do(intents.Dismiss())
    desk.do(intents.CloseTill())
    summed, _ = desk.journal.summed(1)
    desk.do(events.SummedUp(1, summed, None))
    (closing,) = desk.state.closings
    assert jobs(desk) == []
    assert not view(desk).can_print_closing
    desk.do(events.FiscalStarted(closing.id, START))
    desk.do(events.FiscalFinished(closing.id, SIGNATURE))
    (job,) = jobs(desk)
    assert isinstance(job, effects.PrintClosing)
    assert job.shift.report.z_number == 1
    assert job.shift.signature == SIGNATURE
    assert not job.is_copy
    assert "Signed, not printed yet" in told(desk)
    desk.do(events.Printed(None))
    assert "Signed, printed" in told(desk)
    desk.do(intents.PrintClosing())
    (job,) = jobs(desk)
    assert job.is_copy
    desk.do(events.PrintFailed(None, EMPTY))
    assert view(desk).banner is not None


@pytest.mark.parametrize("wish", [intents.PrintReceipt(), intents.PrintClosing()])
def test_a_till_without_a_printer_says_so(
    wish: intents.PrintReceipt | intents.PrintClosing,
) -> None:
    desk = till(None)
    sell(desk)
    assert view(desk).receipts == ()
    assert view(desk).lamps.printer is None
    desk.do(wish)
    banner = view(desk).banner
    assert banner is not None
    assert banner.title == "No printer"
    assert jobs(desk) == []


def test_before_anything_was_closed_there_is_nothing_to_print() -> None:
    desk = till()
    for wish in (intents.PrintReceipt(), intents.PrintClosing()):
        desk.do(wish)
        assert jobs(desk) == []
    desk.do(events.Printed(OrderId(UUID(int=9))))
    desk.do(events.PrintFailed(OrderId(UUID(int=9)), EMPTY))


def test_the_printer_has_a_lamp() -> None:
    desk = till()
    lamp = Lamp(state=LampState.BAD, text=EMPTY)
    desk.do(events.PrinterLamp(lamp))
    assert view(desk).lamps.printer == lamp
