"""Which TSE a till uses, and how another one takes its place.

One Z number is signed by one TSE. Where another one answers, the Z number is closed
first, as soon as nothing of it is open; until then orders go on without a signature.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from edge.core import tse_news
from edge.core.effects import Note
from edge.core.records import FiscalStart
from edge.core.state import chain

if TYPE_CHECKING:
    from edge.core.events import FiscalOpened
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


def is_quiet(state: TillState) -> bool:
    """Say whether the TSE is needed by no order: none is open, all are signed."""
    return getattr(state.counter, "order", None) is None and not state.signing


def closed(state: TillState, moment: Moment) -> Step:
    """Take the TSE that waits, for the Z number before it has been closed."""
    event = state.unit.incoming
    if event is None:
        return state, ()
    unit = replace(state.unit, incoming=None)
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
