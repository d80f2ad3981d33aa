"""Money at the bank, towards bills and back: many movements in one unit of work.

Whoever calls holds the bills' row locks. Each movement becomes a payment and the steps
that the ledger's writer books of it; what a bill still lacked is counted on the way.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import msgspec

from contract.ids import new_uuid7
from contract.money import Currency
from hub.core.bills.bill import (
    Bill,
    Line,
    LineKind,
    Movement,
    MovementKind,
    Payer,
    standing,
)
from hub.core.bills.steps import (
    encode_step,
    fee_step,
    moved_step,
    passed_after,
    turn_of,
)
from hub.payments.by_hand import BANK_ACCOUNT, E_BANKING, SLIP
from hub.service.rows import columns

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from uuid import UUID

    from hub.core.bills.matching import Part
    from hub.core.bills.steps import BillStep
    from hub.store.store import Row, UnitOfWork


class Money(msgspec.Struct, frozen=True, kw_only=True):
    """An amount of a credit that goes towards a bill, or back from it."""

    reference: str
    amount_minor: int
    money_ref: str
    """Names the movement among all of its method; booked once."""
    kind: MovementKind = MovementKind.PAYMENT
    fee_minor: int | None = None
    """What the bank kept; stays with the bill that it was first booked to."""
    value_on: date | None = None


def moneys(
    credit: int,
    turn: int,
    parts: Iterable[Part],
    *,
    fee_minor: int | None,
    value_on: date | None,
) -> Iterator[Money]:
    """Make payments of a credit's parts, named by the decision that made them.

    What the bank kept is borne with the first.
    """
    for place, part in enumerate(parts, start=1):
        yield Money(
            reference=part.reference,
            amount_minor=part.amount_minor,
            money_ref=f"credit-{credit}-{turn}-{place}",
            fee_minor=fee_minor if place == 1 else None,
            value_on=value_on,
        )


def assignment(credit: int, turn: int, money: Money) -> tuple[object, ...]:
    """Make the row that says which bill a credit was assigned to."""
    return credit, turn, money.reference, money.amount_minor, money.money_ref


async def take_money(unit: UnitOfWork, event: int, moneys: Sequence[Money]) -> None:
    """Write payments of bank credits, and what the ledger is to book of them.

    The bills must be there, in the currency of the money, and locked.
    """
    if not moneys:
        return
    references = sorted({money.reference for money in moneys})
    files = {
        row["reference"]: _File(row)
        for row in await unit.fetch("bills_for_money", references)
    }
    written = [_Written(money, files[money.reference]) for money in moneys]
    rows = await unit.fetch("add_bank_payments", event, *_payments(written))
    payments = {row["order_id"]: row["id"] for row in rows}
    entries = [
        (
            order,
            one.money.reference,
            payments[one.order] if step.channel else None,
            step.step.value,
            body,
            passed_after(step),
        )
        for one in written
        for order, step, body in one.entries
    ]
    await unit.fetch("add_bill_entries", event, *columns(entries, 6))


class _File:
    """A bill with what was paid so far, carried on from one movement to the next."""

    def __init__(self, row: Row) -> None:
        self.bill = _bill(row)
        self.organizer = self.bill.event
        self.movements = [
            Movement(kind, row[kind.value])
            for kind in MovementKind
            if row[kind.value] > 0
        ]
        self.passed_minor: int = row["passed_minor"]

    @property
    def method(self) -> str:
        """How money that comes to the bank was paid, for this bill."""
        return SLIP.code if self.bill.locked_to == SLIP.code else E_BANKING.code

    def take(self, money: Money) -> Iterable[BillStep]:
        """Say what the ledger books of a movement, and remember it."""
        movement = Movement(money.kind, money.amount_minor)
        self.movements.append(movement)
        bill, organizer = self.bill, self.organizer
        yield moved_step(bill, organizer, BANK_ACCOUNT, movement)
        if money.fee_minor:
            yield fee_step(bill, organizer, BANK_ACCOUNT, money.fee_minor)
        at = standing(bill, self.movements)
        turn = turn_of(bill, organizer, at, passed_minor=self.passed_minor)
        if turn is not None:
            self.passed_minor = turn.after_minor
            yield turn


class _Written:
    """A movement with the ids under which the ledger books it."""

    def __init__(self, money: Money, file: _File) -> None:
        self.money = money
        self.method = file.method
        steps = file.take(money)
        self.entries: list[tuple[UUID, BillStep, bytes]] = [
            (new_uuid7(), step, encode_step(step)) for step in steps
        ]
        self.order = self.entries[0][0]


def _payments(written: Iterable[_Written]) -> list[list[object]]:
    rows: list[tuple[object, ...]] = [
        (
            one.money.reference,
            one.money.kind.value,
            one.method,
            one.money.money_ref,
            one.money.amount_minor,
            one.money.fee_minor,
            one.money.value_on,
            one.order,
        )
        for one in written
    ]
    return columns(rows, 8)


def _bill(row: Row) -> Bill:
    return Bill(
        reference=row["reference"],
        event=row["organizer"],
        currency=Currency(row["currency"]),
        payer=Payer(
            name=row["payer_name"],
            street=row["street"],
            house_number=row["house_number"],
            postal_code=row["postal_code"],
            town=row["town"],
            country=row["country"],
            email=row["email"],
        ),
        lines=tuple(
            Line(
                kind=LineKind(line["kind"]),
                label=line["label"],
                amount_minor=line["amount_minor"],
                team=line["team"],
                wallet=line["wallet"],
            )
            for line in msgspec.json.decode(row["lines"])
        ),
        created_at=row["created_at"],
        is_canceled=row["canceled_at"] is not None,
        locked_to=row["locked_to"],
    )
