"""Files for the bank: what two people approved, as payouts from one account.

Making a file is the moment at which money counts as sent: refunds are taken off their
bills with it, and the ledger's writer books the settlements in it.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec

from contract.money import Currency, plain_amount
from hub.core.bills.bill import MovementKind
from hub.core.bills.errors import NotAllowed
from hub.payments.errors import NotOffered
from hub.payments.pain001 import Party, Payout, PayoutFile, pain_001
from hub.payments.transfer import Creditor
from hub.service.bank_money import Money, take_money
from hub.service.payees import account_of, party
from hub.service.settlements import DrawnUp, drawn_up, utc_now

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from hub.store.store import Row, Store, UnitOfWork


class FileMade(msgspec.Struct, frozen=True, kw_only=True):
    """A file for the bank, without its bytes."""

    id: int
    message_id: str
    made_by: str
    made_at: datetime
    execute_on: date
    currency: Currency
    total_minor: int
    payouts: int


class _Due(msgspec.Struct, frozen=True, kw_only=True):
    """A payout that was approved: a settlement's or a refund's."""

    payer: Creditor
    currency: Currency
    payout: Payout
    settlement: int | None = None
    refund: UUID | None = None


class PayoutFiles:
    """The files of one event."""

    def __init__(
        self, store: Store, event: int, now: Callable[[], datetime] = utc_now
    ) -> None:
        self._store = store
        self._event = event
        self._now = now

    async def made(self) -> tuple[FileMade, ...]:
        """List files, the latest first."""
        rows = await self._store.fetch("payout_files", self._event)
        return tuple(
            FileMade(
                **{
                    name: row[name]
                    for name in FileMade.__struct_fields__
                    if name != "currency"
                },
                currency=Currency(row["currency"]),
            )
            for row in rows
        )

    async def read(self, file: int) -> tuple[str, bytes] | None:
        """Hand a file out again: a name for it, and its bytes."""
        row = await self._store.fetch_row("payout_file", self._event, file)
        return None if row is None else (f"{row['message_id']}.xml", row["body"])

    async def make(self, by: str, execute_on: date) -> tuple[int, ...]:
        """Put all that is approved into files, one for each account; their ids.

        Raises NotAllowed where nothing is approved, or something can't be paid: then
        nothing is in a file.
        """
        if execute_on < self._now().date():
            raise NotAllowed("The day to pay on is over. Choose today or a later one.")
        async with self._store.unit_of_work() as unit:
            await unit.fetch("settle_turn", self._event)
            due = [
                *_settlements(await unit.fetch("settlements_to_file", self._event)),
                *_refunds(await unit.fetch("refunds_to_file", self._event)),
            ]
            if not due:
                raise NotAllowed("Nothing is approved that has not been paid out.")
            accounts: dict[tuple[str, Currency], list[_Due]] = {}
            for each in due:
                key = each.payer.compact_iban, each.currency
                accounts.setdefault(key, []).append(each)
            files = [
                await self._write(unit, group, by, execute_on)
                for group in accounts.values()
            ]
            await self._take_off_bills(unit)
            await unit.fetch("tell_payouts", str(self._event))
        return tuple(files)

    async def _write(
        self,
        unit: UnitOfWork,
        group: Sequence[_Due],
        by: str,
        execute_on: date,
    ) -> int:
        now = self._now()
        number = await unit.fetch_value("next_payout_file")
        file = PayoutFile(
            message_id=f"KB{self._event}-{now:%Y%m%d}-{number}",
            created_at=now,
            execute_on=execute_on,
            from_=party(group[0].payer),
            currency=group[0].currency,
            payouts=tuple(each.payout for each in group),
        )
        try:
            body = pain_001(file)
        except NotOffered as error:
            raise NotAllowed(str(error)) from None
        made: int = await unit.fetch_value(
            "add_payout_file",
            self._event,
            file.message_id,
            by,
            now,
            execute_on,
            file.currency.value,
            sum(payout.amount_minor for payout in file.payouts),
            len(group),
            body,
        )
        settled = [each.settlement for each in group if each.settlement is not None]
        await unit.fetch("file_settlements", made, settled)
        refunds = [each.refund for each in group if each.refund is not None]
        await unit.fetch("file_refunds", made, refunds, now)
        return made

    async def _take_off_bills(self, unit: UnitOfWork) -> None:
        """Take refunds off their bills, that must still hold as much."""
        rows = await unit.fetch("refunds_just_filed", self._event)
        references = sorted({row["bill"] for row in rows})
        await unit.fetch("lock_bills", self._event, references)
        kept = {
            row["reference"]: row["payment"] - row["refund"] - row["chargeback"]
            for row in await unit.fetch("bills_for_money", references)
        }
        for row in rows:
            kept[row["bill"]] -= row["amount_minor"]
            if kept[row["bill"]] < 0:
                raise NotAllowed(
                    f"Refund {row['number']} of {plain_amount(row['amount_minor'])} is "
                    f"more than is left on bill {row['bill']}. Decline it."
                )
        await take_money(
            unit,
            self._event,
            [
                Money(
                    reference=row["bill"],
                    amount_minor=row["amount_minor"],
                    money_ref=f"refund-{row['id']}",
                    kind=MovementKind.REFUND,
                )
                for row in rows
            ],
        )


def _settlements(rows: Iterable[Row]) -> Iterable[_Due]:
    for row in rows:
        made: DrawnUp = drawn_up(row)
        assert made.payee is not None, "checked when it was drawn up"
        assert made.payer is not None, "as above"
        yield _Due(
            payer=made.payer,
            currency=made.currency,
            payout=Payout(
                to=party(made.payee),
                amount_minor=made.payout_minor,
                text=f"{made.name} {made.number}",
                end_to_end_id=f"SETTLEMENT-{made.id}",
            ),
            settlement=made.id,
        )


def _refunds(rows: Iterable[Row]) -> Iterable[_Due]:
    for row in rows:
        yield _Due(
            payer=account_of(row["payer_json"], "the event"),
            currency=Currency(row["currency"]),
            payout=Payout(
                to=Party(name=row["holder"], iban=row["iban"], bic=row["bic"]),
                amount_minor=row["amount_minor"],
                text=f"Refund {row['bill']}",
                end_to_end_id=f"REFUND-{row['number']}",
            ),
            refund=row["id"],
        )
