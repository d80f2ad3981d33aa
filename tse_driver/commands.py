"""The commands a till needs every day, as typed values; others: upkeep_commands.

Source: fiskaltrust middleware scu-de (EUPL-1.2), facts only. Each command knows its
number, its parameters and the record its answer is; coding lives in codecs.py and
works in both directions, since the simulator speaks the other one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from tse_driver.answers import (
    Clients,
    CountryInfo,
    DeviceInfo,
    Done,
    Export,
    FirmwareInfo,
    MemoryInfo,
    MfcStatus,
    Numbers,
    Packet,
    Seconds,
    SlotExport,
    SlotInfo,
    StartSigned,
    StepSigned,
    UpdateVariants,
    Usage,
)
from tse_driver.codecs import BASE64, DECIMAL, NUMBER_10, TEXT, TIME, Record

if TYPE_CHECKING:
    from datetime import datetime

ANSWER_TIMEOUT_S = 2.0
STATUS_TIMEOUT_S = 1.0
LIST_TIMEOUT_S = 10.0
SELF_TEST_TIMEOUT_S = 120.0
PACKET_BYTES_MAX = 512  # raw process data in one TransactionData
CLIENT_CHARACTERS_MAX = 30
PROCESS_TYPE_CHARACTERS_MAX = 100

ADMIN = "1"
TIME_ADMIN = "2"
LOGIN_OK_MAX = 1  # an answer digit above this one is a refusal
SELF_TEST_OK = 1
SELF_TEST_CLIENT_UNKNOWN = 3
FACTORY_CLIENT = "DN TSEProduction ef82abcedf"
"""Always registered; a new device runs its self test with it."""

EXPORT_BUFFER = 1
LIST_BUFFER = 2

AnswerT_co = TypeVar("AnswerT_co", bound=Record, covariant=True)


class Command(Record, Generic[AnswerT_co]):
    """A request whose answer is an AnswerT_co."""

    NUMBER: ClassVar[str]
    ANSWER: ClassVar[type[Any]] = Done
    TIMEOUT_S: ClassVar[float] = ANSWER_TIMEOUT_S
    BUFFER: ClassVar[int | None] = None
    REPEATABLE: ClassVar[bool] = False
    """Whether it may be sent again when its answer was lost (no harm in twice)."""


@dataclass(frozen=True)
class GetCountryInfo(Command[CountryInfo]):
    """Ask for API version and hardware."""

    NUMBER = "000"
    ANSWER = CountryInfo
    REPEATABLE = True


@dataclass(frozen=True)
class GetMfcStatus(Command[MfcStatus]):
    """Ask why the last command was not answered."""

    NUMBER = "001"
    ANSWER = MfcStatus
    TIMEOUT_S = STATUS_TIMEOUT_S
    REPEATABLE = True


@dataclass(frozen=True)
class GetFirmwareInfo(Command[FirmwareInfo]):
    """Ask for the firmware's version."""

    NUMBER = "002"
    ANSWER = FirmwareInfo
    REPEATABLE = True


@dataclass(frozen=True)
class SetAsb(Command[Done]):
    """Switch unsolicited status frames on (1) or off (0)."""

    NUMBER = "003"
    REPEATABLE = True
    CODECS = (DECIMAL,)
    mode: int


@dataclass(frozen=True)
class GetCommandResponse(Command[Packet]):
    """Fetch the next piece of a buffered answer."""

    NUMBER = "004"
    ANSWER = Packet
    REPEATABLE = True
    CODECS = (DECIMAL, DECIMAL)
    buffer: int
    sequence: int


@dataclass(frozen=True)
class GetMemoryInfo(Command[MemoryInfo]):
    """Ask for the memory."""

    NUMBER = "102"
    ANSWER = MemoryInfo
    REPEATABLE = True


@dataclass(frozen=True)
class OfSlot(Record):
    """Commands whose only parameter is the slot."""

    CODECS = (TEXT,)
    slot: str = "1"


@dataclass(frozen=True)
class GetDeviceInfo(OfSlot, Command[DeviceInfo]):
    """Ask for the device."""

    NUMBER = "108"
    ANSWER = DeviceInfo
    REPEATABLE = True


@dataclass(frozen=True)
class GetSlotInfo(OfSlot, Command[SlotInfo]):
    """Ask for the TSE."""

    NUMBER = "109"
    ANSWER = SlotInfo
    REPEATABLE = True


@dataclass(frozen=True)
class StartInit(Command[Done]):
    """Open the start of a fiscal transaction."""

    NUMBER = "200"
    CODECS = (DECIMAL, TEXT, DECIMAL)
    data_length: int
    process_type: str
    additional_length: int = 0


@dataclass(frozen=True)
class StartEnd(Command[StartSigned]):
    """Sign the start."""

    NUMBER = "201"
    ANSWER = StartSigned


@dataclass(frozen=True)
class _Step(Record):
    """Commands that open an update or the finish."""

    CODECS = (DECIMAL, DECIMAL, TEXT, DECIMAL)
    transaction_number: int
    data_length: int
    process_type: str
    additional_length: int = 0


@dataclass(frozen=True)
class UpdateInit(_Step, Command[Done]):
    """Open an update of a fiscal transaction."""

    NUMBER = "202"


@dataclass(frozen=True)
class UpdateEnd(Command[StepSigned]):
    """Sign the update."""

    NUMBER = "203"
    ANSWER = StepSigned


@dataclass(frozen=True)
class FinishInit(_Step, Command[Done]):
    """Open the finish of a fiscal transaction."""

    NUMBER = "204"


@dataclass(frozen=True)
class FinishEnd(Command[StepSigned]):
    """Sign the finish."""

    NUMBER = "205"
    ANSWER = StepSigned


@dataclass(frozen=True)
class TransactionData(Command[Done]):
    """One packet of process data, at most 512 raw bytes."""

    NUMBER = "206"
    CODECS = (DECIMAL, BASE64)
    packet: int
    data: bytes


@dataclass(frozen=True)
class TransactionVoid(Command[Done]):
    """Give up a step that was opened but not signed."""

    NUMBER = "207"
    REPEATABLE = True


@dataclass(frozen=True)
class ExportAll(OfSlot, Command[Export]):
    """Export every log message and the certificates."""

    NUMBER = "300"
    ANSWER = Export
    BUFFER = EXPORT_BUFFER


@dataclass(frozen=True)
class ExportByNumber(Command[Export]):
    """Export one fiscal transaction; client "" = of any client."""

    NUMBER = "301"
    ANSWER = Export
    BUFFER = EXPORT_BUFFER
    CODECS = (TEXT, NUMBER_10, TEXT)
    slot: str
    number: int
    client: str = ""


@dataclass(frozen=True)
class ExportByInterval(Command[Export]):
    """Export an interval of fiscal transactions."""

    NUMBER = "302"
    ANSWER = Export
    BUFFER = EXPORT_BUFFER
    CODECS = (TEXT, NUMBER_10, NUMBER_10, TEXT)
    slot: str
    first: int
    last: int
    client: str = ""


@dataclass(frozen=True)
class ExportByTime(Command[Export]):
    """Export a period of time."""

    NUMBER = "303"
    ANSWER = Export
    BUFFER = EXPORT_BUFFER
    CODECS = (TEXT, TIME, TIME, TEXT)
    slot: str
    begin: datetime
    end: datetime
    client: str = ""


@dataclass(frozen=True)
class ExportCertificates(OfSlot, Command[Export]):
    """Export the certificate chain."""

    NUMBER = "304"
    ANSWER = Export
    BUFFER = EXPORT_BUFFER
    REPEATABLE = True


@dataclass(frozen=True)
class ExportSerialNumbers(OfSlot, Command[Export]):
    """Export the 32-byte serial number."""

    NUMBER = "305"
    ANSWER = Export
    BUFFER = EXPORT_BUFFER
    REPEATABLE = True


@dataclass(frozen=True)
class ExportLastLogMessage(OfSlot, Command[Export]):
    """Export the newest log message."""

    NUMBER = "306"
    ANSWER = Export
    BUFFER = EXPORT_BUFFER
    REPEATABLE = True


@dataclass(frozen=True)
class ExportPublicKey(OfSlot, Command[SlotExport]):
    """Export the public key (the second value of the answer)."""

    NUMBER = "308"
    ANSWER = SlotExport
    BUFFER = EXPORT_BUFFER
    REPEATABLE = True


@dataclass(frozen=True)
class ResetExport(OfSlot, Command[Done]):
    """Reset the export (undocumented, harmless; failure is ignored)."""

    NUMBER = "309"
    REPEATABLE = True


@dataclass(frozen=True)
class GetNumberOfClients(Command[Usage]):
    """Ask how many clients are registered."""

    NUMBER = "500"
    ANSWER = Usage
    REPEATABLE = True


@dataclass(frozen=True)
class GetRegisteredClients(OfSlot, Command[Clients]):
    """Ask for the registered clients (admin)."""

    NUMBER = "502"
    ANSWER = Clients
    BUFFER = LIST_BUFFER
    REPEATABLE = True


@dataclass(frozen=True)
class GetUpdateVariants(Command[UpdateVariants]):
    """Ask which kinds of update it supports (SE-API: 0 signed, 1 unsigned, 2 both)."""

    NUMBER = "503"
    ANSWER = UpdateVariants
    REPEATABLE = True


@dataclass(frozen=True)
class GetNumberOfTransactions(Command[Usage]):
    """Ask how many fiscal transactions are open."""

    NUMBER = "504"
    ANSWER = Usage
    REPEATABLE = True


@dataclass(frozen=True)
class GetStartedTransactions(Command[Numbers]):
    """Ask which fiscal transactions of a client are open."""

    NUMBER = "506"
    ANSWER = Numbers
    TIMEOUT_S = LIST_TIMEOUT_S
    BUFFER = LIST_BUFFER
    REPEATABLE = True
    CODECS = (TEXT,)
    OPTIONAL = 1
    client: str = ""


@dataclass(frozen=True)
class GetUpdateTimeInterval(Command[Seconds]):
    """Ask after how many seconds the time must be set again."""

    NUMBER = "507"
    ANSWER = Seconds
    REPEATABLE = True


@dataclass(frozen=True)
class GetTimeUntilNextSelfTest(Command[Seconds]):
    """Ask how long the last self test is good for; 0 = it is due."""

    NUMBER = "508"
    ANSWER = Seconds
    REPEATABLE = True


@dataclass(frozen=True)
class SetClientId(Command[Done]):
    """Name the client of the commands that follow."""

    NUMBER = "509"
    REPEATABLE = True
    CODECS = (TEXT,)
    client: str
