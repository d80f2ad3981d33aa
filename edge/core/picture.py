"""The picture of the till: what a screen shows of a state."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from contract.fields import TEXT_MAX
from contract.messages import Lamp, LampState
from contract.money import Money
from contract.order import PaymentMethod
from edge.core import closing, printing, registers, texts, waiting
from edge.core.clock import UNCONFIRMED
from edge.core.state import (
    Approved,
    Asking,
    Charging,
    Checking,
    Collecting,
    Declined,
    Halted,
    Inquiring,
    Presenting,
    Reading,
    Selling,
    Starting,
    Summing,
)
from edge.core.view import DEFAULT_PROFILE, Lamps, TillView

if TYPE_CHECKING:
    from contract.messages import WristbandInfo
    from edge.core.open_order import OpenOrder
    from edge.core.state import Connection, FiscalUnit, TillState
    from edge.core.view import Approval, Banner, Decline


def picture(state: TillState) -> TillView:
    """Show everything a screen needs of this state."""
    terms = state.terms
    order = _order(state)
    profile = terms.config.profile if terms else DEFAULT_PROFILE
    return TillView(
        phase=state.counter.phase,
        till=state.identity.till,
        label=terms.config.label if terms else "",
        event_name=terms.config.event_name if terms else "",
        demo=terms.config.demo if terms else False,
        catalogue=terms.catalogue if terms else None,
        basket=order.rows if order else (),
        total=_total(state, order),
        approval=_approval(state),
        decline=_decline(state),
        banner=_banner(state),
        lamps=Lamps(
            hub=hub_lamp(state.connection),
            tse=_tse_lamp(state.unit),
            reader=state.reader,
            clock=state.clock,
            printer=state.printing.lamp if state.identity.prints else None,
        ),
        undelivered=len(state.undelivered),
        asks_for_clock=UNCONFIRMED in state.unit.lamp.text,
        cash_allowed=PaymentMethod.CASH in profile.methods,
        kind=order.content.kind if order else None,
        profile=profile,
        cashier=state.cashier.name if state.cashier else "",
        register=registers.key(state),
        register_minor=registers.held(state, registers.key(state)),
        stockings=terms.config.stockings if terms else (),
        wristband=_wristband(state),
        canceling=waiting.rows(state),
        training=state.training,
        receipts=state.printing.recent,
        prints=printing.offered(state),
        can_print_closing=state.printing.closing is not None,
        z_number=state.z_number,
        z_orders=state.z_orders,
        not_closable=closing.barred(state),
        closed=state.closed,
    )


def hub_lamp(connection: Connection) -> Lamp:
    """Say how the hub is doing: first the way to it, then its own word."""
    if not connection.linked:
        lamp = connection.lamp
        if lamp.state is LampState.GOOD:  # the link has not said more than "gone" yet
            return Lamp(state=LampState.BAD, text=texts.LINK_GONE)
        return lamp
    if connection.online is False:
        return Lamp(state=LampState.BAD, text=texts.HUB_OFFLINE)
    if connection.silent:
        return Lamp(state=LampState.WARN, text=texts.HUB_SILENT)
    return connection.lamp


def _order(state: TillState) -> OpenOrder | None:
    match state.counter:
        case Selling(order=order):
            return order
        case (
            Presenting(order=order)
            | Checking(order=order)
            | Collecting(order=order)
            | Charging(order=order)
            | Declined(order=order)
        ):
            return order
        case (
            Starting()
            | Reading()
            | Inquiring()
            | Summing()
            | Approved()
            | Asking()
            | Halted()
        ):
            return None
        case _ as never:
            assert_never(never)


def _wristband(state: TillState) -> WristbandInfo | None:
    return state.counter.known if isinstance(state.counter, Selling) else None


def _tse_lamp(unit: FiscalUnit) -> Lamp:
    if unit.archive_fault and unit.lamp.state is LampState.GOOD:
        return Lamp(state=LampState.WARN, text=unit.archive_fault[:TEXT_MAX])
    return unit.lamp


def _total(state: TillState, order: OpenOrder | None) -> Money | None:
    if order is not None:
        return order.total
    if state.terms is None:
        return None
    return Money(0, state.terms.catalogue.currency)


def _approval(state: TillState) -> Approval | None:
    match state.counter:
        case Approved(approval=approval) | Asking(approval=approval):
            return approval
        case _:
            return None


def _decline(state: TillState) -> Decline | None:
    return state.counter.decline if isinstance(state.counter, Declined) else None


def _banner(state: TillState) -> Banner | None:
    match state.counter:
        case Halted(banner=banner):
            return banner
        case Starting():
            missing = texts.NO_CONFIG
            if state.next_config is not None:
                missing = texts.NO_CATALOGUE
            return state.banner or missing
        case _:
            return state.banner
