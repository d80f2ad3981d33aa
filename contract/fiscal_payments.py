"""How an order was paid, in the closed list of DSFinV-K 2.4 annex D (ZAHLART_TYP)."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from contract.acts import PaymentMethod
from contract.fiscal_lines import stored_value_minor

if TYPE_CHECKING:
    from contract.acts import CardReceipt
    from contract.attempt import Order
    from contract.money import Currency


class PaymentType(enum.Enum):
    """ZAHLART_TYP; what the TSE signs tells only `BAR` from all others."""

    CASH = "Bar"
    NOT_CASH = "Unbar"
    """By a card whose terminal did not say which."""
    NONE = "Keine"
    DEBIT_CARD = "ECKarte"
    CREDIT_CARD = "Kreditkarte"
    SERVICE = "ElZahlungsdienstleister"
    STORED_VALUE = "Guthabenkarte"


@dataclass(frozen=True, slots=True)
class FiscalPayment:
    """What was paid in one way; `name` is ZAHLART_NAME, the amount in minor units."""

    type: PaymentType
    name: str
    currency: Currency
    amount_minor: int


# What terminals call the schemes, in lower case and without spaces and hyphens; the
# first that is part of the name decides.
_SCHEMES: Final[tuple[tuple[str, PaymentType], ...]] = (
    ("applepay", PaymentType.SERVICE),
    ("googlepay", PaymentType.SERVICE),
    ("paypal", PaymentType.SERVICE),
    ("twint", PaymentType.SERVICE),
    ("alipay", PaymentType.SERVICE),
    ("wechat", PaymentType.SERVICE),
    ("girocard", PaymentType.DEBIT_CARD),
    ("maestro", PaymentType.DEBIT_CARD),
    ("vpay", PaymentType.DEBIT_CARD),
    ("eccash", PaymentType.DEBIT_CARD),
    ("electroniccash", PaymentType.DEBIT_CARD),
    ("visa", PaymentType.CREDIT_CARD),
    ("mastercard", PaymentType.CREDIT_CARD),
    ("amex", PaymentType.CREDIT_CARD),
    ("americanexpress", PaymentType.CREDIT_CARD),
    ("diners", PaymentType.CREDIT_CARD),
    ("discover", PaymentType.CREDIT_CARD),
    ("jcb", PaymentType.CREDIT_CARD),
    ("unionpay", PaymentType.CREDIT_CARD),
)


def fiscal_payments(order: Order) -> tuple[FiscalPayment, ...]:
    """Tell how an order was paid; together it is what its business cases add up to.

    Where nothing was paid, or a voucher was redeemed for all of it, it says so: 0.00
    by "Keine".
    """
    payment = order.payment
    amount = order.total_minor + stored_value_minor(order)
    if payment is None or amount == 0:
        return (FiscalPayment(PaymentType.NONE, "", order.currency, 0),)
    match payment.method:
        case PaymentMethod.CASH:
            kind, name = PaymentType.CASH, ""
        case PaymentMethod.WALLET:
            kind, name = PaymentType.STORED_VALUE, ""
        case PaymentMethod.CARD:
            kind, name = _card(payment.card)
    return (FiscalPayment(kind, name, order.currency, amount),)


def _card(receipt: CardReceipt | None) -> tuple[PaymentType, str]:
    if receipt is None:
        return PaymentType.NOT_CASH, ""
    said = "".join(letter for letter in receipt.scheme.lower() if letter.isalnum())
    kind = next((kind for part, kind in _SCHEMES if part in said), PaymentType.NOT_CASH)
    return kind, receipt.scheme or receipt.provider
