"""Paying bills: the attempts of payers, from their choice of a method on.

An attempt is committed before its payer leaves for the provider. What the provider then
says of it is taken in by `bill_reports`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeVar

import msgspec

from contract.bill_reference import ATTEMPT_MAX, order_id
from hub.core.bills import attempts as rules
from hub.core.bills.attempts import Attempt, AttemptState, next_number
from hub.core.bills.errors import NoSuchBill, NotAllowed
from hub.core.bills.reports import Report, Said
from hub.payments.by_hand import ByHand
from hub.payments.errors import ProviderRefused, ProviderSilent
from hub.payments.method import FormPost, Instructions, Redirect, Start
from hub.service.bill_reports import (
    BillReports,
    Reported,
    change_attempt,
    keep_report,
    numbered,
)
from hub.service.bill_terms import read_terms, refusal_of
from hub.service.bill_viewers import visible
from hub.store.bills import lock_bill

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from hub.core.bills.attempts import Refusal
    from hub.payments.method import PaymentMethod, Plan, Step, Urls
    from hub.service.bill_viewers import Viewer
    from hub.store.bills import BillRecord
    from hub.store.store import Store, UnitOfWork

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
        self.reports = BillReports(store, methods)

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
            attempt = numbered(record, number)
            if attempt.state not in rules.LIVE:
                return
            if not rules.may_be_given_up(attempt):
                raise NotAllowed(
                    "The provider is still at work on this payment. Wait until it says "
                    "what became of it."
                )
            given_up = rules.moved_on(attempt, AttemptState.CANCELED)
            await change_attempt(unit, given_up)

    async def close_unpaid(
        self, event: int, reference: str, number: int, *, by: str, reason: str
    ) -> None:
        """Say for a provider that can't that nothing was paid; for an event's office.

        The bill can then be paid anew; money that comes all the same is booked. Raises
        NoSuchBill, NotAllowed (nothing is in doubt, or no reason was given).
        """
        if not reason.strip():
            raise NotAllowed("Say why: what did the provider's back office show?")
        async with self._store.unit_of_work() as unit:
            record = await lock_bill(unit, reference)
            if record is None or record.event != event:
                raise NoSuchBill("There is no such bill.")
            attempt = numbered(record, number)
            if attempt.state not in {AttemptState.UNCERTAIN, AttemptState.PENDING}:
                raise NotAllowed("Nothing about this payment is in doubt any more.")
            closed = rules.moved_on(attempt, AttemptState.FAILED)
            await change_attempt(unit, closed)
            told = Report(
                order_id=order_id(reference, number),
                said=Said.FAILED,
                status=f"Closed by {by}: {reason.strip()}"[:REASON_MAX],
            )
            kept = Reported(
                reference=reference, attempt=closed, payment=None, is_news=True
            )
            await keep_report(unit, record.event, told, kept, attempt.method)

    async def report(
        self, method: str, report: Report, *, refund: UUID | None = None
    ) -> Reported:
        """Take in a provider's proven word; see BillReports. Raises UnknownAttempt."""
        return await self.reports.report(method, report, refund=refund)

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
            await change_attempt(unit, rules.moved_on(attempt, AttemptState.CANCELED))
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
            now = numbered(record, attempt.number)
            moved = rules.moved_on(now, state)
            if provider_ref is not None:
                moved = msgspec.structs.replace(moved, provider_ref=provider_ref)
            if moved != now:
                await change_attempt(unit, moved)
            return moved

    async def _fail(self, attempt: Attempt) -> None:
        """Note that nobody left by an attempt.

        Unless somebody did, before or beside us: the provider's page may be open still.
        """
        async with self._store.unit_of_work() as unit:
            record = await lock_bill(unit, attempt.reference)
            assert record is not None, "bills are never deleted"
            now = numbered(record, attempt.number)
            if now.provider_ref is None:
                failed = rules.moved_on(now, AttemptState.FAILED)
                await change_attempt(unit, failed)


_SENTENCES: Mapping[rules.Refusal, str] = {
    rules.Refusal.NOTHING_OPEN: "Nothing is to be paid on this bill.",
    rules.Refusal.CANCELED: "This bill was canceled.",
    rules.Refusal.LOCKED: "This bill is to be paid by the payment slip.",
    rules.Refusal.LIVE: "Another payment of this bill was begun. Give it up first.",
    rules.Refusal.UNCERTAIN: (
        "It is not clear yet whether this bill was paid. Wait until that is known."
    ),
    rules.Refusal.TOO_MANY: "This bill was tried to be paid too often. Write to us.",
    rules.Refusal.AT_A_TILL: "This bill is being paid at a till just now.",
}
