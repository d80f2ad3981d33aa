"""Tag, length, value: just enough of BER/DER for TR-03151, and no re-encoding.

Real devices emit BER with indefinite lengths, and what they sign are the raw bytes;
so every element keeps its raw slice beside its meaning.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from tse_driver.errors import Unreadable

if TYPE_CHECKING:
    from collections.abc import Iterator

INTEGER = 0x02
BIT_STRING = 0x03
OCTET_STRING = 0x04
OBJECT_IDENTIFIER = 0x06
UTC_TIME = 0x17
GENERALIZED_TIME = 0x18
SEQUENCE = 0x30

CONSTRUCTED = 0x20
END_OF_CONTENTS = b"\x00\x00"
DEPTH_MAX = 16  # real log messages nest three deep
LENGTH_BYTES_MAX = 4
OIDS_REMEMBERED = 64  # a message has two, of the same few in every message


class Element(NamedTuple):
    """One TLV element: its tag, the bytes between header and end, the raw slice."""

    tag: int
    content: bytes
    raw: bytes

    @property
    def kind(self) -> int:
        """Return the tag without the constructed bit (a SEQUENCE stays one)."""
        return self.tag if self.tag == SEQUENCE else self.tag & ~CONSTRUCTED

    @property
    def value(self) -> bytes:
        """Return the octets, those of a constructed string joined."""
        if self.tag == SEQUENCE or not self.tag & CONSTRUCTED:
            return self.content
        return b"".join(inner.value for inner in read_all(self.content))


def read_all(data: bytes) -> tuple[Element, ...]:
    """Read elements up to the end of data; raise Unreadable when it ends within one."""
    return tuple(_elements(data))


def read_one(data: bytes) -> Element:
    """Read the one element data consists of; raise Unreadable on anything behind it."""
    element = _read(data, 0, 0)
    if len(element.raw) != len(data):
        raise _unreadable(f"{len(data) - len(element.raw)} bytes behind its end")
    return element


def write(tag: int, value: bytes) -> bytes:
    """Write one element with the shortest definite length."""
    length = len(value)
    if length < 0x80:
        return bytes((tag, length)) + value
    size = (length.bit_length() + 7) // 8
    return bytes((tag, 0x80 | size)) + length.to_bytes(size, "big") + value


def write_integer(number: int, tag: int = INTEGER) -> bytes:
    """Write a number as minimal two's complement."""
    size = (number if number >= 0 else ~number).bit_length() // 8 + 1
    return write(tag, number.to_bytes(size, "big", signed=True))


def read_integer(body: bytes) -> int:
    """Read the body of an INTEGER."""
    if not 1 <= len(body) <= 32:
        raise _unreadable(f"an integer of {len(body)} bytes")
    return int.from_bytes(body, "big", signed=True)


@lru_cache(OIDS_REMEMBERED)
def write_oid(dotted: str) -> bytes:
    """Write an OBJECT IDENTIFIER given as dotted numbers."""
    first, second, *others = (int(part) for part in dotted.split("."))
    body = bytearray([40 * first + second])
    for number in others:
        groups = [number & 0x7F]
        while number := number >> 7:
            groups.append(number & 0x7F | 0x80)
        body.extend(reversed(groups))
    return write(OBJECT_IDENTIFIER, bytes(body))


@lru_cache(OIDS_REMEMBERED)
def read_oid(body: bytes) -> str:
    """Read the body of an OBJECT IDENTIFIER into dotted numbers."""
    if not body or body[-1] & 0x80 or len(body) > 64:
        raise _unreadable("a broken object identifier")
    numbers = [body[0] // 40, body[0] % 40]
    number = 0
    for byte in body[1:]:
        number = number << 7 | byte & 0x7F
        if not byte & 0x80:
            numbers.append(number)
            number = 0
    return ".".join(map(str, numbers))


def _elements(data: bytes) -> Iterator[Element]:
    offset = 0
    while offset < len(data):
        element = _read(data, offset, 0)
        yield element
        offset += len(element.raw)


def _read(data: bytes, start: int, depth: int) -> Element:
    if depth > DEPTH_MAX:
        raise _unreadable("elements nested too deeply")
    if start + 2 > len(data):
        raise _unreadable("it ends within an element")
    tag, length = data[start], data[start + 1]
    if tag & 0x1F == 0x1F or tag == 0:
        raise _unreadable(f"tag {tag:02X}")
    begin = start + 2
    if length == 0x80:
        return _read_indefinite(data, start, begin, depth)
    if length > 0x80:
        size = length & 0x7F
        if size > LENGTH_BYTES_MAX or begin + size > len(data):
            raise _unreadable("a broken length")
        length = int.from_bytes(data[begin : begin + size], "big")
        begin += size
    end = begin + length
    if end > len(data):
        raise _unreadable("it ends within an element")
    return Element(tag, data[begin:end], data[start:end])


def _read_indefinite(data: bytes, start: int, begin: int, depth: int) -> Element:
    if not data[start] & CONSTRUCTED:
        raise _unreadable("an indefinite length on a primitive element")
    offset = begin
    while data[offset : offset + 2] != END_OF_CONTENTS:
        offset += len(_read(data, offset, depth + 1).raw)
    return Element(data[start], data[begin:offset], data[start : offset + 2])


def _unreadable(detail: str) -> Unreadable:
    return Unreadable("The message", detail)
