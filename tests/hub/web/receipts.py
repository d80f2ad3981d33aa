"""Receipts of every kind a guest may open."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import msgspec

from contract.catalogue import TaxRate
from contract.fiscal import Outage, Signature, process_data
from contract.money import Currency
from contract.order import (
    Line,
    Order,
    OrderKind,
    Outcome,
    Payment,
    PaymentMethod,
    sum_taxes,
)
from contract.receipt import Receipt
from hub.web.sources import Outstanding
from tests.contract.samples import AT, ORDER, SELLER, SIGNATURE, TILL

EVENT_NAME = "Summer 2026"
HOSTILE = '<script>alert("x")</script>'

RATES = {
    1: TaxRate(code=1, rate_bp=1900, name="general"),
    2: TaxRate(code=2, rate_bp=700, name="reduced"),
    4: TaxRate(code=4, rate_bp=550, name="forestry"),
    5: TaxRate(code=5, rate_bp=0, name="not taxable"),
    6: TaxRate(code=6, rate_bp=0, name="tax free"),
    7: TaxRate(code=7, rate_bp=0, name="not determinable"),
    8: TaxRate(code=8, rate_bp=0, name="zero"),
}


def order_id(number: int) -> UUID:
    return UUID(f"0197d6a0-1234-7000-8000-{number:012x}")


def line(name: str, quantity: int, unit_price_minor: int, tax_code: int) -> Line:
    return Line(
        product=1,
        name=name,
        quantity=quantity,
        unit_price_minor=unit_price_minor,
        total_minor=quantity * unit_price_minor,
        tax_code=tax_code,
    )


def order_of(number: int, *lines: Line) -> Order:
    return msgspec.structs.replace(
        ORDER,
        id=order_id(number),
        sequence=number,
        lines=lines,
        taxes=sum_taxes(lines, RATES),
        total_minor=sum(line.total_minor for line in lines),
    )


def signature_of(order: Order) -> Signature:
    return msgspec.structs.replace(
        SIGNATURE, process_data=process_data(order, Outcome.COMPLETED)
    )


def receipt_of(order: Order, *, demo: bool = False) -> Receipt:
    return Receipt(
        seller=SELLER,
        event_name=EVENT_NAME,
        till=TILL,
        order=order,
        issued_at=AT + timedelta(seconds=20),
        signature=signature_of(order),
        demo=demo,
    )


def _canceling() -> Order:
    order = order_of(18, *(line(each.name, -1, 450, 1) for each in ORDER.lines[:1]))
    return msgspec.structs.replace(order, kind=OrderKind.CANCELLATION, cancels=ORDER.id)


SALE = receipt_of(ORDER)
DEMO = receipt_of(order_of(19, line("Beer 0.5", 2, 450, 1)), demo=True)
CASH = receipt_of(
    msgspec.structs.replace(
        order_of(20, line("Deposit", 1, 200, 5), line("Forest honey", 1, 123_456, 4)),
        payment=Payment(method=PaymentMethod.CASH),
    )
)
CANCELLATION = receipt_of(_canceling())
ATTACK = receipt_of(order_of(21, line(HOSTILE, 1, 450, 1)))
LONG = receipt_of(
    order_of(
        22,
        *(
            line(f"{name} {number}", number % 4 + 1, 350 + 10 * number, number % 2 + 1)
            for number, name in enumerate(["Apfelschorle", "W" * 70, "Bratwurst"] * 8)
        ),
    ),
    demo=True,
)
FRANCS = receipt_of(
    msgspec.structs.replace(
        order_of(23, line("Rivella", 1, 550, 1)), currency=Currency.CHF
    )
)
UNTAXED = receipt_of(
    order_of(24, *(line(f"No tax {code}", 1, 100, code) for code in (5, 6, 7, 8)))
)
OUTAGE = msgspec.structs.replace(
    receipt_of(order_of(25, line("Beer 0.5", 2, 450, 1))),
    signature=None,
    outage=Outage(
        since=AT - timedelta(minutes=3), reason="The TSE did not answer within 3 s."
    ),
)
NOT_CLOSED = msgspec.structs.replace(
    receipt_of(order_of(26, line("Beer 0.5", 2, 450, 1))), signature=None
)
OUTSTANDING_ID = order_id(27)
OUTSTANDING = Outstanding(
    till=TILL, total=ORDER.total, event_name=EVENT_NAME, demo=True
)

ALL: dict[UUID, Receipt | Outstanding | Exception] = {
    **{
        each.order.id: each
        for each in (
            SALE,
            DEMO,
            CASH,
            CANCELLATION,
            ATTACK,
            LONG,
            FRANCS,
            UNTAXED,
            OUTAGE,
            NOT_CLOSED,
        )
    },
    OUTSTANDING_ID: OUTSTANDING,
}
