"""What a till needs of a TSE, whoever made it.

Session is the one for Diebold Nixdorf's serial line. A driver for another maker's
device (a file on mass storage, XML over TCP, JSON over HTTPS) satisfies this Protocol
with its own transport; results, errors, log messages and exports stay the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from tse_driver.log_message import LogMessage
    from tse_driver.results import Signature, Started, TseInfo
    from tse_driver.signature import PublicKey


class FiscalSession(Protocol):
    """A till's session with its TSE; blocking, for one thread, raises TseError only."""

    client_id: str
    drift_s: float

    @property
    def public_key(self) -> PublicKey:
        """Return the TSE's key, once open() found it in service."""

    def open(self) -> TseInfo:
        """Wake it: self test and time if due; report what was left open."""

    def close(self) -> None:
        """Let go of it; never raises, may be called twice."""

    def info(self) -> TseInfo:
        """Ask for everything worth knowing."""

    def self_test(self) -> None:
        """Run the self test; raise SelfTestFailed."""

    def set_time(self) -> None:
        """Give it this machine's time; raise WrongTime, WrongPin, PinBlocked."""

    def keep_alive(self) -> None:
        """Do what is due; called between two baskets only."""

    def start(self) -> Started:
        """Start a fiscal transaction."""

    def finish(
        self, transaction_number: int, process_type: str, process_data: bytes | str
    ) -> Signature:
        """Finish it; return the verified signature over exactly these bytes."""

    def open_transactions(self) -> tuple[int, ...]:
        """Return the numbers of this client's open fiscal transactions."""

    def logged(self, transaction_number: int) -> tuple[LogMessage, ...]:
        """Return what its log says of a number, verified, oldest first."""

    def last_logged(self) -> LogMessage | None:
        """Return the newest log message, unverified; works before open() too."""

    def export_all(self) -> Iterator[bytes]:
        """Yield the whole export TAR in pieces."""

    def export_interval(
        self, first: int, last: int, client_id: str = ""
    ) -> Iterator[bytes]:
        """Yield an export of these numbers."""

    def export_period(
        self, begin: datetime, end: datetime, client_id: str = ""
    ) -> Iterator[bytes]:
        """Yield an export of a period."""

    def certificates(self) -> tuple[bytes, ...]:
        """Return the certificate chain in DER, own certificate first."""
