"""What the simulated TSE lets its users do: setup, clients, PINs, time, retirement."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from tse_driver import tlv
from tse_driver.answers import Digit, Done
from tse_driver.commands import (
    ADMIN,
    CLIENT_CHARACTERS_MAX,
    LOGIN_OK_MAX,
    SELF_TEST_CLIENT_UNKNOWN,
    SELF_TEST_OK,
    Command,
)
from tse_driver.errors import TseCode
from tse_driver.simulator.refusal import Refusal
from tse_driver.simulator.users import LOGIN_BLOCKED, LOGIN_UNKNOWN_USER
from tse_driver.upkeep_commands import (
    ChangePin,
    ChangePuk,
    DeleteExportedData,
    DeregisterClient,
    Disable,
    EnterMaintenance,
    FactoryReset,
    Initialize,
    LeaveMaintenance,
    LoginUser,
    LogoutUser,
    RegisterClient,
    RunSelfTest,
    StartFirmwareUpdate,
    UnblockUser,
    UpdateTime,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from tse_driver.codecs import Record
    from tse_driver.simulator.device import Device

SELF_TEST_FAILED = 2
DELETED = 1
NOT_ALL_EXPORTED = 2

_CLIENT = re.compile(rf"[A-Za-z0-9()+,\-.:? ]{{1,{CLIENT_CHARACTERS_MAX}}}")
_PIN = re.compile(r"[0-9]{5,8}")
_PUK = re.compile(r"[0-9]{6,10}")


class Administration:
    """Answers the commands that change what the device is or knows."""

    def __init__(self, device: Device) -> None:
        self.device = device

    def handlers(self) -> dict[type[Command[Any]], Callable[[Any], Record]]:
        """Return what answers which command."""
        return {
            Initialize: self._initialize,
            UpdateTime: self._update_time,
            Disable: self._disable,
            RegisterClient: self._register,
            DeregisterClient: self._deregister,
            RunSelfTest: self._self_test,
            LoginUser: self._login,
            LogoutUser: self._logout,
            UnblockUser: self._unblock,
            ChangePuk: self._change_puk,
            ChangePin: self._change_pin,
            DeleteExportedData: self._delete,
            EnterMaintenance: lambda _: self._maintain(begin=True),
            LeaveMaintenance: lambda _: self._maintain(begin=False),
            StartFirmwareUpdate: self._update_firmware,
            FactoryReset: self._factory_reset,
        }

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
        if self.device.element.open:
            raise Refusal(TseCode.DEVICE_HAS_UNFINISHED_TX)
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
        if self.device.defective:
            return Digit(SELF_TEST_FAILED)
        self.device.element.self_test()
        return Digit(SELF_TEST_OK)

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
        if not _PIN.fullmatch(command.pin):
            raise Refusal(TseCode.PARA_VALUE)
        verdict = self.device.users.unblock(command.user, command.puk, command.pin)
        payload = tlv.write(0x81, command.user.encode())
        payload += tlv.write(0x82, bytes((verdict - 1,)))
        self.device.element.sign_system("unblockUser", payload)
        return Digit(verdict)

    def _change_puk(self, command: ChangePuk) -> Digit:
        if not _PUK.fullmatch(command.new_puk):
            raise Refusal(TseCode.PARA_VALUE)
        users = self.device.users
        return Digit(users.change_puk(command.user, command.puk, command.new_puk))

    def _change_pin(self, command: ChangePin) -> Digit:
        if not _PIN.fullmatch(command.new_pin):
            raise Refusal(TseCode.PARA_VALUE)
        users = self.device.users
        return Digit(users.change_pin(command.user, command.pin, command.new_pin))

    def _delete(self, command: DeleteExportedData) -> Digit:
        self._require_admin()
        device, element = self.device, self.device.element
        if element.open:
            raise Refusal(TseCode.DEVICE_HAS_UNFINISHED_TX)
        if not element.self_test_s_left:
            raise Refusal(TseCode.SELF_TEST_REQUIRED)
        size, device.exported_bytes = device.exported_bytes, 0
        if not size or command.byte_size != size:
            return Digit(NOT_ALL_EXPORTED)
        element.delete_stored(device.exported_to)
        return Digit(DELETED)

    def _maintain(self, *, begin: bool) -> Done:
        self._require_admin()
        self.device.maintenance = begin
        return Done()

    def _update_firmware(self, _: StartFirmwareUpdate) -> Done:
        self._require_admin()
        raise Refusal(TseCode.COMMAND_FAILED)  # there is no firmware to be had

    def _factory_reset(self, _: FactoryReset) -> Done:
        if not self.device.developer:
            raise Refusal(TseCode.UNKNOWN_CMD)
        self.device.users.reset()
        self.device.element.reset()
        self.device.client = ""
        self.device.maintenance = False
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
