"""Signatures found, missed and given up; nothing holds the counter up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from contract.fiscal import FAULT_LENGTH_MAX, PROCESS_TYPE, Signature
from contract.messages import OrderAdvice, decode_advice
from edge.core import effects, events, intents
from edge.core.records import AdviceSealed, FiscalBegun, FiscalStart
from edge.core.view import Phase
from tests.contract.samples import AT
from tests.edge.core.desk import Desk
from tests.edge.parts import BAR

if TYPE_CHECKING:
    from contract.ids import OrderId

START = FiscalStart(7, 14, AT)


def signature(text: str) -> Signature:
    return Signature(
        client=BAR,
        number=START.number,
        start_counter=START.counter,
        counter=15,
        started_at=AT,
        finished_at=AT,
        process_type=PROCESS_TYPE,
        process_data=text,
        algorithm="none",
        time_format="unixTime",
        value=b"",
        public_key=b"",
        tse_serial="ab" * 32,
    )


def paid_in_cash(*, started: bool = True) -> tuple[Desk, OrderId]:
    desk = Desk()
    order = desk.pick()
    if started:
        desk.do(events.FiscalStarted(order, START))
    desk.do(intents.PayByCash())
    assert desk.showing() is Phase.APPROVED
    return desk, order


def advice(desk: Desk) -> OrderAdvice:
    (sealed,) = [each for each in desk.records if isinstance(each, AdviceSealed)]
    return decode_advice(sealed.advice)


def test_a_start_is_on_disk_as_soon_as_it_is_known() -> None:
    desk = Desk()
    order = desk.pick()
    desk.do(events.FiscalStarted(order, START))
    assert desk.records[-1] == FiscalBegun(order, START)


def test_a_decided_order_is_finished_with_its_journaled_text() -> None:
    desk, order = paid_in_cash()
    finish = effects.FinishFiscal(
        order, START, "Beleg^4.50_0.00_0.00_0.00_0.00^4.50:Bar"
    )
    assert finish in desk.done
    desk.do(events.FiscalFinished(order, signature(finish.process_data)))
    assert advice(desk).signature is not None
    assert desk.performed(effects.Deliver)


def test_a_start_that_comes_after_the_decision_is_finished_then() -> None:
    desk, order = paid_in_cash(started=False)
    assert not desk.performed(effects.FinishFiscal)
    desk.do(events.FiscalStarted(order, START))
    assert desk.performed(effects.FinishFiscal)


def test_a_silent_finish_is_looked_up_and_attached() -> None:
    desk, order = paid_in_cash()
    desk.do(events.FiscalFailed(order, "No answer.", silent=True))
    assert effects.FindFiscal(order, START) in desk.done
    desk.do(events.FiscalFinished(order, signature("found")))
    assert advice(desk).signature == signature("found")


def test_what_is_not_found_is_an_outage_with_its_number() -> None:
    desk, order = paid_in_cash()
    desk.do(events.FiscalFailed(order, "No answer.", silent=True))
    desk.do(events.FiscalNotFound(order))
    outage = advice(desk).outage
    assert outage is not None
    assert outage.number == START.number


def test_a_start_that_failed_is_an_outage_and_nothing_is_signed_later() -> None:
    desk, order = paid_in_cash(started=False)
    desk.do(events.FiscalFailed(order, "The TSE is unplugged. " * 50))
    outage = advice(desk).outage
    assert outage is not None
    assert len(outage.reason) == FAULT_LENGTH_MAX
    desk.do(events.FiscalStarted(order, START))
    assert not desk.performed(effects.FinishFiscal)


def test_the_outage_is_dated_from_its_first_failure() -> None:
    desk, order = paid_in_cash(started=False)
    desk.do(events.FiscalFailed(order, "Unplugged."))
    first = advice(desk).outage
    desk.records.clear()
    second = desk.pick()
    desk.do(events.FiscalFailed(second, "Unplugged."))
    desk.do(intents.PayByCash())
    again = advice(desk).outage
    assert first is not None
    assert again is not None
    assert first.since == again.since


def test_a_stray_number_at_the_tse_is_closed() -> None:
    desk = Desk()
    order = desk.pick()
    desk.do(events.FiscalStarted(order, START))
    desk.do(events.FiscalOpened("ab" * 32, None, (3, START.number)))
    assert desk.done == (effects.CloseStray(3, desk.state.unit.serial),)
