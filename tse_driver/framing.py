"""Frames of the Diebold Nixdorf serial protocol, without a port (sans-IO).

Source: fiskaltrust middleware scu-de (EUPL-1.2), facts only.

request   1B90 <3 digits> {1B92 <parameter>}* 1B99 <uuid> (1B9D | 1B9E <digit>) 1B9F
response  1B91 <3 digits> {1B92 <parameter>}* 1B99 <uuid> 1B9F

ESC never occurs in a parameter, with one exception: the fifth parameter of a 004
answer is a slice of another raw frame, markers included.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from tse_driver.errors import ProtocolError

FRAME_BYTES_MAX = 4096  # a request or a direct answer; the longest log message fits
BUFFERED_FRAME_BYTES_MAX = 65536  # a 004 answer: packet size is the device's choice
OTHER_IDS_MAX = 16  # enough to say that somebody else's answers come here
STREAM_HEADER_BYTES_MAX = 256  # what may stand before the data of a streamed answer

ESC = b"\x1b"
REQUEST = b"\x1b\x90"
RESPONSE = b"\x1b\x91"
PARAMETER = b"\x1b\x92"
REQUEST_ID = b"\x1b\x99"
ANSWER_DIRECTLY = b"\x1b\x9d"
ANSWER_INTO_BUFFER = b"\x1b\x9e"
END = b"\x1b\x9f"
STATUS_FRAME = b"\x1b\x6b"  # unsolicited (ASB)

GET_COMMAND_RESPONSE = "004"

_REQUEST = re.compile(
    rb"\x1b\x90([0-9]{3})((?:\x1b\x92[^\x1b]*)*)\x1b\x99([^\x1b]{36})"
    rb"(?:\x1b\x9d|\x1b\x9e([0-9]))\x1b\x9f",
    re.DOTALL,
)
_RESPONSE = re.compile(
    rb"\x1b\x91([0-9]{3})((?:\x1b\x92[^\x1b]*)*)\x1b\x99([^\x1b]{36})\x1b\x9f",
    re.DOTALL,
)
_BUFFERED = re.compile(
    rb"\x1b\x91004((?:\x1b\x92[^\x1b]*){4})\x1b\x92(.*)\x1b\x99([^\x1b]{36})\x1b\x9f",
    re.DOTALL,
)
_TRAILER = re.compile(rb"\x1b\x99([^\x1b]{36})\x1b\x9f", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Request:
    """A command on the wire; buffer None asks for a direct answer."""

    command: str
    parameters: tuple[bytes, ...]
    request_id: str
    buffer: int | None = None

    def to_bytes(self) -> bytes:
        """Write the frame; raise ProtocolError when a parameter can't travel."""
        reply = ANSWER_DIRECTLY
        if self.buffer is not None:
            reply = ANSWER_INTO_BUFFER + str(self.buffer).encode()
        frame = b"".join(
            (
                REQUEST,
                self.command.encode(),
                _join(self.parameters),
                REQUEST_ID,
                self.request_id.encode(),
                reply,
                END,
            )
        )
        if len(frame) > FRAME_BYTES_MAX:
            raise ProtocolError(detail=f"a request of {len(frame)} bytes is too long")
        return frame

    @classmethod
    def from_bytes(cls, frame: bytes) -> Request:
        """Read one whole frame; raise ProtocolError."""
        match = _REQUEST.fullmatch(frame)
        if match is None:
            raise ProtocolError("The client", "a request that is no frame")
        return cls.from_match(match)

    @classmethod
    def from_match(cls, match: re.Match[bytes]) -> Request:
        """Read what was matched as one whole frame."""
        command, parameters, request_id, buffer = match.groups()
        return cls(
            command.decode(),
            _split(parameters),
            request_id.decode("latin-1"),
            None if buffer is None else int(buffer),
        )


@dataclass(frozen=True, slots=True)
class Response:
    """An answer on the wire; parameters are the exact bytes."""

    command: str
    parameters: tuple[bytes, ...]
    request_id: str

    def to_bytes(self) -> bytes:
        """Write the frame; only the fifth parameter of 004 may hold ESC."""
        if self.command == GET_COMMAND_RESPONSE and len(self.parameters) == 5:
            parameters = _join(self.parameters[:4]) + PARAMETER + self.parameters[4]
        else:
            parameters = _join(self.parameters)
        return b"".join(
            (
                RESPONSE,
                self.command.encode(),
                parameters,
                REQUEST_ID,
                self.request_id.encode(),
                END,
            )
        )

    @classmethod
    def from_bytes(cls, frame: bytes) -> Response:
        """Read one whole frame; raise ProtocolError."""
        if match := _BUFFERED.fullmatch(frame):
            head, data, request_id = match.groups()
            parameters = (*_split(head), data)
            return cls(GET_COMMAND_RESPONSE, parameters, request_id.decode("latin-1"))
        match = _RESPONSE.fullmatch(frame)
        if match is None:
            raise ProtocolError(detail="an answer that is no frame")
        command, body, request_id = match.groups()
        return cls(command.decode(), _split(body), request_id.decode("latin-1"))


class ResponseDecoder:
    """Finds the answer to one request in whatever the line delivers.

    Everything else is dropped: status frames, noise, torn frames, late answers to
    earlier requests. The answer ends with the trailer that carries the request's own
    id, since END alone may also stand inside the data of a 004 answer.
    """

    def __init__(self, command: str, request_id: str) -> None:
        self._trailer = REQUEST_ID + request_id.encode() + END
        self._command = command
        self._buffered = command == GET_COMMAND_RESPONSE
        self._start = RESPONSE + command.encode()
        self._bytes_max = (
            BUFFERED_FRAME_BYTES_MAX if self._buffered else FRAME_BYTES_MAX
        )
        self._pending = bytearray()
        self._dropped_ids: set[bytes] = set()

    def feed(self, data: bytes) -> Response | None:
        """Take what came; return the answer once it is whole."""
        self._pending += data
        while (at := self._pending.find(self._trailer)) >= 0:
            end = at + len(self._trailer)
            frame = bytes(self._pending[:end])
            del self._pending[:end]
            response = self._read(frame, at)
            if response is not None:
                return response
            self._dropped_ids.update(_TRAILER.findall(frame, 0, at))
        self._drop_excess()
        return None

    @property
    def other_ids(self) -> set[str]:
        """Return the ids of other requests whose answers were seen here."""
        seen = self._dropped_ids | set(_TRAILER.findall(self._pending))
        return {other.decode("latin-1") for other in seen}

    def _read(self, frame: bytes, trailer_at: int) -> Response | None:
        # The last start before the trailer: what stands before it was torn or late.
        start = frame.rfind(self._start, 0, trailer_at)
        if start < 0 or len(frame) - start > self._bytes_max:
            return None
        try:
            return Response.from_bytes(frame[start:])
        except ProtocolError:
            return None

    def _drop_excess(self) -> None:
        excess = len(self._pending) - self._bytes_max
        if excess > 0:
            if len(self._dropped_ids) < OTHER_IDS_MAX:
                self._dropped_ids.update(_TRAILER.findall(self._pending, 0, excess))
            del self._pending[:excess]


class RequestDecoder:
    """Finds requests in what the line delivers (the device's side)."""

    def __init__(self) -> None:
        self._pending = bytearray()

    def feed(self, data: bytes) -> list[Request]:
        """Take what came; return the requests that are whole now."""
        self._pending += data
        found = []
        while (at := self._pending.find(END)) >= 0:
            frame = bytes(self._pending[: at + len(END)])
            del self._pending[: at + len(END)]
            start = frame.rfind(REQUEST)
            if start >= 0 and len(frame) - start <= FRAME_BYTES_MAX:
                match = _REQUEST.fullmatch(frame, start)
                if match is not None:
                    found.append(Request.from_match(match))
        del self._pending[: max(0, len(self._pending) - FRAME_BYTES_MAX)]
        return found


class AnswerStream:
    """Reads a buffered answer packet by packet and gives its last parameter on.

    Exports are far larger than memory, so the inner frame is never held as a whole.
    `leading` counts the short parameters before the one that is streamed.
    """

    def __init__(self, command: str, request_id: str, leading: int = 0) -> None:
        self._head = RESPONSE + command.encode()
        self._trailer = REQUEST_ID + request_id.encode() + END
        self._leading = leading
        self._pending = b""
        self._in_data = False
        self.finished = False
        self.ended_with = ""
        """The request id at its end, once that has come."""

    def feed(self, data: bytes) -> bytes:
        """Take the data of one 004 answer; return what it holds of the parameter."""
        self._pending += data
        if not self._in_data and not self._enter():
            return b""
        at = self._pending.find(ESC)
        if at < 0:
            data, self._pending = self._pending, b""
            return data
        data, self._pending = self._pending[:at], self._pending[at:]
        if len(self._pending) >= len(self._trailer):
            match = _TRAILER.fullmatch(self._pending)
            if match is None:
                raise ProtocolError(detail="a streamed answer with a foreign end")
            self.ended_with = match[1].decode("latin-1")
            self.finished = self._pending == self._trailer
        return data

    def _enter(self) -> bool:
        if self._pending == self._head + self._trailer:
            self.finished = True  # a successful command without a result
            return False
        parts = self._pending.split(PARAMETER, self._leading + 1)
        if len(parts) < self._leading + 2:
            if len(self._pending) > STREAM_HEADER_BYTES_MAX:
                raise ProtocolError(detail="a streamed answer without data")
            return False
        if parts[0] != self._head:
            raise ProtocolError(detail="a streamed answer to another command")
        self._pending = parts[-1]
        self._in_data = True
        return True


def _join(parameters: tuple[bytes, ...]) -> bytes:
    if not parameters:
        return b""
    if ESC in b"".join(parameters):  # one byte: it can't arise where two meet
        raise ProtocolError(detail="a parameter with a control character")
    return PARAMETER + PARAMETER.join(parameters)


def _split(parameters: bytes) -> tuple[bytes, ...]:
    return tuple(parameters.split(PARAMETER)[1:])
