"""Reading a list of teams from a CSV file: every line, or what is wrong with which.

The first line names the columns. Needed are email, name and category; known are person,
members (separated by semicolons within the field, or by line breaks), club,
paid_by_club and external_id. Commas, semicolons or tabs part the columns.
"""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

import msgspec

from hub.core.registration import Wish

if TYPE_CHECKING:
    from collections.abc import Mapping

BYTES_MAX = 5 * 1024 * 1024
LINES_MAX = 10_000
NEEDED = ("email", "name", "category")
COLUMNS = (*NEEDED, "person", "members", "club", "paid_by_club", "external_id")
YES = frozenset({"1", "yes", "true", "x", "ja"})
NO = frozenset({"", "0", "no", "false", "nein"})


class Entrant(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A team that somebody else registers, and in whose name."""

    email: str
    wish: Wish
    person: str = ""
    external_id: str | None = None


class Trouble(msgspec.Struct, frozen=True):
    """What is wrong in which line (or item) of a list, counted from 1."""

    line: int
    text: str


class TeamList(msgspec.Struct, frozen=True):
    """What a file holds, or why not."""

    entrants: tuple[tuple[int, Entrant], ...]
    """Each with its line."""
    troubles: tuple[Trouble, ...]


def read_team_list(data: bytes) -> TeamList:
    """Read a file; never fails, but may find nothing but trouble."""
    if len(data) > BYTES_MAX:
        return _only(1, f"The file has more than {BYTES_MAX} bytes. Split it.")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        return _only(line, "This is no UTF-8. Save the file as 'CSV UTF-8'.")
    if "\x00" in text:
        return _only(1, "This is no text file. Save it as 'CSV UTF-8'.")
    return _read(text)


def _read(text: str) -> TeamList:
    head = text.partition("\n")[0]
    delimiter = max(",;\t", key=head.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    entrants: list[tuple[int, Entrant]] = []
    troubles: list[Trouble] = []
    try:
        columns = [name.strip().lower() for name in next(reader, [])]
        wrong = _wrong_columns(columns)
        if wrong:
            return _only(1, wrong)
        line = reader.line_num + 1
        for row in reader:
            if any(cell.strip() for cell in row):
                _take(line, columns, row, entrants, troubles)
            line = reader.line_num + 1
            if len(entrants) > LINES_MAX:
                return _only(line, f"At most {LINES_MAX} teams. Split the file.")
    except csv.Error as error:
        return _only(reader.line_num, f"This is no CSV: {error}.")
    return TeamList(tuple(entrants), tuple(troubles))


def _wrong_columns(columns: list[str]) -> str:
    missing = [name for name in NEEDED if name not in columns]
    unknown = [name for name in columns if name not in COLUMNS]
    if missing:
        return f"The first line must name the columns; {', '.join(missing)} missing."
    if unknown:
        return (
            f"Unknown columns: {', '.join(map(repr, unknown))}. "
            f"Known are {', '.join(COLUMNS)}."
        )
    if len(set(columns)) < len(columns):
        return "A column is named twice."
    return ""


def _take(
    line: int,
    columns: list[str],
    row: list[str],
    entrants: list[tuple[int, Entrant]],
    troubles: list[Trouble],
) -> None:
    if len(row) != len(columns):
        text = f"{len(row)} columns instead of {len(columns)}."
        troubles.append(Trouble(line, text))
        return
    cells = dict(zip(columns, (cell.strip() for cell in row), strict=True))
    said = cells.get("paid_by_club", "").lower()
    if said not in YES | NO:
        troubles.append(Trouble(line, f"paid_by_club is {said!r}: say yes or no."))
        return
    entrants.append((line, _entrant(cells, paid_by_club=said in YES)))


def _entrant(cells: Mapping[str, str], *, paid_by_club: bool) -> Entrant:
    members = cells.get("members", "").replace("\n", ";").split(";")
    return Entrant(
        email=cells["email"],
        person=cells.get("person", ""),
        external_id=cells.get("external_id") or None,
        wish=Wish(
            name=cells["name"],
            category=cells["category"],
            members=tuple(name.strip() for name in members if name.strip()),
            club=cells.get("club", ""),
            paid_by_club=paid_by_club,
        ),
    )


def _only(line: int, text: str) -> TeamList:
    return TeamList((), (Trouble(line, text),))
