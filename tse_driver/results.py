"""What a session is given and hands out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tse_driver.commands import ADMIN

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class Pins:
    """The PINs of both users; the defaults are the factory's."""

    admin: str = "12345"
    time_admin: str = "12345"

    def of(self, user: str) -> str:
        """Return a user's PIN."""
        return self.admin if user == ADMIN else self.time_admin

    def having(self, user: str, pin: str) -> Pins:
        """Return these with another PIN of one user."""
        if user == ADMIN:
            return replace(self, admin=pin)
        return replace(self, time_admin=pin)

    def __repr__(self) -> str:
        return "Pins(...)"


@dataclass(frozen=True, slots=True)
class TseInfo:
    """What is printed on receipts, watched by the fleet and exported for tax."""

    serial: str
    """64 hex digits, SHA-256 of the public key."""
    public_key: bytes
    algorithm: str
    time_format: str
    firmware: str
    description: str
    certificate_expiry: datetime
    signatures_left: int
    capacity_bytes: int | None
    free_bytes: int | None
    initialized: bool
    disabled: bool
    open_transactions: tuple[int, ...]
    """Those of this client that were left open; close them with AVBelegabbruch."""


@dataclass(frozen=True, slots=True)
class Started:
    """A fiscal transaction that was started."""

    transaction_number: int
    log_time: datetime
    signature_counter: int
    serial: str
    signature: bytes


@dataclass(frozen=True, slots=True)
class Signature:
    """A finished fiscal transaction's signature, verified with the TSE's key."""

    transaction_number: int
    signature_counter: int
    log_time: datetime
    value: bytes
