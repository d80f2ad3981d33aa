"""Reads an export's tables line by line, and says where their dialect is broken."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

from hub.export.check.cells import CellCheck
from hub.export.check.finding import UnreadableExport
from hub.export.dialect import DELIMITER, LINE_END, QUOTE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from hub.export.check.finding import Findings
    from hub.export.check.layout import SaidTable
    from hub.export.check.package import Package
    from hub.export.tables import Table

_MARK = "\ufeff"
_LINES_OF_A_CELL_MAX = 50


class TableReader:
    """Reads one table; its rows come with the cells that were asked for."""

    def __init__(
        self,
        package: Package,
        table: Table,
        said: SaidTable | None,
        findings: Findings,
    ) -> None:
        self._package = package
        self._table = table
        self._findings = findings
        self._said = (
            [column.name for column in said.columns]
            if said is not None
            else [column.name for column in table.columns]
        )
        self.read_bytes = 0

    def rows(self, names: Sequence[str]) -> Iterator[tuple[int, list[str]]]:
        """Yield the line number of each row, and its cells in the order of the names.

        Cells of columns that are missing are empty.
        """
        try:
            yield from self._rows(names)
        except UnreadableExport as error:
            self._findings.error("archive", str(error), self._table.file)

    def _rows(self, names: Sequence[str]) -> Iterator[tuple[int, list[str]]]:
        lines = self._lines()
        first = next(lines, None)
        if first is None:
            self._error("dialect", "It is empty: not even a heading.", 0)
            return
        heading = first[2]
        if heading != self._said:
            self._error("heading", "It is not what index.xml says.", 1)
        known = {column.name: column for column in self._table.columns}
        check = CellCheck(self._table.file, [known.get(name) for name in heading])
        places = {name: index for index, name in enumerate(heading)}
        picked = [places.get(name, -1) for name in names]
        width = len(heading)
        for number, line, cells in lines:
            if len(cells) != width:
                text = f"It has {len(cells)} cells; the heading has {width}."
                self._error("dialect", text, number)
                continue
            if not check.is_plain(line):
                check.look(cells, number, self._findings)
            cells.append("")
            yield number, [cells[index] for index in picked]

    def _lines(self) -> Iterator[tuple[int, str, list[str]]]:
        """Yield number, plain text and cells of each line; quotes are taken off."""
        lines = self._package.lines(self._table.file)
        for number, raw in lines:
            self.read_bytes += len(raw)
            text = self._text(raw, number)
            if number == 1 and text.startswith(_MARK):
                self._error("dialect", "It begins with a byte order mark.", 1)
                text = text.removeprefix(_MARK)
            if QUOTE not in text:
                line = self._without_end(text, number)
                if line or number == 1:
                    yield number, line, line.split(DELIMITER)
                else:
                    self._error("dialect", "The line is empty.", number)
                continue
            whole = self._whole(text, number, lines)
            cells = self._quoted(self._without_end(whole, number), number)
            if cells is not None:
                yield number, whole, cells

    def _whole(self, text: str, number: int, lines: Iterator[tuple[int, bytes]]) -> str:
        """Put together a row whose quoted cells hold line breaks."""
        joined = 0
        while text.count(QUOTE) % 2:
            following = next(lines, None)
            joined += 1
            if following is None or joined > _LINES_OF_A_CELL_MAX:
                raise UnreadableExport(f"Line {number}: its quotes never end.")
            self.read_bytes += len(following[1])
            text += self._text(following[1], number)
        return text

    def _quoted(self, line: str, number: int) -> list[str] | None:
        try:
            rows = list(
                csv.reader([line], delimiter=DELIMITER, quotechar=QUOTE, strict=True)
            )
        except csv.Error as error:
            self._error("dialect", f"Its quotes are wrong ({error}).", number)
            return None
        return rows[0] if rows else [""]

    def _text(self, raw: bytes, number: int) -> str:
        try:
            return raw.decode("utf-8")
        except UnicodeDecodeError:
            raise UnreadableExport(f"Line {number} is no UTF-8.") from None

    def _without_end(self, text: str, number: int) -> str:
        if text.endswith(LINE_END):
            return text[:-2]
        self._error("dialect", "It does not end with CR and LF.", number)
        return text.rstrip("\r\n")

    def _error(self, kind: str, text: str, line: int) -> None:
        self._findings.error(kind, text, self._table.file, line)
