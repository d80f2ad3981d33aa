"""The simulator's memory: an append-only file of log messages, and the export TAR.

The log is the whole state of the secure element: what is registered, open and counted
is found again by reading the names of its messages.
"""

from __future__ import annotations

import fcntl
import io
import json
import re
import struct
import tarfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO

from tse_driver.errors import PortBusy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

LOG_FILE = "log_messages.bin"
CHECKPOINT_FILE = "checkpoint.json"
NAME = re.compile(
    r"Unixt_(?P<time>-?\d+)_Sig-(?P<counter>\d+)_Log-(?:"
    r"Tra_No-(?P<number>\d+)_(?P<step>Start|Update|Finish)_Client-(?P<client>.*)"
    r"|Sys_(?P<operation>\w+))\.log"
)
INFO_CSV = (
    b'"description:","DEMO TSE simulator","manufacturer:","Kassenband",'
    b'"version:","1"\r\n'
)

_HEADER = struct.Struct(">II")
_BLOCK = 512


@dataclass(frozen=True, slots=True)
class Stored:
    """One stored log message: its export name and its bytes."""

    name: str
    message: bytes

    def __getitem__(self, group: str) -> str | None:
        """Return a part of the name: time, counter, number, step, client, operation."""
        return self.parts.get(group)

    @property
    def parts(self) -> dict[str, str | None]:
        """Return all parts of the name; nothing if it is of another kind."""
        match = NAME.fullmatch(self.name)
        return {} if match is None else match.groupdict()


class LogStore:
    """Appends log messages and reads them again."""

    def __init__(self, directory: Path | None = None) -> None:
        """Open the file in a directory; without one, keep everything in memory."""
        self._file: BinaryIO = io.BytesIO()
        self._checkpoint_path: Path | None = None
        self.checkpoint: dict[str, Any] = {}
        """What deleted messages had made of the device."""
        if directory is not None:
            self._checkpoint_path = directory / CHECKPOINT_FILE
            if self._checkpoint_path.exists():
                self.checkpoint = json.loads(self._checkpoint_path.read_text())
            path = directory / LOG_FILE
            path.touch()
            self._file = path.open("r+b", buffering=0)
            try:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                self._file.close()
                where = f"The simulator's state in {directory}"
                raise PortBusy(where, "another simulator runs on it") from error
        self.size = 0
        for stored in self._read(self._file.seek(0, io.SEEK_END)):
            self.size += _HEADER.size + len(stored.name.encode()) + len(stored.message)
        # A record torn by a kill is cut off: it was never answered.
        self._file.truncate(self.size)

    def append(self, stored: Stored) -> None:
        """Add one message."""
        name = stored.name.encode()
        record = _HEADER.pack(len(name), len(stored.message)) + name + stored.message
        self._file.seek(self.size)
        self._file.write(record)
        self.size += len(record)

    def cut(self, checkpoint: dict[str, Any], counter: int | None = None) -> None:
        """Delete the messages up to a counter (all by default); keep a checkpoint."""
        kept = [
            stored
            for stored in self
            if counter is not None and int(stored["counter"] or 0) > counter
        ]
        self.checkpoint = checkpoint
        if self._checkpoint_path is not None:
            fresh = self._checkpoint_path.with_suffix(".new")
            fresh.write_text(json.dumps(checkpoint))
            fresh.replace(self._checkpoint_path)
        self._file.truncate(0)
        self.size = 0
        for stored in kept:
            self.append(stored)

    def __iter__(self) -> Iterator[Stored]:
        """Yield what is stored now, oldest first."""
        return self._read(self.size)

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _read(self, end: int) -> Iterator[Stored]:
        position = 0
        while position + _HEADER.size <= end:
            # Others append while an export is read, so the place is found each time.
            self._file.seek(position)
            name_size, size = _HEADER.unpack(self._file.read(_HEADER.size))
            position += _HEADER.size + name_size + size
            if position > end:
                return
            body = self._file.read(name_size + size)
            yield Stored(body[:name_size].decode(), body[name_size:])


def export_tar(
    log: Iterable[Stored],
    certificates: Iterable[tuple[str, bytes]],
    wanted: Callable[[Stored], bool] = lambda _: True,
) -> Iterator[bytes]:
    """Yield a TR-03151 export piece by piece: info.csv, log messages, certificates."""
    yield _member("info.csv", INFO_CSV)
    for stored in log:
        if wanted(stored):
            yield _member(stored.name, stored.message)
    for name, data in certificates:
        yield _member(name, data)
    yield bytes(2 * _BLOCK)


def _member(name: str, data: bytes) -> bytes:
    info = tarfile.TarInfo(name)
    info.size = len(data)
    info.mode = 0o444
    return info.tobuf(tarfile.GNU_FORMAT) + data + bytes(-len(data) % _BLOCK)
