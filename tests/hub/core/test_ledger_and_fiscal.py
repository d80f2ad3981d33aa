"""The books and the fiscal record are two stories of one order: they must agree."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from contract.fiscal import (
    BusinessCase,
    PaymentType,
    ReceiptType,
    fiscal_lines,
    fiscal_payments,
    fiscal_taxes,
    receipt_type,
)
from contract.order import BookingModel, Outcome
from hub.core.ledger import Role, Unit, order_entry
from tests.contract.fiscal_examples import COMPLETED
from tests.contract.orders import altered

if TYPE_CHECKING:
    from contract.order import Order
    from hub.core.ledger import Entry

HELD = frozenset({BusinessCase.VOUCHER_BOUGHT, BusinessCase.VOUCHER_REDEEMED})


def agree(order: Order) -> None:
    """Compare what is posted with what is signed and exported."""
    entry = order_entry(order)
    lines, payments = fiscal_lines(order), fiscal_payments(order)
    stored = sum(each.gross_minor for each in lines if each.case in HELD) - sum(
        each.amount_minor for each in payments if each.type is PaymentType.STORED_VALUE
    )
    assert stored == entry.wallet_minor
    cash = sum(each.amount_minor for each in payments if each.type is PaymentType.CASH)
    if receipt_type(order, Outcome.COMPLETED) is ReceiptType.RECEIPT:
        assert cash == -on(entry, Role.CASH_REGISTER, order.cash_register)
    for tax in fiscal_taxes(lines):
        if tax.rate_bp:
            code = str(tax.code)
            assert tax.tax_minor == on(entry, Role.TAX, code)
            assert tax.net_minor == on(entry, Role.REVENUE, code) + on(
                entry, Role.DEPOSIT_LIABILITY, code
            )
    for case, role in (
        (BusinessCase.TIP_STAFF, Role.TIP_PAYABLE),
        (BusinessCase.GRANT, Role.DONATION),
        (BusinessCase.CLAIM_SETTLED, Role.BILL_RECEIVABLE),
        (BusinessCase.CASH_DIFFERENCE, Role.DIFFERENCE),
    ):
        assert on(entry, role) == sum(
            each.gross_minor for each in lines if each.case is case
        )


def on(entry: Entry, role: Role, key: str | None = None) -> int:
    return sum(
        each.amount_minor
        for each in entry.postings
        if each.account.role is role
        and each.unit is Unit.MONEY
        and key in {None, each.account.key}
    )


@pytest.mark.parametrize("model", BookingModel)
@pytest.mark.parametrize(
    "name", [name for name, (_, order) in COMPLETED.items() if not order.training]
)
def test_the_books_and_the_fiscal_record_agree(name: str, model: BookingModel) -> None:
    agree(altered(COMPLETED[name][1], booking_model=model))
