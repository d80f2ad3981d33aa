"""The files of an export, in its ZIP file or a folder: read with suspicion.

Nothing is unpacked to a disk, so that no name in it can lead anywhere; memory is
bounded.
"""

from __future__ import annotations

import os
import stat
import zipfile
import zlib
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import IO, TYPE_CHECKING, Protocol

from hub.export.check.finding import UnreadableExport

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from hub.export.check.finding import Findings

ENTRIES_MAX = 200
TOTAL_BYTES_MAX = 16 << 30
RATIO_MAX = 250
"""Tables pack to a tenth; what packs better than this was made to burst."""
RATIO_COUNTS_FROM = 8 << 20
CHUNK_BYTES = 1 << 20
LINE_BYTES_MAX = 1 << 16
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError)
NO_NAME = "is no plain file name"
NO_FILE = "is no file"
_BAD_IN_NAMES = frozenset('/\\:*?"<>|') | {chr(code) for code in range(32)}


@dataclass(frozen=True, slots=True)
class Entry:
    """A file that lies there, and why it is not to be read."""

    name: str
    size: int
    unsafe: str | None


class Source(Protocol):
    """Where the files lie."""

    def entries(self) -> Iterator[Entry]:
        """Yield what lies there; raises UnreadableExport."""

    def open(self, name: str) -> IO[bytes]:
        """Open a file; raises one of _BROKEN."""


class Package:
    """The files of an export by name; those that are not safe to read are left out."""

    def __init__(self, source: Source, findings: Findings) -> None:
        self._source = source
        self._findings = findings
        self._sizes: dict[str, int] = {}
        self._look()

    @property
    def names(self) -> frozenset[str]:
        """The names of the files that can be read."""
        return frozenset(self._sizes)

    @property
    def size(self) -> int:
        """How many bytes all of them say they have."""
        return sum(self._sizes.values())

    def size_of(self, name: str) -> int:
        """How many bytes a file says it has."""
        return self._sizes[name]

    def read(self, name: str, most: int) -> bytes:
        """Return a small file whole; raises UnreadableExport."""
        if self._sizes[name] > most:
            raise UnreadableExport(f"{name} has more than {most} bytes.")
        return b"".join(self.chunks(name))

    def chunks(self, name: str) -> Iterator[bytes]:
        """Yield a file's bytes; raises UnreadableExport where it is broken."""
        left = self._sizes[name]
        try:
            with self._source.open(name) as file:
                while chunk := file.read(min(CHUNK_BYTES, left + 1)):
                    left -= len(chunk)
                    if left < 0:
                        raise UnreadableExport(
                            f"{name} is longer than it was said to be."
                        )
                    yield chunk
        except _BROKEN as error:
            raise UnreadableExport(f"{name} can't be read ({error}).") from None

    def lines(self, name: str) -> Iterator[tuple[int, bytes]]:
        """Yield a file's lines with their ends, and their numbers from 1."""
        number, rest = 0, b""
        for chunk in self.chunks(name):
            parts = (rest + chunk).split(b"\n")
            rest = parts.pop()
            for part in parts:
                number += 1
                yield number, part + b"\n"
            if len(rest) > LINE_BYTES_MAX:
                raise UnreadableExport(
                    f"{name} line {number + 1} has more than {LINE_BYTES_MAX} bytes."
                )
        if rest:
            yield number + 1, rest

    def _look(self) -> None:
        entries = list(islice(self._source.entries(), ENTRIES_MAX + 1))
        if len(entries) > ENTRIES_MAX:
            raise UnreadableExport(
                f"It has more than {ENTRIES_MAX} files; an export has 22."
            )
        if sum(entry.size for entry in entries) > TOTAL_BYTES_MAX:
            raise UnreadableExport("It has more than 16 GiB.")
        folded: set[str] = set()
        for entry in entries:
            wrong = entry.unsafe
            if wrong is None and entry.name.casefold() in folded:
                wrong = "is there twice"
            if wrong is not None:
                name = ascii(entry.name[:80])
                self._findings.error("archive", f"{name} {wrong}; it is not read.")
                continue
            folded.add(entry.name.casefold())
            self._sizes[entry.name] = entry.size


@dataclass(frozen=True, slots=True)
class _Archive:
    archive: zipfile.ZipFile

    def entries(self) -> Iterator[Entry]:
        for entry in self.archive.infolist():
            yield Entry(entry.filename, entry.file_size, _why_unsafe(entry))

    def open(self, name: str) -> IO[bytes]:
        return self.archive.open(name)


@dataclass(frozen=True, slots=True)
class _Folder:
    path: Path

    def entries(self) -> Iterator[Entry]:
        try:
            with os.scandir(self.path) as found:
                for entry in found:
                    said = entry.stat(follow_symlinks=False)
                    wrong = None if stat.S_ISREG(said.st_mode) else NO_FILE
                    if not _is_plain(entry.name):
                        wrong = NO_NAME
                    yield Entry(entry.name, said.st_size, wrong)
        except OSError as error:
            why = error.strerror or error
            raise UnreadableExport(
                f"{self.path} can't be read ({why}). Name another folder."
            ) from None

    def open(self, name: str) -> IO[bytes]:
        # It may have become a link or a pipe since it was looked at.
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK
        return os.fdopen(os.open(self.path / name, flags), "rb")


@contextmanager
def opened(path: Path, findings: Findings) -> Iterator[Package]:
    """Have an export open, packed or not; raises UnreadableExport where it is none."""
    if path.is_dir():
        yield Package(_Folder(path), findings)
        return
    try:
        archive = zipfile.ZipFile(path)
    except OSError as error:
        why = error.strerror or error
        raise UnreadableExport(
            f"{path} can't be read ({why}). Name another file."
        ) from None
    except (zipfile.BadZipFile, ValueError, RuntimeError) as error:
        raise UnreadableExport(
            f"{path} is no ZIP archive ({error}). Name the export, or its folder."
        ) from None
    with archive:
        yield Package(_Archive(archive), findings)


def _why_unsafe(entry: zipfile.ZipInfo) -> str | None:
    name, mode = entry.filename, entry.external_attr >> 16
    if not name or not _is_plain(entry.orig_filename) or name in {".", ".."}:
        return NO_NAME
    if entry.is_dir() or (stat.S_IFMT(mode) and not stat.S_ISREG(mode)):
        return NO_FILE
    if entry.flag_bits & 1:
        return "is encrypted"
    if entry.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
        return "is packed in an unusual way"
    if entry.file_size > RATIO_COUNTS_FROM and (
        entry.file_size > RATIO_MAX * max(entry.compress_size, 1)
    ):
        return "would burst when it is unpacked"
    return None


def _is_plain(name: str) -> bool:
    return not _BAD_IN_NAMES & set(name)
