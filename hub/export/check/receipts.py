"""The receipts of an export: whether the rows of each agree with one another."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Final

from hub.export.check import process_data
from hub.export.check.amounts import ROUNDED, amount, written
from hub.export.check.closings import OWN_AGENCY
from hub.export.closed_lists import (
    CASH,
    OTHER,
    PROCESS_TYPE,
    RECEIPT,
    REFERENCE,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from hub.export.check.closings import SaidClosing
    from hub.export.check.finding import Findings
    from hub.export.check.partitions import Record
    from hub.export.check.signatures import Signatures

COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    "transactions.csv": (
        "BON_TYP",
        "BON_NAME",
        "BON_STORNO",
        "UMS_BRUTTO",
        "TERMINAL_ID",
    ),
    "transactions_vat.csv": ("UST_SCHLUESSEL", "BON_BRUTTO", "BON_NETTO", "BON_UST"),
    "lines.csv": ("POS_ZEILE", "GV_TYP", "GV_NAME", "AGENTUR_ID"),
    "lines_vat.csv": (
        "POS_ZEILE",
        "UST_SCHLUESSEL",
        "POS_BRUTTO",
        "POS_NETTO",
        "POS_UST",
    ),
    "itemamounts.csv": ("POS_ZEILE",),
    "subitems.csv": ("POS_ZEILE",),
    "allocation_groups.csv": (),
    "datapayment.csv": (
        "ZAHLART_TYP",
        "ZAHLART_NAME",
        "ZAHLWAEH_CODE",
        "ZAHLWAEH_BETRAG",
        "BASISWAEH_BETRAG",
    ),
    "transactions_tse.csv": (
        "TSE_ID",
        "TSE_TANR",
        "TSE_TA_START",
        "TSE_TA_ENDE",
        "TSE_TA_VORGANGSART",
        "TSE_TA_SIGZ",
        "TSE_TA_SIG",
        "TSE_TA_FEHLER",
        "TSE_VORGANGSDATEN",
    ),
    "references.csv": (
        "POS_ZEILE",
        "REF_TYP",
        "REF_Z_KASSE_ID",
        "REF_Z_NR",
        "REF_BON_ID",
    ),
}
"""What is looked at of each table whose rows belong to receipts."""
WANTED = "wanted"
"""Stands for a table in the record of a receipt that another one refers to."""

_CLAIMS = frozenset({"Forderungsentstehung", "Forderungsaufloesung"})
_UNSURE = _CLAIMS | {"MehrzweckgutscheinEinloesung", "EinzweckgutscheinEinloesung"}
"""Business cases where the standard lets lines and sums of tax differ (annex F)."""


class Receipts:
    """Checks the receipts of an export, part by part."""

    def __init__(
        self,
        closings: list[SaidClosing],
        signatures: Signatures,
        findings: Findings,
    ) -> None:
        self._closings = closings
        self._signatures = signatures
        self._findings = findings
        self.count = 0

    def check(self, records: Iterable[Record]) -> None:
        """Check all receipts of a part; all rows of each must be in it."""
        found: defaultdict[tuple[int, str], defaultdict[str, list[Record]]]
        found = defaultdict(lambda: defaultdict(list))
        for record in records:
            found[record.closing, record.receipt][record.table].append(record)
        for (index, name), tables in found.items():
            self._one(_Receipt(self._closings[index], name, tables, self._findings))

    def _one(self, receipt: _Receipt) -> None:
        heads = receipt.tables["transactions.csv"]
        if not heads:
            receipt.missing_head()
            return
        self.count += 1
        if len(heads) > 1:
            receipt.error("twice", "The receipt is there twice.", heads[1], "BON_ID")
        receipt.check()
        self._signatures.take(receipt.closing, heads[0], receipt)
        if receipt.name in receipt.closing.ends:
            receipt.closing.ends_found.add(receipt.name)


class _Receipt:
    """One receipt with its rows."""

    def __init__(
        self,
        closing: SaidClosing,
        name: str,
        tables: defaultdict[str, list[Record]],
        findings: Findings,
    ) -> None:
        self.closing = closing
        self.name = name
        self.tables = tables
        self._findings = findings
        self.head: Record | None = None
        self.kind = ""
        self._sums: tuple[int, ...] = ()
        self._paid: Counter[tuple[str, str]] = Counter()

    def error(self, kind: str, text: str, row: Record, column: str = "") -> None:
        """Keep what is wrong with one of its rows."""
        self._findings.error(kind, text, row.table, row.line, column)

    def note(self, kind: str, text: str, row: Record, column: str = "") -> None:
        """Keep what is worth knowing of one of its rows."""
        self._findings.note(kind, text, row.table, row.line, column)

    def missing_head(self) -> None:
        """Say that there are rows, or references, but no receipt."""
        for table, rows in self.tables.items():
            if not rows:
                continue
            if table == WANTED:
                text = f"{self.closing} has no receipt {self.name}."
                place = "references.csv", rows[0].line, "REF_BON_ID"
                # Where nobody says where it is, it may be in no closing yet.
                said = any(any(row.cells) for row in rows)
                tell = self._findings.error if said else self._findings.note
                tell("reference", text, *place)
            else:
                text = f"transactions.csv has no receipt {self.name}."
                self.error("reference", text, rows[0], "BON_ID")

    def check(self) -> None:
        """Check all but its signature."""
        head = self.head = self.tables["transactions.csv"][0]
        self.kind, name, canceled = head.cells[:3]
        if self.kind == OTHER and not name:
            text = f"{OTHER} needs a name."
            self.error("cell", text, head, "BON_NAME")
        if self.kind == "AVBelegstorno" and self.tables["transactions_tse.csv"]:
            text = "With a TSE, a cancellation is a Beleg with amounts turned."
            self.error("cell", text, head, "BON_TYP")
        if canceled == "1":
            text = "With a TSE, a cancellation is a Beleg of its own, unmarked."
            self.error("cell", text, head, "BON_STORNO")
        cases = self._lines()
        taxes = self._taxes()
        paid = self._payments()
        if self.kind == RECEIPT:
            self._balance(head, cases, taxes, paid)
        self._sums = process_data.containers(taxes.items())
        self._references()

    def signed(self) -> str:
        """Write what its TSE should have signed, where that is a Kassenbeleg-V1."""
        return process_data.write(self.kind, self._sums, self._paid)

    def agrees(self, signed: str, row: Record) -> None:
        """Compare what the TSE signed with what the rows say."""
        said = process_data.read(signed)
        if said is None:
            text = f"It is no {PROCESS_TYPE}."
            self.error("process data", text, row, "TSE_VORGANGSDATEN")
            return
        for text in process_data.differences(said, self.kind, self._sums, self._paid):
            self.error("process data", text, row, "TSE_VORGANGSDATEN")

    def _lines(self) -> dict[str, tuple[str, str, str]]:
        """Check the lines; business case, name and agency of each."""
        cases: dict[str, tuple[str, str, str]] = {}
        for row in self.tables["lines.csv"]:
            number, case, name, agency = row.cells
            if number in cases:
                self.error("twice", f"Line {number} is there twice.", row, "POS_ZEILE")
            if agency not in OWN_AGENCY and agency not in self.closing.agencies:
                text = f"pa.csv has no agency {agency} for {self.closing}."
                self.error("reference", text, row, "AGENTUR_ID")
            cases[number] = (case, name, agency or "0")
        for table in ("lines_vat.csv", "itemamounts.csv", "subitems.csv"):
            for row in self.tables[table]:
                if row.cells[0] not in cases:
                    text = f"lines.csv has no line {row.cells[0]} of {self.name}."
                    self.error("reference", text, row, "POS_ZEILE")
        taxed = {row.cells[0] for row in self.tables["lines_vat.csv"]}
        for row in self.tables["lines.csv"]:
            if row.cells[0] not in taxed:
                text = f"lines_vat.csv has no line {row.cells[0]} of {self.name}."
                self.error("reference", text, row, "POS_ZEILE")
        return cases

    def _taxes(self) -> dict[str, int]:
        """Check the sums of tax; the gross sum of each key."""
        taxes: dict[str, int] = {}
        for row in self.tables["transactions_vat.csv"]:
            key, *sums = row.cells
            if key in taxes:
                self.error("twice", f"Key {key} is there twice.", row)
            taxes[key] = self._split(row, key, sums)
        return taxes

    def _split(self, row: Record, key: str, sums: list[str]) -> int:
        gross, net, tax = map(amount, sums)
        if key not in self.closing.taxes:
            text = f"vat.csv has no key {key} for {self.closing}."
            self.error("reference", text, row, "UST_SCHLUESSEL")
        if abs(gross - net - tax) > ROUNDED and (sums[1] or sums[2]):
            text = f"{written(gross)} is not {written(net)} + {written(tax)}."
            self.error("sum", text, row)
        return gross

    def _payments(self) -> int:
        total = 0
        rows: list[tuple[str, str, str, int]] = []
        for row in self.tables["datapayment.csv"]:
            kind, name, currency, foreign, said = row.cells
            value = amount(said)
            total += value
            rows.append((kind, currency, foreign, value))
            if self.kind == RECEIPT:
                self.closing.found_payments[kind, name] += value
                if kind == CASH:
                    taken = amount(foreign) if foreign else value
                    self.closing.found_cash[currency] += taken
        self._paid = process_data.payments(rows)
        return total

    def _balance(
        self,
        head: Record,
        cases: dict[str, tuple[str, str, str]],
        taxes: dict[str, int],
        paid: int,
    ) -> None:
        """Compare lines, sums of tax, turnover and payments of what counts."""
        by_key: Counter[str] = Counter()
        rows = self.tables["lines_vat.csv"]
        for row in rows:
            number, key, *sums = row.cells
            by_key[key] += self._split(row, key, sums)
            case = cases.get(number)
            if case is not None:
                found = self.closing.found_cases[*case, key]
                for place, each in enumerate(sums):
                    found[place] += amount(each)
        turnover = amount(head.cells[3])
        if paid != turnover:
            text = f"It is {written(turnover)}; payments are {written(paid)}."
            self.error("sum", text, head, "UMS_BRUTTO")
        is_unsure = any(case[0] in _UNSURE for case in cases.values())
        say = self.note if is_unsure else self.error
        for key in sorted(by_key.keys() | taxes.keys()):
            lines, told = by_key.get(key, 0), taxes.get(key, 0)
            if abs(lines - told) > ROUNDED * max(len(rows), 1):
                text = (
                    f"Key {key}: the lines add up to {written(lines)}; "
                    f"transactions_vat.csv says {written(told)}."
                )
                say("sum", text, head)
        told = sum(taxes.values())
        if abs(told - turnover) > ROUNDED * max(len(rows), 1):
            text = f"It is {written(turnover)}; the sums of tax {written(told)}."
            say("sum", text, head, "UMS_BRUTTO")

    def _references(self) -> None:
        lines = {row.cells[0] for row in self.tables["lines.csv"]}
        for row in self.tables["references.csv"]:
            number, kind, *place = row.cells
            if number and number not in lines:
                text = f"lines.csv has no line {number} of {self.name}."
                self.error("reference", text, row, "POS_ZEILE")
            if kind == REFERENCE and not all(place):
                text = "The receipt it refers to is not named whole."
                self.note("reference", text, row)
