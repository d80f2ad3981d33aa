"""Finding an order that is to be canceled: in this till's journal, else at the hub."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from contract.ids import OrderId
from contract.messages import OrderInfo, OrderQuery
from contract.order import OrderKind, Outcome, decode_order
from contract.staff import Right
from edge.core import canceling, rights, shifts, texts
from edge.core.effects import LookUp, SendRequest, SetAlarm
from edge.core.events import InquiryExpired
from edge.core.state import Lookup, Part

if TYPE_CHECKING:
    from collections.abc import Collection
    from uuid import UUID

    from contract.order import Order
    from contract.token import Credential
    from edge.core.events import OrderFound
    from edge.core.intents import CancelOrder
    from edge.core.records import StoredOrder
    from edge.core.state import Moment, Step, TillState

ANSWER_WITHIN_MS: Final = 3_000

_OF_CASH: Final = frozenset(
    {OrderKind.SHIFT_START, OrderKind.CASH_MOVEMENT, OrderKind.CASH_TRANSFER}
)


def begin(state: TillState, wish: CancelOrder) -> Step:
    """Look for the order in this till's journal first."""
    barred = rights.kind_barred(state, OrderKind.CANCELLATION)
    order = OrderId(wish.order)
    if barred is None and any(each.original == order for each in state.cancellations):
        barred = texts.CANCELED_ALREADY
    barred = barred or shifts.opening_barred(state)
    if barred is not None:
        return replace(state, banner=barred), ()
    lookup = Lookup(order, Part(wish.lines, wish.guest, wish.code))
    others = tuple(each for each in state.lookups if each.order != order)
    return replace(state, lookups=(*others, lookup)), (LookUp(order),)


def on_found(state: TillState, event: OrderFound, moment: Moment) -> Step:
    """Cancel what the journal holds; ask the hub for what it does not."""
    lookup = _waiting(state, event.order)
    if lookup is None:
        return state, ()
    if event.found is None:
        return _ask(state, lookup, moment)
    state = _done(state, lookup)
    original, attempts = event.found, event.found.attempts
    decision = original.decision
    if decision is None or decision.outcome is Outcome.ABORTED:
        return replace(state, banner=texts.NOTHING_TO_CANCEL), ()
    order = decode_order(decision.document)
    if _is_undone(lookup.part, event.undoing, order):
        return replace(state, banner=texts.CANCELED_ALREADY), ()
    credential = next(e for e in attempts if e.number == decision.attempt).credential
    return _cancel(state, lookup, order, moment, credential)


def on_info(state: TillState, info: OrderInfo, moment: Moment) -> Step:
    """Cancel an order of another till that the ledger holds."""
    lookup = next((e for e in state.lookups if e.request == info.regarding), None)
    if lookup is None:
        return state, ()
    state = _done(state, lookup)
    order = decode_order(info.order)
    if info.canceled or _meets(lookup.part, info.undone, order):
        return replace(state, banner=texts.CANCELED_ALREADY), ()
    if order.kind in _OF_CASH and order.till != state.identity.till:
        return replace(state, banner=texts.CANCEL_AT_ITS_TILL), ()
    return _cancel(state, lookup, order, moment, None)


def on_rejected(state: TillState, request: UUID, text: str) -> Step:
    """Take in that the hub has no such order, or may not tell of it."""
    lookup = next((e for e in state.lookups if e.request == request), None)
    if lookup is None:
        return state, ()
    banner = texts.cancellation_refused(text)
    return replace(_done(state, lookup), banner=banner), ()


def on_expired(state: TillState, request: UUID) -> Step:
    """Give a question up that the hub does not answer."""
    lookup = next((e for e in state.lookups if e.request == request), None)
    if lookup is None:
        return state, ()
    return replace(_done(state, lookup), banner=texts.NEEDS_HUB), ()


def _ask(state: TillState, lookup: Lookup, moment: Moment) -> Step:
    cashier = state.cashier
    if cashier is not None and Right.CANCEL_ANY not in cashier.rights:
        return replace(_done(state, lookup), banner=texts.NOT_ALLOWED), ()
    if not state.connection.up:
        return replace(_done(state, lookup), banner=texts.NEEDS_HUB), ()
    query = OrderQuery(id=moment.second, order=lookup.order)
    asked = replace(lookup, request=query.id)
    others = tuple(each for each in state.lookups if each.order != lookup.order)
    return replace(state, lookups=(*others, asked)), (
        SendRequest(query, ANSWER_WITHIN_MS // 1000),
        SetAlarm(InquiryExpired(query.id), ANSWER_WITHIN_MS),
    )


def _cancel(
    state: TillState,
    lookup: Lookup,
    original: Order,
    moment: Moment,
    credential: Credential | None,
) -> Step:
    if original.training is not state.training:
        banner = texts.NOT_PRACTICED if state.training else texts.ONLY_PRACTICED
        return replace(state, banner=banner), ()
    try:
        return canceling.open_cancellation(
            state, original, moment, part=lookup.part, credential=credential
        )
    except ValueError as error:
        return replace(state, banner=texts.cancellation_refused(str(error))), ()


def _meets(part: Part, taken: Collection[int], original: Order) -> bool:
    """Whether it is undone already, as far as lines can tell.

    A line of a group is undone for one guest after the other: the hub knows for whom.
    """
    if part.lines is None:
        return bool(taken)
    return len(original.credits) < 2 and bool(set(taken) & set(part.lines))


def _is_undone(part: Part, undoing: tuple[StoredOrder, ...], original: Order) -> bool:
    """Whether an earlier cancellation that still counts has taken it back."""
    for each in undoing:
        decision = each.decision
        if decision is not None and decision.outcome is Outcome.ABORTED:
            continue
        document = decision.document if decision else each.attempts[-1].document
        numbers = {line.cancels_line for line in decode_order(document).lines}
        taken = {number for number in numbers if number is not None}
        if not taken or _meets(part, taken, original):
            return True
    return False


def _waiting(state: TillState, order: OrderId) -> Lookup | None:
    return next((each for each in state.lookups if each.order == order), None)


def _done(state: TillState, lookup: Lookup) -> TillState:
    left = tuple(each for each in state.lookups if each.order != lookup.order)
    return replace(state, lookups=left)
