"""Giving money back: asked for by one person, approved by another, then on its way.

Money goes back the way it came where its provider can do that, else to a bank account.
The refund's id is the provider's key: asked again with it, it is done once.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec

from contract.bill_reference import order_id
from contract.ids import new_uuid7
from contract.money import Currency, plain_amount
from hub.core.bills.bill import MovementKind
from hub.core.bills.errors import NotAllowed
from hub.core.bills.reports import Said, is_returned
from hub.core.bills.settlement import Approval, approve
from hub.payments.by_hand import ByHand
from hub.payments.errors import NotOffered, ProviderRefused, ProviderSilent
from hub.payments.method import GiveBack
from hub.service.settlements import utc_now
from hub.store.bills import lock_bill, read_bill

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from hub.payments.method import PaymentMethod
    from hub.payments.pain001 import Party
    from hub.service.bill_payments import BillPayments, Performing
    from hub.store.bills import BillRecord, Payment
    from hub.store.store import Row, Store, UnitOfWork

log = logging.getLogger(__name__)

REASON_MAX = 500
ASKED_AGAIN_FOR = timedelta(hours=20)
"""Stripe knows a key for a day; after that the same request is another refund."""

_SWISS = frozenset({"CH", "LI"})


class Refund(msgspec.Struct, frozen=True, kw_only=True):
    """Money that is to go back, and how far it is."""

    id: UUID
    number: int
    bill: str
    payer_name: str
    way: str
    """provider or transfer."""
    method: str | None
    amount_minor: int
    currency: Currency
    holder: str
    iban: str
    reason: str
    requested_by: str
    requested_at: datetime
    state: str
    """requested, declined, approved, sent, done or failed."""
    approved_by: str | None
    note: str
    message_id: str | None
    """Of the file that it is in."""


class Overpaid(msgspec.Struct, frozen=True, kw_only=True):
    """A bill that has more on it than is due."""

    reference: str
    payer_name: str
    currency: Currency
    over_minor: int


class Refunds:
    """The refunds of one event."""

    def __init__(
        self,
        store: Store,
        event: int,
        methods: Mapping[str, PaymentMethod],
        bills: BillPayments,
        performing: Performing,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._store = store
        self._event = event
        self._methods = methods
        self._bills = bills
        self._performing = performing
        self._now = now

    async def all(self) -> tuple[Refund, ...]:
        """List refunds, the latest first."""
        rows = await self._store.fetch("refunds", self._event, None)
        return tuple(_refund(row) for row in rows)

    async def overpaid(self) -> tuple[Overpaid, ...]:
        """List bills with too much on them of which nothing is on its way back."""
        rows = await self._store.fetch("overpaid_bills", self._event)
        return tuple(
            Overpaid(
                reference=row["reference"],
                payer_name=row["payer_name"],
                currency=Currency(row["currency"]),
                over_minor=row["over_minor"],
            )
            for row in rows
        )

    async def ask_to_transfer(
        self, reference: str, amount_minor: int, to: Party, *, reason: str, by: str
    ) -> UUID:
        """Ask to send money of a bill to an account."""
        async with self._store.unit_of_work() as unit:
            record = await self._record(unit, reference)
            if record.competition is None:
                raise NotAllowed(
                    "A top-up has no account to be paid back from. Refund it the way "
                    "it was paid, or at a desk."
                )
            swiss = to.iban.replace(" ", "")[:2].upper() in _SWISS
            if record.bill.currency is Currency.CHF and not swiss:
                raise NotAllowed("Francs are sent to Swiss accounts only.")
            return await self._keep(unit, record, None, amount_minor, to, (reason, by))

    async def ask_provider(
        self, reference: str, payment: int, amount_minor: int, *, reason: str, by: str
    ) -> UUID:
        """Ask to give a payment back the way it came, or a part of it."""
        async with self._store.unit_of_work() as unit:
            record = await self._record(unit, reference)
            paid = {each.id: each for each in record.payments}.get(payment)
            if paid is None or paid.kind is not MovementKind.PAYMENT:
                raise NotAllowed("There is no such payment on this bill.")
            if is_returned(paid.money_ref):
                raise NotAllowed("This came back to us: refund the payment itself.")
            method = self._methods.get(paid.method)
            if method is None or isinstance(method, ByHand):
                raise NotAllowed(
                    f"What was paid by {paid.method} goes back by bank transfer only."
                )
            return await self._keep(
                unit, record, paid, amount_minor, None, (reason, by)
            )

    async def decline(self, refund: UUID, by: str, note: str = "") -> None:
        """Have nothing go back, as long as nothing has left."""
        async with self._store.unit_of_work() as unit:
            row = await self._locked(unit, refund)
            if row["state"] not in {"requested", "approved"}:
                raise NotAllowed(f"This refund is {row['state']}.")
            said = f"{by}: {note.strip()}" if note.strip() else by
            await self._move(unit, refund, "declined", said)

    async def close(self, refund: UUID, by: str, note: str) -> None:
        """Say for a provider that can't that a refund never left; the note says why.

        If it did all the same, that is booked as soon as the provider says so.
        """
        if not note.strip():
            raise NotAllowed("Say why: what did the provider's back office show?")
        async with self._store.unit_of_work() as unit:
            row = await self._locked(unit, refund)
            if row["way"] != "provider" or row["state"] != "sent":
                raise NotAllowed(f"This refund is {row['state']}.")
            said = f"{by}: {note.strip()}"[:REASON_MAX]
            await self._move(unit, refund, "failed", said)

    async def approve(self, refund: UUID, by: str) -> Refund:
        """Let money go back: the word of a second person; a provider is told at once.

        A transfer waits for the next file for the bank.
        """
        async with self._store.unit_of_work() as unit:
            row = await self._locked(unit, refund)
            if row["state"] == "declined":
                raise NotAllowed("This refund was declined.")
            approve(Approval(row["requested_by"], row["approved_by"]), by)
            await unit.fetch(
                "approve_refund", refund, row["requested_by"], by, self._now()
            )
            await self._move(unit, refund, "approved")
        if row["way"] == "provider":
            await self.send(refund)
        return await self._read(refund)

    async def send(self, refund: UUID) -> None:
        """Tell a provider, again if it did not answer: it is done once.

        Raises NotAllowed, also where it was told so long ago that it may not know.
        """
        async with self._store.unit_of_work() as unit:
            row = await self._locked(unit, refund)
            if row["way"] != "provider" or row["state"] not in {"approved", "sent"}:
                raise NotAllowed(f"This refund is {row['state']}.")
            is_old = self._now() - row["approved_at"] > ASKED_AGAIN_FOR
            if row["state"] == "sent" and is_old:
                raise NotAllowed(
                    f"{row['method']} was told so long ago that asking again could "
                    "give the money back twice. Look it up there."
                )
            if row["state"] == "approved":
                await self._check_left(unit, row)
            # Kept before the call: whatever happens now, the same key is asked with.
            await self._move(unit, refund, "sent")
        method = self._methods.get(row["method"])
        if method is None:
            raise NotAllowed(f"The contract with {row['method']} is not set up here.")
        back = GiveBack(
            money_ref=row["money_ref"],
            amount_minor=row["amount_minor"],
            currency=Currency(row["currency"]),
            key=str(refund),
            order_id=order_id(row["bill"], row["attempt"] or 1),
        )
        is_again = row["state"] == "sent"
        state, note = await self._give_back(method, back, is_again=is_again)
        async with self._store.unit_of_work() as unit:
            # Two may have asked at once: what one of them learned stays.
            if (await self._locked(unit, refund))["state"] == "sent":
                await self._move(unit, refund, state, note)

    async def _give_back(
        self, method: PaymentMethod, back: GiveBack, *, is_again: bool
    ) -> tuple[str, str]:
        """Have a provider do it; says how far it is then, and what was said.

        Who refuses what it was asked for before, and did not answer, may have done it.
        """
        try:
            report = await self._performing.perform(method.refund(back))
        except ProviderSilent:
            return "sent", f"{method.code} does not answer. Ask again in a minute."
        except ProviderRefused as error:
            return (
                ("sent", _refused_again(error)) if is_again else ("failed", str(error))
            )
        except NotOffered as error:
            return "failed", str(error)
        taken = await self._bills.report(method.code, report, refund=UUID(back.key))
        match report.said:
            case Said.REFUNDED if taken.payment is not None:
                return "done", report.status
            case Said.REFUND_FAILED:
                return "failed", report.status
        return "sent", report.status

    async def _record(self, unit: UnitOfWork, reference: str) -> BillRecord:
        record = await lock_bill(unit, reference)
        if record is None or record.event != self._event:
            raise NotAllowed(f"There is no bill {reference[:40]}.")
        return record

    async def _keep(
        self,
        unit: UnitOfWork,
        record: BillRecord,
        paid: Payment | None,
        amount_minor: int,
        to: Party | None,
        said: tuple[str, str],
    ) -> UUID:
        reason, by = said[0].strip(), said[1]
        if not 1 <= len(reason) <= REASON_MAX:
            raise NotAllowed(f"Say why, in up to {REASON_MAX} characters.")
        reference = record.bill.reference
        way = await unit.fetch_row(
            "refunds_under_way", reference, None if paid is None else paid.id
        )
        assert way is not None, "it has one row"
        left = record.standing.kept_minor - way["total_minor"]
        if paid is not None:
            # What a method cost the payer on top may go back, too.
            principal, surcharge = _kept_of(record, paid)
            left = min(left, principal) + surcharge
            left = min(left, principal + surcharge - way["payment_minor"])
        if not 0 < amount_minor <= left:
            raise NotAllowed(
                f"At most {plain_amount(max(0, left))} {record.bill.currency.value} "
                "can go back."
            )
        await _check_wallet(unit, record, way["total_minor"] + amount_minor)
        refund = new_uuid7()
        await unit.fetch(
            "add_refund",
            refund,
            self._event,
            reference,
            None if paid is None else paid.id,
            "transfer" if paid is None else "provider",
            amount_minor,
            "" if to is None else to.name,
            "" if to is None else to.iban.replace(" ", "").upper(),
            "" if to is None else to.bic,
            reason,
            by,
            self._now(),
        )
        return refund

    async def _check_left(self, unit: UnitOfWork, row: Row) -> None:
        """Refuse to send what went back, or was spent, since it was asked for."""
        record = await read_bill(unit, row["bill"])
        assert record is not None, "bills are never deleted"
        paid = next(each for each in record.payments if each.id == row["payment"])
        principal, surcharge = _kept_of(record, paid)
        left = min(record.standing.kept_minor, principal) + surcharge
        if row["amount_minor"] > left:
            raise NotAllowed(
                f"Refund {row['number']} of {plain_amount(row['amount_minor'])} is "
                f"more than is left on bill {row['bill']}. Decline it."
            )
        await _check_wallet(unit, record, row["amount_minor"])

    async def _locked(self, unit: UnitOfWork, refund: UUID) -> Row:
        await unit.fetch("lock_refund", refund)
        row = await unit.fetch_row("refunds", self._event, refund)
        if row is None:
            raise NotAllowed("There is no such refund.")
        return row

    async def _read(self, refund: UUID) -> Refund:
        row = await self._store.fetch_row("refunds", self._event, refund)
        assert row is not None, "refunds are never deleted"
        return _refund(row)

    async def _move(
        self, unit: UnitOfWork, refund: UUID, state: str, note: str = ""
    ) -> None:
        await unit.fetch("move_refund", refund, state, note, self._now())


def _refused_again(error: ProviderRefused) -> str:
    return (
        "It is not known what became of the first request; this one was refused: "
        f"{error} Look it up there."
    )[:REASON_MAX]


def _kept_of(record: BillRecord, paid: Payment) -> tuple[int, int]:
    """Say how much of a payment's principal and surcharge has not gone back yet."""
    principal = surcharge = 0
    for each in record.payments:
        if each.attempt == paid.attempt:
            sign = 1 if each.kind is MovementKind.PAYMENT else -1
            principal += sign * each.principal_minor
            surcharge += sign * each.surcharge_minor
    return min(paid.principal_minor, max(0, principal)), max(0, surcharge)


async def _check_wallet(
    unit: UnitOfWork, record: BillRecord, amount_minor: int
) -> None:
    """Refuse to give back of a top-up what was spent since.

    `amount_minor` is all that is asked for and has not gone back yet.
    """
    at = record.standing
    taken = min(amount_minor, at.kept_minor) - at.over_minor
    if not record.bill.is_top_up or taken <= 0 or not record.passed_minor:
        return
    held = await unit.fetch_value("top_up_held", record.event, record.bill.reference)
    if taken > held:
        raise NotAllowed(
            f"The wristband holds {plain_amount(held)} {record.bill.currency.value} of "
            "it: the rest was spent."
        )


def _refund(row: Row) -> Refund:
    return Refund(
        id=row["id"],
        number=row["number"],
        bill=row["bill"],
        payer_name=row["payer_name"],
        way=row["way"],
        method=row["method"],
        amount_minor=row["amount_minor"],
        currency=Currency(row["currency"]),
        holder=row["holder"],
        iban=row["iban"],
        reason=row["reason"],
        requested_by=row["requested_by"],
        requested_at=row["requested_at"],
        state=row["state"],
        approved_by=row["approved_by"],
        note=row["note"],
        message_id=row["message_id"],
    )
