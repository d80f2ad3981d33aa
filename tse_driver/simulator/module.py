"""A TSE without a wire: requests in, answers out, silence on failure.

The state machine of a Diebold Nixdorf USB TSE as far as a till can see it, with
genuine keys, signatures and exports. Pure but for its optional state directory.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tse_driver.answers import Done, MfcState, MfcStatus, Packet
from tse_driver.clock import Clock, SystemClock
from tse_driver.command_table import COMMANDS
from tse_driver.commands import (
    Command,
    GetCommandResponse,
    GetMfcStatus,
    ResetExport,
    SetAsb,
    SetClientId,
)
from tse_driver.errors import ProtocolError, TseCode
from tse_driver.framing import Request, Response
from tse_driver.simulator import keys
from tse_driver.simulator.administration import Administration
from tse_driver.simulator.device import Device, Limits
from tse_driver.simulator.exports import AnswerBuffer, Exports
from tse_driver.simulator.log_store import LogStore
from tse_driver.simulator.questions import Questions
from tse_driver.simulator.refusal import Refusal
from tse_driver.simulator.secure_element import SecureElement
from tse_driver.simulator.signing import Signing
from tse_driver.simulator.users import Users

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tse_driver.codecs import Record


class SimulatedTse:
    """Answers requests as the device would; None is its silence."""

    def __init__(
        self,
        state: Path | None = None,
        *,
        clock: Clock | None = None,
        limits: Limits | None = None,
        valid_days: int = keys.VALID_DAYS,
        developer: bool = False,
        curve: str = keys.DEFAULT_CURVE,
    ) -> None:
        """Wake up, freshly powered, with the keys and the log kept in `state`.

        A new identity is valid for valid_days; negative ones make an expired one.
        """
        clock = clock or SystemClock()
        if state is not None:
            state.mkdir(parents=True, exist_ok=True)
        identity = keys.load(state) if state else None
        log = LogStore(state)
        if identity is None:
            identity = keys.create(clock.now(), valid_days, curve)
            if state is not None:
                identity.save(state)
        element = SecureElement(identity, log, clock)
        self.device = Device(
            element, Users.load(state), limits or Limits(), developer=developer
        )
        self.signing = Signing(self.device)
        self._error = TseCode.NONE
        self._exports = Exports(self.device)
        self._questions = Questions(self.device)
        self._buffers: dict[int, AnswerBuffer] = {}
        self._handlers: dict[type[Command[Any]], Callable[[Any], Record]] = {
            SetAsb: lambda _: Done(),
            ResetExport: self._reset_export,
            SetClientId: self._set_client,
            **self.signing.handlers(),
            **Administration(self.device).handlers(),
            **self._questions.handlers(),
        }

    @property
    def finished(self) -> list[int]:
        """Return the numbers of finished fiscal transactions, in order."""
        return self.device.element.finished

    def lose_power(self, error: TseCode = TseCode.NONE) -> None:
        """Wake up anew: time, logins and open steps are gone."""
        self.device.element.lose_power()
        self.device.users.logged_in.clear()
        self.device.client = ""
        self.signing.forget()
        self._buffers.clear()
        self._error = error

    def close(self) -> None:
        """Close the state files."""
        self.device.element.log.close()

    def handle(self, request: Request) -> bytes | None:
        """Carry a request out; return the answer's frame, or None = silence."""
        try:
            command = self._decode(request)
            answer = self._carry_out(command, request)
        except Refusal as refusal:
            self._error = refusal.code
            return None
        if not isinstance(command, GetMfcStatus):
            self._error = self._warning()
        if answer is None:
            return None
        return Response(
            request.command, answer.to_parameters(), request.request_id
        ).to_bytes()

    def _decode(self, request: Request) -> Command[Any]:
        kind = COMMANDS.get(request.command)
        if kind is None:
            raise Refusal(TseCode.UNKNOWN_CMD)
        expected = len(kind.CODECS)
        if not expected - kind.OPTIONAL <= len(request.parameters) <= expected:
            raise Refusal(TseCode.PARA_COUNT)
        try:
            return kind.from_parameters(request.parameters)
        except ProtocolError:
            raise Refusal(TseCode.PARA_VALUE) from None

    def _carry_out(self, command: Command[Any], request: Request) -> Record | None:
        if isinstance(command, GetMfcStatus):
            return MfcStatus(self._error, self._state())
        if isinstance(command, GetCommandResponse):
            return self._packet(command)
        if self._exports.serves(command):
            parameter = self._exports.parameter(command)
            buffer = AnswerBuffer.of_stream(request, parameter)
        else:
            handler = self._handlers.get(type(command))
            if handler is None:
                raise Refusal(TseCode.UNKNOWN_CMD)
            answer = handler(command)
            if request.buffer is None:
                return answer
            buffer = AnswerBuffer.of_record(request, answer)
        self._buffers[request.buffer or 0] = buffer
        return None

    def _packet(self, command: GetCommandResponse) -> Packet:
        buffer = self._buffers.get(command.buffer)
        if buffer is None:
            # An earlier failure is the better answer to "why is there nothing".
            raise Refusal(self._error or TseCode.NO_DATA)
        return buffer.packet(command.buffer, command.sequence)

    def _warning(self) -> TseCode:
        element = self.device.element
        if element.time_is_set and element.now() > element.identity.expiry:
            return TseCode.CERTIFICATE_EXPIRED
        return TseCode.NONE

    def _state(self) -> MfcState:
        state = MfcState(0)
        if self.device.element.initialized:
            state |= MfcState.FISCAL_MODE
        if self.signing.is_open:
            state |= MfcState.TRANSACTION_COMMAND_OPEN
        if self.device.element.open:
            state |= MfcState.TRANSACTION_STARTED
        if self.device.maintenance:
            state |= MfcState.MAINTENANCE
        return state

    def _reset_export(self, _: ResetExport) -> Done:
        self._buffers.clear()
        return Done()

    def _set_client(self, command: SetClientId) -> Done:
        self.device.client = command.client
        return Done()
