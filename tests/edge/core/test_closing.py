"""Closings: nothing in a Z number is left out, and nobody waits for them."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

import msgspec
import pytest

from contract.closing import closing_process_data, decode_closing, orders_digest
from contract.messages import (
    Closing,
    ClosingIncomplete,
    ClosingRecorded,
    HubStatus,
    Rejected,
    RejectReason,
    SequenceSpan,
)
from contract.order import order_digest
from contract.staff import Right
from edge.core import effects, events, intents
from edge.core.picture import picture
from edge.core.records import FiscalStart
from edge.core.state import LoggedIn
from edge.core.view import ClosedNumber, Phase
from tests.contract.orders import BEER, PRETZEL
from tests.contract.samples import AT, SIGNATURE, TSE
from tests.edge.core.desk import ANCHOR
from tests.edge.core.festival import Festival
from tests.edge.parts import BAR

START = FiscalStart(7, 70, AT)


def a_day(desk: Festival) -> None:
    for product in (BEER.id, PRETZEL.id):
        desk.pick_all(product)
        desk.do(intents.PayByCash())
    desk.pick_all(BEER.id)
    desk.do(intents.AbortOrder())
    desk.seal_all()


def close(desk: Festival) -> None:
    desk.do(intents.CloseTill())
    if desk.showing() is Phase.CHECKING:
        desk.sum_up()


def signed(desk: Festival) -> None:
    closing = desk.state.closings[-1].id
    desk.do(events.FiscalStarted(closing, START))
    assert desk.only(effects.FinishFiscal).process_data == closing_process_data(
        desk.state.closings[-1].report
    )
    desk.do(events.FiscalFinished(closing, SIGNATURE))


def test_a_closing_sums_its_orders_up_and_the_next_has_the_next_number() -> None:
    desk = Festival().up()
    a_day(desk)
    desk.recorded(desk.decisions()[0].order)
    close(desk)
    signed(desk)
    message = desk.asked(Closing)
    report = decode_closing(message.report)
    assert (report.z_number, report.completed, report.aborted) == (1, 2, 1)
    assert report.span == SequenceSpan(first=1, last=3)
    assert [each.total_minor for each in report.totals] == [750]
    assert sum(tax.gross_minor for tax in report.taxes) == 750
    assert report.digest == orders_digest(
        order_digest(each.document) for each in desk.decisions()
    )
    assert report.anchor == ANCHOR
    assert message.signature == SIGNATURE
    desk.pick_all(BEER.id)
    desk.do(intents.PayByCash())
    assert desk.last().z_number == 2


def test_it_is_sent_until_it_is_recorded() -> None:
    desk = Festival()
    a_day(desk)
    close(desk)
    signed(desk)
    assert not desk.performed(effects.SendRequest)
    desk.up()
    alarms = [each for each in desk.state.closings if each.request]
    assert alarms
    desk.do(events.ClosingDue(desk.state.closings[0].id))
    assert desk.asked(Closing).signature == SIGNATURE
    desk.say(
        ClosingRecorded(
            id=UUID(int=3),
            regarding=desk.asked(Closing).id,
            till=BAR,
            z_number=1,
            anchor=ANCHOR,
        )
    )
    assert desk.state.closings == ()
    assert desk.restarted().state.closings == ()
    assert desk.restarted().state.z_number == 2


def test_what_the_hub_lacks_is_delivered_again() -> None:
    desk = Festival().up()
    a_day(desk)
    for decision in desk.decisions():
        desk.recorded(decision.order)
    close(desk)
    signed(desk)
    message = desk.asked(Closing)
    assert desk.journal.unrecorded() == ()
    desk.say(
        ClosingIncomplete(
            id=UUID(int=3),
            regarding=message.id,
            till=BAR,
            z_number=1,
            missing=(SequenceSpan(first=2, last=3),),
            anchor=ANCHOR,
        )
    )
    assert desk.performed(effects.Redeliver)
    assert len(desk.journal.unrecorded()) == 2
    desk.do(events.ClosingDue(desk.state.closings[0].id))
    assert desk.asked(Closing).report == message.report


def test_a_restored_ledger_hears_every_closing_again() -> None:
    desk = Festival().up()
    a_day(desk)
    for decision in desk.decisions():
        desk.recorded(decision.order)
    close(desk)
    signed(desk)
    report = desk.asked(Closing).report
    desk.say(
        ClosingRecorded(
            id=UUID(int=3),
            regarding=desk.asked(Closing).id,
            till=BAR,
            z_number=1,
            anchor=ANCHOR,
        )
    )
    assert desk.state.closings == ()

    other = msgspec.structs.replace(ANCHOR, incarnation=UUID(int=78), batch=2)
    desk.say(HubStatus(id=UUID(int=4), online=True, anchor=other))
    assert desk.performed(effects.Redeliver)
    found = desk.journal.read()
    desk.do(events.UndeliveredAgain(found.undelivered, found.closings))
    assert len(found.undelivered) == len(desk.decisions())
    assert desk.asked(Closing).report == report
    assert [each.z_number for each in desk.restarted().state.closings] == [1]


@pytest.mark.parametrize("silent", [False, True])
def test_a_dead_tse_does_not_hold_a_closing_up(*, silent: bool) -> None:
    desk = Festival().up()
    a_day(desk)
    close(desk)
    closing = desk.state.closings[0].id
    desk.do(events.FiscalStarted(closing, START))
    desk.do(events.FiscalFailed(closing, "No answer.", silent))
    if silent:
        assert desk.performed(effects.FindFiscal)
        desk.do(events.FiscalNotFound(closing))
    assert desk.asked(Closing).outage is not None


@pytest.mark.parametrize("late", [False, True])
def test_what_a_closing_began_at_the_tse_is_closed(*, late: bool) -> None:
    desk = Festival()
    desk.do(events.FiscalOpened(TSE.serial, TSE.expires, (), TSE))
    a_day(desk)
    close(desk)
    closing = desk.state.closings[0].id
    if not late:
        desk.do(events.FiscalStarted(closing, START))
    desk.do(events.FiscalFailed(closing, "Refused."))
    if late:
        desk.do(events.FiscalStarted(closing, START))
    else:  # found open when the TSE is brought back, before the hub has the closing
        desk.do(events.FiscalOpened(TSE.serial, TSE.expires, (START.number,), TSE))
    assert desk.only(effects.CloseStray).number == START.number


OPENED = events.FiscalOpened(TSE.serial, TSE.expires, (), TSE)
BEGUN = replace(START, tse_serial=TSE.serial)


def cut_short(*, begun: bool) -> Festival:
    """Cut the power before the TSE has signed a closing."""
    desk = Festival()
    a_day(desk)
    close(desk)
    if begun:
        desk.do(events.FiscalStarted(desk.state.closings[0].id, BEGUN))
    again = desk.restarted()
    assert again.state.z_number == 2
    again.up()
    assert not again.performed(effects.SendRequest)
    return again


def test_a_closing_that_the_tse_never_began_is_signed_after_a_restart() -> None:
    desk = cut_short(begun=False)
    desk.do(OPENED)
    (pending,) = desk.state.closings
    assert desk.only(effects.BeginFiscal).order == pending.id
    signed(desk)
    assert desk.asked(Closing).signature == SIGNATURE


def test_a_closing_that_was_begun_is_looked_up_and_finished_after_a_restart() -> None:
    desk = cut_short(begun=True)
    desk.do(replace(OPENED, open_numbers=(BEGUN.number,)))
    (pending,) = desk.state.closings
    assert desk.only(effects.FindFiscal).start == BEGUN
    assert not desk.performed(effects.CloseStray)
    desk.do(events.FiscalNotFound(pending.id))
    assert desk.only(effects.FinishFiscal).start == BEGUN
    desk.do(events.FiscalFailed(pending.id, "No answer.", silent=True))
    assert desk.performed(effects.FindFiscal)
    desk.do(events.FiscalFinished(pending.id, SIGNATURE))
    assert desk.asked(Closing).signature == SIGNATURE
    assert desk.restarted().state.closings[0].signature == SIGNATURE


def test_what_the_tse_signed_before_the_power_cut_is_found() -> None:
    desk = cut_short(begun=True)
    desk.do(OPENED)
    desk.do(events.FiscalFinished(desk.state.closings[0].id, SIGNATURE))
    assert desk.asked(Closing).signature == SIGNATURE
    assert not desk.performed(effects.FinishFiscal)


@pytest.mark.parametrize("begun", [False, True])
def test_a_closing_does_not_wait_for_ever_for_a_tse_that_does_not_come(
    *, begun: bool
) -> None:
    desk = cut_short(begun=begun)
    (pending,) = desk.state.closings
    desk.do(events.TseMissed(pending.id))
    assert desk.asked(Closing).outage is not None
    desk.do(OPENED)
    assert not desk.performed(effects.BeginFiscal)
    assert not desk.performed(effects.FindFiscal)


def test_a_tse_that_is_late_for_a_closing_of_a_second_start_is_not_missed() -> None:
    desk = cut_short(begun=False)
    desk.do(OPENED)
    signed(desk)
    desk.do(events.TseMissed(desk.state.closings[0].id))
    assert desk.state.closings[0].signature == SIGNATURE


def test_another_tse_does_not_finish_what_the_one_before_it_began() -> None:
    desk = cut_short(begun=True)
    desk.do(events.FiscalOpened("cd" * 32, TSE.expires, (BEGUN.number,), None))
    outage = desk.asked(Closing).outage
    assert outage is not None
    assert outage.number == BEGUN.number
    assert not desk.performed(effects.FindFiscal)


def test_nothing_is_closed_before_all_orders_have_ended() -> None:
    desk = Festival()
    close(desk)
    assert desk.state.banner is not None
    assert desk.state.banner.title == "Nothing to close"
    desk.pick_all(BEER.id)
    desk.do(intents.PayByCash())
    close(desk)
    assert desk.state.banner.title == "Not closed yet"
    assert desk.state.z_number == 1


@pytest.mark.parametrize(
    ("rights", "needs_login", "refused"),
    [
        (None, False, ""),
        (None, True, "Log in first"),
        ({Right.SELL, Right.SUPERVISE}, True, "Not allowed"),
        ({Right.CLOSE_SHIFTS}, True, ""),
    ],
)
def test_where_people_log_in_closing_takes_the_right_to_it(
    rights: set[Right] | None, needs_login: bool, refused: str
) -> None:
    desk = Festival().up()
    a_day(desk)
    desk.do(intents.Dismiss())
    desk.profile(needs_login=needs_login)
    cashier = None
    if rights is not None:
        cashier = LoggedIn("c1", "Bob", "cashier", frozenset(rights))
    desk.state = replace(desk.state, cashier=cashier)
    barred = picture(desk.state).not_closable
    assert (barred.title if barred else "") == refused
    close(desk)
    assert desk.state.banner is not None
    assert desk.state.banner.title == (refused or "Z 1 is closed")


def test_the_cashier_reads_where_a_closing_is() -> None:
    desk = Festival().up()
    a_day(desk)
    for decision in desk.decisions():
        desk.recorded(decision.order)
    assert counted(desk) == (1, 3)
    close(desk)
    assert said(desk) == "Being signed, not yet recorded by the hub."
    assert counted(desk) == (2, 0)
    signed(desk)
    assert said(desk) == "Signed, not yet recorded by the hub."
    recorded = ClosingRecorded(
        id=UUID(int=3),
        regarding=desk.asked(Closing).id,
        till=BAR,
        z_number=1,
        anchor=ANCHOR,
    )
    desk.say(recorded)
    assert said(desk) == "Signed, recorded by the hub."
    assert picture(desk.state).closed == ClosedNumber(1, signed=True, recorded=True)


def test_news_of_a_closing_takes_no_other_sentence_away() -> None:
    desk = Festival().up()
    a_day(desk)
    close(desk)
    desk.pick_all(BEER.id)
    desk.do(intents.CloseTill())
    assert desk.state.banner is not None
    assert desk.state.banner.title == "An order is open"
    closing = desk.state.closings[-1].id
    desk.do(events.FiscalFailed(closing, "It is dead."))
    assert desk.state.banner.title == "An order is open"
    assert picture(desk.state).closed == ClosedNumber(1, signed=False)


def counted(desk: Festival) -> tuple[int, int]:
    view = picture(desk.state)
    return view.z_number, view.z_orders


def said(desk: Festival) -> str:
    banner = picture(desk.state).banner
    assert banner is not None
    assert banner.title == "Z 1 is closed"
    return banner.text


def test_a_closing_the_hub_refuses_is_kept_and_named() -> None:
    desk = Festival().up()
    a_day(desk)
    close(desk)
    signed(desk)
    desk.say(
        Rejected(
            id=UUID(int=3),
            regarding=desk.asked(Closing).id,
            reason=RejectReason.NOT_ALLOWED,
            text="This till is revoked.",
        )
    )
    assert desk.state.closings
    assert desk.state.banner is not None
    assert "revoked" in desk.state.banner.text
