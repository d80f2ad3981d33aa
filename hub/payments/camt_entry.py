"""One entry of a bank's report as credits: each payment of a batch for itself.

What the fields are called in which version: camt.053/054 version 02 (old, Germany), 04
(old, Switzerland), 06 and 08 (now); Swiss Payment Standards and DFUe agreement annex 3.
An entry that does not add up is handed over with its flaw, never dropped.
"""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING

from hub.core.bills.credits import Credit, Direction
from hub.payments.xml_node import Node

if TYPE_CHECKING:
    from collections.abc import Iterator

_AMOUNT = re.compile(r"([0-9]{1,15})(?:\.([0-9]{1,5}))?", re.A)
_CURRENCY = re.compile(r"[A-Z]{3}", re.A)
_BOOKED = "BOOK"
_ANNOUNCED = frozenset({"PDNG", "INFO", "FUTR"})
_TRUE = frozenset({"true", "1"})
_NOTHING_SAID = frozenset({"", "NOTPROVIDED"})


class Flaw(Exception):
    """Something in an entry makes no sense; the text says what."""


def credits_of(entry: Node, account: str, number: int) -> Iterator[Credit]:
    """Split an entry into its payments; one without details is one credit."""
    details = list(entry.all("NtryDtls/TxDtls"))
    if not details:
        yield _credit(entry, Node("TxDtls"), account, (number, 1), _batch_flaw(entry))
        return
    flaw = _sum_flaw(entry, details)
    for part, detail in enumerate(details, start=1):
        alone = len(details) == 1
        yield _credit(entry, detail, account, (number, part), flaw, alone=alone)


def minor_units(text: str) -> int:
    """Read an amount with a dot and two digits, or zeros beyond, as minor units."""
    match = _AMOUNT.fullmatch(text)
    if match is None:
        raise Flaw(f"The amount {text[:20]!r} can't be read.")
    whole, fraction = match[1], (match[2] or "").ljust(2, "0")
    if fraction[2:].strip("0"):
        raise Flaw(f"The amount {text[:20]!r} is no whole number of cents.")
    return int(whole) * 100 + int(fraction[:2])


def _credit(
    entry: Node,
    detail: Node,
    account: str,
    place: tuple[int, int],
    flaw: str | None,
    *,
    alone: bool = True,
) -> Credit:
    told = Told()
    try:
        told.read(entry, detail, alone=alone)
    except Flaw as error:
        flaw = flaw or str(error)
    refs, parties = "Refs/", "RltdPties/"
    return Credit(
        account=account,
        entry=place[0],
        part=place[1],
        direction=told.direction,
        amount_minor=told.minor,
        currency=told.currency,
        is_booked=told.is_booked,
        is_reversal=_is_reversal(entry, detail),
        booked_on=told.booked_on,
        value_on=told.value_on,
        entry_ref=_given(entry, "AcctSvcrRef"),
        bank_ref=_given(
            detail, refs + "AcctSvcrRef", refs + "Prtry/Ref", refs + "UETR"
        ),
        end_to_end_id=_given(detail, refs + "EndToEndId"),
        structured=detail.values("RmtInf/Strd/CdtrRefInf/Ref"),
        text=_text(entry, detail),
        payer_name=_given(
            detail,
            *(
                f"{parties}{party}/{name}"
                for party in ("Dbtr", "UltmtDbtr")
                for name in ("Nm", "Pty/Nm")
            ),
        ),
        payer_iban=_given(detail, parties + "DbtrAcct/Id/IBAN"),
        charges_minor=told.charges_minor,
        charges_included=_are_included(detail) or (alone and _are_included(entry)),
        is_sum=not detail.children and _number_of_parts(entry) > 1,
        flaw=flaw,
    )


class Told:
    """What a bank says in figures, read until something makes no sense."""

    def __init__(self) -> None:
        self.direction = Direction.UNKNOWN
        self.minor = 0
        self.currency = ""
        self.charges_minor = 0
        self.booked_on: date | None = None
        self.value_on: date | None = None
        self.is_booked = False

    def read(self, entry: Node, detail: Node, *, alone: bool) -> None:
        """Read all figures; raises Flaw at the first one that makes no sense."""
        self.minor, self.currency = _part_amount(entry, detail, alone=alone)
        self.booked_on, self.value_on = _day(entry, "BookgDt"), _day(entry, "ValDt")
        self.charges_minor = _charges(detail) or (_charges(entry) if alone else 0)
        self.is_booked = _is_booked(entry)
        self.direction = _direction(entry, detail)


def _is_booked(entry: Node) -> bool:
    status = entry.value("Sts/Cd") or entry.value("Sts")
    if status not in {_BOOKED, *_ANNOUNCED}:
        raise Flaw(f"Whether it is booked is not clear: its status is {status[:10]!r}.")
    return status == _BOOKED


def _is_reversal(entry: Node, detail: Node) -> bool:
    """Whether the bank undoes something; also a payment of ours that came back."""
    is_return = detail.first("RtrInf") is not None
    return is_return or entry.value("RvslInd") in _TRUE


def _text(entry: Node, detail: Node) -> tuple[str, ...]:
    """Take the payer's text, else what the bank wrote beside the payment."""
    text = detail.values("RmtInf/Ustrd") + detail.values("RmtInf/Strd/AddtlRmtInf")
    return text or detail.values("AddtlTxInf") or entry.values("AddtlNtryInf")


def _given(node: Node, *paths: str) -> str:
    """Take the first of several fields that says something."""
    for path in paths:
        text = node.value(path)
        if text not in _NOTHING_SAID:
            return text
    return ""


def _part_amount(entry: Node, detail: Node, *, alone: bool) -> tuple[int, str]:
    """Find the amount of one payment; a lone one without any is its entry's."""
    own = _own_amount(detail)
    whole = _amount(entry.first("Amt"))
    if own is None or (alone and own[0] == 0):
        if not alone:
            raise Flaw("A payment of a batch has no amount of its own.")
        return whole
    if own[1] != whole[1] and alone:
        return whole  # exchanged by the bank: what is on the account counts
    return own


def _own_amount(detail: Node) -> tuple[int, str] | None:
    """Version 02 has the amount under AmtDtls only, the later ones beside it."""
    for path in ("Amt", "AmtDtls/TxAmt/Amt", "AmtDtls/InstdAmt/Amt"):
        node = detail.first(path)
        if node is not None:
            return _amount(node)
    return None


def _amount(node: Node | None) -> tuple[int, str]:
    if node is None:
        raise Flaw("The entry has no amount.")
    currency = node.attributes.get("Ccy", "")
    if _CURRENCY.fullmatch(currency) is None:
        raise Flaw(f"The currency {currency[:10]!r} is none.")
    return minor_units(node.text.strip()), currency


def _sum_flaw(entry: Node, details: list[Node]) -> str | None:
    """Check that payments add up to their entry; if not, nobody may book it unseen."""
    try:
        whole, currency = _amount(entry.first("Amt"))
        parts = [_own_amount(detail) or (0, currency) for detail in details]
        kept = sum(_charges(detail) for detail in details) or _charges(entry)
    except Flaw as error:
        return str(error)
    announced = _number_of_parts(entry)
    if announced not in {0, len(details)}:
        return f"The batch announces {announced} payments and has {len(details)}."
    if len(details) == 1 and (parts[0][0] == 0 or parts[0][1] != currency):
        return None  # the entry's own amount counts, which is what was credited
    if any(part[1] != currency for part in parts):
        return "The payments of this batch are in another currency than their sum."
    if whole not in _possible_sums(parts, kept):
        return "Its payments don't add up to the entry's amount."
    return None


def _possible_sums(parts: list[tuple[int, str]], kept: int) -> frozenset[int]:
    """Payments are told before the bank took its charges, the entry perhaps after."""
    gross = sum(minor for minor, _ in parts)
    return frozenset({gross, gross - kept})


def _batch_flaw(entry: Node) -> str | None:
    return None if entry.first("Amt") is not None else "The entry has no amount."


def _number_of_parts(entry: Node) -> int:
    text = entry.value("NtryDtls/Btch/NbOfTxs")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


def _direction(entry: Node, detail: Node) -> Direction:
    """A payment of a batch may say its own; if it contradicts, nobody knows."""
    said = {node.text.strip() for node in entry.all("CdtDbtInd")}
    said |= {node.text.strip() for node in detail.all("CdtDbtInd")}
    if said == {Direction.CREDIT.value}:
        return Direction.CREDIT
    if said == {Direction.DEBIT.value}:
        return Direction.DEBIT
    words = ", ".join(sorted(word[:10] for word in said)) or "nothing"
    raise Flaw(f"Whether it is a credit or a debit is not clear: it says {words}.")


def _charges(node: Node) -> int:
    """Read what the bank took for it, in total or summed up by record."""
    total = node.first("Chrgs/TtlChrgsAndTaxAmt")
    if total is not None:
        return minor_units(total.text.strip())
    single = (
        _record_amount(each)
        for path in ("Chrgs/Rcrd", "Chrgs")
        for each in node.all(path)
    )
    return sum(single)


def _record_amount(record: Node) -> int:
    text = record.value("Amt")
    return minor_units(text) if text else 0


def _are_included(node: Node) -> bool:
    flags = (*node.values("Chrgs/Rcrd/ChrgInclInd"), *node.values("Chrgs/ChrgInclInd"))
    return bool(flags) and all(flag in _TRUE for flag in flags)


def _day(entry: Node, name: str) -> date | None:
    """Read a date, or the date of a time as the bank wrote it."""
    text = entry.value(f"{name}/Dt") or entry.value(f"{name}/DtTm")
    if not text:
        return None
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        raise Flaw(f"The date {text[:20]!r} can't be read.") from None
