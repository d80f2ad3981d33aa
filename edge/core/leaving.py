"""Log-outs: kept on disk until the hub has heard of them, and said in their order.

Else a hub that was silent takes whoever left for one who still works there: it lets
nobody close out their register, nor them log in elsewhere.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import msgspec

from contract.messages import CashierLogout
from contract.order import OrderKind
from edge.core.effects import Commit, Note, SayLogouts, SendRequest
from edge.core.records import LogoutsUnsaid
from edge.core.state import Inquiring, at_counter

if TYPE_CHECKING:
    from uuid import UUID

    from contract.order import Order
    from edge.core.state import Moment, Step, TillState

ANSWER_WITHIN_S: Final = 3  # as long as the cashier who wants to log in waits

_KEPT = tuple[CashierLogout, ...]


def left(state: TillState, cashier: str, moment: Moment) -> Step:
    """Note that somebody has left; the first time is said, for the hub knows one."""
    if any(each.cashier == cashier for each in state.unsaid):
        return state, ()
    bye = CashierLogout(id=moment.fresh, cashier=cashier, at=moment.now)
    return _kept(state, (*state.unsaid, bye))


def on_answer(state: TillState, asked: UUID) -> Step:
    """Take in that the hub has heard of a log-out: who waits to log in is next."""
    rest = tuple(each for each in state.unsaid if each.id != asked)
    if len(rest) == len(state.unsaid):
        return state, ()
    state, effects = _kept(state, rest)
    counter = state.counter
    if rest or not isinstance(counter, Inquiring) or counter.held is None:
        return state, effects
    login = SendRequest(counter.held, ANSWER_WITHIN_S)
    return at_counter(state, replace(counter, held=None)), (*effects, login)


def on_rejected(state: TillState, asked: UUID, text: str) -> Step:
    """Drop a log-out that the hub can't take: nobody could log in after it."""
    state, effects = on_answer(state, asked)
    note = Note(f"The hub refuses a log-out at this till: {text}", urgent=True)
    return state, (*effects, note)


def is_unsaid(state: TillState, asked: UUID) -> bool:
    """Say whether a message is a log-out that the hub has yet to answer."""
    return any(each.id == asked for each in state.unsaid)


def comes_before(state: TillState, order: Order) -> bool:
    """Say whether the hub must hear of log-outs before it is asked about an order."""
    return bool(state.unsaid) and order.kind is OrderKind.SHIFT_END


def remembered(document: bytes) -> tuple[CashierLogout, ...]:
    """Read the log-outs left unsaid before a restart; none if they can't be read."""
    if not document:
        return ()
    try:
        return msgspec.json.decode(document, type=_KEPT)
    except msgspec.DecodeError:
        return ()


def _kept(state: TillState, unsaid: tuple[CashierLogout, ...]) -> Step:
    kept = Commit((LogoutsUnsaid(msgspec.json.encode(unsaid)),))
    return replace(state, unsaid=unsaid), (kept, SayLogouts(unsaid))
