"""What may be done at this till, and by whom: its profile, and the cashier's rights."""

from __future__ import annotations

from typing import TYPE_CHECKING

from contract.forms import FORMS
from contract.order import OrderKind
from contract.staff import RIGHTS, Right
from edge.core import texts

if TYPE_CHECKING:
    from contract.order import PaymentMethod
    from edge.core.open_order import OpenOrder
    from edge.core.state import TillState
    from edge.core.view import Banner


def kind_barred(
    state: TillState, kind: OrderKind, *, free_ticket: bool = False
) -> Banner | None:
    """Say why no order of this kind can be opened here now; None when it can."""
    assert state.terms is not None
    profile = state.terms.config.profile
    if kind not in profile.kinds:
        return texts.NOT_AT_THIS_TILL
    if state.cashier is None:
        return texts.LOG_IN_FIRST if profile.needs_login else None
    wanted = {Right.GRANT_TICKETS} if free_ticket else _wanted(kind)
    return None if wanted & state.cashier.rights else texts.NOT_ALLOWED


def method_barred(
    state: TillState, order: OpenOrder, method: PaymentMethod
) -> Banner | None:
    """Say why this order can't be paid like that here; None when it can."""
    assert state.terms is not None
    profile = state.terms.config.profile
    form = FORMS[order.content.kind]
    if method in profile.methods and method in form.methods:
        return None
    return texts.NOT_PAID_LIKE_THAT


def closing_barred(state: TillState) -> Banner | None:
    """Say why nobody may close the till here now; None when somebody may."""
    if state.cashier is None:
        needs = state.terms is not None and state.terms.config.profile.needs_login
        return texts.LOG_IN_FIRST if needs else None
    may = Right.CLOSE_SHIFTS in state.cashier.rights
    return None if may else texts.NOT_ALLOWED


def clock_barred(state: TillState) -> Banner | None:
    """Say why nobody can vouch for the clock here now; None when somebody can."""
    if state.cashier is None:
        needs = state.terms is not None and state.terms.config.profile.needs_login
        return texts.LOG_IN_FIRST if needs else None
    return None if Right.SUPERVISE in state.cashier.rights else texts.NOT_ALLOWED


def giving_up_barred(state: TillState) -> Banner | None:
    """Say why nobody can give a cancellation up here now; None when somebody can.

    Whatever the till's profile has: the till itself cancels what it did not hand out.
    """
    if state.cashier is None:
        needs = state.terms is not None and state.terms.config.profile.needs_login
        return texts.LOG_IN_FIRST if needs else None
    wanted = {*_wanted(OrderKind.CANCELLATION), Right.SUPERVISE}
    return None if wanted & state.cashier.rights else texts.NOT_ALLOWED


def _wanted(kind: OrderKind) -> set[Right]:
    if kind is OrderKind.CANCELLATION:
        return {Right.CANCEL_OWN, Right.CANCEL_ANY}
    return {RIGHTS[kind]}
