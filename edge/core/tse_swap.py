"""Which TSE a till uses, and how another one takes its place.

One Z number is signed by one TSE. Where another one answers, the Z number is closed
first, as soon as nothing of it is open; until then orders go on without a signature.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from edge.core import tse_news
from edge.core.effects import Note, SumUp
from edge.core.records import FiscalStart
from edge.core.state import Approved, Selling, chain

if TYPE_CHECKING:
    from edge.core.events import FiscalOpened, SummedUp
    from edge.core.state import Moment, Step, TillState

OPEN_MANY: Final = 50  # of the 512 that a Diebold Nixdorf TSE can hold open
ANOTHER: Final = (
    "Another TSE is plugged in. It signs once the till has closed its Z number."
)


def opened(state: TillState, event: FiscalOpened, moment: Moment) -> Step:
    """Take a TSE into use, or have it wait for the closing of this Z number."""
    known = state.tse_news.latest
    before = state.unit.serial or (known.tse.serial if known else "")
    if not (before and before != event.serial and state.z_orders):
        return _take(state, event, moment)
    # What failed so far was the TSE before it.
    unit = replace(state.unit, incoming=event, down_since=None)
    state = tse_news.failing(replace(state, unit=unit), ANOTHER, moment)
    note = Note(
        f"TSE {event.serial[:16]}... has taken the place of {before[:16]}...;"
        f" Z {state.z_number} is closed first.",
        urgent=True,
    )
    return state, (note,)


def settle(state: TillState) -> Step:
    """Have the Z number summed up, when another TSE waits and nothing is open."""
    unit = state.unit
    if unit.incoming is None or unit.is_summing or not may_close(state):
        return state, ()
    state = replace(state, unit=replace(unit, is_summing=True))
    return state, (SumUp(state.z_number),)


def may_close(state: TillState) -> bool:
    """Say whether no order is open, nor on its way to a signature."""
    busy = state.signing or state.cancellations or state.charges or state.lookups
    return is_idle(state) and not busy and state.terms is not None


def is_idle(state: TillState) -> bool:
    """Say whether no order is open at the counter."""
    counter = state.counter
    return isinstance(counter, Approved) or (
        isinstance(counter, Selling) and counter.order is None
    )


def is_quiet(state: TillState) -> bool:
    """Say whether the TSE is needed by no order: none is open, all are signed."""
    return getattr(state.counter, "order", None) is None and not state.signing


def may_take(state: TillState, event: SummedUp) -> bool:
    """Say whether these are all orders of the Z number, and it may be closed now."""
    last = event.orders[-1].sequence if event.orders else state.next_sequence - 1
    return (
        state.unit.is_summing and may_close(state) and last >= state.next_sequence - 1
    )


def put_off(state: TillState) -> TillState:
    """Wait for the next moment in which nothing is open."""
    return replace(state, unit=replace(state.unit, is_summing=False))


def closed(state: TillState, moment: Moment) -> Step:
    """Take the TSE that waits, for the Z number before it has been closed."""
    event = state.unit.incoming
    if event is None:
        return state, ()
    unit = replace(state.unit, incoming=None, is_summing=False)
    return _take(replace(state, unit=unit), event, moment)


def left_open(state: TillState, start: FiscalStart) -> TillState:
    """Remember to close what nobody will finish, once the TSE works again."""
    unit = state.unit
    if start.tse_serial not in {"", unit.serial}:
        return state
    return replace(state, unit=replace(unit, leftovers=(*unit.leftovers, start.number)))


def _take(state: TillState, event: FiscalOpened, moment: Moment) -> Step:
    closing = (each.start for each in state.closings if not each.is_sealed)
    ours = {
        start.number
        for start in (*state.fiscal.values(), *closing)
        if isinstance(start, FiscalStart) and start.tse_serial in {"", event.serial}
    }
    unit = replace(
        state.unit,
        serial=event.serial,
        expires=event.expires,
        incoming=None,
        is_summing=False,
        leftovers=tuple(n for n in event.open_numbers if n not in ours),
    )
    moved = chain(
        replace(state, unit=unit),
        lambda s: tse_news.in_use(s, event, moment),
        lambda s: (tse_news.working(s), ()),
    )
    if len(event.open_numbers) < OPEN_MANY:
        return moved
    note = Note(
        f"The TSE holds {len(event.open_numbers)} fiscal transactions open, of the 512"
        " that it can hold. They are closed now; tell whoever maintains this till.",
        urgent=True,
    )
    return moved[0], (*moved[1], note)
