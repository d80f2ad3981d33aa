"""The commands with which a TSE is put into service, kept alive and retired.

Source: fiskaltrust middleware scu-de (EUPL-1.2), facts only. Where the parameters of
a command are documented nowhere, its docstring says "unconfirmed".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tse_driver.answers import Digit, Done
from tse_driver.codecs import DECIMAL, TEXT, TIME
from tse_driver.commands import (
    LIST_TIMEOUT_S,
    SELF_TEST_TIMEOUT_S,
    Command,
    OfSlot,
)

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True)
class Initialize(Command[Done]):
    """Put a new TSE into service."""

    NUMBER = "100"
    TIMEOUT_S = LIST_TIMEOUT_S
    CODECS = (TEXT, TEXT)
    slot: str
    description: str


@dataclass(frozen=True)
class UpdateTime(Command[Done]):
    """Set the TSE's clock (a timeAdmin or admin must be logged in)."""

    NUMBER = "101"
    REPEATABLE = True
    CODECS = (TIME,)
    time: datetime


@dataclass(frozen=True)
class Disable(OfSlot, Command[Done]):
    """Put the TSE out of service for good."""

    NUMBER = "104"


@dataclass(frozen=True)
class RegisterClient(OfSlot, Command[Done]):
    """Register the client last set (admin)."""

    NUMBER = "106"


@dataclass(frozen=True)
class DeregisterClient(OfSlot, Command[Done]):
    """Deregister the client last set (admin)."""

    NUMBER = "107"


@dataclass(frozen=True)
class RunSelfTest(OfSlot, Command[Digit]):
    """Run the self test: 1 ok, 2 failed, 3 client not registered."""

    NUMBER = "112"
    REPEATABLE = True
    ANSWER = Digit
    TIMEOUT_S = SELF_TEST_TIMEOUT_S


@dataclass(frozen=True)
class LoginUser(Command[Digit]):
    """Log a user in; an answer above 1 is a refusal."""

    NUMBER = "400"
    ANSWER = Digit
    CODECS = (TEXT, TEXT, TEXT)
    slot: str
    user: str
    pin: str


@dataclass(frozen=True)
class LogoutUser(Command[Digit]):
    """Log a user out."""

    NUMBER = "401"
    REPEATABLE = True
    ANSWER = Digit
    CODECS = (TEXT, TEXT)
    slot: str
    user: str


@dataclass(frozen=True)
class UnblockUser(Command[Digit]):
    """Give a user a new PIN with the PUK (order of parameters unconfirmed)."""

    NUMBER = "402"
    ANSWER = Digit
    CODECS = (TEXT, TEXT, TEXT, TEXT)
    slot: str
    user: str
    puk: str
    pin: str


@dataclass(frozen=True)
class ChangePuk(Command[Digit]):
    """Change a user's PUK (parameters unconfirmed)."""

    NUMBER = "403"
    ANSWER = Digit
    CODECS = (TEXT, TEXT, TEXT, TEXT)
    slot: str
    user: str
    puk: str
    new_puk: str


@dataclass(frozen=True)
class ChangePin(Command[Digit]):
    """Change a user's PIN (parameters unconfirmed)."""

    NUMBER = "404"
    ANSWER = Digit
    CODECS = (TEXT, TEXT, TEXT, TEXT)
    slot: str
    user: str
    pin: str
    new_pin: str


@dataclass(frozen=True)
class StartFirmwareUpdate(Command[Done]):
    """Begin a firmware update; how the image follows is documented nowhere."""

    NUMBER = "103"


@dataclass(frozen=True)
class EnterMaintenance(OfSlot, Command[Done]):
    """Take a slot out of operation (admin; parameter unconfirmed)."""

    NUMBER = "110"
    REPEATABLE = True


@dataclass(frozen=True)
class LeaveMaintenance(OfSlot, Command[Done]):
    """Take a slot back into operation (admin; parameter unconfirmed)."""

    NUMBER = "111"
    REPEATABLE = True


@dataclass(frozen=True)
class DeleteExportedData(Command[Digit]):
    """Delete what was exported (admin); 2 = not everything was exported.

    The size is that of the exported TAR, by which the device knows that we have it all.
    """

    NUMBER = "307"
    ANSWER = Digit
    TIMEOUT_S = SELF_TEST_TIMEOUT_S
    CODECS = (TEXT, DECIMAL)
    slot: str
    byte_size: int


@dataclass(frozen=True)
class FactoryReset(Command[Done]):
    """Make a developer TSE as new; any other refuses."""

    NUMBER = "900"
    TIMEOUT_S = SELF_TEST_TIMEOUT_S
