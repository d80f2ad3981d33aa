"""What a technician asks of a TSE: looking, PINs and PUKs, deleting, retiring it.

Apart from Session, for a till asks none of this while it sells.
"""

from __future__ import annotations

import io
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tse_driver import commands as ask
from tse_driver import upkeep_commands as keep
from tse_driver.access import LOGIN_BLOCKED, USER_NAMES
from tse_driver.answers import TseState
from tse_driver.errors import (
    NotConfirmed,
    NotExported,
    ProtocolError,
    PukBlocked,
    SecretUnfit,
    SignatureInvalid,
    TseRefused,
    WrongPuk,
)
from tse_driver.export_reader import read_export

if TYPE_CHECKING:
    from tse_driver.answers import CountryInfo, DeviceInfo, SlotInfo, Usage
    from tse_driver.log_message import LogMessage
    from tse_driver.session import Session

DELETED_MAX = 1  # an answer digit above this one says that nothing was deleted

_PUK = re.compile(r"[0-9]{6,10}")


@dataclass(frozen=True, slots=True)
class TseLimits:
    """How much there may be of everything, and how much there is."""

    clients_max: int
    clients: int
    open_max: int
    open: int
    signatures_left: int
    capacity_bytes: int
    free_bytes: int
    self_test_due_s: int
    """Seconds until the next self test; 0 = it is due."""
    time_valid_s: int
    """Seconds a time that was set is good for."""
    update_variants: tuple[str, ...]


class Technician:
    """Works on the TSE of a session, whose wire, PINs and client it uses."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._access = session.access

    def country(self) -> CountryInfo:
        """Ask for API version, country and kind of hardware."""
        return self._access.ask(ask.GetCountryInfo())

    def device(self) -> DeviceInfo:
        """Ask for the device around the TSE."""
        return self._access.ask(ask.GetDeviceInfo(self._access.slot))

    def slot(self) -> SlotInfo:
        """Ask for the TSE itself."""
        return self._access.ask(ask.GetSlotInfo(self._access.slot))

    def limits(self) -> TseLimits:
        """Ask how much is left of everything."""
        access = self._access
        clients: Usage = access.ask(ask.GetNumberOfClients())
        opened: Usage = access.ask(ask.GetNumberOfTransactions())
        memory = access.ask(ask.GetMemoryInfo())
        return TseLimits(
            clients_max=clients.maximum,
            clients=clients.current,
            open_max=opened.maximum,
            open=opened.current,
            signatures_left=self.slot().signatures_left,
            capacity_bytes=memory.capacity,
            free_bytes=memory.free,
            self_test_due_s=access.ask(ask.GetTimeUntilNextSelfTest()).seconds,
            time_valid_s=access.ask(ask.GetUpdateTimeInterval()).seconds,
            update_variants=self._update_variants(),
        )

    def _update_variants(self) -> tuple[str, ...]:
        try:
            return self._access.ask(ask.GetUpdateVariants()).variants
        except TseRefused:  # not every firmware is known to tell
            return ()

    def serial_number(self) -> str:
        """Return the serial number in hex digits; raise when it is not its key's."""
        said = self._access.ask(ask.ExportSerialNumbers(self._access.slot)).tar
        self._access.ask_quietly(ask.ResetExport(self._access.slot))
        if said != self._session.public_key.serial:
            raise ProtocolError(self._access.where, "a serial number of another key")
        return said.hex()

    def last_log_message(self) -> LogMessage:
        """Return the newest log message, verified."""
        command = ask.ExportLastLogMessage(self._access.slot)
        archive = io.BytesIO(b"".join(self._access.export(command)))
        for _, message in read_export(archive):
            if not message.verifies(self._session.public_key):
                number = f"log message {message.signature_counter}"
                raise SignatureInvalid(self._access.where, number)
            return message
        raise ProtocolError(self._access.where, "an export without a log message")

    def change_pin(self, user: str, new_pin: str) -> None:
        """Give a user a new PIN; raise SecretUnfit, WrongPin or PinBlocked."""
        access = self._access
        old = access.pin_of(user)
        access.require_pin(new_pin, old)
        access.require_untried(user)
        command = keep.ChangePin(access.slot, user, old, new_pin)
        access.judge_pin(user, access.ask(command).value)
        access.learn_pin(user, new_pin)

    def change_puk(self, user: str, puk: str, new_puk: str) -> None:
        """Give a user a new PUK; raise SecretUnfit, WrongPuk or PukBlocked."""
        if not _PUK.fullmatch(new_puk) or new_puk == puk:
            raise SecretUnfit(self._access.where, "this PUK")
        command = keep.ChangePuk(self._access.slot, user, puk, new_puk)
        self._judge_puk(user, self._access.ask(command).value)

    def unblock(self, user: str, puk: str, new_pin: str) -> None:
        """Give a user whose PIN is blocked a new one; raise as change_puk does."""
        self._access.require_pin(new_pin)
        command = keep.UnblockUser(self._access.slot, user, puk, new_pin)
        self._judge_puk(user, self._access.ask(command).value)
        self._access.learn_pin(user, new_pin)

    def delete_exported(self, byte_size: int) -> None:
        """Delete what a whole export of this size holds; raise NotExported."""
        command = keep.DeleteExportedData(self._access.slot, byte_size)
        with self._access.logged_in(ask.ADMIN):
            verdict = self._access.ask(command).value
        if verdict > DELETED_MAX:
            raise NotExported(self._access.where, "not everything in it was exported")

    def enter_maintenance(self) -> None:
        """Take the slot out of operation."""
        with self._access.logged_in(ask.ADMIN):
            self._access.ask(keep.EnterMaintenance(self._access.slot))

    def leave_maintenance(self) -> None:
        """Take the slot back into operation."""
        with self._access.logged_in(ask.ADMIN):
            self._access.ask(keep.LeaveMaintenance(self._access.slot))

    def disable(self, serial: str) -> None:
        """Put it out of service for good; its serial number is asked as a consent.

        Raise NotConfirmed when the serial is another's, StillOpen when anything is.
        """
        self._require_consent(serial)
        with self._access.logged_in(ask.ADMIN):
            self._access.ask(keep.Disable(self._access.slot))
        if TseState.DISABLED not in TseState(self.slot().tse_state):
            raise ProtocolError(self._access.where, "a state that is not 'disabled'")

    def factory_reset(self, serial: str) -> None:
        """Make a developer's stick as new, all its log lost; consent as in disable."""
        self._require_consent(serial)
        self._access.ask(keep.FactoryReset())
        self._access.forget_client()

    def _require_consent(self, serial: str) -> None:
        own = self._session.public_key.serial.hex()
        if serial.lower() != own:
            raise NotConfirmed(self._access.where, f"it is not '{serial[:16]}...'")

    def _judge_puk(self, user: str, verdict: int) -> None:
        if verdict > ask.LOGIN_OK_MAX:
            error = PukBlocked if verdict == LOGIN_BLOCKED else WrongPuk
            raise error(self._access.where, USER_NAMES[user])
