"""Cancellations that wait: for what each does, in words, and which may be given up."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from contract.order import Ask
from edge.core.view import WaitingCancellation

if TYPE_CHECKING:
    from edge.core.state import Cancellation, TillState
    from edge.core.view import Banner


def rows(state: TillState) -> tuple[WaitingCancellation, ...]:
    """Show each cancellation that waits, the oldest first."""
    return tuple(
        WaitingCancellation(
            each.id, each.original, _reason(state, each), may_be_given_up(each)
        )
        for each in state.cancellations
    )


def may_be_given_up(waiting: Cancellation) -> bool:
    """Say whether nothing was given back for it, nor may be without our knowledge."""
    return waiting.asks is not Ask.NOTHING


def naming(state: TillState, banner: Banner) -> Banner:
    """Add to a banner which cancellation it is that holds things up, and why."""
    waiting = rows(state)
    if not waiting:
        return banner
    first = waiting[0]
    more = f" {len(waiting) - 1} more wait, too." if waiting[1:] else ""
    advice = "Wait, or give the cancellation up." if first.may_be_given_up else ""
    text = f"The cancellation of order {first.original} waits: {first.reason} {advice}"
    return replace(banner, text=f"{text.strip()}{more}")


def _reason(state: TillState, waiting: Cancellation) -> str:
    if not may_be_given_up(waiting):
        return "the card terminal has not said what it gave back. Look after it."
    if waiting.original in state.undelivered:
        return "the hub has not taken that order yet."
    if not state.connection.up:
        return "the hub does not answer."
    if len(waiting.attempts) > 1:
        return "the hub says that the order is not final yet."
    return "the hub is being asked."
