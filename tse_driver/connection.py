"""One command, its answer or its named failure: matching on top of the frames.

The device never answers a failed command; after the time-out GetMfcStatus says why
(fiskaltrust middleware scu-de, facts only). Pure: the wire and the clock are given.
"""

from __future__ import annotations

import base64
import binascii
import logging
import os
from collections import deque
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from tse_driver.answers import Done, MfcStatus, Packet
from tse_driver.codecs import Record
from tse_driver.commands import Command, GetCommandResponse, GetMfcStatus, SetAsb
from tse_driver.errors import (
    AnswerDamaged,
    AnswerLost,
    CertificateExpired,
    ProtocolError,
    Rejected,
    TryAgain,
    TseCode,
    TseRefused,
    TseSilent,
)
from tse_driver.framing import (
    RESPONSE,
    AnswerStream,
    Request,
    Response,
    ResponseDecoder,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tse_driver.clock import Clock

STATUS_TRIES = 2
REPEATS_MAX = 2  # how often a command that only reads is sent again
EXPORT_IDLE_S_MAX = 120.0  # no byte for so long: the export has died
RECENT_IDS = 64  # answers to these may still come, late
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
        self._recent_ids: deque[str] = deque(maxlen=RECENT_IDS)
        # The error the device may still hold from before, None if we can't know.
        self._stale_error: int | None = None

    @property
    def where(self) -> str:
        """Name the device for an operator's sentence."""
        return f"The TSE at {self._wire.name}"

    def ask(self, command: Command[AnswerT]) -> AnswerT:
        """Send a command and return its answer; raise a TseError that says why not."""
        damage: ProtocolError | None = None
        for _ in range(1 + REPEATS_MAX * command.REPEATABLE):
            try:
                answer = self._answer(command)
            except ProtocolError as error:
                damage = error  # a byte got lost, or the device is another one
                continue
            if answer is not None:
                return answer
        if damage is None:
            raise self._lost(command)
        if command.REPEATABLE or self._saw_other_answer:
            raise damage
        raise AnswerDamaged(self.where, f"'{type(command).__name__}'") from damage

    def _answer(self, command: Command[AnswerT]) -> AnswerT | None:
        answer: AnswerT
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
        return None

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
        request_id = self._new_id()
        parameters = command.to_parameters()
        request = Request(command.NUMBER, parameters, request_id)
        self._wire.write(request.to_bytes())
        decoder = ResponseDecoder(command.NUMBER, request_id)
        response = self._await(decoder, command.TIMEOUT_S)
        if response is None:
            self._saw_other_answer = not decoder.other_ids <= set(self._recent_ids)
            return None
        self._saw_other_answer = False
        if not isinstance(command, GetMfcStatus):
            self._stale_error = 0
        return response.parameters

    def _new_id(self) -> str:
        request_id = _random_uuid()
        self._recent_ids.append(request_id)
        return request_id

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
        stale, self._stale_error = self._stale_error, None
        error = self.status().error
        if error not in {TseCode.NONE, TseCode.CERTIFICATE_EXPIRED}:
            self._stale_error = error
            self._exchange(SetAsb(0))  # it never fails; its success clears the error
            if stale in {None, error}:
                return False  # it may be an old story, and this command just got lost
        if error == TseCode.CERTIFICATE_EXPIRED:
            if command.ANSWER is not Done:
                raise CertificateExpired(self.where, name, error)
            logger.warning("%s: certificate expired, %s was done", self.where, name)
            return True
        if error != TseCode.NONE:
            raise TseRefused.of(self.where, name, error)
        self._saw_other_answer = saw_other_answer
        return False

    def _lost(self, command: Command[Any]) -> AnswerLost | ProtocolError:
        if self._saw_other_answer:
            return ProtocolError(self.where, "the answer to another request")
        return AnswerLost(self.where, f"'{type(command).__name__}'")

    def _gather(self, command: Command[Any]) -> tuple[bytes, ...]:
        """Collect a small buffered answer and read it as the frame it is."""
        request_id = self._new_id()
        frame = bytearray()
        for data in self._packets(command, request_id):
            frame += data
            if len(frame) > GATHERED_BYTES_MAX:
                raise ProtocolError(self.where, f"more than {GATHERED_BYTES_MAX} bytes")
        response = Response.from_bytes(bytes(frame))
        if (response.command, response.request_id) != (command.NUMBER, request_id):
            raise self._not_ours(command, response.request_id)
        return response.parameters

    def _stream_text(self, command: Command[Any]) -> Iterator[bytes]:
        request_id = self._new_id()
        stream = AnswerStream(command.NUMBER, request_id)
        for data in self._packets(command, request_id):
            if text := stream.feed(data):
                yield text
        if not stream.finished:
            if stream.ended_with:
                raise self._not_ours(command, stream.ended_with)
            raise ProtocolError(self.where, "an export that is cut off")

    def _not_ours(self, command: Command[Any], found_id: str) -> TryAgain | Rejected:
        """Name what is wrong with an answer that was left in the buffer."""
        if found_id in self._recent_ids:  # by an earlier request of ours: this got lost
            return AnswerLost(self.where, f"'{type(command).__name__}'")
        return ProtocolError(self.where, "the answer to another request")

    def _packets(self, command: Command[Any], request_id: str) -> Iterator[bytes]:
        """Yield the data of each 004 answer until the device says there is no more."""
        assert command.BUFFER is not None
        packet = self._first_packet(command, request_id)
        heard_at = self._clock.monotonic()
        sequence = 0
        while True:
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
            packet = self._packet(command.BUFFER, sequence)

    def _packet(self, buffer: int, sequence: int) -> Packet:
        packet = self.ask(GetCommandResponse(buffer, sequence))
        if (packet.buffer, packet.sequence) != (buffer, sequence):
            raise ProtocolError(self.where, "a packet out of sequence")
        return packet

    def _first_packet(self, command: Command[Any], request_id: str) -> Packet:
        """Send the command and fetch its first packet.

        Nothing confirms that the command arrived: "no data" or what an earlier command
        left in the buffer may mean that it got lost, so it is sent again.
        """
        assert command.BUFFER is not None
        name = type(command).__name__
        code = TseCode.NO_DATA
        request = Request(
            command.NUMBER, command.to_parameters(), request_id, command.BUFFER
        )
        for _ in range(1 + REPEATS_MAX):
            self._wire.write(request.to_bytes())
            try:
                packet = self._packet(command.BUFFER, 0)
            except TseRefused as error:
                if error.code not in {TseCode.NO_DATA, TseCode.WRONG_ORDER}:
                    raise TseRefused.of(self.where, name, error.code) from None
                continue
            if packet.data.startswith(RESPONSE + command.NUMBER.encode()):
                return packet
            if packet.status == 0 and not packet.data:
                return packet
            code = TseCode.EXPORT_BUFFER
        raise TseRefused.of(self.where, name, code)

    def _decode(self, text: bytes) -> bytes:
        try:
            return base64.b64decode(text, validate=True)
        except binascii.Error as error:
            raise ProtocolError(self.where, "an export that is no Base64") from error


def _random_uuid() -> str:
    """Return what str(uuid4()) does, in a third of its time: each command has one."""
    text = os.urandom(16).hex()
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-8{text[17:20]}-{text[20:]}"
