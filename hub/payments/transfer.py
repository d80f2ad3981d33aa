"""What a payer needs for a transfer: the codes that banking apps read.

Swiss QR code: Swiss implementation guidelines QR-bill 2.3 (structured addresses only).
GiroCode: EPC069-12, version 002. The bill's reference goes in the form that the account
takes: QRR to a QR-IBAN, else as a creditor reference (ISO 11649).
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import msgspec
from qrbill import QRBill
from segno.helpers import make_epc_qr
from stdnum import iban as iban_check

from contract.bill_reference import (
    creditor_reference,
    grouped,
    is_reference,
    spaced,
)
from contract.money import Currency, plain_amount
from hub.core.bills.bill import Payer
from hub.payments.errors import NotOffered

if TYPE_CHECKING:
    from segno import QRCode


QR_IDENTIFIERS = range(30000, 32000)
"""Bank clearing numbers of QR-IBANs, at digits 5 to 9."""

SWISS = frozenset({"CH", "LI"})
SLIP_MINOR_MAX = 99_999_999_999
MESSAGE_MAX = 140


class Creditor(msgspec.Struct, frozen=True, kw_only=True):
    """Who is paid: the hub's bank account, with the address of its holder."""

    iban: str
    name: str
    street: str
    house_number: str = ""
    postal_code: str
    town: str
    country: str
    bic: str = ""

    def __post_init__(self) -> None:
        if not iban_check.is_valid(self.iban):
            raise ValueError(f"The IBAN {self.iban} has wrong check digits.")

    @property
    def compact_iban(self) -> str:
        """The IBAN without blanks."""
        return str(iban_check.compact(self.iban))

    @property
    def takes_qr_references(self) -> bool:
        """Whether it is a QR-IBAN, which takes QR references and nothing else."""
        iban = self.compact_iban
        return iban[:2] in SWISS and int(iban[4:9]) in QR_IDENTIFIERS


class Transfer(msgspec.Struct, frozen=True, kw_only=True):
    """One amount to be transferred towards one bill."""

    creditor: Creditor
    payer: Payer
    reference: str
    amount_minor: int
    currency: Currency
    message: str = ""

    def __post_init__(self) -> None:
        if not is_reference(self.reference):
            raise ValueError("The bill's reference has a wrong check digit.")
        if not 0 < self.amount_minor <= SLIP_MINOR_MAX:
            raise ValueError("The amount does not fit on a slip.")

    @property
    def account_reference(self) -> str:
        """The reference in the form the account takes."""
        if self.creditor.takes_qr_references:
            return self.reference
        return creditor_reference(self.reference)

    @property
    def shown_reference(self) -> str:
        """The same as people read it, in groups."""
        if self.creditor.takes_qr_references:
            return grouped(self.reference)
        return spaced(creditor_reference(self.reference))


def swiss_payload(transfer: Transfer, language: str = "de") -> str:
    """Write what a Swiss QR code holds; raises NotOffered where there is none."""
    creditor, payer = transfer.creditor, transfer.payer
    if creditor.compact_iban[:2] not in SWISS:
        raise NotOffered("A Swiss QR code needs a Swiss account. Use a GiroCode.")
    if transfer.currency is Currency.EUR and creditor.takes_qr_references:
        raise NotOffered(
            "Banks take no QR references for euros. Give an account of the hub with an "
            "ordinary IBAN for this event."
        )
    try:
        bill = QRBill(
            account=creditor.compact_iban,
            creditor=_address(creditor),
            debtor=None if payer.lacking() else _address(payer),
            amount=Decimal(plain_amount(transfer.amount_minor)),
            currency=transfer.currency.value,
            reference_number=transfer.account_reference,
            additional_information=transfer.message[:MESSAGE_MAX],
            language=language if language in {"de", "fr", "it", "en"} else "en",
        )
    except ValueError as error:
        raise NotOffered(f"No Swiss QR code can be made: {error}") from None
    return str(bill.qr_data())


def giro_code(transfer: Transfer) -> QRCode:
    """Make the code for transfers in euros."""
    if transfer.currency is not Currency.EUR:
        raise NotOffered("A GiroCode is for euros only. Use a Swiss QR code.")
    creditor = transfer.creditor
    return make_epc_qr(
        name=creditor.name[:70],
        iban=creditor.compact_iban,
        amount=Decimal(plain_amount(transfer.amount_minor)),
        reference=transfer.account_reference,
        bic=creditor.bic or None,
        encoding="utf-8",
    )


def _address(of: Creditor | Payer) -> dict[str, str]:
    """Write a structured address within the lengths of the guidelines."""
    return {
        "name": of.name[:70],
        "street": of.street[:70],
        "house_num": of.house_number[:16],
        "pcode": of.postal_code[:16],
        "city": of.town[:35],
        "country": of.country,
    }
