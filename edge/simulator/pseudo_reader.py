"""What a contactless PC/SC reader like the ACR122U answers for a Type 2 tag.

Pseudo-APDUs of PC/SC part 3 section 3.2.2.1 and of the ACR122U's manual.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from edge.simulator.tag import ACK, PAGE, READ_BYTES

if TYPE_CHECKING:
    from collections.abc import Callable

    from edge.simulator.tag import Type2Tag

# Storage card, 14443A-3, Ultralight family (PC/SC part 3 section 3.1.3.2.3).
ATR = bytes.fromhex("3B8F8001804F0CA0000003060300030000000068")
FIRMWARE = b"ACR122U216"  # the one answer without a status word

OK = b"\x90\x00"
NOT_SUPPORTED = b"\x6a\x81"
OPERATION_FAILED = b"\x63\x00"
WRONG_LENGTH = b"\x67\x00"
WRONG_CLASS = b"\x6e\x00"
WRONG_INSTRUCTION = b"\x6d\x00"

_THRU = {b"\xd4\x42": b"\xd5\x43", b"\xd4\x40\x01": b"\xd5\x41"}  # PN532 manual 7.3


class PseudoReader:
    """Answers the APDUs that reach a reader with this tag in its field."""

    def __init__(self, tag: Type2Tag) -> None:
        self.tag = tag
        self._instructions: dict[int, Callable[[bytes], bytes]] = {
            0xCA: self._get_data,
            0xB0: self._read_binary,
            0xD6: self._update_binary,
            0x82: lambda _: OPERATION_FAILED,
            0x86: lambda _: OPERATION_FAILED,
            0x88: lambda _: OPERATION_FAILED,
            0x00: self._reader_command,
        }

    def transmit(self, apdu: bytes) -> bytes:
        """Answer one command APDU."""
        if len(apdu) < 4:
            return WRONG_LENGTH
        if apdu[0] != 0xFF:
            return WRONG_CLASS
        answer = self._instructions.get(apdu[1])
        return WRONG_INSTRUCTION if answer is None else answer(apdu)

    def _get_data(self, apdu: bytes) -> bytes:
        if apdu[2] == 0 and apdu[3] == 0:
            return self.tag.uid.octets + OK
        return NOT_SUPPORTED

    def _read_binary(self, apdu: bytes) -> bytes:
        if len(apdu) != 5:
            return WRONG_INSTRUCTION
        wanted = apdu[4] or READ_BYTES
        octets = b""
        while len(octets) < wanted:
            part = self.tag.command(bytes([0x30, apdu[3] + len(octets) // PAGE & 0xFF]))
            if len(part) != READ_BYTES:
                return OPERATION_FAILED
            octets += part
        return octets[:wanted] + OK

    def _update_binary(self, apdu: bytes) -> bytes:
        if len(apdu) < 5 or len(apdu) != 5 + apdu[4]:
            return WRONG_INSTRUCTION
        if apdu[4] != PAGE:
            return WRONG_LENGTH
        answer = self.tag.command(bytes([0xA2, apdu[3]]) + apdu[5:])
        return OK if answer == ACK else OPERATION_FAILED

    def _reader_command(self, apdu: bytes) -> bytes:
        match apdu[2], apdu[3]:
            case 0x00, 0x00:
                answer = self._pass_through(apdu)
            case 0x40, state:
                answer = bytes([0x90, state & 3])
            case 0x48, 0x00:
                answer = FIRMWARE
            case 0x50, 0x00:
                answer = b"\x90\xff"
            case 0x51, parameters:
                answer = bytes([0x90, parameters])
            case 0x52, _:
                answer = OK
            case _:
                answer = WRONG_INSTRUCTION
        return answer

    def _pass_through(self, apdu: bytes) -> bytes:
        if len(apdu) < 5 or len(apdu) != 5 + apdu[4]:
            return WRONG_INSTRUCTION
        for prefix, reply in _THRU.items():
            if apdu[5:].startswith(prefix):
                answer = self.tag.command(apdu[5 + len(prefix) :])
                if len(answer) == 1 and answer != ACK:
                    return reply + b"\x01" + OK
                return reply + b"\x00" + (b"" if answer == ACK else answer) + OK
        return OPERATION_FAILED
