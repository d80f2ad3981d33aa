"""The checkout: a pure state machine that says what a till does about each event.

`step` is the whole rule: state and event in, state and effects out. The decision on an
order is committed in the same step that puts its result on the screen, and the till
performs the commit first. `EDGES` declares every way from one screen to another;
`python -m edge.core.checkout --mermaid` draws them.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING, assert_never

from contract.ids import OrderId
from contract.messages import (
    CashierLoggedIn,
    CashierLoggedOut,
    ClosingIncomplete,
    ClosingRecorded,
    LoginRefused,
    OrderBooked,
    OrderChecked,
    OrderConflict,
    OrderDeclined,
    OrderInfo,
    Rejected,
    TillDescriptionRecorded,
    TseNotesRecorded,
    WristbandInfo,
)
from edge.core import (
    canceling,
    cashier,
    charging,
    closing,
    ending,
    events,
    hearing,
    inquiring,
    intents,
    leaving,
    lookups,
    paying,
    presenting,
    printing,
    signing,
    texts,
    tse_news,
    wallet_news,
)
from edge.core.edges import EDGES, mermaid
from edge.core.effects import OpenFiscal, gathered
from edge.core.state import (
    UNDELIVERED_MAX,
    Checking,
    Halted,
    Inquiring,
    Selling,
    Starting,
    at_counter,
    chain,
)
from edge.core.view import Banner, Tone

if TYPE_CHECKING:
    from uuid import UUID

    from contract.messages import FromHub
    from edge.core.state import Moment, Step, TillState

    OwnEvent = (
        intents.AnytimeIntent
        | events.Printed
        | events.PrintFailed
        | events.OrderFound
        | events.SummedUp
        | events.Shown
        | events.JournalFailed
    )
    Waited = events.RepeatRequest | events.RequestExpired | events.InquiryExpired
    Repeated = (
        events.ProbeDue
        | events.CountDue
        | events.CancellationDue
        | events.ChargeDue
        | events.ClosingDue
        | events.TseMissed
        | events.CatalogueDue
        | events.WalletsDue
        | events.TseNewsDue
    )

__all__ = ["EDGES", "mermaid", "step", "trigger"]

Anchored = (
    OrderBooked
    | OrderDeclined
    | OrderConflict
    | OrderChecked
    | WristbandInfo
    | OrderInfo
    | ClosingRecorded
    | ClosingIncomplete
)


def step(
    state: TillState, event: events.Event | intents.Intent, moment: Moment
) -> Step:
    """Say what a till does about one event: its next state and what to perform."""
    if isinstance(event, intents.CounterIntent):
        state = replace(state, banner=None)
        moved = cashier.on_intent(state, event, moment)
    elif isinstance(event, events.DeviceEvent | events.Alarm):
        moved = _on_device(state, event, moment)
    elif isinstance(event, events.FiscalEvent):
        moved = signing.on_fiscal(state, event, moment)
    elif isinstance(event, events.TerminalEvent):
        moved = charging.on_terminal(state, event, moment)
    elif isinstance(event, events.LinkEvent):
        moved = hearing.on_link(state, event, moment)
    elif isinstance(event, events.HubSaid):
        moved = _on_message(state, event.message, moment)
    else:
        moved = _on_own(state, event, moment)
    return _settled(moved, moment)


def trigger(event: events.Event | intents.Intent) -> str:
    """Name an event as `EDGES` does: a hub's message by its own type."""
    if isinstance(event, events.HubSaid):
        return type(event.message).__name__
    return type(event).__name__


def _on_own(state: TillState, event: OwnEvent, moment: Moment) -> Step:
    match event:
        case intents.RestartTse() | intents.ConfirmClock():
            moved = _on_tse_intent(state, event, moment)
        case intents.PrintReceipt(order=order):
            moved = printing.ask(state, order)
        case intents.PrintClosing():
            moved = printing.ask_closing(state)
        case events.Printed():
            moved = printing.on_printed(state, event)
        case events.PrintFailed():
            moved = printing.on_failed(state, event)
        case events.OrderFound():
            moved = lookups.on_found(state, event, moment)
        case events.SummedUp():
            moved = closing.on_summed(state, event, moment)
        case events.Shown(order=order, at_ns=at_ns):
            moved = cashier.on_shown(state, OrderId(order), at_ns)
        case events.JournalFailed(text=text):
            banner = texts.journal_broken(text)
            moved = at_counter(state, Halted(banner, for_good=True)), ()
        case _:
            assert_never(event)
    return moved


def _on_tse_intent(
    state: TillState, intent: intents.RestartTse | intents.ConfirmClock, moment: Moment
) -> Step:
    if isinstance(intent, intents.ConfirmClock):
        return tse_news.vouch(state, moment)
    return state, (OpenFiscal(),)


def _on_device(
    state: TillState, event: events.DeviceEvent | events.Alarm, moment: Moment
) -> Step:
    moved: Step = state, ()
    match event:
        case events.WristbandRead():
            moved = presenting.on_card(state, event, moment)
        case events.WristbandUnreadable(text=text, arrived_ns=arrived_ns):
            if presenting.counts(state, arrived_ns):
                banner = Banner(Tone.ASK_THE_GUEST, "Wristband not readable", text)
                moved = replace(state, banner=banner), ()
        case events.WristbandLeft():
            pass
        case events.ReaderLamp(lamp=lamp):
            moved = replace(state, reader=lamp), ()
        case events.PrinterLamp(lamp=lamp):
            moved = replace(state, printing=replace(state.printing, lamp=lamp)), ()
        case events.FiscalLamp(lamp=lamp):
            moved = signing.on_lamp(state, lamp, moment), ()
        case events.ArchiveStuck(text=text):
            unit = replace(state.unit, archive_fault=text)
            moved = replace(state, unit=unit), ()
        case events.RepeatRequest() | events.RequestExpired() | events.InquiryExpired():
            moved = _on_silence(state, event, moment)
        case _:
            moved = _on_alarm(state, event, moment)
    return moved


def _on_silence(state: TillState, alarm: Waited, moment: Moment) -> Step:
    match alarm:
        case events.RepeatRequest(order=order, attempt=attempt):
            checking = paying.in_hand(state, order, attempt)
            if checking is not None and not checking.answered:
                return state, (paying.request_of(checking),)
        case events.RequestExpired(order=order, attempt=attempt):
            checking = paying.in_hand(state, order, attempt)
            if checking is not None and not checking.answered:
                return hearing.silenced(state, moment)
        case events.InquiryExpired(request=request):
            return chain(
                state,
                lambda s: inquiring.on_expired(s, request),
                lambda s: lookups.on_expired(s, request),
            )
        case _:
            assert_never(alarm)
    return state, ()


def _on_alarm(state: TillState, alarm: Repeated, moment: Moment) -> Step:
    match alarm:
        case events.ProbeDue():
            moved = hearing.on_probe_due(state)
        case events.CountDue(order=order, attempt=attempt):
            moved = paying.on_count_due(state, order, attempt, moment)
        case events.CancellationDue(order=order, attempt=attempt):
            moved = canceling.on_due(state, order, attempt)
        case events.ChargeDue():
            moved = charging.on_due(state, alarm, moment)
        case events.ClosingDue(closing=number):
            moved = closing.on_due(state, number)
        case events.TseMissed(closing=number):
            moved = closing.on_missed(state, number, moment)
        case events.CatalogueDue():
            moved = hearing.on_catalogue_due(state)
        case events.WalletsDue():
            moved = wallet_news.wanted(state)
        case events.TseNewsDue():
            moved = tse_news.on_due(state, alarm)
        case _:
            assert_never(alarm)
    return moved


def _on_message(state: TillState, message: FromHub, moment: Moment) -> Step:
    if isinstance(message, Anchored):
        return chain(
            hearing.alive(state, moment),
            lambda s: hearing.on_anchor(s, message.anchor, may_be_old=True),
            lambda s: _on_answer(s, message, moment),
        )
    match message:
        case CashierLoggedIn() | LoginRefused() | CashierLoggedOut():
            return inquiring.on_staff(hearing.alive(state, moment), message)
        case TillDescriptionRecorded() | TseNotesRecorded():
            return tse_news.on_answer(hearing.alive(state, moment), message)
        case Rejected():
            return _on_rejected(hearing.alive(state, moment), message, moment)
        case _:
            return hearing.on_announcement(state, message, moment)


def _on_answer(state: TillState, message: Anchored, moment: Moment) -> Step:
    match message:
        case OrderBooked() | OrderDeclined() | OrderConflict():
            moved = paying.on_verdict(state, message, moment)
        case OrderChecked():
            moved = paying.on_checked(state, message, moment)
        case WristbandInfo():
            moved = inquiring.on_info(state, message)
        case OrderInfo():
            moved = lookups.on_info(state, message, moment)
        case ClosingRecorded() | ClosingIncomplete():
            moved = closing.on_answer(state, message)
        case _:
            assert_never(message)
    return moved


def _on_rejected(state: TillState, message: Rejected, moment: Moment) -> Step:
    """Tell whoever asked that the hub could not even look at the question."""
    asked = message.regarding
    counter = state.counter
    if isinstance(counter, Checking) and asked == counter.request:
        return paying.on_rejected(state, counter, message, moment)
    if isinstance(counter, Inquiring) and asked == counter.request:
        return inquiring.on_rejected(state, message.text)
    moved = None if asked is None else _rejected_behind(state, message, asked, moment)
    return moved or hearing.on_announcement(state, message, moment)


def _rejected_behind(
    state: TillState, message: Rejected, asked: UUID, moment: Moment
) -> Step | None:
    """Tell whoever asked behind the counter; None when nobody there did."""
    if any(each.request == asked for each in state.lookups):
        return lookups.on_rejected(state, asked, message.text)
    news = state.tse_news.asked
    if news is not None and asked == news.id:
        return tse_news.on_rejected(state, message.text)
    if leaving.is_unsaid(state, asked):
        return leaving.on_rejected(state, asked, message.text)
    canceled = next((e for e in state.cancellations if e.request == asked), None)
    if canceled is not None:
        return canceling.on_rejected(state, canceled, message, moment)
    pending = next((each for each in state.closings if each.request == asked), None)
    if pending is not None:
        return closing.on_rejected(state, pending, message.text)
    return None


# --- after every step ----------------------------------------------------------------


def _settled(moved: Step, moment: Moment) -> Step:
    """Do what no single event brings about but the state as a whole calls for."""
    state, effects = moved
    if isinstance(state.counter, Checking) and not state.connection.up:
        state, more = paying.stand_in(state, state.counter, moment)
        effects += more
    if isinstance(state.counter, Inquiring) and not state.connection.up:
        state, more = inquiring.without_hub(state, state.counter)
        effects += more
    if state.cancellations:
        state, more = canceling.ask_if_due(state, moment)
        effects += more
    elif state.closings:  # one question of this kind at a time
        state, more = closing.send_if_due(state, moment)
        effects += more
    state, ended = ending.settle(_freed(state))
    state, news = tse_news.settle(state, moment)
    return state, gathered((*effects, *ended, *news))


def _freed(state: TillState) -> TillState:
    counter = state.counter
    if isinstance(counter, Starting) and state.terms is not None:
        return at_counter(state, Selling())
    if (
        isinstance(counter, Halted)
        and not counter.for_good
        and len(state.undelivered) < UNDELIVERED_MAX
    ):
        return at_counter(state, Selling())
    return state


def main(arguments: list[str]) -> int:
    """Print the diagram: `python -m edge.core.checkout --mermaid`."""
    if arguments != ["--mermaid"]:
        sys.stderr.write("usage: python -m edge.core.checkout --mermaid\n")
        return 2
    sys.stdout.write(mermaid())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
