"""What providers report of attempts and their money, taken in once.

Whatever is reported, by whom and how often, is taken in under the bill's row lock, and
each movement of money once: its name at the provider is unique in the database. What is
reported of a refund that was asked for here moves that on, too.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from contract.bill_reference import BadReference, read_order_id
from hub.core.bills.bill import MovementKind
from hub.core.bills.errors import NoSuchBill, NotAllowed
from hub.core.bills.reports import Booked, Said, consequence
from hub.core.bills.steps import fee_step
from hub.service.bill_money import Money, write_money
from hub.store.bills import add_steps, lock_bill

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from hub.core.bills.attempts import Attempt
    from hub.core.bills.postings import Channel
    from hub.core.bills.reports import Consequence, Report
    from hub.payments.method import PaymentMethod
    from hub.store.bills import BillRecord, Payment
    from hub.store.store import Store, UnitOfWork

log = logging.getLogger(__name__)

_REFUNDS = {
    Said.REFUNDED: "done",
    Said.REFUND_PENDING: "sent",
    Said.REFUND_FAILED: "failed",
}
"""How far a refund is by what is said of it."""

_BACK = {
    Said.REFUNDED: MovementKind.REFUND,
    Said.CHARGED_BACK: MovementKind.CHARGEBACK,
}


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


class BillReports:
    """Takes in what providers say, whoever heard of it."""

    def __init__(self, store: Store, methods: Mapping[str, PaymentMethod]) -> None:
        self._store = store
        self._methods = methods

    async def report(
        self, method: str, report: Report, *, refund: UUID | None = None
    ) -> Reported:
        """Take in a provider's proven word; the same word again changes nothing.

        `refund` is the one it answers, where that is known. Raises UnknownAttempt.
        """
        async with self._store.unit_of_work() as unit:
            return await self.take_in(unit, method, report, refund=refund)

    async def take_in(
        self,
        unit: UnitOfWork,
        method: str,
        report: Report,
        *,
        refund: UUID | None = None,
    ) -> Reported:
        """Take a word in together with something else; as `report`."""
        reference, number = await _attempt_of(unit, method, report)
        record = await lock_bill(unit, reference)
        if record is None:
            raise UnknownAttempt(f"There is no bill {reference}.")
        attempt = numbered(record, number)
        if attempt.method != method:
            raise UnknownAttempt(f"Attempt {number} was made by {attempt.method}.")
        reported = await self._booked(unit, record, attempt, report)
        is_unbooked = report.said is Said.REFUNDED and reported.payment is None
        moved = not is_unbooked and await _move_refund(
            unit, record, attempt, report, refund
        )
        if moved or reported.is_news or reported.alarms:
            is_news = await keep_report(unit, record.event, report, reported, method)
            for alarm in reported.alarms if is_news else ():
                log.error("Bill %s: %s", reference, alarm)
        return reported

    def method(self, code: str) -> PaymentMethod:
        """Return a way to pay; raises NotAllowed without its contract."""
        method = self._methods.get(code)
        if method is None:
            raise NotAllowed(f"The contract with {code} is not set up here.")
        return method

    def twin_of(
        self, record: BillRecord, attempt: Attempt, report: Report
    ) -> Payment | None:
        """Find what may be the reported movement under another name.

        Staff and provider may each have named it, and it moved once.
        """
        if report.said not in _BACK or not report.money_ref:
            return None
        mine = [each for each in record.payments if each.method == attempt.method]
        if any(each.money_ref == report.money_ref for each in mine):
            return None
        method = self.method(attempt.method)
        for each in mine:
            moved = (each.attempt, each.kind, each.amount_minor)
            is_like = moved == (attempt.number, _BACK[report.said], report.amount_minor)
            if is_like and method.may_be_same(each.money_ref, report.money_ref):
                return each
        return None

    async def _booked(
        self, unit: UnitOfWork, record: BillRecord, attempt: Attempt, report: Report
    ) -> Reported:
        elsewhere = await _elsewhere(unit, record, attempt, report)
        if elsewhere is not None:
            return elsewhere
        twin = self.twin_of(record, attempt, report)
        if twin is not None:
            alarm = (
                f"{report.money_ref} may be what is booked as {twin.money_ref}. If it "
                "is not, record it as the provider numbers it."
            )
            return _told(attempt, twin.id, (alarm,))
        payments = {
            each.money_ref: each.id
            for each in record.payments
            if each.method == attempt.method
        }
        came = consequence(
            report,
            attempt,
            currency=record.bill.currency,
            booked=_known(record, attempt.method),
        )
        channel = self.method(attempt.method).channel
        payment = payments.get(came.money_ref or report.money_ref)
        if came.movement is not None:
            payment = await write_money(unit, record, _money(came, channel))
            if payment is None:  # another bill took it in this moment
                elsewhere = await _elsewhere(unit, record, attempt, report)
                return elsewhere or _told(attempt)
        elif came.fee_minor:
            fee = fee_step(record.bill, record.organizer, channel, came.fee_minor)
            await add_steps(unit, record, [(None, payment, fee)])
        if came.attempt != attempt:
            await change_attempt(unit, came.attempt)
        return _told(
            came.attempt,
            payment,
            came.alarms,
            is_news=came.attempt != attempt
            or came.movement is not None
            or bool(came.fee_minor),
        )


def numbered(record: BillRecord, number: int) -> Attempt:
    """Return a bill's attempt; raises UnknownAttempt."""
    for attempt in record.attempts:
        if attempt.number == number:
            return attempt
    raise UnknownAttempt(f"The bill {record.bill.reference} has no attempt {number}.")


async def change_attempt(unit: UnitOfWork, attempt: Attempt) -> None:
    """Write down how far an attempt is; its bill must be locked."""
    await unit.fetch(
        "change_attempt",
        attempt.reference,
        attempt.number,
        attempt.state.value,
        attempt.provider_ref,
    )


async def keep_report(
    unit: UnitOfWork, event: int, report: Report, kept: Reported, method: str
) -> bool:
    """Keep a word that changed something, or that somebody has to look at.

    False if just that is kept already, and nothing came of it now.
    """
    added = await unit.fetch(
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
    return bool(added)


async def _attempt_of(unit: UnitOfWork, method: str, report: Report) -> tuple[str, int]:
    if report.order_id:
        try:
            return read_order_id(report.order_id)
        except BadReference as error:
            raise UnknownAttempt(str(error)) from None
    row = await unit.fetch_row("attempt_by_provider", method, report.provider_ref)
    if row is None:
        raise UnknownAttempt(f"{method} speaks of an attempt nobody made.")
    return row["bill"], row["number"]


async def _elsewhere(
    unit: UnitOfWork, record: BillRecord, attempt: Attempt, report: Report
) -> Reported | None:
    """Refuse what is booked to another bill: one payment can't pay two.

    Whatever it is, a person must look at it.
    """
    known = await unit.fetch_row(
        "payment_by_ref", record.event, attempt.method, report.money_ref
    )
    if known is None or known["bill"] == record.bill.reference:
        return None
    alarm = f"The payment {report.money_ref} is that of bill {known['bill']}."
    return _told(attempt, alarms=(alarm,))


async def _move_refund(
    unit: UnitOfWork,
    record: BillRecord,
    attempt: Attempt,
    report: Report,
    refund: UUID | None,
) -> bool:
    """Move the refund on that a word is about; whether there is one, and it moved.

    It is known by the provider's name of it, else, the first time, by its amount.
    """
    state = _REFUNDS.get(report.said)
    if state is None or not report.money_ref:
        return False
    row = await unit.fetch_row(
        "refund_told",
        record.bill.reference,
        attempt.number,
        refund,
        report.money_ref,
        report.amount_minor,
    )
    if row is None or (row["state"], row["provider_ref"]) == (state, report.money_ref):
        return False
    if row["state"] == "done" and state == "sent":
        return False  # an older word
    await unit.fetch("refund_heard", row["id"], state, report.status, report.money_ref)
    if state == "failed":
        log.error(
            "Refund %s of bill %s failed (%s). Give the money back another way.",
            row["number"],
            record.bill.reference,
            report.status,
        )
    return True


def _told(
    attempt: Attempt,
    payment: int | None = None,
    alarms: tuple[str, ...] = (),
    *,
    is_news: bool = False,
) -> Reported:
    return Reported(
        reference=attempt.reference,
        attempt=attempt,
        payment=payment,
        is_news=is_news,
        alarms=alarms,
    )


def _known(record: BillRecord, method: str) -> tuple[Booked, ...]:
    return tuple(
        Booked(
            money_ref=each.money_ref,
            attempt=each.attempt,
            kind=each.kind,
            principal_minor=each.principal_minor,
            surcharge_minor=each.surcharge_minor,
            has_fee=each.has_fee,
        )
        for each in record.payments
        if each.method == method
    )


def _money(came: Consequence, channel: Channel) -> Money:
    assert came.movement is not None, "only what moved is written down"
    return Money(
        movement=came.movement,
        method=came.attempt.method,
        channel=channel,
        money_ref=came.money_ref,
        surcharge_minor=came.surcharge_minor,
        fee_minor=came.fee_minor,
        attempt=came.attempt.number,
    )
