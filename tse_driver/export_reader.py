"""TSE export archives (TR-03151 TAR): read them, and check every signature in them."""

from __future__ import annotations

import csv
import re
from contextlib import closing
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, BinaryIO, TypeAlias

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding

from tse_driver import tar
from tse_driver.certificate import key_of, read_certificate
from tse_driver.counters import Counters
from tse_driver.errors import TseError, Unreadable
from tse_driver.log_message import (
    LOG_MESSAGE_BYTES_MAX,
    LogMessage,
    Operation,
    parse,
)
from tse_driver.side_by_side import in_order

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from tse_driver.signature import PublicKey


CERTIFICATE_BYTES_MAX = 65536
CERTIFICATES_MAX = 100  # real exports have a chain of three or four
SERIALS_MAX = 100  # what claims to be of more TSEs is judged, but not counted
INFO_FILE = "info.csv"
INFO_BYTES_MAX = 4096
NAME_SHOWN_MAX = 200
FINDINGS_MAX = 1000  # more of them tell nobody anything new
BATCH_FILES = 16  # handed to a thread at once: handing over costs time, too
BATCH_BYTES = 65536  # or fewer, if they are long

_LOG = re.compile(r"^(?:Gent_|Unixt_|Utc_).+_Sig-([0-9]{1,20})_Log-.+log$")
_CERTIFICATE = re.compile(r"_X509(?:_Fc-\d+)?\.(?:crt|cer|der|pem)$", re.IGNORECASE)

_Keys: TypeAlias = "dict[bytes, tuple[PublicKey, datetime]]"
"""By serial number: the key, and the end of its certificate."""
_Named = tuple[str, x509.Certificate, tuple[x509.Name, x509.Name]]


class FindingKind(StrEnum):
    """What a check can find; some things alone don't make an export bad."""

    BAD_SIGNATURE = "bad_signature"
    NO_KEY = "no_key"
    UNREADABLE = "unreadable"
    BAD_CERTIFICATE = "bad_certificate"
    DOUBLE_COUNTER = "double_counter"
    NAME_MISMATCH = "name_mismatch"
    HOSTILE_PATH = "hostile_path"
    COUNTER_HOLE = "counter_hole"
    OUT_OF_ORDER = "out_of_order"
    TIME_BACKWARDS = "time_backwards"
    UNKNOWN_FILE = "unknown_file"
    NO_INFO = "no_info"
    OPEN_CHAIN = "open_chain"
    EXPIRED = "expired"

    @property
    def is_bad(self) -> bool:
        """Say whether the export fails its check because of it."""
        return self not in _HARMLESS


_HARMLESS = {
    FindingKind.COUNTER_HOLE,
    FindingKind.OUT_OF_ORDER,
    FindingKind.TIME_BACKWARDS,
    FindingKind.UNKNOWN_FILE,
    FindingKind.NO_INFO,
    FindingKind.OPEN_CHAIN,
    FindingKind.EXPIRED,
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was found, where, in words."""

    kind: FindingKind
    subject: str
    text: str


@dataclass(frozen=True, slots=True)
class FinishedTransaction:
    """A finished fiscal transaction as the TSE logged it; data is the exact bytes."""

    number: int
    client_id: str
    process_type: str
    process_data: bytes
    signature_counter: int
    log_time: datetime
    signature: bytes
    tse_serial: str


@dataclass(slots=True)
class ExportCheck:
    """What an export was found to be; only what was verified is finished or open."""

    messages: int = 0
    verified: int = 0
    finished: int = 0
    transactions: dict[int, FinishedTransaction] = field(default_factory=dict)
    """The finished ones, unless they were given to somebody one by one."""
    serials: set[str] = field(default_factory=set)
    info: dict[str, str] = field(default_factory=dict)
    """What info.csv says: description, manufacturer, version."""
    findings: list[Finding] = field(default_factory=list)
    findings_dropped: int = 0
    expired: set[str] = field(default_factory=set)
    """Serials of TSEs that signed with an expired certificate."""
    _open: set[int] = field(default_factory=set)
    _finished: Counters = field(default_factory=Counters)

    @property
    def valid(self) -> bool:
        """Say whether every message was read and verified."""
        bad = any(finding.kind.is_bad for finding in self.findings)
        return self.messages > 0 and not bad and not self.findings_dropped

    @property
    def open_numbers(self) -> tuple[int, ...]:
        """Return the numbers started but not finished in this export."""
        return tuple(sorted(self._open))

    def note(self, kind: FindingKind, subject: str, text: str) -> None:
        """Add a finding, up to a limit."""
        if len(self.findings) < FINDINGS_MAX:
            self.findings.append(Finding(kind, subject, text))
        else:
            self.findings_dropped += 1

    def note_step(self, message: LogMessage) -> FinishedTransaction | None:
        """Count a verified step; return what it finished."""
        said = message.certified
        if said is None:
            return None
        number = said.transaction_number
        if said.operation == Operation.START and number not in self._finished:
            self._open.add(number)
        if said.operation != Operation.FINISH:
            return None
        self._open.discard(number)
        self._finished.add(number)
        self.finished += 1
        return FinishedTransaction(
            number,
            said.client_id,
            said.process_type,
            said.process_data,
            message.signature_counter,
            message.log_time,
            message.signature,
            message.serial,
        )


class Sequence:
    """The order of the messages by TSE: counters, their holes, and the log times."""

    def __init__(self, check: ExportCheck) -> None:
        self._check = check
        self._counters: dict[str, Counters] = {}
        self._newest: dict[str, tuple[int, datetime]] = {}
        self._out_of_order = 0

    def take(self, name: str, message: LogMessage) -> None:
        """Note what is wrong with the next message's place."""
        serial, counter = message.serial, message.signature_counter
        if serial not in self._counters and len(self._counters) >= SERIALS_MAX:
            return
        if not self._counters.setdefault(serial, Counters()).add(counter):
            text = "Two messages carry this signature counter."
            self._check.note(FindingKind.DOUBLE_COUNTER, str(counter), text)
        before = self._newest.get(serial)
        if before is not None and counter < before[0]:
            self._out_of_order += 1
            return
        is_next = before is not None and counter == before[0] + 1
        if is_next and before is not None and message.log_time < before[1]:
            text = f"Its log time is before that of counter {before[0]}."
            self._check.note(FindingKind.TIME_BACKWARDS, name, text)
        self._newest[serial] = (counter, message.log_time)

    def end(self) -> None:
        """Note what only the whole shows; a first counter above 1 is normal."""
        if self._out_of_order:
            text = f"{self._out_of_order} messages stand behind one with a higher"
            text += " counter."
            self._check.note(FindingKind.OUT_OF_ORDER, "the archive", text)
        for serial, seen in self._counters.items():
            for first, last in seen.gaps():
                text = f"Signature counters {first} to {last} are missing."
                self._check.note(FindingKind.COUNTER_HOLE, serial, text)


@dataclass(frozen=True, slots=True)
class _Read:
    """A file of an export as it was read, whatever its place among the others."""

    path: str
    data: bytes | None
    message: LogMessage | TseError | None = None
    """What it says, or why that is unreadable; None if it is no log file."""
    verifies: bool = False


def check_export(
    file: BinaryIO,
    give: Callable[[FinishedTransaction], object] | None = None,
    *,
    see: Callable[[LogMessage], object] = lambda _: None,
    threads: int = 1,
) -> ExportCheck:
    """Check a seekable export; raise Unreadable when it is no TAR at all.

    Each finished fiscal transaction is given to `give` or else kept in the check:
    with it, an export of any size needs little memory. `see` is shown every verified
    message. More threads verify more at a time and find the same in the same order.
    """
    check = ExportCheck()
    keys = _collect_keys(file, check)
    sequence = Sequence(check)
    read = partial(_read_batch, keys=keys)
    with closing(in_order(read, _batches(file), threads)) as batches:
        for each in chain.from_iterable(batches):
            name = _name(each.path, check)
            if name == INFO_FILE:
                check.info = _read_info(each.data)
                continue
            message = _note_log(name, each, check)
            if message is None:
                continue
            sequence.take(name, message)
            if not _note_signature(name, message, each, keys, check):
                continue
            see(message)
            finished = check.note_step(message)
            if finished is not None and give is not None:
                give(finished)
            elif finished is not None:
                check.transactions[finished.number] = finished
    sequence.end()
    if not check.info:
        text = "It does not say who made the TSE."
        check.note(FindingKind.NO_INFO, INFO_FILE, text)
    return check


def read_export(file: BinaryIO) -> Iterator[tuple[str, LogMessage]]:
    """Yield name and message of each log file, unverified, in the archive's order."""
    for path, data in _members(file, is_certificate=False):
        name = path.rsplit("/", 1)[-1]
        if _LOG.match(name):
            yield name, parse(_whole(name, data, LOG_MESSAGE_BYTES_MAX))


def read_certificates(file: BinaryIO) -> dict[bytes, bytes]:
    """Return the DER certificates of an export by their TSE serial number."""
    found = {}
    for name, data in _members(file, is_certificate=True):
        certificate = read_certificate(_whole(name, data, CERTIFICATE_BYTES_MAX))
        serial = key_of(certificate).serial
        found[serial] = certificate.public_bytes(Encoding.DER)
    return found


def _members(
    file: BinaryIO, *, is_certificate: bool
) -> Iterator[tuple[str, bytes | None]]:
    """Yield name and content (None when larger than anything we read) of one kind."""
    file.seek(0)
    try:
        for member in tar.members(file):
            if bool(_CERTIFICATE.search(member.name)) is not is_certificate:
                continue
            if member.size > LOG_MESSAGE_BYTES_MAX:
                yield member.name, None
            else:
                yield member.name, tar.content(file, member)
    except OSError as error:
        why = error.strerror or str(error)
        raise Unreadable("The export", f"it is no file to read from ({why})") from error


def _read_info(data: bytes | None) -> dict[str, str]:
    """Read the one line of info.csv: names and values by turns."""
    if data is None or len(data) > INFO_BYTES_MAX:
        return {}
    text = data.decode(errors="replace").strip()
    row = [field.strip() for field in next(csv.reader([text]), [])]
    pairs = zip(row[::2], row[1::2], strict=False)
    return {name.rstrip(": "): value for name, value in pairs}


def _whole(name: str, data: bytes | None, bytes_max: int) -> bytes:
    if data is None or len(data) > bytes_max:
        raise Unreadable(f"The file {name}", f"it is larger than {bytes_max} bytes")
    return data


def _collect_keys(file: BinaryIO, check: ExportCheck) -> _Keys:
    keys: _Keys = {}
    certificates: list[_Named] = []
    for count, (path, data) in enumerate(_members(file, is_certificate=True)):
        name = _last_part(path)
        if count >= CERTIFICATES_MAX:
            text = "No TSE has that many certificates: the others are left out."
            check.note(FindingKind.BAD_CERTIFICATE, name, text)
            break
        try:
            certificate = read_certificate(_whole(name, data, CERTIFICATE_BYTES_MAX))
            key = key_of(certificate)
            names = (certificate.subject, certificate.issuer)  # parsed only now
            ends = certificate.not_valid_after_utc
        except (TseError, ValueError) as error:
            check.note(FindingKind.BAD_CERTIFICATE, name, str(error))
            continue
        keys[key.serial] = (key, ends)
        certificates.append((name, certificate, names))
        if not name.lower().startswith(key.serial.hex()):
            text = "Its name is not the hash of its key."
            check.note(FindingKind.NAME_MISMATCH, name, text)
    _check_chain(certificates, check)
    return keys


def _check_chain(certificates: list[_Named], check: ExportCheck) -> None:
    by_subject = {subject: one for _, one, (subject, _) in certificates}
    for name, certificate, (_, issuer_name) in certificates:
        issuer = by_subject.get(issuer_name)
        if issuer is None:  # many real exports leave the root out
            text = "The certificate of its issuer is not in the export."
            check.note(FindingKind.OPEN_CHAIN, name, text)
            continue
        try:
            certificate.verify_directly_issued_by(issuer)
        except (InvalidSignature, ValueError, TypeError, UnsupportedAlgorithm):
            text = "It was not signed by the issuer it names."
            check.note(FindingKind.BAD_CERTIFICATE, name, text)


def _batches(file: BinaryIO) -> Iterator[list[tuple[str, bytes | None]]]:
    """Yield the files that are no certificates, some at a time."""
    batch: list[tuple[str, bytes | None]] = []
    size = 0
    for path, data in _members(file, is_certificate=False):
        batch.append((path, data))
        size += len(data or b"")
        if len(batch) == BATCH_FILES or size >= BATCH_BYTES:
            yield batch
            batch, size = [], 0
    yield batch


def _read_batch(batch: list[tuple[str, bytes | None]], keys: _Keys) -> list[_Read]:
    return [_read(path, data, keys) for path, data in batch]


def _read(path: str, data: bytes | None, keys: _Keys) -> _Read:
    """Read one file and verify it; nothing else is known here, for any thread may."""
    name = _last_part(path)
    if not _LOG.match(name):
        return _Read(path, data)
    try:
        message = parse(_whole(name, data, LOG_MESSAGE_BYTES_MAX))
    except TseError as error:
        return _Read(path, None, error)
    key, _ = keys.get(message.protocolled.serial, (None, None))
    return _Read(path, None, message, key is not None and message.verifies(key))


def _last_part(path: str) -> str:
    return path.rsplit("/", 1)[-1][:NAME_SHOWN_MAX]


def _name(path: str, check: ExportCheck) -> str:
    """Return the last part of a path, which is never used as one."""
    parts = path.split("/")
    if ".." in parts or parts[0] in {"", "~"}:
        text = "Its name leads out of the archive."
        check.note(FindingKind.HOSTILE_PATH, path[:NAME_SHOWN_MAX], text)
    return _last_part(path)


def _note_log(name: str, each: _Read, check: ExportCheck) -> LogMessage | None:
    match, message = _LOG.match(name), each.message
    if match is None or message is None:
        text = "This file belongs to no export."
        check.note(FindingKind.UNKNOWN_FILE, name, text)
        return None
    check.messages += 1
    if isinstance(message, TseError):
        check.note(FindingKind.UNREADABLE, name, str(message))
        return None
    if int(match[1]) != message.signature_counter:
        text = f"The message inside has counter {message.signature_counter}."
        check.note(FindingKind.NAME_MISMATCH, name, text)
    return message


def _note_signature(
    name: str, message: LogMessage, each: _Read, keys: _Keys, check: ExportCheck
) -> bool:
    _, ends = keys.get(message.protocolled.serial, (None, None))
    if ends is None:
        text = f"No certificate for TSE {message.serial[:16]}... is in the export."
        check.note(FindingKind.NO_KEY, name, text)
        return False
    if not each.verifies:
        text = "The signature does not match: the message was changed or forged."
        check.note(FindingKind.BAD_SIGNATURE, name, text)
        return False
    check.verified += 1
    check.serials.add(message.serial)
    if message.log_time > ends and message.serial not in check.expired:
        check.expired.add(message.serial)
        text = f"From here on its certificate had expired ({ends:%Y-%m-%d})."
        check.note(FindingKind.EXPIRED, name, text)
    return True
