"""The steps of a fiscal transaction on the simulated TSE: init, data, end."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tse_driver.answers import Done, StartSigned, StepSigned
from tse_driver.commands import (
    PACKET_BYTES_MAX,
    PROCESS_TYPE_CHARACTERS_MAX,
    Command,
    FinishEnd,
    FinishInit,
    StartEnd,
    StartInit,
    TransactionData,
    TransactionVoid,
    UpdateEnd,
    UpdateInit,
)
from tse_driver.errors import TseCode
from tse_driver.log_message import Certified, Operation
from tse_driver.simulator.refusal import Refusal

if TYPE_CHECKING:
    from collections.abc import Callable

    from tse_driver.codecs import Record
    from tse_driver.simulator.device import Device


@dataclass(slots=True)
class _Step:
    """A step that was opened and waits for its data and its end."""

    operation: Operation
    client: str
    process_type: str
    data_length: int
    number: int = 0
    packets: int = 0
    data: bytearray = field(default_factory=bytearray)


class Signing:
    """At most one open step; the device signs it at its end."""

    def __init__(self, device: Device) -> None:
        self._device = device
        self._step: _Step | None = None

    @property
    def is_open(self) -> bool:
        """Say whether a step waits for its end."""
        return self._step is not None

    def forget(self) -> None:
        """Drop the open step."""
        self._step = None

    def handlers(self) -> dict[type[Command[Any]], Callable[[Any], Record]]:
        """Return what answers which command."""
        return {
            StartInit: self._start_init,
            StartEnd: self._start_end,
            UpdateInit: lambda c: self._step_init(c, Operation.UPDATE),
            UpdateEnd: lambda _: self._step_end(Operation.UPDATE),
            FinishInit: lambda c: self._step_init(c, Operation.FINISH),
            FinishEnd: lambda _: self._step_end(Operation.FINISH),
            TransactionData: self._data,
            TransactionVoid: self._void,
        }

    def _start_init(self, command: StartInit) -> Done:
        self._require_ready()
        if len(self._device.element.open) >= self._device.limits.transactions:
            raise Refusal(TseCode.MAX_PARALLEL_TRANSACTIONS)
        self._begin(Operation.START, command)
        return Done()

    def _start_end(self, _: StartEnd) -> StartSigned:
        step = self._take(Operation.START)
        element = self._device.element
        number, signed = element.start(step.client, bytes(step.data), step.process_type)
        return StartSigned(
            signed.log_time,
            number,
            element.identity.public_key.serial,
            signed.signature_counter,
            signed.signature,
        )

    def _step_init(
        self, command: UpdateInit | FinishInit, operation: Operation
    ) -> Done:
        self._require_ready()
        number = command.transaction_number
        if self._device.element.open.get(number) != self._device.client:
            raise Refusal(TseCode.NO_TRANSACTION)
        self._begin(operation, command, number)
        return Done()

    def _step_end(self, operation: Operation) -> StepSigned:
        step = self._take(operation)
        signed = self._device.element.step(
            Certified(
                operation, step.client, bytes(step.data), step.process_type, step.number
            )
        )
        return StepSigned(signed.log_time, signed.signature_counter, signed.signature)

    def _data(self, command: TransactionData) -> Done:
        step = self._step
        if step is None or command.packet != step.packets:
            raise Refusal(TseCode.WRONG_ORDER)
        step.packets += 1
        step.data += command.data
        too_long = len(step.data) > step.data_length
        if too_long or len(command.data) > PACKET_BYTES_MAX:
            raise Refusal(TseCode.PARA_VALUE)
        return Done()

    def _void(self, _: TransactionVoid) -> Done:
        if self._step is None:
            raise Refusal(TseCode.NO_TRANSACTION)
        self._step = None
        return Done()

    def _begin(
        self,
        operation: Operation,
        command: StartInit | UpdateInit | FinishInit,
        number: int = 0,
    ) -> None:
        if self._step is not None:
            raise Refusal(TseCode.WRONG_ORDER)
        if len(command.process_type) > PROCESS_TYPE_CHARACTERS_MAX:
            raise Refusal(TseCode.PARA_VALUE)
        self._step = _Step(
            operation,
            self._device.client,
            command.process_type,
            command.data_length,
            number,
        )

    def _take(self, operation: Operation) -> _Step:
        step = self._step
        if step is None or step.operation is not operation:
            raise Refusal(TseCode.WRONG_ORDER)
        if len(step.data) != step.data_length:
            raise Refusal(TseCode.PARA_VALUE)
        self._step = None
        return step

    def _require_ready(self) -> None:
        device, element = self._device, self._device.element
        for holds, code in (
            (element.initialized, TseCode.NOT_INITIALIZED),
            (not element.disabled, TseCode.DISABLED),
            (not device.maintenance, TseCode.COMMAND_FAILED),
            (element.self_test_s_left > 0, TseCode.SELF_TEST_REQUIRED),
            (element.time_is_set, TseCode.TIME_NOT_SET),
            (bool(device.client), TseCode.CLIENT_ID_NOT_SET),
            (device.client in element.clients, TseCode.CLIENT_NOT_REGISTERED),
            (device.signatures_left > 0, TseCode.MAX_SIGNATURES),
            (device.free > 0, TseCode.STORAGE),
        ):
            if not holds:
                raise Refusal(code)
