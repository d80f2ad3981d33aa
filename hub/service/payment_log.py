"""The payment log: every call of a payment method's routes, and what became of it.

An entry is written in a unit of work of its own, so that it stays whatever happens to
what it tells of. Nothing in it is a secret: see masking.
"""

from __future__ import annotations

import enum
import ipaddress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hub.service.masking import Mask, cut

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from hub.store.store import Row, Store

PAGE_ENTRIES = 50
ENTRIES_MAX = 500


class Severity(enum.IntEnum):
    """How bad it is; the numbers are those of the specification."""

    INFO = 1
    WARNING = 2
    """Data was invalid."""
    ERROR = 3
    """What came was not by whom it claimed to be."""
    FATAL = 4
    """This hub failed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """An entry to be written."""

    severity: Severity
    controller_name: str
    """As the method names it: `PaymentMethod.controller_name`."""
    action: str
    message: str
    """Anything; what is secret is masked, what is too long is cut."""
    ip_address: str = ""
    payment: int | None = None
    regarding: int | None = None
    """The entry of the call, where this one says what became of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An entry as it was written."""

    number: int
    logged_at: datetime
    severity: Severity
    controller_name: str
    action: str
    payment: int | None
    bill: str | None
    """The reference of the payment's bill."""
    ip_address: str
    message: str
    regarding: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """Which entries are wanted: all that are as asked for."""

    severity: Severity = Severity.INFO
    """At least."""
    controller_name: str = ""
    payment: str = ""
    """A payment's number, or the reference of its bill."""
    text: str = ""
    """Part of a message in any case, or all of an action or address."""
    since: datetime | None = None
    until: datetime | None = None
    before: int | None = None
    """Only older entries than the one with this number."""
    entries_max: int = PAGE_ENTRIES


class PaymentLog:
    """Writes and reads the log; `secrets` are in no entry, whoever sends them."""

    def __init__(self, store: Store, secrets: Iterable[str] = ()) -> None:
        self._store = store
        self._mask = Mask(secrets)

    async def note(self, note: Note) -> int:
        """Write an entry; returns its number. Raises DatabaseGone."""
        number: int = await self._store.fetch_value(
            "note_in_payment_log",
            note.severity.value,
            note.controller_name,
            note.action,
            note.payment,
            _address(note.ip_address),
            cut(self._mask.text(note.message)),
            note.regarding,
        )
        return number

    async def search(self, search: Search) -> Sequence[Entry]:
        """Find entries, newest first. Raises DatabaseGone."""
        rows = await self._store.fetch(
            "payment_log",
            search.severity.value,
            search.controller_name,
            "".join(search.payment.split()),
            search.text.strip(),
            search.since,
            search.until,
            search.before,
            min(search.entries_max, ENTRIES_MAX),
        )
        return [_entry(row) for row in rows]


def _entry(row: Row) -> Entry:
    return Entry(
        number=row["id"],
        logged_at=row["logged_at"],
        severity=Severity(row["severity"]),
        controller_name=row["controller_name"],
        action=row["action"],
        payment=row["payment"],
        bill=row["bill"],
        ip_address="" if row["ip_address"] is None else str(row["ip_address"]),
        message=row["message_string"],
        regarding=row["regarding"],
    )


def _address(text: str) -> str | None:
    """Take an address over if it is one: a proxy may say anything."""
    try:
        return str(ipaddress.ip_address(text.partition("%")[0]))
    except ValueError:
        return None
