"""What the simulated TSE tells about itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tse_driver.answers import (
    Clients,
    CountryInfo,
    DeviceInfo,
    FirmwareInfo,
    MemoryInfo,
    Numbers,
    Seconds,
    SlotInfo,
    SlotState,
    TseState,
    UpdateVariants,
    Usage,
)
from tse_driver.commands import (
    ADMIN,
    Command,
    GetCountryInfo,
    GetDeviceInfo,
    GetFirmwareInfo,
    GetMemoryInfo,
    GetNumberOfClients,
    GetNumberOfTransactions,
    GetRegisteredClients,
    GetSlotInfo,
    GetStartedTransactions,
    GetTimeUntilNextSelfTest,
    GetUpdateTimeInterval,
    GetUpdateVariants,
)
from tse_driver.errors import TseCode
from tse_driver.simulator.refusal import Refusal
from tse_driver.simulator.secure_element import TIME_VALID_S

if TYPE_CHECKING:
    from collections.abc import Callable

    from tse_driver.codecs import Record
    from tse_driver.simulator.device import Device

HARDWARE_SINGLE_TSE = 64
SIGNED_UPDATES = "0"
NEARLY_FULL_BYTES = 100 * 1024 * 1024


class Questions:
    """Answers the commands that only read."""

    def __init__(self, device: Device) -> None:
        self._device = device

    def handlers(self) -> dict[type[Command[Any]], Callable[[Any], Record]]:
        """Return what answers which command."""
        device, element = self._device, self._device.element
        return {
            GetCountryInfo: lambda _: CountryInfo(1, 0, "DE", HARDWARE_SINGLE_TSE),
            GetFirmwareInfo: lambda _: FirmwareInfo((1, 0, 0, 1, 0, 0)),
            GetMemoryInfo: lambda _: MemoryInfo(device.limits.capacity, device.free),
            GetDeviceInfo: self._device_info,
            GetSlotInfo: self._slot_info,
            GetNumberOfClients: lambda _: Usage(
                device.limits.clients, len(element.clients) - 1
            ),
            GetRegisteredClients: self._clients,
            GetUpdateVariants: lambda _: UpdateVariants((SIGNED_UPDATES,)),
            GetNumberOfTransactions: lambda _: Usage(
                device.limits.transactions, len(element.open)
            ),
            GetStartedTransactions: self._started,
            GetUpdateTimeInterval: lambda _: Seconds(TIME_VALID_S),
            GetTimeUntilNextSelfTest: lambda _: Seconds(element.self_test_s_left),
        }

    def _device_info(self, _: GetDeviceInfo) -> DeviceInfo:
        serial = self._device.element.identity.public_key.serial.hex()
        in_maintenance = int(self._device.maintenance)
        return DeviceInfo(f"DEMO-{serial[:12]}", 1, 1, in_maintenance, 1, "DEMO", "")

    def _slot_info(self, _: GetSlotInfo) -> SlotInfo:
        device, element = self._device, self._device.element
        state = TseState(0)
        if element.initialized:
            state |= TseState.INITIALIZED
        if element.disabled:
            state |= TseState.DISABLED
        if device.free < NEARLY_FULL_BYTES:
            state |= TseState.NEARLY_FULL
        slot = SlotState.INSERTED | SlotState.OPERATIONAL
        if device.maintenance:
            slot = SlotState.INSERTED | SlotState.MAINTENANCE_ACTIVE
        return SlotInfo(
            slot_state=slot,
            tse_state=state,
            crypto_vendor="Kassenband",
            crypto_info="DEMO TSE simulator",
            capacity=device.limits.capacity,
            free=device.free,
            certificate_expiry=element.identity.expiry,
            signatures_left=device.signatures_left,
            algorithm=element.identity.algorithm.name,
            firmware_type="DEMO",
            description="DEMO, not for real use",
        )

    def _clients(self, _: GetRegisteredClients) -> Clients:
        if ADMIN not in self._device.users.logged_in:
            raise Refusal(TseCode.USER_NOT_AUTHENTICATED)
        return Clients(tuple(self._device.element.clients))

    def _started(self, command: GetStartedTransactions) -> Numbers:
        return Numbers(
            tuple(
                number
                for number, client in sorted(self._device.element.open.items())
                if command.client in {"", client}
            )
        )
