"""Just enough of TAR to read exports that may be hostile, in bounded memory.

Names are handed out as they stand, never used as paths; members are skipped by seeking;
and what no TSE writes (sparse files, endless headers) is refused before it is read.
Formats: POSIX ustar and pax, GNU long names and large sizes.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

from tse_driver.errors import Unreadable

if TYPE_CHECKING:
    from collections.abc import Iterator

BLOCK = 512
EXTRA_BYTES_MAX = 65536  # a long name or pax header
NAME_BYTES_MAX = 4096
EXTRAS_MAX = 8  # such headers before one member

_REGULAR = {b"0", b"\0", b"7"}
_LONG_NAME, _LONG_LINK = b"L", b"K"
_PAX, _PAX_GLOBAL = b"x", b"g"
_SPARSE = b"S"


@dataclass(frozen=True, slots=True)
class Member:
    """One regular file of an archive: where its content stands in the file."""

    name: str
    size: int
    offset: int


def members(file: BinaryIO) -> Iterator[Member]:
    """Yield the regular files of a seekable archive; raise Unreadable.

    The caller may read and seek between two of them.
    """
    begin = file.tell()
    end = file.seek(0, os.SEEK_END)
    at, extras = begin, _Extras()
    while True:
        header = _read(file, at, BLOCK, end)
        if header == bytes(BLOCK):
            return
        _check(header, at)
        size, kind = _number(header[124:136], at), header[156:157]
        at += BLOCK
        if kind in {_LONG_NAME, _LONG_LINK, _PAX, _PAX_GLOBAL}:
            if size > EXTRA_BYTES_MAX:
                raise _unreadable(f"an extra header of {size} bytes")
            extras.take(kind, _read(file, at, size, end))
        else:
            if kind == _SPARSE or extras.is_sparse:
                raise _unreadable("a sparse file, which no TSE writes")
            size = size if extras.size is None else extras.size
            if at + size > end:
                raise _unreadable(f"it breaks off at {end - begin}")
            if kind in _REGULAR:
                yield Member(extras.name or _name(header), size, at)
            extras = _Extras()
        at += -(-size // BLOCK) * BLOCK


def content(file: BinaryIO, member: Member) -> bytes:
    """Return the content of a member; its size is the caller's to look at first."""
    file.seek(member.offset)
    return file.read(member.size)


@dataclass(slots=True)
class _Extras:
    """What the headers before a member say about it."""

    name: str = ""
    size: int | None = None
    is_sparse: bool = False
    count: int = 0

    def take(self, kind: bytes, data: bytes) -> None:
        """Learn from one more header."""
        self.count += 1
        if self.count > EXTRAS_MAX:
            raise _unreadable("too many extra headers before one file")
        if kind == _LONG_NAME:
            self.name = _text(data[:NAME_BYTES_MAX])
        elif kind == _PAX:
            self._take_pax(data)

    def _take_pax(self, data: bytes) -> None:
        while data:
            length, _, _ = data.partition(b" ")
            size = int(length) if length.isdigit() and len(length) < 6 else 0
            if not len(length) < size <= len(data):
                raise _unreadable("a broken pax header")
            record, data = data[len(length) + 1 : size], data[size:]
            key, _, value = record.rstrip(b"\n").partition(b"=")
            if key == b"path":
                self.name = _text(value[:NAME_BYTES_MAX])
            elif key == b"size" and value.isdigit() and len(value) < 20:
                self.size = int(value)
            elif key.startswith(b"GNU.sparse."):
                self.is_sparse = True


def _read(file: BinaryIO, at: int, size: int, end: int) -> bytes:
    if at + size > end:
        raise _unreadable(f"it breaks off at {end}")
    file.seek(at)
    return file.read(size)


def _check(header: bytes, at: int) -> None:
    # Some old writers summed signed bytes; no TSE's export is known to.
    said = _number(header[148:156], at)
    if sum(header) - sum(header[148:156]) + 8 * ord(" ") != said:
        raise _unreadable(f"a damaged header at {at}")


def _number(text: bytes, at: int) -> int:
    if text[:1] == b"\x80":  # GNU: a large number in binary
        return int.from_bytes(text[1:], "big")
    digits = text.strip(b" \0")
    if digits and not digits.isdigit():
        raise _unreadable(f"a damaged header at {at}")
    try:
        return int(digits or b"0", 8)
    except ValueError:
        raise _unreadable(f"a damaged header at {at}") from None


def _name(header: bytes) -> str:
    name = header[:100].split(b"\0", 1)[0]
    prefix = header[345:500].split(b"\0", 1)[0]
    if header[257:263] == b"ustar\0" and prefix:
        name = prefix + b"/" + name
    return _text(name)


def _text(name: bytes) -> str:
    return name.split(b"\0", 1)[0].decode(errors="replace")


def _unreadable(detail: str) -> Unreadable:
    return Unreadable("The export", f"it is no whole TAR ({detail})")
