"""What the device answers: one typed record for each kind of answer.

Source: fiskaltrust middleware scu-de (EUPL-1.2), facts only.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntFlag
from typing import TYPE_CHECKING

from tse_driver.codecs import (
    BASE64,
    DECIMAL,
    HEX_2,
    HEX_4,
    MAYBE_DECIMAL,
    RAW,
    TEXT,
    TIME,
    Record,
)

if TYPE_CHECKING:
    from datetime import datetime


class MfcState(IntFlag):
    """State bits of GetMfcStatus."""

    FISCAL_MODE = 0x01
    TRANSACTION_COMMAND_OPEN = 0x02
    TRANSACTION_STARTED = 0x04
    MAINTENANCE = 0x08
    SERVICE = 0x10


class SlotState(IntFlag):
    """Slot bits of GetSlotInfo."""

    INSERTED = 0x01
    OPERATIONAL = 0x02
    MAINTENANCE_REQUESTED = 0x04
    MAINTENANCE_ACTIVE = 0x08


class TseState(IntFlag):
    """TSE bits of GetSlotInfo."""

    INITIALIZED = 0x01
    DISABLED = 0x02
    NEARLY_FULL = 0x04


@dataclass(frozen=True)
class Done(Record):
    """It worked and there is nothing to say."""


@dataclass(frozen=True)
class CountryInfo(Record):
    """API version, country, hardware (64 single TSE, 65 Connect Box)."""

    CODECS = (DECIMAL, DECIMAL, TEXT, DECIMAL)
    api_major: int
    api_minor: int
    country: str
    hardware: int


@dataclass(frozen=True)
class MfcStatus(Record):
    """The last error and the state bits."""

    CODECS = (HEX_4, HEX_2)
    error: int
    state: int

    @classmethod
    def from_parameters(cls, parameters: tuple[bytes, ...]) -> MfcStatus:
        """Read the last two values: before them may be left-overs of earlier calls."""
        return super().from_parameters(parameters[-2:])


@dataclass(frozen=True)
class FirmwareInfo(Record):
    """Firmware and loader, each major, minor, build (nine numbers on a box)."""

    CODECS = (DECIMAL,)
    MANY = True
    numbers: tuple[int, ...]


@dataclass(frozen=True)
class Packet(Record):
    """One piece of a buffered answer; status 0 = more to come."""

    CODECS = (DECIMAL, DECIMAL, HEX_2, DECIMAL, RAW)
    buffer: int
    sequence: int
    status: int
    size: int
    data: bytes


@dataclass(frozen=True)
class MemoryInfo(Record):
    """Capacity and free memory in bytes."""

    CODECS = (DECIMAL, DECIMAL)
    capacity: int
    free: int


@dataclass(frozen=True)
class DeviceInfo(Record):
    """The device around the slot: serial text, slot counts, board, address."""

    CODECS = (
        TEXT,
        DECIMAL,
        DECIMAL,
        DECIMAL,
        DECIMAL,
        TEXT,
        TEXT,
    )
    OPTIONAL = 2
    serial: str
    slots: int
    slots_occupied: int
    slots_in_maintenance: int
    slots_with_tse: int
    board: str = ""
    address: str = ""


@dataclass(frozen=True)
class SlotInfo(Record):
    """What the TSE in a slot is and how much is left of it."""

    CODECS = (
        HEX_2,
        HEX_2,
        TEXT,
        TEXT,
        MAYBE_DECIMAL,
        MAYBE_DECIMAL,
        TIME,
        DECIMAL,
        TEXT,
        TEXT,
        TEXT,
    )
    OPTIONAL = 2
    slot_state: int
    tse_state: int
    crypto_vendor: str
    crypto_info: str
    capacity: int | None
    free: int | None
    certificate_expiry: datetime
    signatures_left: int
    algorithm: str
    firmware_type: str = ""
    description: str = ""


@dataclass(frozen=True)
class Digit(Record):
    """A verdict as one number."""

    CODECS = (DECIMAL,)
    value: int


@dataclass(frozen=True)
class StartSigned(Record):
    """The start of a fiscal transaction, signed."""

    CODECS = (TIME, DECIMAL, BASE64, DECIMAL, BASE64)
    log_time: datetime
    transaction_number: int
    serial: bytes
    signature_counter: int
    signature: bytes


@dataclass(frozen=True)
class StepSigned(Record):
    """An update or the finish of a fiscal transaction, signed."""

    CODECS = (TIME, DECIMAL, BASE64)
    log_time: datetime
    signature_counter: int
    signature: bytes


@dataclass(frozen=True)
class Export(Record):
    """A TAR; streamed, never held as a record by the session for big ones."""

    CODECS = (BASE64,)
    tar: bytes


@dataclass(frozen=True)
class SlotExport(Record):
    """A slot and the bytes exported from it."""

    CODECS = (TEXT, BASE64)
    slot: str
    data: bytes


@dataclass(frozen=True)
class Usage(Record):
    """How many there may be and how many there are."""

    CODECS = (DECIMAL, DECIMAL)
    maximum: int
    current: int


@dataclass(frozen=True)
class UpdateVariants(Record):
    """Supported updates; how many values there are is documented nowhere."""

    CODECS = (TEXT,)
    MANY = True
    variants: tuple[str, ...]


@dataclass(frozen=True)
class Clients(Record):
    """Registered clients."""

    CODECS = (TEXT,)
    MANY = True
    clients: tuple[str, ...]


@dataclass(frozen=True)
class Numbers(Record):
    """Numbers of fiscal transactions."""

    CODECS = (DECIMAL,)
    MANY = True
    numbers: tuple[int, ...]


@dataclass(frozen=True)
class Seconds(Record):
    """A time span."""

    CODECS = (DECIMAL,)
    seconds: int
