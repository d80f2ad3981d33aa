"""Judges an export: every rule that can be looked at without the till (annexes A to I).

Works on anybody's export, in bounded memory: tables are streamed, receipts sorted into
files that are small enough to hold.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hub.export.check.closings import Closings
from hub.export.check.finding import FINDINGS_SHOWN, Finding, Findings, UnreadableExport
from hub.export.check.layout import read_layout
from hub.export.check.package import opened
from hub.export.check.partitions import Partitions, Record
from hub.export.check.reading import TableReader
from hub.export.check.receipts import COLUMNS, WANTED, Receipts
from hub.export.check.signatures import Signatures
from hub.export.closed_lists import REFERENCE
from hub.export.tables import BY_FILE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from hub.export.check.closings import SaidClosing
    from hub.export.check.layout import SaidTable
    from hub.export.check.package import Package

    Progress = Callable[[int, int], object]

__all__ = ["FINDINGS_SHOWN", "DsfinvkCheck", "check_dsfinvk"]

MEGABYTE = 1_000_000
BYTES_PER_SIGNATURE = 250
"""A row of the TSE's table has so many at least: a guess at how many there are."""
_TELL_EVERY = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class DsfinvkCheck:
    """What was found; `readable` is False where nothing could be judged."""

    findings: tuple[Finding, ...]
    errors: int
    found: int
    closings: int = 0
    receipts: int = 0
    signatures: int = 0
    verified: int = 0
    outside: int = 0
    """References to closings that are not in the export."""
    readable: bool = True

    @property
    def ok(self) -> bool:
        """Whether no rule is broken."""
        return self.readable and not self.errors

    def figures(self) -> dict[str, Any]:
        """Return it as a JSON object."""
        return {
            "ok": self.ok,
            "readable": self.readable,
            "closings": self.closings,
            "receipts": self.receipts,
            "signatures": self.signatures,
            "verified": self.verified,
            "references_outside": self.outside,
            "errors": self.errors,
            "found": self.found,
            "findings": [each.figures() for each in self.findings],
        }


def check_dsfinvk(
    path: Path, progress: Progress = lambda _done, _all: None
) -> DsfinvkCheck:
    """Judge an export; never raises for what is in it. `progress` hears megabytes."""
    findings = Findings()
    try:
        with opened(path, findings) as package:
            layout = read_layout(package, findings)
            return _Judge(package, layout, findings, progress).judge()
    except UnreadableExport as error:
        findings.error("unreadable", str(error))
        return DsfinvkCheck(
            findings=tuple(findings.shown),
            errors=findings.errors,
            found=findings.all,
            readable=False,
        )


class _Judge:
    def __init__(
        self,
        package: Package,
        layout: dict[str, SaidTable],
        findings: Findings,
        progress: Progress,
    ) -> None:
        self._package = package
        self._layout = layout
        self._findings = findings
        self._progress = progress
        self._read = 0
        self._outside = 0

    def judge(self) -> DsfinvkCheck:
        """Look at everything."""
        closings = Closings(self._rows, self._findings)
        closings.read()
        size = sum(
            self._package.size_of(name)
            for name in COLUMNS
            if name in self._package.names
        )
        tse = "transactions_tse.csv"
        names = self._package.names
        expected = self._package.size_of(tse) if tse in names else 0
        with (
            Partitions(size) as partitions,
            Signatures(expected // BYTES_PER_SIGNATURE, self._findings) as signatures,
        ):
            for file, columns in COLUMNS.items():
                self._sort(file, columns, closings, partitions)
            receipts = Receipts(closings.all, signatures, self._findings)
            for records in partitions.parts():
                receipts.check(records)
            signatures.finish()
            closings.compare()
        return DsfinvkCheck(
            findings=tuple(self._findings.shown),
            errors=self._findings.errors,
            found=self._findings.all,
            closings=len(closings.all),
            receipts=receipts.count,
            signatures=signatures.count,
            verified=signatures.verified,
            outside=self._outside,
        )

    def _sort(
        self,
        file: str,
        columns: tuple[str, ...],
        closings: Closings,
        partitions: Partitions,
    ) -> None:
        for line, closing, (receipt, *cells) in closings.of(file, ("BON_ID", *columns)):
            if receipt:
                partitions.add(Record(closing.index, receipt, file, line, cells))
            if file == "references.csv" and cells[1] == REFERENCE:
                self._want(line, closing, cells, closings, partitions)

    def _want(
        self,
        line: int,
        closing: SaidClosing,
        cells: list[str],
        closings: Closings,
        partitions: Partitions,
    ) -> None:
        """Have the receipt looked for that is referred to, if its closing is here."""
        _, _, register, number, receipt = cells
        target = closings.by_key.get(
            (register or closing.register, number or str(closing.number))
        )
        if target is None:
            self._outside += 1
        elif receipt:
            place = [register or number]
            partitions.add(Record(target.index, receipt, WANTED, line, place))

    def _rows(
        self, file: str, names: tuple[str, ...]
    ) -> Iterator[tuple[int, list[str]]]:
        if file not in self._package.names:
            return  # told with the layout
        reader = TableReader(
            self._package, BY_FILE[file], self._layout.get(file), self._findings
        )
        for line, cells in reader.rows(names):
            if not line % _TELL_EVERY:
                self._tell(reader.read_bytes)
            yield line, cells
        self._read += reader.read_bytes

    def _tell(self, more: int) -> None:
        self._progress(
            (self._read + more) // MEGABYTE, self._package.size // MEGABYTE + 1
        )
