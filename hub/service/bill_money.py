"""Writing money of bills down that moved, once, with what the ledger books of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from uuid import UUID

from contract.ids import new_uuid7
from hub.core.bills.steps import fee_step, moved_step, turn_of
from hub.store.bills import BillRecord, Payment, add_steps

if TYPE_CHECKING:
    from datetime import date

    from hub.core.bills.bill import Movement
    from hub.core.bills.postings import Channel
    from hub.core.bills.steps import BillStep
    from hub.store.store import UnitOfWork


@dataclass(frozen=True, slots=True, kw_only=True)
class Money:
    """Money that moved between payer and bill, to be written down once."""

    movement: Movement
    method: str
    channel: Channel
    money_ref: str
    surcharge_minor: int = 0
    fee_minor: int | None = None
    attempt: int | None = None
    value_on: date | None = None
    till: str | None = None
    """The till that took it, whose order has booked it already."""
    order: UUID | None = None
    """That order."""


async def write_money(unit: UnitOfWork, record: BillRecord, money: Money) -> int | None:
    """Write a movement down with the steps it has booked; its id.

    None if its name is known: then nothing is written. The bill must be locked by this
    unit of work.
    """
    order = money.order or new_uuid7()
    movement = money.movement
    payment: int | None = await unit.fetch_value(
        "add_payment",
        record.event,
        record.bill.reference,
        movement.kind.value,
        money.method,
        money.money_ref,
        money.attempt,
        movement.principal_minor,
        money.surcharge_minor,
        # What is given back of a fee is a step only: a payment has none below zero.
        None if (money.fee_minor or 0) < 0 else money.fee_minor,
        money.value_on,
        order,
        money.till,
    )
    if payment is None:
        return None
    bill, organizer, channel = record.bill, record.organizer, money.channel
    steps: list[tuple[UUID | None, int | None, BillStep]] = []
    if money.till is None:
        moved = moved_step(bill, organizer, channel, movement, money.surcharge_minor)
        steps.append((order, payment, moved))
    if money.fee_minor:
        fee = fee_step(bill, organizer, channel, money.fee_minor)
        steps.append((None, payment, fee))
    after = _with(record, payment, money)
    turn = turn_of(bill, organizer, after.standing, passed_minor=record.passed_minor)
    if turn is not None:
        steps.append((None, None, turn))
    await add_steps(unit, record, steps)
    return payment


def _with(record: BillRecord, payment: int, money: Money) -> BillRecord:
    """The record after a movement, as far as its standing needs it."""
    added = Payment(
        id=payment,
        kind=money.movement.kind,
        method=money.method,
        money_ref=money.money_ref,
        attempt=money.attempt,
        principal_minor=money.movement.principal_minor,
        surcharge_minor=money.surcharge_minor,
        fee_minor=money.fee_minor,
        value_on=money.value_on,
        heard_at=record.bill.created_at,
        order=money.order or UUID(int=0),
        till=money.till,
    )
    return replace(record, payments=(*record.payments, added))
