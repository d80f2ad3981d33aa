"""Exports and buffered answers of the simulated TSE, streamed packet by packet."""

from __future__ import annotations

import base64
from collections import deque
from itertools import chain
from typing import TYPE_CHECKING, Any

from tse_driver.answers import Packet
from tse_driver.commands import (
    Command,
    ExportAll,
    ExportByInterval,
    ExportByNumber,
    ExportByTime,
    ExportCertificates,
    ExportLastLogMessage,
    ExportPublicKey,
    ExportSerialNumbers,
)
from tse_driver.errors import TseCode
from tse_driver.framing import (
    END,
    PARAMETER,
    REQUEST_ID,
    RESPONSE,
    Request,
    Response,
)
from tse_driver.simulator.log_store import Stored, export_tar
from tse_driver.simulator.refusal import Refusal

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tse_driver.codecs import Record
    from tse_driver.simulator.device import Device

PACKET_DATA_BYTES = 3000  # so that a 004 frame stays within 4 KiB
_BASE64_BLOCK = PACKET_DATA_BYTES // 4 * 3
_LAST_PACKET = 1
_MORE_PACKETS = 0

_SERVED = (
    ExportAll,
    ExportByNumber,
    ExportByInterval,
    ExportByTime,
    ExportCertificates,
    ExportSerialNumbers,
    ExportLastLogMessage,
    ExportPublicKey,
)
_Export = ExportByNumber | ExportByInterval | ExportByTime


class Exports:
    """The commands whose answer is a TAR, a key or a serial number in Base64."""

    def __init__(self, device: Device) -> None:
        self._device = device

    def serves(self, command: Command[Any]) -> bool:
        """Say whether the command is an export."""
        return isinstance(command, _SERVED)

    def parameter(self, command: Command[Any]) -> Iterator[bytes]:
        """Yield the answer's parameters, markers between them included."""
        identity = self._device.element.identity
        log = self._device.element.log
        match command:
            case ExportSerialNumbers():
                return iter((base64.b64encode(identity.public_key.serial),))
            case ExportPublicKey():
                key = base64.b64encode(identity.public_key.point)
                return iter((command.slot.encode() + PARAMETER + key,))
            case ExportCertificates():
                return _base64(export_tar((), identity.files()))
            case ExportAll():
                return _base64(self._counted(export_tar(log, identity.files())))
            case ExportLastLogMessage():
                newest = deque(log, maxlen=1)
                if not newest:
                    raise Refusal(TseCode.NO_LOG_MESSAGE)
                return _base64(export_tar(newest, ()))
            case ExportByNumber() | ExportByInterval() | ExportByTime():
                return _base64(self._filtered(command))
        raise Refusal(TseCode.UNKNOWN_CMD)

    def _counted(self, pieces: Iterator[bytes]) -> Iterator[bytes]:
        """Remember how much a whole export was, once it was fetched to its end."""
        device = self._device
        size, counter = 0, device.element.signature_counter
        for piece in pieces:
            size += len(piece)
            yield piece
        device.exported_bytes, device.exported_to = size, counter

    def _filtered(self, command: _Export) -> Iterator[bytes]:
        element = self._device.element
        wanted = [stored for stored in element.log if _is_wanted(stored, command)]
        if not wanted:
            raise Refusal(TseCode.NO_DATA)
        return export_tar(wanted, element.identity.files())


class AnswerBuffer:
    """A whole response frame, given away in packets; the last one can be repeated."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._packets = _cut(pieces)
        self._sequence = -1
        self._last = (b"", _LAST_PACKET)

    @classmethod
    def of_record(cls, request: Request, answer: Record) -> AnswerBuffer:
        """Buffer a small answer."""
        response = Response(request.command, answer.to_parameters(), request.request_id)
        return cls((response.to_bytes(),))

    @classmethod
    def of_stream(cls, request: Request, parameter: Iterator[bytes]) -> AnswerBuffer:
        """Buffer an answer whose parameter is made while it is fetched."""
        head = RESPONSE + request.command.encode() + PARAMETER
        tail = REQUEST_ID + request.request_id.encode() + END
        return cls(chain((head,), parameter, (tail,)))

    def packet(self, buffer: int, sequence: int) -> Packet:
        """Return the packet with the next sequence number, or the last one again."""
        if sequence != self._sequence:
            if sequence != (self._sequence + 1) % 256:
                raise Refusal(TseCode.WRONG_ORDER)
            self._last = next(self._packets, (b"", _LAST_PACKET))
            self._sequence = sequence
        data, status = self._last
        return Packet(buffer, sequence, status, len(data), data)


def _is_wanted(stored: Stored, command: _Export) -> bool:
    number, client = stored["number"], stored["client"]
    match command:
        case ExportByNumber():
            wanted = number is not None and int(number) == command.number
        case ExportByInterval(first=first, last=last):
            wanted = number is not None and first <= int(number) <= last
        case ExportByTime():
            moment = int(stored["time"] or 0)
            begin, end = command.begin.timestamp(), command.end.timestamp()
            wanted = begin <= moment <= end
    return wanted and command.client in {"", client}


def _base64(pieces: Iterable[bytes]) -> Iterator[bytes]:
    pending = bytearray()
    for piece in pieces:
        pending += piece
        whole = len(pending) - len(pending) % _BASE64_BLOCK
        if whole:
            yield base64.b64encode(pending[:whole])
            del pending[:whole]
    yield base64.b64encode(pending)


def _cut(pieces: Iterable[bytes]) -> Iterator[tuple[bytes, int]]:
    pending = bytearray()
    for piece in pieces:
        pending += piece
        while len(pending) > PACKET_DATA_BYTES:
            yield bytes(pending[:PACKET_DATA_BYTES]), _MORE_PACKETS
            del pending[:PACKET_DATA_BYTES]
    yield bytes(pending), _LAST_PACKET
