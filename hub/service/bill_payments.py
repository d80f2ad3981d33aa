"""Paying bills: attempts, what providers report of them, and money that moved.

An attempt is committed before its payer leaves for the provider. Whatever is reported,
by whom and how often, is taken in under the bill's row lock, and each movement of money
once: its name at the provider is unique in the database.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeVar

import msgspec

from contract.bill_reference import (
    ATTEMPT_MAX,
    BadReference,
    order_id,
    read_order_id,
)
from hub.core.bills import attempts as rules
from hub.core.bills.attempts import Attempt, AttemptState, next_number
from hub.core.bills.bill import MovementKind
from hub.core.bills.errors import NoSuchBill, NotAllowed
from hub.core.bills.reports import Kept, Report, Said, consequence
from hub.payments.by_hand import ByHand
from hub.payments.errors import ProviderRefused, ProviderSilent
from hub.payments.method import FormPost, Instructions, Redirect, Start
from hub.service.bill_money import Money, write_money
from hub.service.bill_terms import read_terms, refusal_of
from hub.service.bill_viewers import visible
from hub.store.bills import lock_bill

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hub.core.bills.attempts import Refusal
    from hub.core.bills.postings import Channel
    from hub.core.bills.reports import Consequence
    from hub.payments.method import PaymentMethod, Plan, Step, Urls
    from hub.service.bill_viewers import Viewer
    from hub.store.bills import BillRecord
    from hub.store.store import Row, Store, UnitOfWork

log = logging.getLogger(__name__)

REASON_MAX = 500

T = TypeVar("T")


class Performing(Protocol):
    """Whoever asks providers."""

    async def perform(self, plan: Plan[T]) -> T:
        """Make a plan's calls; returns its result, raises what it raises."""


class NotPayable(NotAllowed):
    """A bill can't be paid by this method now; `refusal` says why."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(_SENTENCES[refusal])
        self.refusal = refusal


class NotSwitchedOn(NotAllowed):
    """The bill's event does not offer this method."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """How the payer gets there, and by which attempt; pages of ours need none."""

    step: Step
    attempt: Attempt | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaving:
    """What a method tells its provider beside the bill itself."""

    urls: Urls
    language: str
    """ISO 639-1."""
    subject: str
    """What is paid for, in the payer's language."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reported:
    """What a provider's word came to."""

    reference: str
    attempt: Attempt
    """As it is now."""
    payment: int | None
    """The movement it is booked as, now or before."""
    is_news: bool
    """Whether anything changed."""
    alarms: tuple[str, ...] = ()


class UnknownAttempt(NoSuchBill):
    """A provider speaks of an attempt that was never made."""


class BillPayments:
    """Takes in all that happens on the way from a bill to its money."""

    def __init__(
        self,
        store: Store,
        methods: Mapping[str, PaymentMethod],
        performing: Performing,
    ) -> None:
        self._store = store
        self._methods = methods
        self._performing = performing

    async def choose(
        self, viewer: Viewer, reference: str, method: str, leaving: Leaving
    ) -> Chosen:
        """Begin to pay a bill by a method.

        Raises NoSuchBill, NotSwitchedOn, NotPayable; ProviderSilent, ProviderRefused
        where the provider can't be reached: then a new attempt is over, and no money
        can have moved. One that the payer has left by before may still be paid.
        """
        async with self._store.unit_of_work() as unit:
            await visible(unit, viewer, reference)
            record = await lock_bill(unit, reference)
            assert record is not None, "bills are never deleted"
            chosen = await self._offered(unit, record, method)
            if isinstance(chosen, ByHand):
                await self._lock(unit, record, chosen)
                attempt = None
            else:
                attempt = await self._begin(unit, record, chosen)
        if attempt is None:
            assert isinstance(chosen, ByHand), "others make an attempt"
            return Chosen(Instructions(chosen.page), None)
        return await self._leave(record, chosen, attempt, leaving)

    async def give_up(self, viewer: Viewer, reference: str, number: int) -> None:
        """Say that an attempt was left unpaid, so that another one can be made.

        Raises NoSuchBill, NotAllowed (the provider has it in hand). If it is paid all
        the same, that is booked.
        """
        async with self._store.unit_of_work() as unit:
            await visible(unit, viewer, reference)
            record = await lock_bill(unit, reference)
            assert record is not None, "bills are never deleted"
            attempt = _numbered(record, number)
            if attempt.state not in rules.LIVE:
                return
            if not rules.may_be_given_up(attempt):
                raise NotAllowed(
                    "The provider is still at work on this payment. Wait until it says "
                    "what became of it."
                )
            given_up = rules.moved_on(attempt, AttemptState.CANCELED)
            await _change_attempt(unit, given_up)

    async def close_unpaid(
        self, reference: str, number: int, *, by: str, reason: str
    ) -> None:
        """Say for a provider that can't that nothing was paid; for the office.

        The bill can then be paid anew; money that comes all the same is booked. Raises
        NoSuchBill, NotAllowed (nothing is in doubt, or no reason was given).
        """
        if not reason.strip():
            raise NotAllowed("Say why: what did the provider's back office show?")
        async with self._store.unit_of_work() as unit:
            record = await lock_bill(unit, reference)
            if record is None:
                raise NoSuchBill("There is no such bill.")
            attempt = _numbered(record, number)
            if attempt.state not in {AttemptState.UNCERTAIN, AttemptState.PENDING}:
                raise NotAllowed("Nothing about this payment is in doubt any more.")
            closed = rules.moved_on(attempt, AttemptState.FAILED)
            await _change_attempt(unit, closed)
            told = Report(
                order_id=order_id(reference, number),
                said=Said.FAILED,
                status=f"Closed by {by}: {reason.strip()}"[:REASON_MAX],
            )
            kept = Reported(
                reference=reference, attempt=closed, payment=None, is_news=True
            )
            await _keep_report(unit, record.event, told, kept, attempt.method)

    async def unlock(self, reference: str) -> None:
        """Let a bill be paid otherwise, before its slip was sent; for the office.

        Raises NoSuchBill.
        """
        async with self._store.unit_of_work() as unit:
            if await lock_bill(unit, reference) is None:
                raise NoSuchBill("There is no such bill.")
            await unit.fetch("unlock_bill", reference)

    async def report(self, method: str, report: Report) -> Reported:
        """Take in a provider's proven word; the same word again changes nothing.

        Raises UnknownAttempt.
        """
        reference, number = await self._attempt_of(method, report)
        channel = self._methods[method].channel
        async with self._store.unit_of_work() as unit:
            record = await lock_bill(unit, reference)
            if record is None:
                raise UnknownAttempt(f"There is no bill {reference}.")
            attempt = _numbered(record, number)
            if attempt.method != method:
                raise UnknownAttempt(f"Attempt {number} was made by {attempt.method}.")
            known = await unit.fetch_row(
                "payment_by_ref", record.event, method, report.money_ref
            )
            if known is not None and known["bill"] != reference:
                return _of_another_bill(report, attempt, known)
            came = consequence(
                report,
                attempt,
                currency=record.bill.currency,
                booked=frozenset() if known is None else {report.money_ref},
                kept=_kept(record, attempt),
            )
            payment = None if known is None else known["id"]
            if came.attempt != attempt:
                await _change_attempt(unit, came.attempt)
            if came.movement is not None:
                money = _money(method, channel, came)
                payment = await write_money(unit, record, money)
            reported = Reported(
                reference=reference,
                attempt=came.attempt,
                payment=payment,
                is_news=came.attempt != attempt or came.movement is not None,
                alarms=came.alarms,
            )
            if reported.is_news or reported.alarms:
                await _keep_report(unit, record.event, report, reported, method)
        for alarm in reported.alarms if reported.is_news else ():
            log.error("Bill %s: %s", reference, alarm)
        return reported

    # --- what the public promises are made of ----------------------------------------

    async def _offered(
        self, unit: UnitOfWork, record: BillRecord, code: str
    ) -> PaymentMethod:
        terms = await read_terms(unit, record)
        method = self._methods.get(code)
        is_fit = method is not None and record.bill.currency in method.currencies
        if method is None or not is_fit or code not in terms:
            raise NotSwitchedOn("This way to pay is not offered for this bill.")
        is_shown_again = method.locks_the_bill and record.bill.locked_to == code
        why_not = None if is_shown_again else refusal_of(record, method)
        if why_not is not None:
            raise NotPayable(why_not)
        return method

    async def _lock(
        self, unit: UnitOfWork, record: BillRecord, method: PaymentMethod
    ) -> None:
        if not method.locks_the_bill or record.bill.locked_to == method.code:
            return
        why_not = rules.may_lock(record.bill, record.standing, record.attempts)
        if why_not is not None:
            raise NotPayable(why_not)
        await unit.fetch("lock_bill_to", record.bill.reference, method.code)

    async def _begin(
        self, unit: UnitOfWork, record: BillRecord, method: PaymentMethod
    ) -> Attempt:
        """Write an attempt down; who went away and comes again goes on with the same.

        Unless it would be asked for another amount by now.
        """
        terms = (await read_terms(unit, record))[method.code]
        principal, surcharge = record.standing.open_minor, terms.surcharge(record)
        for attempt in record.attempts:
            if attempt.state not in rules.LIVE:
                continue
            asked = (attempt.principal_minor, attempt.surcharge_minor)
            if asked == (principal, surcharge):
                return attempt
            await _change_attempt(unit, rules.moved_on(attempt, AttemptState.CANCELED))
        if next_number(record.attempts) > ATTEMPT_MAX:
            raise NotPayable(rules.Refusal.TOO_MANY)
        made = Attempt(
            reference=record.bill.reference,
            number=next_number(record.attempts),
            method=method.code,
            principal_minor=principal,
            surcharge_minor=surcharge,
        )
        await unit.fetch(
            "add_attempt",
            made.reference,
            made.number,
            made.method,
            made.principal_minor,
            made.surcharge_minor,
        )
        return made

    async def _leave(
        self,
        record: BillRecord,
        method: PaymentMethod,
        attempt: Attempt,
        leaving: Leaving,
    ) -> Chosen:
        start = Start(
            bill=record.bill,
            attempt=attempt,
            urls=leaving.urls,
            language=leaving.language,
            subject=leaving.subject,
        )
        try:
            step = await self._performing.perform(method.start(start))
        except (ProviderSilent, ProviderRefused):
            await self._fail(attempt)
            raise
        match step:
            case Redirect(provider_ref=provider_ref):
                name: str | None = provider_ref
            case FormPost():
                name = None
            case Instructions():
                return Chosen(step, attempt)
        gone = await self._note(attempt, AttemptState.REDIRECTED, name)
        return Chosen(step, gone)

    async def _note(
        self, attempt: Attempt, state: AttemptState, provider_ref: str | None = None
    ) -> Attempt:
        """Note what became of an attempt, unless the provider was faster."""
        async with self._store.unit_of_work() as unit:
            record = await lock_bill(unit, attempt.reference)
            assert record is not None, "bills are never deleted"
            now = _numbered(record, attempt.number)
            moved = rules.moved_on(now, state)
            if provider_ref is not None:
                moved = msgspec.structs.replace(moved, provider_ref=provider_ref)
            if moved != now:
                await _change_attempt(unit, moved)
            return moved

    async def _fail(self, attempt: Attempt) -> None:
        """Note that nobody left by an attempt.

        Unless somebody did, before or beside us: the provider's page may be open still.
        """
        async with self._store.unit_of_work() as unit:
            record = await lock_bill(unit, attempt.reference)
            assert record is not None, "bills are never deleted"
            now = _numbered(record, attempt.number)
            if now.provider_ref is None:
                failed = rules.moved_on(now, AttemptState.FAILED)
                await _change_attempt(unit, failed)

    async def _attempt_of(self, method: str, report: Report) -> tuple[str, int]:
        if report.order_id:
            try:
                return read_order_id(report.order_id)
            except BadReference as error:
                raise UnknownAttempt(str(error)) from None
        row = await self._store.fetch_row(
            "attempt_by_provider", method, report.provider_ref
        )
        if row is None:
            raise UnknownAttempt(f"{method} speaks of an attempt nobody made.")
        return row["bill"], row["number"]


def _of_another_bill(report: Report, attempt: Attempt, known: Row) -> Reported:
    """One payment can't pay two bills: whatever it is, a person must look at it."""
    alarm = f"The payment {report.money_ref} is that of bill {known['bill']}."
    log.error("Bill %s: %s", attempt.reference, alarm)
    return Reported(
        reference=attempt.reference,
        attempt=attempt,
        payment=None,
        is_news=False,
        alarms=(alarm,),
    )


def _money(method: str, channel: Channel, came: Consequence) -> Money:
    assert came.movement is not None, "only what moved is written down"
    return Money(
        movement=came.movement,
        method=method,
        channel=channel,
        money_ref=came.money_ref,
        surcharge_minor=came.surcharge_minor,
        fee_minor=came.fee_minor,
        attempt=came.attempt.number,
    )


def _kept(record: BillRecord, attempt: Attempt) -> Kept:
    """Add up what came by an attempt, and what of that went back."""
    principal = surcharge = 0
    for each in record.payments:
        if each.attempt != attempt.number:
            continue
        sign = 1 if each.kind is MovementKind.PAYMENT else -1
        principal += sign * each.principal_minor
        surcharge += sign * each.surcharge_minor
    return Kept(max(0, principal), max(0, surcharge))


def _numbered(record: BillRecord, number: int) -> Attempt:
    for attempt in record.attempts:
        if attempt.number == number:
            return attempt
    raise UnknownAttempt(f"The bill {record.bill.reference} has no attempt {number}.")


async def _change_attempt(unit: UnitOfWork, attempt: Attempt) -> None:
    await unit.fetch(
        "change_attempt",
        attempt.reference,
        attempt.number,
        attempt.state.value,
        attempt.provider_ref,
    )


async def _keep_report(
    unit: UnitOfWork, event: int, report: Report, kept: Reported, method: str
) -> None:
    await unit.fetch(
        "add_payment_report",
        event,
        kept.reference,
        kept.attempt.number,
        method,
        report.said.value,
        report.provider_ref,
        report.money_ref,
        report.amount_minor,
        report.currency,
        report.status,
        list(kept.alarms),
        kept.payment,
        kept.is_news,
    )


_SENTENCES: Mapping[rules.Refusal, str] = {
    rules.Refusal.NOTHING_OPEN: "Nothing is to be paid on this bill.",
    rules.Refusal.CANCELED: "This bill was canceled.",
    rules.Refusal.LOCKED: "This bill is to be paid by the payment slip.",
    rules.Refusal.LIVE: "Another payment of this bill was begun. Give it up first.",
    rules.Refusal.UNCERTAIN: (
        "It is not clear yet whether this bill was paid. Wait until that is known."
    ),
    rules.Refusal.TOO_MANY: "This bill was tried to be paid too often. Write to us.",
}
