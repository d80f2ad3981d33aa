"""What the receipts of a closing add up to, as its own tables tell it (annex F)."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from contract.fiscal import PaymentType

if TYPE_CHECKING:
    from collections.abc import Iterable

    from contract.fiscal import FiscalLine, FiscalPayment


class Totals:
    """Adds up receipts of the type "Beleg"; no other counts. Minor units."""

    def __init__(self) -> None:
        self.gross: Counter[tuple[str, str, int]] = Counter()
        """By GV_TYP, GV_NAME and UST_SCHLUESSEL."""
        self.net: Counter[tuple[str, str, int]] = Counter()
        self.payments: Counter[tuple[str, str]] = Counter()
        """By ZAHLART_TYP and ZAHLART_NAME."""
        self.cash: Counter[str] = Counter()
        """By currency."""

    def add(
        self, lines: Iterable[FiscalLine], payments: Iterable[FiscalPayment]
    ) -> None:
        """Count one receipt."""
        for line in lines:
            key = (line.case.value, line.name, line.tax_code)
            self.gross[key] += line.gross_minor
            self.net[key] += line.net_minor
        for payment in payments:
            self.payments[payment.type.value, payment.name] += payment.amount_minor
            if payment.type is PaymentType.CASH:
                self.cash[payment.currency.value] += payment.amount_minor

    @property
    def paid_minor(self) -> int:
        """The sum of all payments."""
        return sum(self.payments.values())

    @property
    def cash_minor(self) -> int:
        """The sum of those in cash."""
        return sum(self.cash.values())
