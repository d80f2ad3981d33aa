"""The ZIP file of an export: opened with suspicion, read in bounded memory.

Nothing is unpacked to a disk, so that no name in it can lead anywhere.
"""

from __future__ import annotations

import stat
import zipfile
import zlib
from contextlib import contextmanager
from typing import TYPE_CHECKING

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
_BAD_IN_NAMES = frozenset('/\\:*?"<>|') | {chr(code) for code in range(32)}


class Package:
    """The files of an export by name; those that are not safe to read are left out."""

    def __init__(self, archive: zipfile.ZipFile, findings: Findings) -> None:
        self._archive = archive
        self._findings = findings
        self._entries: dict[str, zipfile.ZipInfo] = {}
        self._look()

    @property
    def names(self) -> frozenset[str]:
        """The names of the files that can be read."""
        return frozenset(self._entries)

    @property
    def size(self) -> int:
        """How many bytes all of them say they have."""
        return sum(entry.file_size for entry in self._entries.values())

    def size_of(self, name: str) -> int:
        """How many bytes a file says it has."""
        return self._entries[name].file_size

    def read(self, name: str, most: int) -> bytes:
        """Return a small file whole; raises UnreadableExport."""
        if self._entries[name].file_size > most:
            raise UnreadableExport(f"{name} has more than {most} bytes.")
        return b"".join(self.chunks(name))

    def chunks(self, name: str) -> Iterator[bytes]:
        """Yield a file's bytes; raises UnreadableExport where it is broken."""
        entry = self._entries[name]
        left = entry.file_size
        try:
            with self._archive.open(entry) as file:
                while chunk := file.read(min(CHUNK_BYTES, left + 1)):
                    left -= len(chunk)
                    if left < 0:
                        raise UnreadableExport(
                            f"{name} is longer than the archive says."
                        )
                    yield chunk
        except _BROKEN as error:
            raise UnreadableExport(f"{name} can't be unpacked ({error}).") from None

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
        entries = self._archive.infolist()
        if len(entries) > ENTRIES_MAX:
            raise UnreadableExport(
                f"The archive has {len(entries)} files; an export has 22."
            )
        if sum(entry.file_size for entry in entries) > TOTAL_BYTES_MAX:
            raise UnreadableExport("The archive unpacks to more than 16 GiB.")
        folded: set[str] = set()
        for entry in entries:
            wrong = _why_unsafe(entry)
            if wrong is None and entry.filename.casefold() in folded:
                wrong = "is in the archive twice"
            if wrong is not None:
                name = ascii(entry.filename[:80])
                self._findings.error("archive", f"{name} {wrong}; it is not read.")
                continue
            folded.add(entry.filename.casefold())
            self._entries[entry.filename] = entry


@contextmanager
def opened(path: Path, findings: Findings) -> Iterator[Package]:
    """Have an archive open; raises UnreadableExport where it is none."""
    try:
        archive = zipfile.ZipFile(path)
    except OSError as error:
        why = error.strerror or error
        raise UnreadableExport(
            f"{path} can't be read ({why}). Name another file."
        ) from None
    except (zipfile.BadZipFile, ValueError, RuntimeError) as error:
        raise UnreadableExport(
            f"{path} is no ZIP archive ({error}). Name the packed export."
        ) from None
    with archive:
        yield Package(archive, findings)


def _why_unsafe(entry: zipfile.ZipInfo) -> str | None:
    name, mode = entry.filename, entry.external_attr >> 16
    if not name or _BAD_IN_NAMES & set(entry.orig_filename) or name in {".", ".."}:
        return "is no plain file name"
    if entry.is_dir() or (stat.S_IFMT(mode) and not stat.S_ISREG(mode)):
        return "is no file"
    if entry.flag_bits & 1:
        return "is encrypted"
    if entry.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
        return "is packed in an unusual way"
    if entry.file_size > RATIO_COUNTS_FROM and (
        entry.file_size > RATIO_MAX * max(entry.compress_size, 1)
    ):
        return "would burst when it is unpacked"
    return None
