"""What one device's answers are judged by: its key, and what it signed last."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from tse_driver.answers import StepSigned
from tse_driver.errors import TseCode, TseRefused
from tse_driver.log_message import (
    Certified,
    Kind,
    Operation,
    Protocolled,
    TimeFormat,
    signed_bytes,
)
from tse_driver.signature import algorithm_named

if TYPE_CHECKING:
    from tse_driver.results import Started
    from tse_driver.signature import PublicKey

START_TIME_SPAN = timedelta(seconds=3)  # a start outside: look at its signature
NEVER = datetime.min.replace(tzinfo=UTC)


class Verifier:
    """Verifies signatures; knows the next start well enough to believe it."""

    def __init__(self, where: str) -> None:
        self._where = where
        self._key: PublicKey | None = None
        self._algorithm = ""
        self._number = 0  # of the last start
        self._newest = (0, NEVER)  # signature counter and log time
        self.time_format = TimeFormat.UNIX
        """How the device writes its times, as far as is known."""

    def learn(self, key: PublicKey, algorithm: str) -> None:
        """Take over what the device says of itself."""
        self._key, self._algorithm = key, algorithm

    @property
    def key(self) -> PublicKey:
        """Return the TSE's key; raise NotInitialized while none is known."""
        if self._key is None:
            code = TseCode.NOT_INITIALIZED
            raise TseRefused.of(self._where, "ExportPublicKey", code)
        return self._key

    def note_start(self, started: Started) -> None:
        """Take a start as the last one."""
        self._number = started.transaction_number
        self.note(started.signature_counter, started.log_time)

    def note(self, signature_counter: int, log_time: datetime) -> None:
        """Take a signature as the newest one."""
        self._newest = (signature_counter, log_time)

    def believes(self, started: Started, client_id: str, now: datetime) -> bool:
        """Say whether a start is the one to be expected, or its signature is right.

        A number that lost a digit on the line is still a number, but not the next.
        `now` is the device's time, as far as is known.
        """
        if started.serial != self.key.serial.hex():
            return False
        counter, log_time = self._newest
        if (
            started.transaction_number == self._number + 1
            and started.signature_counter == counter + 1
            and started.log_time >= log_time
            and abs(started.log_time - now) < START_TIME_SPAN
        ):
            return True
        said = Certified(
            Operation.START, client_id, b"", "", started.transaction_number
        )
        answer = StepSigned(
            started.log_time, started.signature_counter, started.signature
        )
        return self.verifies(said, answer)

    def verifies(self, said: Certified, answer: StepSigned) -> bool:
        """Rebuild the log message and verify it; find the time format once."""
        key, algorithm = self.key, algorithm_named(self._algorithm, self._where)
        body = said.to_bytes()
        # The device does not tell its time format: the one that verifies is the one.
        known = self.time_format
        for time_format in (known, *(each for each in TimeFormat if each is not known)):
            protocolled = Protocolled(
                key.serial,
                algorithm,
                answer.signature_counter,
                answer.log_time,
                time_format,
            )
            signed = signed_bytes(Kind.TRANSACTION, body, protocolled)
            if key.verify(answer.signature, algorithm, signed):
                self.time_format = time_format
                return True
        return False
