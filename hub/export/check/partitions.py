"""Sorts rows by receipt without keeping them: into files, each small enough to hold.

A receipt's rows lie in eight tables, in whatever order; all of them come to the same
file, which is then read whole.
"""

from __future__ import annotations

import tempfile
import zlib
from contextlib import ExitStack
from typing import IO, TYPE_CHECKING, Self

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

PART_BYTES = 8 << 20
"""So much of an export's text is looked at together."""
PARTS_MAX = 256


class Record(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """A row of one receipt: which closing and receipt, which table and line."""

    closing: int
    receipt: str
    table: str
    line: int
    cells: list[str]


class Partitions:
    """Takes records, and gives them back by parts."""

    def __init__(self, size: int) -> None:
        self._count = min(PARTS_MAX, size // PART_BYTES + 1)
        self._stack = ExitStack()
        self._files: list[IO[bytes]] = []
        self._encode = msgspec.json.Encoder().encode
        self._decode = msgspec.json.Decoder(Record).decode

    def __enter__(self) -> Self:
        for _ in range(self._count):
            file = self._stack.enter_context(tempfile.TemporaryFile())
            self._files.append(file)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()

    def add(self, record: Record) -> None:
        """Put a record to the others of its receipt."""
        self._file_of(record.closing, record.receipt).write(
            self._encode(record) + b"\n"
        )

    def parts(self) -> Iterator[Iterator[Record]]:
        """Yield the records of each part."""
        for file in self._files:
            file.seek(0)
            yield map(self._decode, file)

    def _file_of(self, closing: int, receipt: str) -> IO[bytes]:
        digest = zlib.crc32(receipt.encode(), closing)
        return self._files[digest % self._count]
