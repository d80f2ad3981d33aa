"""Payment attempts: numbered tries to pay a bill, one live at a time.

An attempt is written down before the payer leaves for a provider, and closed by what
the provider says. Money is never refused: a provider may still report a payment for an
attempt that was closed, and then it is paid.
"""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING

import msgspec

from contract.bill_reference import ATTEMPT_MAX
from hub.core.bills.bill import BillState

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from hub.core.bills.bill import Bill, Standing


class AttemptState(enum.Enum):
    """How far a try to pay has come."""

    CREATED = "created"
    REDIRECTED = "redirected"
    """The payer was sent to the provider; nothing was heard since."""
    PENDING = "pending"
    """The provider has it in hand and will say what became of it."""
    UNCERTAIN = "uncertain"
    """The provider itself does not know. The money may be gone."""
    PAID = "paid"
    FAILED = "failed"
    CANCELED = "canceled"
    EXPIRED = "expired"


_CLOSED = frozenset(
    {
        AttemptState.PAID,
        AttemptState.FAILED,
        AttemptState.CANCELED,
        AttemptState.EXPIRED,
    }
)
LIVE = frozenset(AttemptState) - _CLOSED

_TRANSITIONS: Mapping[AttemptState, AbstractSet[AttemptState]] = {
    AttemptState.CREATED: frozenset(AttemptState) - {AttemptState.CREATED},
    AttemptState.REDIRECTED: frozenset(AttemptState)
    - {AttemptState.CREATED, AttemptState.REDIRECTED},
    AttemptState.PENDING: _CLOSED | {AttemptState.UNCERTAIN},
    AttemptState.UNCERTAIN: _CLOSED,
    AttemptState.PAID: frozenset(),
    # Late money, and late doubt about what seemed settled.
    AttemptState.FAILED: frozenset({AttemptState.PAID, AttemptState.UNCERTAIN}),
    AttemptState.CANCELED: frozenset({AttemptState.PAID, AttemptState.UNCERTAIN}),
    AttemptState.EXPIRED: frozenset({AttemptState.PAID, AttemptState.UNCERTAIN}),
}


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """One try to pay, by one method; what it costs is fixed when it is made."""

    reference: str
    number: int
    method: str
    principal_minor: int
    surcharge_minor: int = 0
    state: AttemptState = AttemptState.CREATED
    provider_ref: str | None = None
    """The provider's own name of it; what refunds and doubles go by."""

    @property
    def amount_minor(self) -> int:
        """What the payer is asked for."""
        return self.principal_minor + self.surcharge_minor


class Refusal(enum.Enum):
    """Why no new attempt can be made now."""

    NOTHING_OPEN = "nothing_open"
    CANCELED = "canceled"
    LOCKED = "locked"
    """The bill is to be paid by the method it was locked to."""
    LIVE = "live"
    """Another attempt was begun; it must end, or be given up, first."""
    UNCERTAIN = "uncertain"
    """The provider does not know about an earlier one. A new one could pay twice."""
    TOO_MANY = "too_many"
    AT_A_TILL = "at_a_till"
    """A till is taking the money just now."""


def refusal(
    bill: Bill, at: Standing, method: str, attempts: Sequence[Attempt]
) -> Refusal | None:
    """Say why no attempt by this method can be made; None if one can.

    To be asked under the bill's row lock, right before the attempt is written down.
    """
    states = {attempt.state for attempt in attempts}
    reasons = (
        (bill.is_canceled or at.state is BillState.CANCELED, Refusal.CANCELED),
        (at.open_minor == 0, Refusal.NOTHING_OPEN),
        (bill.held_by is not None, Refusal.AT_A_TILL),
        (AttemptState.UNCERTAIN in states, Refusal.UNCERTAIN),
        (bool(states & LIVE), Refusal.LIVE),
        (bill.locked_to not in {None, method}, Refusal.LOCKED),
        (len(attempts) >= ATTEMPT_MAX, Refusal.TOO_MANY),
    )
    return next((reason for holds, reason in reasons if holds), None)


def next_number(attempts: Sequence[Attempt]) -> int:
    """Number the next attempt; providers refuse a number that was used before."""
    return max((attempt.number for attempt in attempts), default=0) + 1


def may_be_given_up(attempt: Attempt) -> bool:
    """Whether the payer may say that nothing was paid, and try anew.

    Not when the provider has it in hand or is in doubt. If money comes all the same, it
    is booked, and shown as too much.
    """
    return attempt.state in {AttemptState.CREATED, AttemptState.REDIRECTED}


def may_lock(bill: Bill, at: Standing, attempts: Sequence[Attempt]) -> Refusal | None:
    """Say why the bill can't be locked to the payment slip now; None if it can.

    The lock is for good (staff may lift it before the slip is sent), so no online
    attempt may be on its way.
    """
    if bill.locked_to is not None:
        return Refusal.LOCKED
    return refusal(bill, at, "slip", attempts)


def moved_on(attempt: Attempt, state: AttemptState) -> Attempt:
    """Move an attempt on to what the provider says, if that is news; else as it is.

    Paid is final here: money that goes back is a refund, not another state.
    """
    if state not in _TRANSITIONS[attempt.state]:
        return attempt
    return msgspec.structs.replace(attempt, state=state)
