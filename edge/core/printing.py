"""What a till prints: receipts of closed orders and Z reports, on request or by itself.

An order is printed once it is sealed: before that nobody knows its signature. Whatever
may have left the printer already is a copy, and says so.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from contract.closing import decode_closing
from contract.closing_sheet import ClosedShift
from contract.ids import OrderId
from contract.order import OrderKind, Outcome, Path, decode_order
from edge.core import texts
from edge.core.effects import Commit, PrintClosing, PrintReceipt
from edge.core.records import PaperNoted
from edge.core.settings import PrintPolicy
from edge.core.state import PendingClosing
from edge.core.view import Banner, PrintState, ReceiptRow, Tone

if TYPE_CHECKING:
    from uuid import UUID

    from edge.core.effects import Effects
    from edge.core.events import Printed, PrintFailed
    from edge.core.records import Decided, PastOrder, Recovered, StoredClosing
    from edge.core.state import Step, TillState
    from edge.core.view import ClosedNumber

RECENT_MAX: Final = 6  # what fits on a screen
_WITHOUT_RECEIPT: Final = frozenset(
    {OrderKind.BLOCK, OrderKind.ANNOTATE, OrderKind.REGISTER, OrderKind.SWAP}
)
"""These move no money and hand nothing out."""

NOT_PRINTED: Final = "Receipt not printed"
NO_PRINTER: Final = Banner(
    Tone.INFORM,
    "No printer",
    "This till has no receipt printer. The guest can scan the code instead.",
)
NOTHING_TO_PRINT: Final = Banner(
    Tone.INFORM, "Nothing to print", "This till has closed no such order lately."
)


def recovered(state: TillState, found: Recovered) -> TillState:
    """Remember the last orders and the last closing before a restart."""
    if state.identity.prints is None:
        return state
    rows = tuple(
        row
        for row in (_row(each, _paper(each)) for each in found.recent)
        if row.kind not in _WITHOUT_RECEIPT
    )
    printing = replace(state.printing, recent=rows[:RECENT_MAX])
    last = found.last_closing
    if last is not None and printing.closing is None:
        printing = replace(
            printing, closing=pending(last.stored), closing_printed=last.printed
        )
    return replace(state, printing=printing)


def pending(found: StoredClosing) -> PendingClosing:
    """Go on with a closing as the journal has it."""
    return PendingClosing(
        found.id,
        found.z_number,
        found.report,
        start=found.start,
        signature=found.signature,
        outage=found.outage,
    )


def _paper(past: PastOrder) -> PrintState:
    return PrintState.PRINTED if past.printed else PrintState.NO


def decided(state: TillState, decision: Decided) -> TillState:
    """Remember an order that was completed; some are to be printed by themselves."""
    policy = state.identity.prints
    if policy is None or decision.outcome is not Outcome.COMPLETED:
        return state
    row = _row(decision, PrintState.NO)
    if row.kind in _WITHOUT_RECEIPT:
        return state
    if policy is PrintPolicy.ALWAYS:
        row = replace(row, state=PrintState.ASKED)
    row = replace(row, stand_in=decision.path is Path.STAND_IN)
    recent = (row, *state.printing.recent)[:RECENT_MAX]
    return replace(state, printing=replace(state.printing, recent=recent))


def sealed(state: TillState, order: OrderId) -> Effects:
    """Print an order that has just been sealed, if somebody waits for it."""
    row = _find(state, order)
    if row is None or row.state is not PrintState.ASKED or state.terms is None:
        return ()
    return (
        Commit((PaperNoted(order, may_exist=True),)),
        PrintReceipt(order, state.terms.config, is_copy=row.may_be_printed),
    )


def closed(state: TillState, sealed_one: PendingClosing) -> Step:
    """Print a Z report once it is signed, or known why not."""
    if state.identity.prints is None:
        return state, ()
    state = replace(
        state,
        printing=replace(state.printing, closing=sealed_one, closing_printed=False),
    )
    return state, _closing(state)


def ask(state: TillState, order: UUID | None) -> Step:
    """Print a receipt for the cashier (the newest when none is named), or again."""
    if state.identity.prints is None:
        return replace(state, banner=NO_PRINTER), ()
    recent = state.printing.recent
    if order is None and recent:
        order = recent[0].order
    row = None if order is None else _find(state, OrderId(order))
    if row is None or state.terms is None:
        return replace(state, banner=NOTHING_TO_PRINT), ()
    if row.state is PrintState.ASKED:
        return state, ()  # it is on its way
    asked = replace(
        row,
        state=PrintState.ASKED,
        may_be_printed=row.state is PrintState.PRINTED or row.may_be_printed,
    )
    state = replace(_with_row(state, asked), banner=None)
    if any(each.decision.order == row.order for each in state.signing):
        return state, ()  # it is printed when it is sealed
    return state, sealed(state, OrderId(row.order))


def ask_closing(state: TillState) -> Step:
    """Print the last Z report again."""
    if state.identity.prints is None:
        return replace(state, banner=NO_PRINTER), ()
    if state.printing.closing is None:
        return replace(state, banner=NOTHING_TO_PRINT), ()
    return replace(state, banner=None), _closing(state)


def told(state: TillState, number: ClosedNumber) -> TillState:
    """Say that a Z number has just been closed."""
    return replace(state, closed=number, banner=texts.closed(number))


def tell(
    state: TillState,
    z_number: int,
    *,
    signed: bool | None = None,
    printed: bool = False,
    recorded: bool = False,
) -> TillState:
    """Say what became of its report, where the closing is still spoken of."""
    before = state.closed
    if before is None or before.z_number != z_number:
        return state
    number = replace(
        before,
        signed=before.signed if signed is None else signed,
        printed=printed or before.printed,
        recorded=before.recorded or recorded,
    )
    if state.banner == texts.closed(before):
        return told(state, number)
    return replace(state, closed=number)


def on_printed(state: TillState, event: Printed) -> Step:
    """Note that a sheet left the printer."""
    if event.order is None:
        if state.printing.closing is not None:
            state = tell(state, state.printing.closing.z_number, printed=True)
        printing = replace(state.printing, closing_printed=True)
        return replace(state, printing=printing), ()
    row = _find(state, event.order)
    if row is None:
        return state, ()
    return _with_row(state, replace(row, state=PrintState.PRINTED)), ()


def on_failed(state: TillState, event: PrintFailed) -> Step:
    """Tell the cashier why nothing was printed, and let it be tried again."""
    banner = Banner(Tone.TRY_AGAIN, NOT_PRINTED, event.text)
    state = replace(state, banner=banner)
    if event.order is None:
        done = state.printing.closing_printed or event.begun
        printing = replace(state.printing, closing_printed=done)
        closing = printing.closing
        blank = () if done or closing is None else (_blank(closing.id),)
        return replace(state, printing=printing), blank
    row = _find(state, event.order)
    if row is None:
        return state, ()
    begun = row.may_be_printed or event.begun
    state = _with_row(state, replace(row, state=PrintState.NO, may_be_printed=begun))
    return state, () if begun else (_blank(event.order),)


def _blank(sheet: OrderId) -> Commit:
    return Commit((PaperNoted(sheet, may_exist=False),))


def offered(state: TillState) -> bool:
    """Whether the key to print stands on an approval."""
    policy = state.identity.prints
    return policy is not None and policy is not PrintPolicy.STAND_IN


def _closing(state: TillState) -> Effects:
    last, terms = state.printing.closing, state.terms
    if last is None or terms is None:
        return ()
    config = terms.config
    shift = ClosedShift(
        report=decode_closing(last.report),
        seller=config.seller,
        event_name=config.event_name,
        signature=last.signature,
        outage=last.outage,
        demo=config.demo,
    )
    return (
        Commit((PaperNoted(last.id, may_exist=True),)),
        PrintClosing(shift, is_copy=state.printing.closing_printed),
    )


def _row(past: Decided | PastOrder, printed: PrintState) -> ReceiptRow:
    order = decode_order(past.document)
    return ReceiptRow(
        order=order.id,
        number=order.sequence,
        kind=order.kind,
        total=order.total,
        decided_at=past.decided_at,
        state=printed,
    )


def _find(state: TillState, order: OrderId) -> ReceiptRow | None:
    return next((each for each in state.printing.recent if each.order == order), None)


def _with_row(state: TillState, row: ReceiptRow) -> TillState:
    recent = tuple(
        row if each.order == row.order else each for each in state.printing.recent
    )
    return replace(state, printing=replace(state.printing, recent=recent))
