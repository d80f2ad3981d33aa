"""What a TSE's own log says of a fiscal transaction: the truth after a lost answer."""

from __future__ import annotations

import io
import logging
from typing import TYPE_CHECKING

from tse_driver import commands as ask
from tse_driver.errors import Rejected, TseCode, TseRefused
from tse_driver.export_reader import read_export
from tse_driver.log_message import LogMessage, Operation
from tse_driver.results import Signature

if TYPE_CHECKING:
    from tse_driver.access import Access
    from tse_driver.log_message import Certified
    from tse_driver.signature import PublicKey

TRIES = 3  # of an export that a bad line damages

logger = logging.getLogger(__name__)


class DeviceLog:
    """Reads the log of one device, by exports of one number."""

    def __init__(self, access: Access) -> None:
        self._access = access

    def messages(self, number: int, key: PublicKey) -> tuple[LogMessage, ...]:
        """Return what it says of a number, verified with the key, oldest first."""
        for tries_left in reversed(range(TRIES)):
            try:
                tar = self._export(number)
                logged = [m for _, m in read_export(io.BytesIO(tar))] if tar else []
                break
            except Rejected as error:  # the line damaged it
                if not tries_left:
                    raise
                logger.info("export of %d read again: %s", number, error)
        found = [
            message
            for message in logged
            if message.certified is not None
            and message.certified.transaction_number == number
            and message.verifies(key)
        ]
        return tuple(sorted(found, key=lambda message: message.signature_counter))

    def newest(self) -> LogMessage | None:
        """Return its newest message, unverified; None if it can't tell."""
        command = ask.ExportLastLogMessage(self._access.slot)
        try:
            tar = b"".join(self._access.export(command))
            return next((m for _, m in read_export(io.BytesIO(tar))), None)
        except (TseRefused, Rejected):
            self._access.ask_quietly(ask.ResetExport(self._access.slot))
            return None

    def find(
        self, number: int, operation: Operation, key: PublicKey
    ) -> LogMessage | None:
        """Return the first message of a kind, None if there is none."""
        messages = self.messages(number, key)
        return next((m for m in messages if m.operation == operation), None)

    def find_step(
        self, said: Certified, key: PublicKey, *, exactly: bool = False
    ) -> Signature | None:
        """Return the newest signature of an update or finish just asked for.

        One finish there is, whatever it says, for it can't be signed again; `exactly`
        takes only one that says the same.
        """
        found = None
        is_only = said.operation == Operation.FINISH and not exactly
        for message in self.messages(said.transaction_number, key):
            if message.certified == said or (
                is_only and message.operation == said.operation
            ):
                found = signature_of(message)
        return found

    def _export(self, number: int) -> bytes:
        """Return the export of a number, b"" if the device has none."""
        command = ask.ExportByNumber(self._access.slot, number)
        for last in (False, True):
            try:
                return b"".join(self._access.export(command))
            except TseRefused as error:
                if error.code in {TseCode.NO_DATA, TseCode.NO_TRANSACTION}:
                    break
                if last or error.code != TseCode.EXPORT_BUFFER:
                    raise
            # What an earlier command left in the buffer hides that there is none.
            self._access.ask_quietly(ask.ResetExport(self._access.slot))
        return b""


def signature_of(message: LogMessage) -> Signature:
    """Return the signature of a log message about a fiscal transaction."""
    assert message.certified is not None
    return Signature(
        message.certified.transaction_number,
        message.signature_counter,
        message.log_time,
        message.signature,
    )
