"""What a provider's word does to an attempt and its bill, however often it is said.

Providers report the same thing over the browser, by a call of their own and when asked,
in any order. Each payment has a reference of its own at the provider: it is booked once
for that. A second real payment is booked too, and shown as too much.
"""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING

import msgspec

from contract.money import MINOR_MAX, plain_amount
from hub.core.bills.attempts import Attempt, AttemptState, moved_on
from hub.core.bills.bill import Movement, MovementKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

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
    RETURNED = "returned"
    """What had gone back is ours again: a dispute was won, a refund undone."""


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
    """What the provider keeps of it, if it says so; below zero what it gives back."""
    foreign_fee: str = ""
    """What it keeps in another currency, such as 1.90 USD: told, and not booked."""
    part: str = ""
    """The provider's own name of a part of what is returned, where it has one."""
    status: str = ""
    """In the provider's own words, for the log."""
    alarm: str | None = None
    """What an operator has to do about it."""


class Booked(msgspec.Struct, frozen=True, kw_only=True):
    """Money of a bill that was booked before, by the attempt's method."""

    money_ref: str
    attempt: int | None
    kind: MovementKind
    principal_minor: int
    surcharge_minor: int = 0
    has_fee: bool = False
    """Whether it is booked what the provider kept of it."""

    @property
    def amount_minor(self) -> int:
        """What moved in all."""
        return self.principal_minor + self.surcharge_minor


class Consequence(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be written down, in one unit of work, under the bill's row lock."""

    attempt: Attempt
    """As it is now; the same if nothing changed."""
    movement: Movement | None = None
    """To be booked under `money_ref`, which must be new in the database."""
    surcharge_minor: int = 0
    money_ref: str = ""
    fee_minor: int | None = None
    """What the provider kept: of the movement, or of the payment booked before."""
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
_RETURNED = "/returned"
_PART = "/part-"
_UNDONE = frozenset({Said.RETURNED, Said.REFUND_FAILED})
"""Said of money that went back, or was to go: if it was booked, it is ours again."""


def returned_ref(money_ref: str, part: str = "") -> str:
    """Name the movement by which money that had gone back is ours again.

    All of it, or a part: by the provider's name of that, else by its amount, so that
    the same again is the same.
    """
    named = f"{_PART}{part}" if part else ""
    return f"{money_ref}{named}{_RETURNED}"


def returned_of(money_ref: str, named: Iterable[str]) -> tuple[str, ...]:
    """Choose the names of what is ours again of money that had gone back."""
    whole, part = returned_ref(money_ref), f"{money_ref}{_PART}"
    return tuple(
        each
        for each in named
        if each == whole or (each.startswith(part) and is_returned(each))
    )


def is_returned(money_ref: str) -> bool:
    """Whether a movement is money that had gone back, and is ours again."""
    return money_ref.endswith(_RETURNED)


def consequence(
    report: Report,
    attempt: Attempt,
    *,
    currency: Currency,
    booked: Sequence[Booked] = (),
) -> Consequence:
    """Say what a report changes; `booked` is what its method brought this bill."""
    alarms = () if report.alarm is None else (report.alarm,)
    if report.foreign_fee:
        alarms = (*alarms, _foreign_fee(report))
    known = {each.money_ref: each for each in booked}
    if report.said in _UNDONE:
        return _returned(report, attempt, known, currency, alarms)
    if report.said not in _MOVEMENTS:
        return Consequence(attempt=_moved(attempt, report), alarms=alarms)
    wrong = _wrong(report, currency)
    if wrong is not None:
        # Money may have moved that nobody can book: no second attempt until it's clear.
        doubtful = moved_on(attempt, AttemptState.UNCERTAIN)
        return Consequence(attempt=doubtful, alarms=(*alarms, wrong))
    before = known.get(report.money_ref)
    if before is not None:
        is_same = before.kind is _MOVEMENTS[report.said]
        return Consequence(
            attempt=_moved(attempt, report),
            money_ref=report.money_ref,
            fee_minor=report.fee_minor if is_same and not before.has_fee else None,
            alarms=alarms,
        )
    if report.said is Said.PAID:
        return _paid(report, attempt, alarms)
    return _gone(report, attempt, booked, alarms)


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


def _gone(
    report: Report,
    attempt: Attempt,
    booked: Sequence[Booked],
    alarms: tuple[str, ...],
) -> Consequence:
    """Book money that went back; it did, so whatever the bill holds of it."""
    amount = report.amount_minor
    assert amount is not None, "checked before"
    principal, surcharge = _kept(attempt, booked)
    if report.said is Said.CHARGED_BACK:
        alarms = (*alarms, _told(report, "took back"))
    if amount > principal + surcharge:
        alarms = (*alarms, _told(report, "gave back more than came:"))
    # Just the surcharge is meant to be that. Else it is what exceeds the principal.
    is_surcharge = amount == surcharge != principal
    borne = amount if is_surcharge else max(0, min(surcharge, amount - principal))
    return Consequence(
        attempt=_moved(attempt, report),
        movement=Movement(_MOVEMENTS[report.said], amount - borne),
        surcharge_minor=borne,
        money_ref=report.money_ref,
        fee_minor=report.fee_minor,
        alarms=alarms,
    )


def _returned(
    report: Report,
    attempt: Attempt,
    known: Mapping[str, Booked],
    currency: Currency,
    alarms: tuple[str, ...],
) -> Consequence:
    """Book that money is ours again, if it was booked that it had gone.

    It may come in parts: each once, and together no more than had gone.
    """
    gone = known.get(report.money_ref)
    if gone is None or gone.kind is MovementKind.PAYMENT:
        return Consequence(attempt=attempt, alarms=alarms)
    name = _returned_name(report, gone)
    if name in known:
        fee = None if known[name].has_fee else report.fee_minor
        return Consequence(
            attempt=attempt, money_ref=name, fee_minor=fee, alarms=alarms
        )
    before = [known[each] for each in returned_of(report.money_ref, known)]
    left = gone.amount_minor - sum(each.amount_minor for each in before)
    amount = left if report.amount_minor is None else report.amount_minor
    amount = min(max(0, amount), left)
    if amount <= 0:
        return Consequence(attempt=attempt, alarms=alarms)
    wrong = _wrong_return(report, currency)
    if wrong is not None:
        return Consequence(attempt=attempt, alarms=(*alarms, wrong))
    principal_left = gone.principal_minor - sum(each.principal_minor for each in before)
    principal = min(amount, max(0, principal_left))
    return Consequence(
        attempt=attempt,
        movement=Movement(MovementKind.PAYMENT, principal),
        surcharge_minor=amount - principal,
        money_ref=name,
        fee_minor=report.fee_minor,
        alarms=alarms,
    )


def _returned_name(report: Report, gone: Booked) -> str:
    amount = report.amount_minor
    is_whole = amount is None or amount >= gone.amount_minor
    part = report.part or ("" if is_whole else str(amount))
    return returned_ref(report.money_ref, part)


def _kept(attempt: Attempt, booked: Sequence[Booked]) -> tuple[int, int]:
    """Add up what came by an attempt and did not go back: principal, surcharge."""
    principal = surcharge = 0
    for each in booked:
        if each.attempt == attempt.number:
            sign = 1 if each.kind is MovementKind.PAYMENT else -1
            principal += sign * each.principal_minor
            surcharge += sign * each.surcharge_minor
    return max(0, principal), max(0, surcharge)


def _wrong(report: Report, currency: Currency) -> str | None:
    """Find what makes a movement of money unfit to be booked."""
    if not report.money_ref:
        return "The provider names no reference of the payment. Look it up there."
    if report.amount_minor is None or report.amount_minor <= 0:
        return "The provider names no amount. Look the payment up there."
    if report.currency != currency.value:
        return _told(report, f"was asked in {currency.value} and reports")
    if max(report.amount_minor, abs(report.fee_minor or 0)) > MINOR_MAX:
        return "The provider names an amount beyond all reason. Look it up there."
    if (report.fee_minor or 0) < 0:
        return "The provider names a fee below zero. Look the payment up there."
    return None


def _wrong_return(report: Report, currency: Currency) -> str | None:
    """Find what makes money that is ours again unfit to be booked."""
    if report.amount_minor is not None and report.currency != currency.value:
        return _told(report, f"took {currency.value} back and returns")
    if abs(report.fee_minor or 0) > MINOR_MAX:
        return "The provider names a fee beyond all reason. Look it up there."
    return None


def _foreign_fee(report: Report) -> str:
    """Say that a fee is left to people: no rate is known at which it was counted."""
    amount = plain_amount(report.amount_minor or 0)
    name = report.order_id or report.provider_ref
    return (
        f"The provider's fee for {name} (reference {report.money_ref}) is "
        f"{report.foreign_fee}, in another currency than the {amount} "
        f"{report.currency} it is for. It is not booked here, nor taken off what the "
        "organizer gets: book it by hand."
    )


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
