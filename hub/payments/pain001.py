"""Write payouts for the bank: pain.001.001.09, euros by SEPA or Swiss francs.

For settlements, refunds and guests' money alike. The same payouts give the same bytes:
a file made twice is recognized by bank and hub as one, by its message id.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date, datetime
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import msgspec
from stdnum import bic as bic_check
from stdnum import iban as iban_check

from contract.money import Currency, plain_amount
from hub.payments.errors import NotOffered

if TYPE_CHECKING:
    from collections.abc import Sequence

NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"
PAYOUTS_MAX = 10_000
NAME_MAX, TEXT_MAX, ID_MAX = 70, 140, 35
_ID = re.compile(r"[A-Za-z0-9+?:().,'-](?:[A-Za-z0-9+?/:().,' -]{0,34})", re.A)
_NOT_ALLOWED = re.compile(r"[^A-Za-z0-9+?/:().,' -]", re.A)
_SPELLED = {"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue"}
_SPELLED |= {"ß": "ss", "Ł": "L", "ł": "l", "ø": "o", "Ø": "O", "æ": "ae", "&": "+"}


class Party(msgspec.Struct, frozen=True):
    """An account and whose it is."""

    name: str
    iban: str
    bic: str = ""

    def __post_init__(self) -> None:
        if not iban_check.is_valid(self.iban):
            raise ValueError(f"The IBAN {self.iban} has wrong check digits.")
        if self.bic and not bic_check.is_valid(self.bic):
            raise ValueError(f"The BIC {self.bic} is none.")
        if not bank_text(self.name, NAME_MAX):
            raise ValueError("An account's holder needs a name.")


class Payout(msgspec.Struct, frozen=True, kw_only=True):
    """One transfer to one account."""

    to: Party
    amount_minor: int
    text: str
    end_to_end_id: str
    """Ours; a statement names it when the money comes back."""

    def __post_init__(self) -> None:
        if self.amount_minor <= 0:
            raise ValueError("A payout is more than zero.")
        _check_id(self.end_to_end_id)


class PayoutFile(msgspec.Struct, frozen=True, kw_only=True):
    """Transfers from one account, all in one currency, on one day."""

    message_id: str
    created_at: datetime
    execute_on: date
    from_: Party
    currency: Currency
    payouts: tuple[Payout, ...]

    def __post_init__(self) -> None:
        _check_id(self.message_id)
        if not 1 <= len(self.payouts) <= PAYOUTS_MAX:
            raise ValueError(f"A file has 1 to {PAYOUTS_MAX} payouts.")
        names = {payout.end_to_end_id for payout in self.payouts}
        if len(names) != len(self.payouts):
            raise ValueError("Two payouts have the same end-to-end id.")


def pain_001(file: PayoutFile) -> bytes:
    """Write the file; raises NotOffered for what can't be paid that way."""
    if file.currency is Currency.CHF:
        _check_swiss([file.from_, *(payout.to for payout in file.payouts)])
    root = ET.Element("Document", xmlns=NAMESPACE)
    message = ET.SubElement(root, "CstmrCdtTrfInitn")
    header = ET.SubElement(message, "GrpHdr")
    _add(header, "MsgId", file.message_id)
    _add(header, "CreDtTm", file.created_at.isoformat(timespec="seconds"))
    _add_sums(header, file.payouts)
    _add(header, "InitgPty/Nm", bank_text(file.from_.name, NAME_MAX))
    payment = ET.SubElement(message, "PmtInf")
    _add(payment, "PmtInfId", file.message_id)
    _add(payment, "PmtMtd", "TRF")
    _add_sums(payment, file.payouts)
    if file.currency is Currency.EUR:
        _add(payment, "PmtTpInf/SvcLvl/Cd", "SEPA")
    _add(payment, "ReqdExctnDt/Dt", file.execute_on.isoformat())
    _add(payment, "Dbtr/Nm", bank_text(file.from_.name, NAME_MAX))
    _add(payment, "DbtrAcct/Id/IBAN", _compact(file.from_))
    _add_agent(payment, "DbtrAgt", file.from_.bic)
    if file.currency is Currency.EUR:
        _add(payment, "ChrgBr", "SLEV")
    for payout in file.payouts:
        _add_payout(payment, payout, file.currency)
    ET.indent(root)
    data: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return data


def bank_text(text: str, length: int) -> str:
    """Spell a text in the letters that every bank takes (EPC217-08), cut to length."""
    spelled = "".join(_SPELLED.get(each, each) for each in text)
    plain = unicodedata.normalize("NFKD", spelled)
    letters = "".join(each for each in plain if not unicodedata.combining(each))
    return " ".join(_NOT_ALLOWED.sub(" ", letters).split())[:length].strip()


def _add_payout(payment: ET.Element, payout: Payout, currency: Currency) -> None:
    one = ET.SubElement(payment, "CdtTrfTxInf")
    _add(one, "PmtId/EndToEndId", payout.end_to_end_id)
    amount = _add(one, "Amt/InstdAmt", plain_amount(payout.amount_minor))
    amount.set("Ccy", currency.value)
    if payout.to.bic:
        _add_agent(one, "CdtrAgt", payout.to.bic)
    _add(one, "Cdtr/Nm", bank_text(payout.to.name, NAME_MAX))
    _add(one, "CdtrAcct/Id/IBAN", _compact(payout.to))
    text = bank_text(payout.text, TEXT_MAX)
    if text:
        _add(one, "RmtInf/Ustrd", text)


def _add_sums(parent: ET.Element, payouts: Sequence[Payout]) -> None:
    _add(parent, "NbOfTxs", str(len(payouts)))
    total = sum(payout.amount_minor for payout in payouts)
    _add(parent, "CtrlSum", plain_amount(total))


def _add_agent(parent: ET.Element, name: str, bic: str) -> None:
    if bic:
        _add(parent, f"{name}/FinInstnId/BICFI", bic)
    else:
        _add(parent, f"{name}/FinInstnId/Othr/Id", "NOTPROVIDED")


def _add(parent: ET.Element, path: str, text: str) -> ET.Element:
    """Append a new branch of elements and write into its last one."""
    for name in path.split("/"):
        parent = ET.SubElement(parent, name)
    parent.text = text
    return parent


def _compact(party: Party) -> str:
    return str(iban_check.compact(party.iban))


def _check_swiss(parties: Sequence[Party]) -> None:
    for party in parties:
        if _compact(party)[:2] not in {"CH", "LI"}:
            raise NotOffered(
                f"Francs are paid out to Swiss accounts only, not to {party.iban}. "
                "Pay that one by hand."
            )


def _check_id(text: str) -> None:
    if _ID.fullmatch(text) is None:
        raise ValueError(f"{text[:50]!r} is no id of up to {ID_MAX} plain characters.")
