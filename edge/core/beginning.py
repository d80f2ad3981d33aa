"""Opening orders: on disk first, then at the TSE, then towards whoever pays."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec

from contract.ids import OrderId
from contract.order import (
    CashPlace,
    OrderKind,
    Payment,
    PaymentMethod,
    PlaceRole,
    encode_order,
)
from edge.core import paying, presenting, registers, rights, shifts, signing, texts
from edge.core.acts import CashAct, TicketSale, VoucherGrant
from edge.core.basket import Basket
from edge.core.clock import clock_lamp
from edge.core.effects import Commit
from edge.core.open_order import OpenOrder
from edge.core.records import OrderOpened
from edge.core.state import (
    UNDELIVERED_MAX,
    Halted,
    Presenting,
    Selling,
    Step,
    TillState,
    at_counter,
)

if TYPE_CHECKING:
    from edge.core.acts import Act
    from edge.core.open_order import Content
    from edge.core.state import Moment

Move = Callable[[TillState], Step]


def begin(state: TillState, act: Act, moment: Moment) -> Step:
    """Open an order that is no sale, and go on to its wristband or its end."""
    act = _filled_in(state, act)
    free = isinstance(act, TicketSale) and act.free
    barred = rights.kind_barred(state, act.kind, free_ticket=free)
    if barred is not None:
        return replace(state, banner=barred), ()
    turned_away = shifts.turned_away(state, act)
    if turned_away is not None:
        return turned_away
    if act.is_empty and not isinstance(act, TicketSale):
        return replace(state, banner=texts.NO_AMOUNT), ()
    state, effects = open_order(state, act, moment)
    counter = state.counter
    if not isinstance(counter, Selling) or counter.order is None:
        return state, effects
    state, more = _first_step(state, counter.order, moment)
    return state, (*effects, *more)


def open_order(state: TillState, content: Content, moment: Moment) -> Step:
    """Put an order on disk and begin its fiscal transaction."""
    terms = state.terms
    assert terms is not None, "nothing is opened before the terms are known"
    if len(state.undelivered) >= UNDELIVERED_MAX:
        return at_counter(state, Halted(texts.JOURNAL_FULL, for_good=False)), ()
    barred = rights.kind_barred(state, content.kind) if _is_sale(content) else None
    barred = barred or shifts.opening_barred(state)
    if barred is not None:
        return replace(state, banner=barred), ()
    order = OpenOrder(
        id=OrderId(moment.fresh),
        event=state.identity.event,
        till=state.identity.till,
        sequence=state.next_sequence,
        z_number=state.z_number,
        opened_at=moment.now,
        catalogue=terms.catalogue,
        content=content,
        cashier=state.cashier.id if state.cashier else "",
        register=registers.named(state),
        training=state.training,
        booking_model=terms.config.booking_model,
    )
    opened = OrderOpened(
        order=order.id,
        sequence=order.sequence,
        z_number=order.z_number,
        kind=content.kind,
        opened_at=order.opened_at,
        document=encode_order(order.as_attempt(0, None)),
    )
    state = replace(
        state,
        counter=Selling(order),
        next_sequence=state.next_sequence + 1,
        z_orders=state.z_orders + 1,
        clock=clock_lamp(moment.now, state.last_at),
        last_at=max(moment.now, state.last_at or moment.now),
    )
    state, effects = signing.begin(state, order.id)
    return state, (Commit((opened,)), *effects)


def _is_sale(content: Content) -> bool:
    return isinstance(content, Basket)


def _filled_in(state: TillState, act: Act) -> Act:
    """Add what the till knows better than the screen."""
    assert state.terms is not None
    granter = state.cashier.id if state.cashier else state.identity.till
    match act:
        case TicketSale():
            return replace(
                act,
                catalogue=state.terms.catalogue,
                entries=(),
                granted_by=granter if act.free else "",
            )
        case VoucherGrant():
            return replace(act, granted_by=granter)
        case CashAct():
            return _counted(state, act)
        case _:
            return act


def _counted(state: TillState, act: CashAct) -> CashAct:
    key = registers.key(state)
    move = act.move
    if act.kind is OrderKind.SHIFT_END:
        source = CashPlace(role=PlaceRole.REGISTER, key=key)
        counted = move.counted_minor if move.counted_minor is not None else 0
        move = msgspec.structs.replace(
            move,
            source=source,
            amount_minor=counted,
            counted_minor=counted,
            expected_minor=registers.held(state, key),
        )
    return replace(act, move=move, register=key)


def _first_step(state: TillState, order: OpenOrder, moment: Moment) -> Step:
    if order.content.wants_wristband:
        waiting = Presenting(order, moment.monotonic_ns, to_pay=False)
        return at_counter(state, waiting), ()
    if presenting.is_unpaid(order):
        return presenting.submit(state, order, moment)
    if isinstance(order.content, CashAct):
        payment = Payment(method=PaymentMethod.CASH) if order.total.minor else None
        return paying.attempt(state, order, payment, moment)
    return state, ()
