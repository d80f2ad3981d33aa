"""Money of providers that only staff know of: said by one person, confirmed by another.

For what a provider's back office shows and its answers don't: a doubtful payment that
was made after all, a refund or dispute of a method that can't be asked. A confirmed
claim is taken in as the provider's own word, once, by the provider's name of it.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec

from contract.bill_reference import BadReference, order_id, read_order_id
from contract.ids import new_uuid7
from contract.money import MINOR_MAX, Currency
from hub.core.bills.bill import MovementKind
from hub.core.bills.errors import NoSuchBill, NotAllowed
from hub.core.bills.reports import Report, Said, returned_of, returned_ref
from hub.core.bills.settlement import Approval, approve
from hub.service.bill_reports import numbered
from hub.service.bills import hub_time
from hub.store.bills import lock_bill

if TYPE_CHECKING:
    from hub.payments.method import PaymentMethod
    from hub.service.bill_reports import BillReports, Reported
    from hub.service.bills import HubClock
    from hub.store.bills import BillRecord
    from hub.store.store import Row, Store, UnitOfWork

REASON_MAX = 500
MONEY_REF_MAX = 100
CLAIMABLE = (Said.PAID, Said.REFUNDED, Said.CHARGED_BACK, Said.RETURNED)
"""What staff may say of an attempt."""

_GOING = (Said.REFUNDED, Said.CHARGED_BACK)


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody says a provider did, until another person confirms it."""

    id: UUID
    bill: str
    attempt: int
    method: str
    said: Said
    amount_minor: int
    currency: Currency
    money_ref: str
    """The provider's name of the movement; what is returned has that of its going."""
    reason: str
    claimed_by: str
    claimed_at: datetime

    @property
    def order_id(self) -> str:
        """The attempt's name at the provider."""
        return order_id(self.bill, self.attempt)


class Claims:
    """The claims of one event."""

    def __init__(
        self, store: Store, event: int, reports: BillReports, now: HubClock = hub_time
    ) -> None:
        self._store = store
        self._event = event
        self._reports = reports
        self._now = now

    async def waiting(self) -> tuple[Claim, ...]:
        """List what somebody else has to confirm or decline, oldest first."""
        rows = await self._store.fetch("payment_claims", self._event, None)
        return tuple(_claim(row) for row in rows)

    async def claim(
        self,
        attempt: str,
        said: Said,
        amount_minor: int,
        money_ref: str,
        *,
        reason: str,
        by: str,
    ) -> UUID:
        """Say what a provider's back office shows of an attempt, named as there.

        Raises NoSuchBill, NotAllowed (it makes no sense, or is booked already).
        """
        try:
            reference, number = read_order_id(attempt)
        except BadReference as error:
            raise NoSuchBill(str(error)) from None
        name = money_ref.strip()
        _check(said, amount_minor, name, reason)
        async with self._store.unit_of_work() as unit:
            record = await lock_bill(unit, reference)
            if record is None or record.event != self._event:
                raise NoSuchBill("There is no such bill.")
            report = Report(
                order_id=attempt, said=said, money_ref=name, amount_minor=amount_minor
            )
            name = await self._named(unit, record, report)
            made = new_uuid7()
            await unit.fetch(
                "add_payment_claim",
                made,
                self._event,
                reference,
                number,
                said.value,
                amount_minor,
                name,
                reason.strip(),
                by,
                self._now(),
            )
        return made

    async def confirm(self, claim: UUID, by: str) -> Reported:
        """Have it booked: the word of a second person.

        Raises NotAllowed, also where it was decided already.
        """
        async with self._store.unit_of_work() as unit:
            found = await self._undecided(unit, claim)
            approve(Approval(found.claimed_by), by)
            await self._decide(unit, found, by, confirmed=True)
            said = f"{found.claimed_by} and {by}: {found.reason}"
            report = Report(
                order_id=found.order_id,
                said=found.said,
                money_ref=found.money_ref,
                amount_minor=found.amount_minor,
                currency=found.currency.value,
                status=f"Recorded by {said}"[:REASON_MAX],
            )
            return await self._reports.take_in(unit, found.method, report)

    async def decline(self, claim: UUID, by: str) -> None:
        """Have nothing booked; whoever claimed it may do so, too. Raises NotAllowed."""
        async with self._store.unit_of_work() as unit:
            found = await self._undecided(unit, claim)
            await self._decide(unit, found, by, confirmed=False)

    async def _named(self, unit: UnitOfWork, record: BillRecord, report: Report) -> str:
        """Name a movement as the provider's reports do; raises NotAllowed if known."""
        attempt = numbered(record, read_order_id(report.order_id)[1])
        method = self._reports.method(attempt.method)
        if report.said is Said.RETURNED:
            return _returning(record, method, report)
        name = method.money_ref(report.said, report.money_ref)
        known = await unit.fetch_row(
            "payment_by_ref", record.event, attempt.method, name
        )
        if known is not None:
            raise NotAllowed(f"{method.code}'s {name} is booked already.")
        named = msgspec.structs.replace(report, money_ref=name)
        twin = self._reports.twin_of(record, attempt, named)
        if twin is not None:
            raise NotAllowed(
                f"{method.code}'s {name} may be what is booked as {twin.money_ref}."
            )
        return name

    async def _undecided(self, unit: UnitOfWork, claim: UUID) -> Claim:
        await unit.fetch("lock_payment_claim", claim)
        row = await unit.fetch_row("payment_claims", self._event, claim)
        if row is None:
            raise NotAllowed("There is no such claim, or it was decided already.")
        return _claim(row)

    async def _decide(
        self, unit: UnitOfWork, found: Claim, by: str, *, confirmed: bool
    ) -> None:
        await unit.fetch(
            "decide_payment_claim",
            found.id,
            found.claimed_by,
            confirmed,
            by,
            self._now(),
        )


def _returning(record: BillRecord, method: PaymentMethod, report: Report) -> str:
    """Name what is ours again by what it is booked as that went back."""
    typed, amount = report.money_ref, report.amount_minor
    booked = {
        each.money_ref: each for each in record.payments if each.method == method.code
    }
    names = {_name_or_none(method, said, typed) for said in _GOING}
    gone = next(
        (
            each
            for each in booked.values()
            if each.money_ref in names and each.kind is not MovementKind.PAYMENT
        ),
        None,
    )
    if gone is None:
        raise NotAllowed(
            f"It is not booked that {typed} went back: nothing can return."
        )
    parts = returned_of(gone.money_ref, booked)
    left = gone.amount_minor - sum(booked[each].amount_minor for each in parts)
    same = returned_ref(gone.money_ref, str(amount))
    if left <= 0 or same in parts:
        raise NotAllowed(f"{method.code}'s {gone.money_ref} is booked already.")
    return gone.money_ref


def _name_or_none(method: PaymentMethod, said: Said, typed: str) -> str | None:
    try:
        return method.money_ref(said, typed)
    except NotAllowed:
        return None


def _check(said: Said, amount_minor: int, money_ref: str, reason: str) -> None:
    if said not in CLAIMABLE:
        raise NotAllowed("Say whether it was paid, refunded, charged back or returned.")
    if not 0 < amount_minor <= MINOR_MAX:
        raise NotAllowed("Say how much it was: more than zero.")
    if not 1 <= len(money_ref) <= MONEY_REF_MAX or not money_ref.isprintable():
        raise NotAllowed(
            "Name the movement as the provider does (PAYID, capture, refund, dispute): "
            "so it is not booked twice."
        )
    if not 1 <= len(reason.strip()) <= REASON_MAX:
        raise NotAllowed(f"Say why, in up to {REASON_MAX} characters.")


def _claim(row: Row) -> Claim:
    return Claim(
        id=row["id"],
        bill=row["bill"],
        attempt=row["attempt"],
        method=row["method"],
        said=Said(row["said"]),
        amount_minor=row["amount_minor"],
        currency=Currency(row["currency"]),
        money_ref=row["money_ref"],
        reason=row["reason"],
        claimed_by=row["claimed_by"],
        claimed_at=row["claimed_at"],
    )
