"""Whether cells are as their columns say; mostly by one look at the whole line."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from hub.export.check.amounts import GROUPED
from hub.export.closed_lists import CLOSED_LISTS, MOMENTS
from hub.export.tables import Need

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hub.export.check.finding import Findings
    from hub.export.tables import Column

_MOMENT = (
    r"[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9](?::[0-6][0-9](?:\.[0-9]{1,6})?)?"
    r"(?:Z|[+-][0-2][0-9]:?[0-5][0-9])?"
)
_MOMENT_CELL = re.compile(_MOMENT)
_NUMBER = re.compile(r"-?[0-9]+(?:,[0-9]+)?")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_OPTIONAL_TABLES = frozenset({"transactions_tse.csv"})
"""Without a signature most of its columns are empty; that is judged by the row."""
_FEWEST_DECIMALS = 2


class CellCheck:
    """Checks the lines of one table."""

    def __init__(self, file: str, columns: Sequence[Column | None]) -> None:
        self._file = file
        self._columns = columns
        self._must = [
            column is not None
            and column.need is Need.MUST
            and (file not in _OPTIONAL_TABLES or index < 4)
            for index, column in enumerate(columns)
        ]
        parts = zip(columns, self._must, strict=True)
        self._line = re.compile(
            ";".join(_pattern(column, must=must) for column, must in parts)
        )

    def is_plain(self, line: str) -> bool:
        """Whether a line without quotes is right in every cell."""
        return self._line.fullmatch(line) is not None

    def look(self, cells: Sequence[str], line: int, findings: Findings) -> None:
        """Say what is wrong in which cell."""
        for column, must, text in zip(self._columns, self._must, cells, strict=True):
            if column is None:
                continue
            if _CONTROL.search(text):
                said = "It holds a control character or a line break."
            elif not text:
                said = "It must be filled." if must else ""
            elif column.is_number:
                said = self._number(column, text, line, findings)
            else:
                said = _text_fault(column, text)
            if said:
                findings.error("cell", said, self._file, line, column.name)

    def _number(self, column: Column, text: str, line: int, findings: Findings) -> str:
        if GROUPED.fullmatch(text):
            return f"{text[:30]!r} has separators of thousands."
        if not _NUMBER.fullmatch(text):
            return f"{text[:30]!r} is no number."
        decimals = len(text.partition(",")[2])
        if decimals == column.size:
            return ""
        if _FEWEST_DECIMALS <= decimals < column.size:
            findings.note(
                "decimals",
                f"{text!r} has {decimals} decimals; {column.size} are declared.",
                self._file,
                line,
                column.name,
            )
            return ""
        return f"{text[:30]!r} has {decimals} decimals, not {column.size}."


def _text_fault(column: Column, text: str) -> str:
    if len(text) > column.size:
        return f"It has {len(text)} characters; {column.size} are allowed."
    if column.name in MOMENTS and not _MOMENT_CELL.fullmatch(text):
        return f"{text!r} is no time (ISO 8601)."
    closed = CLOSED_LISTS.get(column.name)
    if closed is not None and text not in closed:
        return f"{text!r} is not in the standard's list."
    return ""


def _pattern(column: Column | None, *, must: bool) -> str:
    if column is None:
        return r"[^;\"\x00-\x1f\x7f]*"
    if column.is_number:
        decimals = f",[0-9]{{{column.size}}}" if column.size else ""
        found = f"-?[0-9]{{1,18}}{decimals}"
    elif column.name in MOMENTS:
        found = _MOMENT
    elif column.name in CLOSED_LISTS:
        found = "|".join(re.escape(each) for each in CLOSED_LISTS[column.name])
    else:
        return rf"[^;\"\x00-\x1f\x7f]{{{int(must)},{column.size}}}"
    return f"(?:{found})" if must else f"(?:{found})?"
