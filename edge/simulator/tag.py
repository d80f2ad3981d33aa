"""A Type 2 tag (NTAG21x, Ultralight): its memory, and raw commands without CRC.

Facts: NFC Forum Type 2 Tag specification 1.1, NTAG213/215/216 and MF0ULx1 data sheets.
The 4-bit answers ACK and NAK are carried as one byte.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from contract.ids import WristbandUid
from edge.core import type2

if TYPE_CHECKING:
    from collections.abc import Callable

PAGE = type2.PAGE_BYTES
READ_BYTES = 16
ACK = bytes([0x0A])
NAK_ARGUMENT = bytes([0x00])
NAK_AUTHENTICATION = bytes([0x04])

LOCK_PAGE = 2
FIRST_WRITABLE_PAGE = 2
STATIC_LOCK_PAGES = range(3, 16)
AUTH0_OFF = 0xFF
PROT_READING = 0x80
DEFAULT_PASSWORD = b"\xff\xff\xff\xff"
CASCADE_TAG = 0x88


@dataclass(frozen=True, slots=True)
class TagModel:
    """A kind of chip: pages, answer to GET_VERSION, CC, first configuration page."""

    name: str
    pages: int
    version: bytes | None
    cc: bytes
    configuration: int | None


MODELS: Final = {
    model.name: model
    for model in (
        TagModel(
            "NTAG213",
            45,
            bytes.fromhex("0004040201000F03"),
            bytes.fromhex("E1101200"),
            0x29,
        ),
        TagModel(
            "NTAG215",
            135,
            bytes.fromhex("0004040201001103"),
            bytes.fromhex("E1103E00"),
            0x83,
        ),
        TagModel(
            "NTAG216",
            231,
            bytes.fromhex("0004040201001303"),
            bytes.fromhex("E1106D00"),
            0xE3,
        ),
        TagModel(
            "Ultralight EV1",
            20,
            bytes.fromhex("0004030101000B03"),
            bytes.fromhex("E1100600"),
            0x10,
        ),
        TagModel("Ultralight", 16, None, bytes.fromhex("E1100600"), None),
    )
}
NTAG213: Final = MODELS["NTAG213"]


class Type2Tag:
    """One chip. `memory` is all of it; password and PACK read as zero on the air."""

    def __init__(self, uid: WristbandUid, model: TagModel = NTAG213) -> None:
        if len(uid.octets) != 7:
            raise ValueError("A Type 2 tag has a UID of 7 bytes.")
        self.uid = uid
        self.model = model
        self.memory = bytearray(_factory_memory(uid, model))
        self._authenticated = False

    @classmethod
    def from_memory(cls, memory: bytes) -> Type2Tag:
        """Bring a tag back from a dump of its pages; raises ValueError for no tag."""
        model = next(
            (each for each in MODELS.values() if each.pages * PAGE == len(memory)), None
        )
        if model is None:
            raise ValueError(f"No known chip has {len(memory)} bytes.")
        tag = cls(WristbandUid(memory[:3] + memory[4:8]), model)
        tag.memory[:] = memory
        return tag

    def reset(self) -> None:
        """Forget the authentication, as on loss of the field."""
        self._authenticated = False

    def put_message(self, message: bytes) -> None:
        """Write an NDEF message at once, as an issuing desk did long ago."""
        for write in type2.write_plan(bytes(self.page(type2.CC_PAGE)), message):
            self.memory[write.page * PAGE : (write.page + 1) * PAGE] = write.data

    def page(self, number: int) -> bytes:
        """Return the four bytes of a page, unprotected."""
        return bytes(self.memory[number * PAGE : (number + 1) * PAGE])

    def command(self, raw: bytes) -> bytes:
        """Answer one raw command; NAK for whatever the chip does not know."""
        answer = self._commands().get(raw[:1])
        return NAK_ARGUMENT if answer is None else answer(raw[1:])

    def _commands(self) -> dict[bytes, Callable[[bytes], bytes]]:
        basic: dict[bytes, Callable[[bytes], bytes]] = {
            b"\x30": self._read,
            b"\xa2": self._write,
        }
        if self.model.version is None:
            return basic
        return basic | {
            b"\x60": self._get_version,
            b"\x3a": self._fast_read,
            b"\x39": self._read_counter,
            b"\x3c": self._read_signature,
            b"\x1b": self._authenticate,
        }

    def _read(self, arguments: bytes) -> bytes:
        if len(arguments) != 1 or not self._readable(arguments[0]):
            return NAK_ARGUMENT
        pages = [(arguments[0] + step) % self.model.pages for step in range(4)]
        return b"".join(self._shown(page) for page in pages)

    def _write(self, arguments: bytes) -> bytes:
        if len(arguments) != 1 + PAGE:
            return NAK_ARGUMENT
        page, data = arguments[0], arguments[1:]
        if not self._writable(page):
            return NAK_ARGUMENT
        old = self.page(page)
        if page == LOCK_PAGE:  # lock bits are set for good; the rest is fixed
            data = old[:2] + bytes([old[2] | data[2], old[3] | data[3]])
        elif page == type2.CC_PAGE:  # one-time programmable
            data = bytes(was | new for was, new in zip(old, data, strict=True))
        self.memory[page * PAGE : (page + 1) * PAGE] = data
        return ACK

    def _get_version(self, _: bytes) -> bytes:
        assert self.model.version is not None
        return self.model.version

    def _fast_read(self, arguments: bytes) -> bytes:
        if len(arguments) != 2 or arguments[0] > arguments[1]:
            return NAK_ARGUMENT
        pages = range(arguments[0], arguments[1] + 1)
        if not all(self._readable(page) for page in pages):
            return NAK_ARGUMENT
        return b"".join(self._shown(page) for page in pages)

    def _read_counter(self, arguments: bytes) -> bytes:
        return bytes(3) if len(arguments) == 1 else NAK_ARGUMENT

    def _read_signature(self, arguments: bytes) -> bytes:
        return bytes(32) if arguments == b"\x00" else NAK_ARGUMENT

    def _authenticate(self, password: bytes) -> bytes:
        assert self.model.configuration is not None
        self._authenticated = password == self.page(self.model.configuration + 2)
        if not self._authenticated:
            return NAK_AUTHENTICATION
        return self.page(self.model.configuration + 3)[:2]

    def _shown(self, page: int) -> bytes:
        configuration = self.model.configuration
        if configuration is not None and page in (configuration + 2, configuration + 3):
            return bytes(PAGE)
        return self.page(page) if self._readable(page) else bytes(PAGE)

    def _readable(self, page: int) -> bool:
        if page >= self.model.pages:
            return False
        configuration = self.model.configuration
        if configuration is None or not self._guarded(page):
            return True
        return not self.page(configuration + 1)[0] & PROT_READING

    def _writable(self, page: int) -> bool:
        if not FIRST_WRITABLE_PAGE <= page < self.model.pages or self._guarded(page):
            return False
        locks = int.from_bytes(self.page(LOCK_PAGE)[2:], "little")
        return page not in STATIC_LOCK_PAGES or not locks >> page & 1

    def _guarded(self, page: int) -> bool:
        """Whether the page wants a password that was not given."""
        configuration = self.model.configuration
        if configuration is None or self._authenticated:
            return False
        return page >= self.page(configuration)[3]


def _factory_memory(uid: WristbandUid, model: TagModel) -> bytes:
    octets = uid.octets
    check0 = CASCADE_TAG ^ octets[0] ^ octets[1] ^ octets[2]
    check1 = octets[3] ^ octets[4] ^ octets[5] ^ octets[6]
    memory = bytearray(model.pages * PAGE)
    memory[0:4] = octets[:3] + bytes([check0])
    memory[4:8] = octets[3:]
    memory[8:10] = bytes([check1, 0x48])
    memory[12:16] = model.cc
    memory[16:19] = bytes([type2.TLV_NDEF, 0, type2.TLV_TERMINATOR])
    if model.configuration is not None:
        memory[model.configuration * PAGE + 3] = AUTH0_OFF
        password = (model.configuration + 2) * PAGE
        memory[password : password + PAGE] = DEFAULT_PASSWORD
    return bytes(memory)
