"""One command, its answer or its named failure: matching on top of the frames.

The device never answers a failed command; after the time-out GetMfcStatus says why
(fiskaltrust middleware scu-de, facts only). Pure: the wire and the clock are given.
"""

from __future__ import annotations

import base64
import binascii
import logging
from typing import TYPE_CHECKING, Any, Protocol, TypeVar
from uuid import uuid4

from tse_driver.answers import Done, MfcStatus
from tse_driver.codecs import Record
from tse_driver.commands import Command, GetCommandResponse, GetMfcStatus
from tse_driver.errors import (
    AnswerLost,
    CertificateExpired,
    ProtocolError,
    TseCode,
    TseRefused,
    TseSilent,
)
from tse_driver.framing import AnswerStream, Request, Response, ResponseDecoder

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tse_driver.clock import Clock

STATUS_TRIES = 2
REPEATS_MAX = 2  # how often a command that only reads is sent again
EXPORT_IDLE_S_MAX = 120.0  # no byte for so long: the export has died
SEQUENCE_NUMBERS = 256
GATHERED_BYTES_MAX = 1 << 20  # lists, keys, certificates; exports are streamed

logger = logging.getLogger(__name__)

AnswerT = TypeVar("AnswerT", bound=Record)


class Wire(Protocol):
    """A line to a TSE; name is what the operator calls it (a path)."""

    name: str

    def write(self, data: bytes) -> None:
        """Send all of it; raise TseGone."""

    def read(self, timeout_s: float) -> bytes:
        """Return what came, or b"" after timeout_s of silence; raise TseGone."""

    def close(self) -> None:
        """Give the line back; never raises, may be called twice."""


class Connection:
    """Asks one command at a time over a wire."""

    def __init__(self, wire: Wire, clock: Clock) -> None:
        self._wire = wire
        self._clock = clock
        self._saw_other_answer = False

    @property
    def where(self) -> str:
        """Name the device for an operator's sentence."""
        return f"The TSE at {self._wire.name}"

    def ask(self, command: Command[AnswerT]) -> AnswerT:
        """Send a command and return its answer; raise a TseError that says why not."""
        answer: AnswerT
        for _ in range(1 + REPEATS_MAX * command.REPEATABLE):
            if command.BUFFER is not None:
                answer = command.ANSWER.from_parameters(self._gather(command))
                return answer
            parameters = self._exchange(command)
            if parameters is not None:
                answer = command.ANSWER.from_parameters(parameters)
                return answer
            if self._was_only_warned(command):
                answer = command.ANSWER()
                return answer
        raise self._lost(command)

    def stream(self, command: Command[Any]) -> Iterator[bytes]:
        """Send an export command and yield the decoded bytes as they come."""
        carry = b""
        for text in self._stream_text(command):
            carry += text
            whole = len(carry) - len(carry) % 4
            yield self._decode(carry[:whole])
            carry = carry[whole:]
        if carry:
            raise ProtocolError(self.where, "an export that is cut off")

    def status(self) -> MfcStatus:
        """Ask for the last error and the state; raise TseSilent."""
        for _ in range(STATUS_TRIES):
            parameters = self._exchange(GetMfcStatus())
            if parameters is not None:
                return MfcStatus.from_parameters(parameters)
        if self._saw_other_answer:
            raise ProtocolError(self.where, "the answer to another request")
        raise TseSilent(self.where)

    def close(self) -> None:
        """Give the wire back."""
        self._wire.close()

    def _exchange(self, command: Command[Any]) -> tuple[bytes, ...] | None:
        request_id = str(uuid4())
        parameters = command.to_parameters()
        request = Request(command.NUMBER, parameters, request_id)
        self._wire.write(request.to_bytes())
        decoder = ResponseDecoder(command.NUMBER, request_id)
        response = self._await(decoder, command.TIMEOUT_S)
        self._saw_other_answer = response is None and decoder.saw_other_answer
        return None if response is None else response.parameters

    def _await(self, decoder: ResponseDecoder, timeout_s: float) -> Response | None:
        deadline = self._clock.monotonic() + timeout_s
        # The deadline counts, not the silence: noise must not keep us here for ever.
        while (left_s := deadline - self._clock.monotonic()) > 0:
            data = self._wire.read(left_s)
            response = decoder.feed(data)
            if response is not None:
                return response
            if not data:
                return None
        return None

    def _was_only_warned(self, command: Command[Any]) -> bool:
        """Find out why there was no answer; return when it may just have been lost."""
        name = type(command).__name__
        saw_other_answer = self._saw_other_answer
        error = self.status().error
        if error == TseCode.CERTIFICATE_EXPIRED:
            if command.ANSWER is not Done:
                raise CertificateExpired(self.where, name, error)
            logger.warning("%s: certificate expired, %s was done", self.where, name)
            return True
        if error != TseCode.NONE:
            raise TseRefused(self.where, name, error)
        self._saw_other_answer = saw_other_answer
        return False

    def _lost(self, command: Command[Any]) -> AnswerLost | ProtocolError:
        if self._saw_other_answer:
            return ProtocolError(self.where, "the answer to another request")
        return AnswerLost(self.where, f"'{type(command).__name__}'")

    def _gather(self, command: Command[Any]) -> tuple[bytes, ...]:
        """Collect a small buffered answer and read it as the frame it is."""
        request_id = str(uuid4())
        frame = bytearray()
        for data in self._packets(command, request_id):
            frame += data
            if len(frame) > GATHERED_BYTES_MAX:
                raise ProtocolError(self.where, f"more than {GATHERED_BYTES_MAX} bytes")
        response = Response.from_bytes(bytes(frame))
        if (response.command, response.request_id) != (command.NUMBER, request_id):
            raise ProtocolError(self.where, "the answer to another request")
        return response.parameters

    def _stream_text(self, command: Command[Any]) -> Iterator[bytes]:
        request_id = str(uuid4())
        stream = AnswerStream(command.NUMBER, request_id)
        for data in self._packets(command, request_id):
            if text := stream.feed(data):
                yield text
        if not stream.finished:
            raise ProtocolError(self.where, "an export that is cut off")

    def _packets(self, command: Command[Any], request_id: str) -> Iterator[bytes]:
        """Yield the data of each 004 answer until the device says there is no more."""
        assert command.BUFFER is not None
        request = Request(
            command.NUMBER, command.to_parameters(), request_id, command.BUFFER
        )
        self._wire.write(request.to_bytes())
        heard_at = self._clock.monotonic()
        sequence = 0
        while True:
            packet = self.ask(GetCommandResponse(command.BUFFER, sequence))
            if (packet.buffer, packet.sequence) != (command.BUFFER, sequence):
                raise ProtocolError(self.where, "a packet out of sequence")
            # packet.size is not compared: its unit is documented nowhere, and what is
            # streamed proves itself by its signatures.
            yield packet.data
            if packet.status != 0:
                return
            sequence = (sequence + 1) % SEQUENCE_NUMBERS
            if packet.data:
                heard_at = self._clock.monotonic()
            elif self._clock.monotonic() - heard_at > EXPORT_IDLE_S_MAX:
                raise TseSilent(self.where)

    def _decode(self, text: bytes) -> bytes:
        try:
            return base64.b64decode(text, validate=True)
        except binascii.Error as error:
            raise ProtocolError(self.where, "an export that is no Base64") from error
