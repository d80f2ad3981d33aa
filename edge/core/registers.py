"""The till's cash register: which one it is, and what should be in it.

A till knows what it put into a register itself. What other tills and the office did is
the ledger's to say: at a log-in, and before a close-out.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec

from edge.core.effects import Commit
from edge.core.records import RegistersTold
from edge.core.state import Checking, Inquiring

if TYPE_CHECKING:
    from collections.abc import Mapping

    from edge.core.state import Step, TillState


def named(state: TillState) -> str | None:
    """Name the register of who is logged in, or of the profile; None: the till's."""
    if state.cashier is not None and state.cashier.register is not None:
        return state.cashier.register
    return state.terms.config.profile.register if state.terms else None


def key(state: TillState) -> str:
    """Name the cash register of this till."""
    return named(state) or state.identity.till


def held(state: TillState, register: str) -> int:
    """Say what should be in a register, as far as this till knows; in minor units."""
    return state.registers.get(register, 0) + state.elsewhere.get(register, 0)


def booked(state: TillState) -> Mapping[str, int] | None:
    """Return what this till put into registers, if the ledger has all of it by now."""
    return None if state.undelivered or state.restored else state.registers


def forgotten(state: TillState) -> TillState:
    """Take it that a restored ledger has not all of it, whenever it was asked."""
    counter = state.counter
    if isinstance(counter, Checking | Inquiring):
        counter = replace(counter, booked=None)
    return replace(state, counter=counter, restored=True)


def told(state: TillState, register: str, held_minor: int) -> Step:
    """Take in what the ledger has in a register, all of this till's orders included."""
    beside = held_minor - state.registers.get(register, 0)
    if state.elsewhere.get(register, 0) == beside:
        return state, ()
    elsewhere = {**state.elsewhere, register: beside}
    document = msgspec.json.encode(elsewhere, order="deterministic")
    return replace(state, elsewhere=elsewhere), (Commit((RegistersTold(document),)),)


def remembered(document: bytes) -> Mapping[str, int]:
    """Read what was told before a restart; nothing if it can't be read."""
    if not document:
        return {}
    try:
        return msgspec.json.decode(document, type=dict[str, int])
    except msgspec.DecodeError:
        return {}
