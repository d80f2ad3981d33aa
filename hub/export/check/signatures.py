"""The signatures of an export, verified from its tables alone.

What the TSE signed is rebuilt from the row, the register's serial number and the key
(TR-03151, the Finish message). Nobody has to be asked, and nothing else read.
"""

from __future__ import annotations

import base64
import binascii
import multiprocessing
import os
import signal
from collections import deque
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Protocol, Self

from hub.export.check.amounts import whole
from hub.export.closed_lists import PROCESS_TYPE
from tse_driver.errors import TseError
from tse_driver.log_message import Receipt
from tse_driver.signature import PublicKey, algorithm_named

if TYPE_CHECKING:
    from collections.abc import Sequence
    from concurrent.futures import Future
    from types import TracebackType

    from hub.export.check.closings import SaidClosing
    from hub.export.check.finding import Findings
    from hub.export.check.partitions import Record

FILE = "transactions_tse.csv"
AT_ONCE = 500
WAITING_MAX = 8
COUNTER_MAX = 1 << 27
"""Counters up to here are looked at for being used twice: 16 MiB for a TSE."""
POOL_FROM = 2000
"""Starting processes does not pay for fewer."""


class Told(Protocol):
    """A receipt by its rows."""

    @property
    def tables(self) -> dict[str, list[Record]]:
        """Its rows by table."""

    def agrees(self, signed: str, row: Record, /) -> None:
        """Compare them with what was signed."""

    def signed(self) -> str:
        """Write what should have been signed, by what they say."""


@dataclass(frozen=True, slots=True)
class Claim:
    """One signature to verify, and where it stands."""

    line: int
    point: bytes
    clients: tuple[str, ...]
    process_type: str
    process_data: str
    number: int
    counter: int
    finished_at: datetime
    algorithm: str
    time_format: str
    value: bytes


class Signatures:
    """Takes the TSE's rows of each receipt; verifies many at a time."""

    def __init__(self, expected: int, findings: Findings) -> None:
        self._findings = findings
        self._claims: list[Claim] = []
        self._waiting: deque[Future[list[int]]] = deque()
        self._counters: dict[bytes, _Used] = {}
        self._pool: ProcessPoolExecutor | None = None
        processes = os.cpu_count() or 1
        if processes > 1 and expected >= POOL_FROM:
            self._pool = ProcessPoolExecutor(
                processes,
                multiprocessing.get_context("spawn"),
                partial(signal.signal, signal.SIGINT, signal.SIG_DFL),  # quiet
            )
        self.count = 0
        self.verified = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)

    def take(
        self,
        closing: SaidClosing,
        head: Record,
        receipt: Told,
    ) -> None:
        """Look at the TSE's rows of a receipt."""
        rows = receipt.tables[FILE]
        if not rows:
            text = "It has no row of the TSE, not even for an outage."
            self._findings.error("signature", text, head.table, head.line)
        for row in rows:
            claim = self._claim(closing, head, row, receipt)
            if claim is not None:
                self._claims.append(claim)
                if len(self._claims) >= AT_ONCE:
                    self._submit()

    def finish(self) -> None:
        """Verify what is left."""
        self._submit()
        while self._waiting:
            self._settle(self._waiting.popleft().result())

    def _claim(
        self,
        closing: SaidClosing,
        head: Record,
        row: Record,
        receipt: Told,
    ) -> Claim | None:
        tse_id, number, start, end, kind, counter, value, fault, data = row.cells
        said = (tse_id, number, start, end, kind, counter, value)
        if not all(said):
            if not fault:
                text = "It is not whole, and names no fault of the TSE."
                self._error("signature", text, row)
            return None
        tse = closing.tses.get(tse_id)
        if tse is None:
            text = f"tse.csv has no TSE {tse_id} for {closing}."
            self._error("reference", text, row, "TSE_ID")
            return None
        if kind == PROCESS_TYPE and data:
            receipt.agrees(data, row)
        numbered, counted = whole(number), whole(counter)
        if tse.key is None or numbered is None or counted is None:
            return None  # told with the TSE, or with the cell
        self.count += 1
        self._look_for_twins(tse.key, numbered, counted, row)
        clients = (closing.terminals.get(head.cells[4], ""), closing.serial)
        try:
            return Claim(
                line=row.line,
                point=tse.key.point,
                clients=tuple(each for each in clients if each),
                process_type=kind,
                process_data=data or _rebuilt(kind, receipt),
                number=numbered,
                counter=counted,
                finished_at=_moment(end),
                algorithm=tse.algorithm,
                time_format=tse.time_format,
                value=base64.b64decode(value, validate=True),
            )
        except (ValueError, OverflowError, binascii.Error) as error:
            self._error("signature", f"It can't be read: {error}", row)
            return None

    def _look_for_twins(
        self, key: PublicKey, number: int, counter: int, row: Record
    ) -> None:
        used = self._counters.setdefault(key.point, _Used(bytearray(), bytearray()))
        if used.numbers_twice(number):
            text = f"Number {number} of this TSE is there twice."
            self._error("twice", text, row, "TSE_TANR")
        if used.counters_twice(counter):
            text = f"Signature counter {counter} of this TSE is there twice."
            self._error("twice", text, row, "TSE_TA_SIGZ")

    def _submit(self) -> None:
        claims, self._claims = self._claims, []
        if self._pool is None:
            self._settle(_wrong(claims), len(claims))
            return
        self.verified += len(claims)
        self._waiting.append(self._pool.submit(_wrong, claims))
        while len(self._waiting) > WAITING_MAX:
            self._settle(self._waiting.popleft().result())

    def _settle(self, wrong: Sequence[int], claims: int = 0) -> None:
        self.verified += claims - len(wrong)
        for line in wrong:
            text = "The signature does not match: a row was changed, or is another's."
            self._findings.error("signature", text, FILE, line, "TSE_TA_SIG")

    def _error(self, kind: str, text: str, row: Record, column: str = "") -> None:
        self._findings.error(kind, text, FILE, row.line, column)


@dataclass(slots=True)
class _Used:
    """Which numbers and counters of a TSE were seen: a bit for each."""

    _numbers: bytearray
    _counters: bytearray

    def numbers_twice(self, number: int) -> bool:
        return _mark(self._numbers, number)

    def counters_twice(self, counter: int) -> bool:
        return _mark(self._counters, counter)


def _mark(seen: bytearray, number: int) -> bool:
    """Set a bit; whether it was set."""
    if not 0 <= number < COUNTER_MAX:
        return False
    place, bit = divmod(number, 8)
    if place >= len(seen):
        seen.extend(bytes(max(place + 1 - len(seen), 4096)))
    was = bool(seen[place] & 1 << bit)
    seen[place] |= 1 << bit
    return was


def _rebuilt(kind: str, receipt: Told) -> str:
    """Write process data that were not exported, where they follow from the rows."""
    return receipt.signed() if kind == PROCESS_TYPE else ""


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return moment.astimezone(UTC)


def _wrong(claims: Sequence[Claim]) -> list[int]:
    """Return the lines whose signatures do not verify; in a process of its own."""
    keys: dict[bytes, PublicKey] = {}
    return [each.line for each in claims if not _holds(each, keys)]


def _holds(claim: Claim, keys: dict[bytes, PublicKey]) -> bool:
    try:
        if claim.point not in keys:
            keys[claim.point] = PublicKey.from_bytes(claim.point)
        key = keys[claim.point]
        algorithm = algorithm_named(claim.algorithm)
        return any(
            key.verify(
                claim.value, algorithm, _receipt(claim, client).signed_bytes(key)
            )
            for client in claim.clients
        )
    except (TseError, ValueError, OverflowError):
        return False


def _receipt(claim: Claim, client: str) -> Receipt:
    return Receipt(
        client_id=client,
        process_type=claim.process_type,
        process_data=claim.process_data,
        transaction_number=claim.number,
        signature_counter=claim.counter,
        start=claim.finished_at,
        finish=claim.finished_at,
        algorithm=claim.algorithm,
        time_format=claim.time_format,
        signature="",
        public_key="",
    )
