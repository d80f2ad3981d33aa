"""NFC Forum Type 2 tags: where the NDEF message lies, and how to write it tear-safely.

Pure: the caller reads and writes pages, here is what they mean. Layout: pages of four
bytes; page 3 is the capability container (CC), TLV blocks begin at page 4 (NFC Forum
Type 2 Tag specification 1.1, sections 2.3 and 6.1).
"""

from __future__ import annotations

from dataclasses import dataclass

PAGE_BYTES = 4
CC_PAGE = 3
DATA_PAGE = 4
CC_MAGIC = 0xE1
MAPPING_VERSION = 1  # major version, upper nibble of CC byte 1
CC_BLANK = bytes(PAGE_BYTES)  # a chip nobody formatted
SIZE_UNIT = 8  # CC byte 2 counts data bytes in eights

TLV_NULL = 0x00
TLV_NDEF = 0x03
TLV_TERMINATOR = 0xFE
LONG_LENGTH = 0xFF  # two more length bytes follow, big-endian
SHORT_LENGTH_MAX = 0xFE

_EMPTY_PAGE = bytes([TLV_NDEF, 0, TLV_TERMINATOR, 0])


class NotNdef(ValueError):
    """The tag is not formatted for NDEF: it belongs to somebody else."""


class Damaged(ValueError):
    """The tag's TLV blocks contradict its size."""


class DoesNotFit(ValueError):
    """The message is longer than the tag's memory."""


@dataclass(frozen=True, slots=True)
class Missing:
    """Not enough was read yet: this many bytes from page 3 on are needed."""

    octets: int


@dataclass(frozen=True, slots=True)
class PageWrite:
    """One page to write."""

    page: int
    data: bytes


def data_size(cc: bytes) -> int:
    """Return how many bytes follow the CC; raises NotNdef for a foreign format.

    A blank chip has size 0.
    """
    if cc == CC_BLANK:
        return 0
    readable = len(cc) == PAGE_BYTES and cc[3] >> 4 == 0
    if not readable or cc[0] != CC_MAGIC or cc[1] >> 4 != MAPPING_VERSION:
        raise NotNdef(f"The capability container reads {cc.hex(' ').upper()}.")
    return cc[2] * SIZE_UNIT


def find_message(octets: bytes) -> bytes | Missing:
    """Find the NDEF message in what was read from page 3 on; empty if there is none.

    Raises NotNdef or Damaged. Call again with more where Missing is returned.
    """
    if len(octets) < PAGE_BYTES:
        return Missing(PAGE_BYTES)
    size = data_size(octets[:PAGE_BYTES])
    data = octets[PAGE_BYTES : PAGE_BYTES + size]
    at = 0
    while at < size:
        if at >= len(data):
            return Missing(PAGE_BYTES + at + 1)
        if data[at] == TLV_TERMINATOR:
            return b""
        if data[at] == TLV_NULL:
            at += 1
            continue
        header = _length_at(data, at + 1, size)
        if isinstance(header, Missing):
            return header
        value, length = header
        if value + length > size:
            raise Damaged(f"A block of {length} bytes does not fit into {size}.")
        if data[at] == TLV_NDEF:
            return _cut(data, value, length)
        at = value + length
    return b""


def write_plan(cc: bytes, message: bytes) -> tuple[PageWrite, ...]:
    """List the page writes that put this message on the tag, in their order.

    Tear-safe: the first write makes the tag empty and only the last one, which holds
    the length, makes the message appear; a tag torn away in between reads as empty.
    Raises NotNdef or DoesNotFit.
    """
    size = data_size(cc)
    if size == 0:
        raise NotNdef("The tag is not formatted for NDEF.")
    octets = _block(message)
    if len(octets) > size:
        raise DoesNotFit(
            f"The message needs {len(octets)} bytes, this tag has {size}."
            " Use a wristband with more memory."
        )
    octets += bytes(-len(octets) % PAGE_BYTES)
    pages = [
        PageWrite(DATA_PAGE + at // PAGE_BYTES, octets[at : at + PAGE_BYTES])
        for at in range(0, len(octets), PAGE_BYTES)
    ]
    return (PageWrite(DATA_PAGE, _EMPTY_PAGE), *pages[1:], pages[0])


def _block(message: bytes) -> bytes:
    if len(message) <= SHORT_LENGTH_MAX:
        length = bytes([len(message)])
    else:
        length = bytes([LONG_LENGTH]) + len(message).to_bytes(2, "big")
    return bytes([TLV_NDEF]) + length + message + bytes([TLV_TERMINATOR])


def _length_at(data: bytes, at: int, size: int) -> tuple[int, int] | Missing:
    """Read a length field: where the value begins, and its length."""
    for needed in (1, 3):
        if at + needed > size:
            raise Damaged("A block's length lies beyond the tag's memory.")
        if at + needed > len(data):
            return Missing(PAGE_BYTES + at + needed)
        if needed == 1 and data[at] != LONG_LENGTH:
            return at + 1, data[at]
    return at + 3, int.from_bytes(data[at + 1 : at + 3], "big")


def _cut(data: bytes, value: int, length: int) -> bytes | Missing:
    if value + length > len(data):
        return Missing(PAGE_BYTES + value + length)
    return data[value : value + length]
