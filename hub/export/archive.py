"""The export as one file: tables grow beside it, are packed, and take its name at once.

Nothing is kept in memory, and whoever looks for the file finds a whole one or none.
"""

from __future__ import annotations

import shutil
import tempfile
import zipfile
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from hub.export.dialect import line
from hub.export.index import DTD_NAME, INDEX_NAME, dtd, index_xml

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import TextIO

    from hub.export.tables import Table

BUFFER_BYTES = 1 << 18
_PACKED_FAST = 4
"""Deflate's level: the text packs nearly as well as with the best, in half the time."""


class NotWritable(Exception):
    """The file system refuses the export; the text is its reason."""


class Tables:
    """The open CSV files of an export."""

    def __init__(self) -> None:
        self._files: dict[str, TextIO] = {}

    def open(self, folder: Path, tables: Sequence[Table]) -> None:
        """Make the files, each with its heading."""
        for table in tables:
            self._files[table.file] = file = (folder / table.file).open(
                "w", encoding="utf-8", newline="", buffering=BUFFER_BYTES
            )
            file.write(line(each.name for each in table.columns))

    def write(self, file: str, text: str) -> None:
        """Append a line; raises NotWritable."""
        try:
            self._files[file].write(text)
        except OSError as error:
            raise _refusal(error) from error

    def close(self) -> None:
        """Have everything on the disk, and no file open."""
        for file in self._files.values():
            file.close()


@contextmanager
def archive(
    out: Path, tables: Sequence[Table], *, supplier: str, location: str, comment: str
) -> Iterator[Tables]:
    """Have all tables open, then pack them; nothing is left of what fails.

    Raises NotWritable where the folder can't be written or the disk is full; what is
    raised within comes out as it is.
    """
    with _writing():
        folder = Path(tempfile.mkdtemp(prefix=f".{out.name}.", dir=out.parent))
    opened = Tables()
    try:
        with _writing():
            opened.open(folder, tables)
        yield opened
        index = index_xml(tables, supplier=supplier, location=location, comment=comment)
        with _writing():
            opened.close()
            _pack(folder / out.name, folder, tables, index)
            (folder / out.name).replace(out)
    finally:
        with suppress(OSError):
            opened.close()
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _writing() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise _refusal(error) from error


def _refusal(error: OSError) -> NotWritable:
    return NotWritable(error.strerror or str(error))


def _pack(out: Path, folder: Path, tables: Sequence[Table], index: bytes) -> None:
    with zipfile.ZipFile(
        out, "w", zipfile.ZIP_DEFLATED, compresslevel=_PACKED_FAST
    ) as packed:
        packed.writestr(INDEX_NAME, index)
        packed.writestr(DTD_NAME, dtd())
        for table in tables:
            path = folder / table.file
            with path.open("rb") as source, packed.open(table.file, "w") as target:
                shutil.copyfileobj(source, target, BUFFER_BYTES)
            path.unlink()
