"""index.xml as it is: which tables an export says it has, and with which columns."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from xml.parsers import expat

from hub.export.check.finding import UnreadableExport
from hub.export.index import DTD_NAME, INDEX_NAME
from hub.export.tables import BY_FILE, CERTIFICATE_COLUMNS, TABLES

if TYPE_CHECKING:
    from hub.export.check.finding import Findings
    from hub.export.check.package import Package
    from hub.export.tables import Table

INDEX_BYTES_MAX = 4 << 20
DEPTH_MAX = 12
_MARK = b"\xef\xbb\xbf"
_IS_ALL = True
_SAYS_NUMBER, _SAYS_TEXT = "Numeric", "AlphaNumeric"


@dataclass(slots=True)
class SaidColumn:
    """A column as index.xml tells it; a size of -1 was not said."""

    name: str = ""
    is_number: bool = False
    size: int = -1


@dataclass(slots=True)
class SaidTable:
    """A table as index.xml tells it."""

    file: str = ""
    symbols: dict[str, str] = field(default_factory=dict)
    columns: list[SaidColumn] = field(default_factory=list)


def read_layout(package: Package, findings: Findings) -> dict[str, SaidTable]:
    """Read index.xml and compare it with the standard; tables by their file names.

    Raises UnreadableExport where there is none, or none that is XML.
    """
    if INDEX_NAME not in package.names:
        raise UnreadableExport(f"There is no {INDEX_NAME} in it: it is no DSFinV-K.")
    data = package.read(INDEX_NAME, INDEX_BYTES_MAX)
    reader = _Reader(data)
    said = {table.file: table for table in reader.tables}
    checks = (
        (reader.dtd == DTD_NAME, f"It does not name {DTD_NAME} as its type."),
        (reader.version == "1.0", "Its version is not 1.0."),
        (len(said) == len(reader.tables), "It names a file twice."),
    )
    for holds, text in checks:
        if not holds:
            findings.error("index", text, INDEX_NAME)
    if not data.startswith(_MARK):
        findings.note("index", "It has no byte order mark (UTF-8).", INDEX_NAME)
    if DTD_NAME not in package.names:
        findings.error("missing", "The document type is missing.", DTD_NAME)
    _look_for_tables(package, said, findings)
    return said


def _look_for_tables(
    package: Package, said: dict[str, SaidTable], findings: Findings
) -> None:
    for table in TABLES:
        if table.file not in package.names:
            findings.error("missing", "The table is missing.", table.file)
        if table.file not in said:
            findings.error("index", f"It does not name {table.file}.", INDEX_NAME)
        else:
            _compare(table, said[table.file], findings)
    for name in sorted(package.names - BY_FILE.keys() - {INDEX_NAME, DTD_NAME}):
        findings.note("archive", "The standard has no such file.", name)
    for name in sorted(said.keys() - package.names - BY_FILE.keys()):
        findings.error("missing", f"{INDEX_NAME} names it, but it is missing.", name)


_SYMBOLS = {
    "DecimalSymbol": ",",
    "ColumnDelimiter": ";",
    "RecordDelimiter": "\r\n",
    "TextEncapsulator": '"',
    "Range": "2",
    "UTF8": "",
}


def _compare(table: Table, said: SaidTable, findings: Findings) -> None:
    for name, value in _SYMBOLS.items():
        if said.symbols.get(name) != value:
            text = f"{table.file}: its {name} is not {value!r}."
            findings.error("index", text, INDEX_NAME)
    columns = {column.name: column for column in said.columns}
    known = [column.name for column in table.columns]
    order = [name for name in columns if name in known]
    if order != [name for name in known if name in columns]:
        text = f"{table.file}: its columns are not in the order of the standard."
        findings.note("index", text, INDEX_NAME)
    for column in table.columns:
        found = columns.get(column.name)
        if found is None:
            text = f"{table.file} has no such column."
            findings.error("index", text, INDEX_NAME, 0, column.name)
        elif (found.is_number, found.size) != (column.is_number, column.size):
            kind = "a number with {} decimals" if column.is_number else "a text of {}"
            text = f"{table.file}: it is not {kind.format(column.size)}."
            findings.error("index", text, INDEX_NAME, 0, column.name)
    for name in sorted(columns.keys() - set(known)):
        if name.startswith(CERTIFICATE_COLUMNS):
            continue  # as many as the certificate needs
        text = f"{table.file}: a column that the standard does not have."
        findings.note("index", text, INDEX_NAME, 0, name)


class _Reader:
    """Reads index.xml; no entity is ever resolved, and nothing outside it opened."""

    def __init__(self, data: bytes) -> None:
        self.dtd = ""
        self.version = ""
        self.tables: list[SaidTable] = []
        self._path: list[str] = []
        self._text = ""
        parser = expat.ParserCreate()
        parser.StartDoctypeDeclHandler = self._doctype
        parser.EntityDeclHandler = self._entity
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._data
        try:
            parser.Parse(data, _IS_ALL)
        except (expat.ExpatError, ValueError) as error:
            raise UnreadableExport(f"{INDEX_NAME} can't be read: {error}.") from None

    def _doctype(
        self, _name: str, system: str | None, _public: str | None, _internal: int
    ) -> None:
        self.dtd = system or ""

    def _entity(self, *_declared: object) -> None:
        raise UnreadableExport(f"{INDEX_NAME} declares an entity; nobody needs one.")

    def _start(self, name: str, _attributes: dict[str, str]) -> None:
        self._path.append(name)
        self._text = ""
        if len(self._path) > DEPTH_MAX:
            raise UnreadableExport(f"{INDEX_NAME} is nested too deeply.")
        if name == "Table":
            self.tables.append(SaidTable())
        elif self.tables and name in {"VariableColumn", "VariablePrimaryKey"}:
            self.tables[-1].columns.append(SaidColumn())

    def _data(self, text: str) -> None:
        self._text += text

    def _end(self, name: str) -> None:
        self._path.pop()
        text, self._text = self._text, ""
        inside = self._path[-1] if self._path else ""
        if inside == "DataSet" and name == "Version":
            self.version = text.strip()
        if not self.tables:
            return
        table = self.tables[-1]
        if inside in {"VariableColumn", "VariablePrimaryKey"}:
            _say(table.columns[-1], name, text.strip())
        elif inside == _SAYS_NUMBER and name == "Accuracy" and table.columns:
            table.columns[-1].size = _whole(text)
        elif inside == "Table" and name == "URL":
            table.file = text.strip()
        elif name == "From" and inside == "Range":
            table.symbols["Range"] = text.strip()
        elif name in _SYMBOLS and name != "Range":
            table.symbols[name] = text if name == "RecordDelimiter" else text.strip()


def _say(column: SaidColumn, name: str, text: str) -> None:
    if name == "Name":
        column.name = text
    elif name == _SAYS_NUMBER:
        column.is_number = True
        column.size = max(column.size, 0)
    elif name == "MaxLength":
        column.size = _whole(text)


def _whole(text: str) -> int:
    stripped = text.strip()
    return int(stripped) if stripped.isascii() and stripped.isdigit() else -1
