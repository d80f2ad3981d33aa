from __future__ import annotations

import msgspec
import pytest

from contract.fiscal import FiscalPayment, PaymentType, fiscal_payments
from contract.money import Currency
from contract.order import CardReceipt, Payment, PaymentMethod
from tests.contract import orders
from tests.contract.orders import ORDERS, altered

SCHEMES = {
    "girocard": PaymentType.DEBIT_CARD,
    "Maestro": PaymentType.DEBIT_CARD,
    "V PAY": PaymentType.DEBIT_CARD,
    "VISA": PaymentType.CREDIT_CARD,
    "Mastercard Debit": PaymentType.CREDIT_CARD,
    "Apple Pay": PaymentType.SERVICE,
    "PayPal": PaymentType.SERVICE,
    "": PaymentType.NOT_CASH,
    "Something new": PaymentType.NOT_CASH,
}


@pytest.mark.parametrize(("scheme", "kind"), SCHEMES.items())
def test_a_card_is_what_its_terminal_says(scheme: str, kind: PaymentType) -> None:
    receipt = CardReceipt(provider="sumup", id="TX", scheme=scheme)
    paid = altered(
        ORDERS["sale_by_card"],
        payment=Payment(method=PaymentMethod.CARD, card=receipt),
    )
    assert fiscal_payments(paid) == (
        FiscalPayment(kind, scheme or "sumup", Currency.EUR, 450),
    )


def test_a_card_without_receipt_is_just_no_cash() -> None:
    card = msgspec.structs.replace(orders.CARD, card=None)
    [paid] = fiscal_payments(altered(ORDERS["sale_by_card"], payment=card))
    assert (paid.type, paid.name) == (PaymentType.NOT_CASH, "")


def test_francs_are_named() -> None:
    [paid] = fiscal_payments(ORDERS["payout"])
    assert (paid.currency, paid.amount_minor) == (Currency.CHF, -1_055)


def test_what_costs_nothing_is_paid_by_nothing() -> None:
    [paid] = fiscal_payments(ORDERS["free_ticket"])
    assert (paid.type, paid.amount_minor) == (PaymentType.NONE, 0)
