"""What a provider's word does to an attempt and its bill, however often it is said.

Providers report the same thing over the browser, by a call of their own and when asked,
in any order. Each payment has a reference of its own at the provider: it is booked once
for that. A second real payment is booked too, and shown as too much.
"""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING

import msgspec

from contract.money import plain_amount
from hub.core.bills.attempts import Attempt, AttemptState, moved_on
from hub.core.bills.bill import Movement, MovementKind

if TYPE_CHECKING:
    from collections.abc import Mapping
    from collections.abc import Set as AbstractSet

    from contract.money import Currency


class Said(enum.Enum):
    """What a provider says became of an attempt, or of money that was paid by it."""

    NOTHING = "nothing"
    """Nothing that changes anything here."""
    PENDING = "pending"
    RESERVED = "reserved"
    """Only reserved: without a capture nothing is paid."""
    PAID = "paid"
    FAILED = "failed"
    CANCELED = "canceled"
    EXPIRED = "expired"
    UNCERTAIN = "uncertain"
    REFUNDED = "refunded"
    REFUND_PENDING = "refund_pending"
    REFUND_FAILED = "refund_failed"
    CHARGED_BACK = "charged_back"


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """One word of a provider about one attempt, proven to be the provider's."""

    order_id: str
    """Which attempt; empty where only `provider_ref` is given."""
    said: Said
    provider_ref: str = ""
    """The provider's name of the attempt."""
    money_ref: str = ""
    """The provider's name of this very movement of money; once booked, never again."""
    amount_minor: int | None = None
    currency: str = ""
    fee_minor: int | None = None
    """What the provider keeps of it, if it says so."""
    status: str = ""
    """In the provider's own words, for the log."""
    alarm: str | None = None
    """What an operator has to do about it."""


class Kept(msgspec.Struct, frozen=True):
    """What an attempt's payments brought that has not gone back yet."""

    principal_minor: int = 0
    surcharge_minor: int = 0


_NOTHING = Kept()


class Consequence(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be written down, in one unit of work, under the bill's row lock."""

    attempt: Attempt
    """As it is now; the same if nothing changed."""
    movement: Movement | None = None
    """To be booked under `money_ref`, which must be new in the database."""
    surcharge_minor: int = 0
    money_ref: str = ""
    fee_minor: int | None = None
    alarms: tuple[str, ...] = ()


_STATES: Mapping[Said, AttemptState] = {
    Said.PENDING: AttemptState.PENDING,
    Said.RESERVED: AttemptState.PENDING,
    Said.PAID: AttemptState.PAID,
    Said.FAILED: AttemptState.FAILED,
    Said.CANCELED: AttemptState.CANCELED,
    Said.EXPIRED: AttemptState.EXPIRED,
    Said.UNCERTAIN: AttemptState.UNCERTAIN,
}
_MOVEMENTS: Mapping[Said, MovementKind] = {
    Said.PAID: MovementKind.PAYMENT,
    Said.REFUNDED: MovementKind.REFUND,
    Said.CHARGED_BACK: MovementKind.CHARGEBACK,
}


def consequence(
    report: Report,
    attempt: Attempt,
    *,
    currency: Currency,
    booked: AbstractSet[str],
    kept: Kept = _NOTHING,
) -> Consequence:
    """Say what a report changes.

    `booked`: the money_refs booked for this method; `kept`: what the attempt brought.
    """
    alarms = () if report.alarm is None else (report.alarm,)
    if report.said not in _MOVEMENTS:
        return Consequence(attempt=_moved(attempt, report), alarms=alarms)
    wrong = _wrong(report, currency)
    if wrong is not None:
        # Money may have moved that nobody can book: no second attempt until it's clear.
        doubtful = moved_on(attempt, AttemptState.UNCERTAIN)
        return Consequence(attempt=doubtful, alarms=(*alarms, wrong))
    if report.money_ref in booked:
        return Consequence(attempt=_moved(attempt, report), alarms=alarms)
    if report.said is Said.PAID:
        return _paid(report, attempt, alarms)
    assert report.amount_minor is not None, "checked above"
    if report.said is Said.CHARGED_BACK:
        alarms = (*alarms, _told(report, "took back"))
    # What is more than the principal was the surcharge: the bill never had it.
    surcharge = min(kept.surcharge_minor, report.amount_minor - kept.principal_minor)
    surcharge = max(0, surcharge) if surcharge < report.amount_minor else 0
    return Consequence(
        attempt=_moved(attempt, report),
        movement=Movement(_MOVEMENTS[report.said], report.amount_minor - surcharge),
        surcharge_minor=surcharge,
        money_ref=report.money_ref,
        fee_minor=report.fee_minor,
        alarms=alarms,
    )


def _paid(report: Report, attempt: Attempt, alarms: tuple[str, ...]) -> Consequence:
    """Book a payment: the first one carries the surcharge, if it is all of it."""
    amount = report.amount_minor
    assert amount is not None, "checked before"
    surcharge = 0
    if attempt.state is AttemptState.PAID:
        alarms = (*alarms, _told(report, "reports a second payment of"))
    elif amount == attempt.amount_minor:
        surcharge = attempt.surcharge_minor
    else:
        asked = plain_amount(attempt.amount_minor)
        alarms = (*alarms, _told(report, f"was asked for {asked} and reports"))
    return Consequence(
        attempt=_moved(attempt, report),
        movement=Movement(MovementKind.PAYMENT, amount - surcharge),
        surcharge_minor=surcharge,
        money_ref=report.money_ref,
        fee_minor=report.fee_minor,
        alarms=alarms,
    )


def _wrong(report: Report, currency: Currency) -> str | None:
    """Find what makes a movement of money unfit to be booked."""
    if not report.money_ref:
        return "The provider names no reference of the payment. Look it up there."
    if report.amount_minor is None or report.amount_minor <= 0:
        return "The provider names no amount. Look the payment up there."
    if report.currency != currency.value:
        return _told(report, f"was asked in {currency.value} and reports")
    return None


def _told(report: Report, did: str) -> str:
    amount = plain_amount(report.amount_minor or 0)
    name = report.order_id or report.provider_ref
    return (
        f"The provider {did} {amount} {report.currency} for {name} "
        f"(reference {report.money_ref}). Look at the bill."
    )


def _moved(attempt: Attempt, report: Report) -> Attempt:
    state = _STATES.get(report.said)
    moved = attempt if state is None else moved_on(attempt, state)
    if report.provider_ref and moved.provider_ref is None:
        return msgspec.structs.replace(moved, provider_ref=report.provider_ref)
    return moved
