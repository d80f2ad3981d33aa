"""A TSE without a wire: requests in, answers out, silence on failure.

The state machine of a Diebold Nixdorf USB TSE as far as a till can see it, with
genuine keys, signatures and exports. Pure but for its optional state directory.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from tse_driver import tlv
from tse_driver.answers import Digit, Done, MfcState, MfcStatus, Packet
from tse_driver.clock import Clock, SystemClock
from tse_driver.commands import (
    ADMIN,
    CLIENT_CHARACTERS_MAX,
    COMMANDS,
    LOGIN_OK_MAX,
    SELF_TEST_CLIENT_UNKNOWN,
    SELF_TEST_OK,
    Command,
    DeregisterClient,
    Disable,
    GetCommandResponse,
    GetMfcStatus,
    Initialize,
    LoginUser,
    LogoutUser,
    RegisterClient,
    ResetExport,
    RunSelfTest,
    SetAsb,
    SetClientId,
    UnblockUser,
    UpdateTime,
)
from tse_driver.errors import ProtocolError, TseCode
from tse_driver.framing import Request, Response
from tse_driver.simulator import keys
from tse_driver.simulator.device import Device, Limits
from tse_driver.simulator.exports import AnswerBuffer, Exports
from tse_driver.simulator.log_store import LogStore
from tse_driver.simulator.questions import Questions
from tse_driver.simulator.refusal import Refusal
from tse_driver.simulator.secure_element import SecureElement
from tse_driver.simulator.signing import Signing
from tse_driver.simulator.users import LOGIN_BLOCKED, LOGIN_UNKNOWN_USER, Users

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tse_driver.codecs import Record

_CLIENT = re.compile(rf"[A-Za-z0-9()+,\-.:? ]{{1,{CLIENT_CHARACTERS_MAX}}}")


class SimulatedTse:
    """Answers requests as the device would; None is its silence."""

    def __init__(
        self,
        state: Path | None = None,
        *,
        clock: Clock | None = None,
        limits: Limits | None = None,
        valid_days: int = keys.VALID_DAYS,
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
            identity = keys.create(clock.now(), valid_days)
            if state is not None:
                identity.save(state)
        element = SecureElement(identity, log, clock)
        self.device = Device(element, Users.load(state), limits or Limits())
        self.signing = Signing(self.device)
        self._error = TseCode.NONE
        self._exports = Exports(self.device)
        self._questions = Questions(self.device)
        self._buffers: dict[int, AnswerBuffer] = {}
        self._handlers: dict[type[Command[Any]], Callable[[Any], Record]] = {
            SetAsb: lambda _: Done(),
            Initialize: self._initialize,
            UpdateTime: self._update_time,
            Disable: self._disable,
            RegisterClient: self._register,
            DeregisterClient: self._deregister,
            RunSelfTest: self._self_test,
            ResetExport: self._reset_export,
            LoginUser: self._login,
            LogoutUser: self._logout,
            UnblockUser: self._unblock,
            SetClientId: self._set_client,
            **self.signing.handlers(),
            **self._questions.handlers(),
        }

    @property
    def finished(self) -> list[int]:
        """Return the numbers of finished fiscal transactions, in order."""
        return self.device.element.finished

    def lose_power(self) -> None:
        """Be unplugged and plugged in again: time, logins and open steps are gone."""
        self.device.element.lose_power()
        self.device.users.logged_in.clear()
        self.device.client = ""
        self.signing.forget()
        self._buffers.clear()
        self._error = TseCode.NONE

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
        return state

    def _initialize(self, command: Initialize) -> Done:
        self._require_admin()
        element = self.device.element
        if element.initialized:
            raise Refusal(TseCode.DESCRIPTION_SET)
        if not element.self_test_s_left:
            raise Refusal(TseCode.SELF_TEST_REQUIRED)
        description = tlv.write(0x81, command.description.encode())
        element.sign_system("initialize", description)
        return Done()

    def _update_time(self, command: UpdateTime) -> Done:
        element = self.device.element
        if not self.device.users.logged_in:
            raise Refusal(TseCode.USER_NOT_AUTHENTICATED)
        if not element.self_test_s_left:
            raise Refusal(TseCode.SELF_TEST_REQUIRED)
        if command.time < element.identity.chain[0].not_valid_before_utc:
            raise Refusal(TseCode.PARA_VALUE)
        element.set_time(command.time)
        return Done()

    def _disable(self, _: Disable) -> Done:
        self._require_admin()
        self.device.element.sign_system("disableSecureElement")
        return Done()

    def _register(self, _: RegisterClient) -> Done:
        self._require_admin()
        client, clients = self._named_client(), self.device.element.clients
        if client in clients:
            return Done()
        if not _CLIENT.fullmatch(client):
            raise Refusal(TseCode.PARA_VALUE)
        if len(clients) > self.device.limits.clients:
            raise Refusal(TseCode.MAX_CLIENTS)
        payload = tlv.write(0x81, client.encode())
        self.device.element.sign_system("registerClient", payload)
        return Done()

    def _deregister(self, _: DeregisterClient) -> Done:
        self._require_admin()
        element, client = self.device.element, self._named_client()
        if client not in element.clients[1:]:  # the factory's own client stays
            raise Refusal(TseCode.CLIENT_NOT_REGISTERED)
        if client in element.open.values():
            raise Refusal(TseCode.CLIENT_HAS_UNFINISHED_TX)
        element.sign_system("deregisterClient", tlv.write(0x81, client.encode()))
        return Done()

    def _self_test(self, _: RunSelfTest) -> Digit:
        if self.device.client not in self.device.element.clients:
            return Digit(SELF_TEST_CLIENT_UNKNOWN)
        self.device.element.self_test()
        return Digit(SELF_TEST_OK)

    def _reset_export(self, _: ResetExport) -> Done:
        self._buffers.clear()
        return Done()

    def _login(self, command: LoginUser) -> Digit:
        verdict = self.device.users.login(command.user, command.pin)
        if verdict not in {LOGIN_UNKNOWN_USER, LOGIN_BLOCKED}:
            ok = b"\xff" if verdict <= LOGIN_OK_MAX else b"\x00"
            payload = tlv.write(0x81, command.user.encode())
            payload += tlv.write(0x82, command.user.encode()) + tlv.write(0x83, ok)
            self.device.element.sign_system("authenticateUser", payload)
        return Digit(verdict)

    def _logout(self, command: LogoutUser) -> Digit:
        if command.user not in self.device.users.logged_in:
            return Digit(2)
        self.device.users.logged_in.discard(command.user)
        payload = tlv.write(0x81, command.user.encode()) + tlv.write(0x82, b"\x00")
        self.device.element.sign_system("logOut", payload)
        return Digit(1)

    def _unblock(self, command: UnblockUser) -> Digit:
        verdict = self.device.users.unblock(command.user, command.puk, command.pin)
        payload = tlv.write(0x81, command.user.encode())
        payload += tlv.write(0x82, bytes((verdict - 1,)))
        self.device.element.sign_system("unblockUser", payload)
        return Digit(verdict)

    def _set_client(self, command: SetClientId) -> Done:
        self.device.client = command.client
        return Done()

    def _named_client(self) -> str:
        if not self.device.client:
            raise Refusal(TseCode.CLIENT_ID_NOT_SET)
        return self.device.client

    def _require_admin(self) -> None:
        if self.device.element.disabled:
            raise Refusal(TseCode.DISABLED)
        if ADMIN not in self.device.users.logged_in:
            raise Refusal(TseCode.USER_NOT_AUTHENTICATED)
