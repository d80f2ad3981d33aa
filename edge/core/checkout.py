"""The checkout: a pure state machine that says what a till does about each event.

`step` is the whole rule: state and event in, state and effects out. The decision on an
order is committed in the same step that puts its result on the screen, and the till
performs the commit first. `EDGES` declares every way from one screen to another;
`python -m edge.core.checkout --mermaid` draws them.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Final, assert_never

from contract.ids import OrderId
from contract.messages import (
    OrderBooked,
    OrderConflict,
    OrderDeclined,
    Rejected,
)
from edge.core import (
    canceling,
    cashier,
    events,
    hearing,
    intents,
    paying,
    signing,
    texts,
)
from edge.core.effects import OpenFiscal, gathered
from edge.core.state import (
    UNDELIVERED_MAX,
    Checking,
    Halted,
    Selling,
    Starting,
    at_counter,
    chain,
)
from edge.core.view import Banner, Phase, Tone

if TYPE_CHECKING:
    from contract.messages import FromHub
    from edge.core.state import Moment, Step, TillState

Edge = tuple[Phase, str, Phase]

EDGES: Final[tuple[Edge, ...]] = (
    (Phase.STARTING, "CatalogueFetched", Phase.SELLING),
    (Phase.STARTING, "JournalFailed", Phase.HALTED),
    (Phase.SELLING, "PayByWristband", Phase.PRESENT),
    (Phase.SELLING, "PayByCash", Phase.APPROVED),
    (Phase.SELLING, "Pick", Phase.HALTED),
    (Phase.SELLING, "JournalFailed", Phase.HALTED),
    (Phase.PRESENT, "CardRead", Phase.CHECKING),
    (Phase.PRESENT, "CardRead", Phase.APPROVED),
    (Phase.PRESENT, "CardRead", Phase.DECLINED),
    (Phase.PRESENT, "PayByCash", Phase.APPROVED),
    (Phase.PRESENT, "BackToBasket", Phase.SELLING),
    (Phase.PRESENT, "AbortOrder", Phase.SELLING),
    (Phase.PRESENT, "JournalFailed", Phase.HALTED),
    (Phase.CHECKING, "OrderBooked", Phase.APPROVED),
    (Phase.CHECKING, "OrderDeclined", Phase.DECLINED),
    (Phase.CHECKING, "OrderConflict", Phase.DECLINED),
    (Phase.CHECKING, "Rejected", Phase.DECLINED),
    (Phase.CHECKING, "Rejected", Phase.APPROVED),
    (Phase.CHECKING, "RequestExpired", Phase.APPROVED),
    (Phase.CHECKING, "RequestExpired", Phase.DECLINED),
    (Phase.CHECKING, "NobodyListens", Phase.APPROVED),
    (Phase.CHECKING, "NobodyListens", Phase.DECLINED),
    (Phase.CHECKING, "NotSent", Phase.APPROVED),
    (Phase.CHECKING, "NotSent", Phase.DECLINED),
    (Phase.CHECKING, "LinkDown", Phase.APPROVED),
    (Phase.CHECKING, "LinkDown", Phase.DECLINED),
    (Phase.CHECKING, "HubStatus", Phase.APPROVED),
    (Phase.CHECKING, "HubStatus", Phase.DECLINED),
    (Phase.CHECKING, "JournalFailed", Phase.HALTED),
    (Phase.APPROVED, "Dismiss", Phase.SELLING),
    (Phase.APPROVED, "Pick", Phase.SELLING),
    (Phase.APPROVED, "Pick", Phase.HALTED),
    (Phase.APPROVED, "JournalFailed", Phase.HALTED),
    (Phase.DECLINED, "BackToBasket", Phase.SELLING),
    (Phase.DECLINED, "PayByWristband", Phase.PRESENT),
    (Phase.DECLINED, "PayByCash", Phase.APPROVED),
    (Phase.DECLINED, "AbortOrder", Phase.SELLING),
    (Phase.DECLINED, "JournalFailed", Phase.HALTED),
    (Phase.HANDED_OUT, "AnswerHandedOut", Phase.SELLING),
    (Phase.HANDED_OUT, "AnswerHandedOut", Phase.STARTING),
    (Phase.HANDED_OUT, "JournalFailed", Phase.HALTED),
    (Phase.HALTED, "AdviceRecorded", Phase.SELLING),
)


def step(
    state: TillState, event: events.Event | intents.Intent, moment: Moment
) -> Step:
    """Say what a till does about one event: its next state and what to perform."""
    match event:
        case (
            intents.Pick()
            | intents.Remove()
            | intents.AbortOrder()
            | intents.PayByWristband()
            | intents.PayByCash()
            | intents.BackToBasket()
            | intents.Dismiss()
            | intents.AnswerHandedOut()
        ):
            state = replace(state, banner=None)
            moved = cashier.on_intent(state, event, moment)
        case intents.RestartTse():
            moved = state, (OpenFiscal(),)
        case events.HubSaid(message=message):
            moved = _on_message(state, message, moment)
        case (
            events.FiscalOpened()
            | events.FiscalStarted()
            | events.FiscalFinished()
            | events.FiscalFailed()
            | events.FiscalNotFound()
        ):
            moved = signing.on_fiscal(state, event, moment)
        case (
            events.CardRead()
            | events.CardUnreadable()
            | events.CardLeft()
            | events.ReaderLamp()
            | events.FiscalLamp()
        ):
            moved = _on_device(state, event, moment)
        case (
            events.RepeatRequest()
            | events.RequestExpired()
            | events.ProbeDue()
            | events.CancellationDue()
            | events.CatalogueDue()
        ):
            moved = _on_alarm(state, event, moment)
        case events.Shown(order=order, at_ns=at_ns):
            moved = cashier.on_shown(state, OrderId(order), at_ns)
        case events.JournalFailed(text=text):
            banner = texts.journal_broken(text)
            moved = at_counter(state, Halted(banner, for_good=True)), ()
        case _:
            moved = hearing.on_link(state, event, moment)
    return _settled(moved, moment)


def trigger(event: events.Event | intents.Intent) -> str:
    """Name an event as `EDGES` does: a hub's message by its own type."""
    if isinstance(event, events.HubSaid):
        return type(event.message).__name__
    return type(event).__name__


def mermaid() -> str:
    """Draw `EDGES` as a Mermaid state diagram."""
    lines = ["stateDiagram-v2", "    [*] --> starting", "    [*] --> handed_out"]
    pairs = dict.fromkeys((start, end) for start, _, end in EDGES)
    for start, end in pairs:
        labels = [name for one, name, two in EDGES if (one, two) == (start, end)]
        lines.append(f"    {start.value} --> {end.value}: {', '.join(labels)}")
    return "\n".join(lines) + "\n"


def _on_device(state: TillState, event: events.DeviceEvent, moment: Moment) -> Step:
    moved: Step = state, ()
    match event:
        case events.CardRead():
            moved = paying.on_card(state, event, moment)
        case events.CardUnreadable(text=text, arrived_ns=arrived_ns):
            if paying.counts(state, arrived_ns):
                banner = Banner(Tone.ASK_THE_GUEST, "Wristband not readable", text)
                moved = replace(state, banner=banner), ()
        case events.CardLeft():
            pass
        case events.ReaderLamp(lamp=lamp):
            moved = replace(state, reader=lamp), ()
        case events.FiscalLamp(lamp=lamp):
            moved = replace(state, unit=replace(state.unit, lamp=lamp)), ()
        case _:
            assert_never(event)
    return moved


def _on_alarm(state: TillState, alarm: events.Alarm, moment: Moment) -> Step:
    moved: Step = state, ()
    match alarm:
        case events.RepeatRequest(order=order, attempt=attempt):
            checking = paying.in_hand(state, order, attempt)
            if checking is not None:
                moved = state, (paying.request_of(checking),)
        case events.RequestExpired(order=order, attempt=attempt):
            if paying.in_hand(state, order, attempt) is not None:
                moved = hearing.silenced(state, moment)
        case events.ProbeDue():
            moved = hearing.on_probe_due(state)
        case events.CancellationDue(order=order):
            moved = canceling.on_due(state, order)
        case events.CatalogueDue():
            moved = hearing.on_catalogue_due(state)
        case _:
            assert_never(alarm)
    return moved


def _on_message(state: TillState, message: FromHub, moment: Moment) -> Step:
    match message:
        case OrderBooked() | OrderDeclined() | OrderConflict():
            state = hearing.alive(state, moment)
            return chain(
                state,
                lambda s: hearing.on_anchor(s, message.anchor, may_be_old=True),
                lambda s: paying.on_verdict(s, message, moment),
            )
        case Rejected() if (
            isinstance(state.counter, Checking)
            and message.regarding == state.counter.request
        ):
            return paying.on_rejected(state, state.counter, message, moment)
        case _:
            return hearing.on_announcement(state, message, moment)


# --- after every step ----------------------------------------------------------------


def _settled(moved: Step, moment: Moment) -> Step:
    """Do what no single event brings about but the state as a whole calls for."""
    state, effects = moved
    if isinstance(state.counter, Checking) and not state.connection.up:
        state, more = paying.stand_in(state, state.counter, moment)
        effects += more
    if state.cancellations:
        state, more = canceling.ask_if_due(state, moment)
        effects += more
    return _freed(state), gathered(effects)


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
