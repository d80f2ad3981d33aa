"""TSE export archives (TR-03151 TAR): read them, and check every signature in them."""

from __future__ import annotations

import itertools
import re
import tarfile
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, BinaryIO

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding

from tse_driver.certificate import key_of, read_certificate
from tse_driver.errors import TseError, Unreadable
from tse_driver.log_message import (
    LOG_MESSAGE_BYTES_MAX,
    LogMessage,
    Operation,
    parse,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from tse_driver.signature import PublicKey


CERTIFICATE_BYTES_MAX = 65536
FINDINGS_MAX = 1000  # more of them tell nobody anything new

_LOG = re.compile(r"^(?:Gent_|Unixt_|Utc_).+_Sig-(\d+)_Log-.+log$")
_CERTIFICATE = re.compile(r"_X509(?:_Fc-\d+)?\.(?:crt|cer|der|pem)$", re.IGNORECASE)

_Named = tuple[str, x509.Certificate, tuple[x509.Name, x509.Name]]


class FindingKind(StrEnum):
    """What a check can find; a hole alone does not make an export bad."""

    BAD_SIGNATURE = "bad_signature"
    NO_KEY = "no_key"
    UNREADABLE = "unreadable"
    BAD_CERTIFICATE = "bad_certificate"
    DOUBLE_COUNTER = "double_counter"
    COUNTER_HOLE = "counter_hole"
    NAME_MISMATCH = "name_mismatch"
    UNKNOWN_FILE = "unknown_file"

    @property
    def is_bad(self) -> bool:
        """Say whether the export fails its check because of it."""
        return self not in {FindingKind.COUNTER_HOLE, FindingKind.UNKNOWN_FILE}


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
    """The verdict on an export; transactions holds verified finishes only."""

    messages: int = 0
    verified: int = 0
    transactions: dict[int, FinishedTransaction] = field(default_factory=dict)
    started: set[int] = field(default_factory=set)
    """Numbers that were started; those without a finish are in open_numbers."""
    serials: set[str] = field(default_factory=set)
    findings: list[Finding] = field(default_factory=list)
    findings_dropped: int = 0

    @property
    def valid(self) -> bool:
        """Say whether every message was read and verified."""
        bad = any(finding.kind.is_bad for finding in self.findings)
        return self.messages > 0 and not bad and not self.findings_dropped

    @property
    def open_numbers(self) -> tuple[int, ...]:
        """Return the numbers started but not finished in this export."""
        return tuple(sorted(self.started - set(self.transactions)))

    def note(self, kind: FindingKind, subject: str, text: str) -> None:
        """Add a finding, up to a limit."""
        if len(self.findings) < FINDINGS_MAX:
            self.findings.append(Finding(kind, subject, text))
        else:
            self.findings_dropped += 1


def check_export(file: BinaryIO) -> ExportCheck:
    """Check a seekable export; raise Unreadable when it is no TAR at all."""
    check = ExportCheck()
    keys = _collect_keys(file, check)
    counters: dict[str, set[int]] = {}
    file.seek(0)
    for name, data in _members(file):
        if name == "info.csv" or _CERTIFICATE.search(name):
            continue
        match = _LOG.match(name)
        if match is None:
            check.note(
                FindingKind.UNKNOWN_FILE, name, "This file belongs to no export."
            )
            continue
        check.messages += 1
        message = _read(name, data, check)
        if message is None:
            continue
        if int(match[1]) != message.signature_counter:
            text = f"The message inside has counter {message.signature_counter}."
            check.note(FindingKind.NAME_MISMATCH, name, text)
        _count(counters, message, check)
        _verify(name, message, keys, check)
    _find_holes(counters, check)
    return check


def read_export(file: BinaryIO) -> Iterator[tuple[str, LogMessage]]:
    """Yield name and message of each log file, unverified, in the archive's order."""
    for name, data in _members(file):
        if _LOG.match(name):
            yield name, parse(_whole(name, data, LOG_MESSAGE_BYTES_MAX))


def read_certificates(file: BinaryIO) -> dict[bytes, bytes]:
    """Return the DER certificates of an export by their TSE serial number."""
    found = {}
    for name, data in _members(file):
        if _CERTIFICATE.search(name):
            certificate = read_certificate(_whole(name, data, CERTIFICATE_BYTES_MAX))
            serial = key_of(certificate).serial
            found[serial] = certificate.public_bytes(Encoding.DER)
    return found


def _members(file: BinaryIO) -> Iterator[tuple[str, bytes | None]]:
    """Yield each file's name and content (None when larger than anything we read)."""
    begin = file.tell()
    try:
        with tarfile.open(fileobj=file, mode="r|") as archive:
            while (member := archive.next()) is not None:
                archive.members = []  # type: ignore[attr-defined]  # or it keeps all
                if not member.isfile():
                    continue
                name = member.name.rsplit("/", 1)[-1]
                if member.size > LOG_MESSAGE_BYTES_MAX:
                    yield name, None
                    continue
                reader = archive.extractfile(member)
                yield name, reader.read() if reader else b""
            end = archive.offset
    except (tarfile.TarError, EOFError, OSError, ValueError) as error:
        raise Unreadable("The export", f"it is no whole TAR ({error})") from error
    # tarfile takes a damaged header for the end; only a block of zeros is one.
    file.seek(begin + end)
    if file.read(tarfile.BLOCKSIZE) != bytes(tarfile.BLOCKSIZE):
        raise Unreadable("The export", f"it is no whole TAR (it breaks off at {end})")


def _whole(name: str, data: bytes | None, bytes_max: int) -> bytes:
    if data is None or len(data) > bytes_max:
        raise Unreadable(f"The file {name}", f"it is larger than {bytes_max} bytes")
    return data


def _collect_keys(file: BinaryIO, check: ExportCheck) -> dict[bytes, PublicKey]:
    file.seek(0)
    keys: dict[bytes, PublicKey] = {}
    certificates: list[_Named] = []
    for name, data in _members(file):
        if not _CERTIFICATE.search(name):
            continue
        try:
            certificate = read_certificate(_whole(name, data, CERTIFICATE_BYTES_MAX))
            key = key_of(certificate)
            names = (certificate.subject, certificate.issuer)  # parsed only now
        except (TseError, ValueError) as error:
            check.note(FindingKind.BAD_CERTIFICATE, name, str(error))
            continue
        keys[key.serial] = key
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
        if issuer is None:
            continue  # many real exports leave the root out
        try:
            certificate.verify_directly_issued_by(issuer)
        except (InvalidSignature, ValueError, TypeError, UnsupportedAlgorithm):
            text = "It was not signed by the issuer it names."
            check.note(FindingKind.BAD_CERTIFICATE, name, text)


def _read(name: str, data: bytes | None, check: ExportCheck) -> LogMessage | None:
    try:
        return parse(_whole(name, data, LOG_MESSAGE_BYTES_MAX))
    except TseError as error:
        check.note(FindingKind.UNREADABLE, name, str(error))
        return None


def _count(
    counters: dict[str, set[int]], message: LogMessage, check: ExportCheck
) -> None:
    seen = counters.setdefault(message.serial, set())
    if message.signature_counter in seen:
        text = "Two messages carry this signature counter."
        check.note(FindingKind.DOUBLE_COUNTER, str(message.signature_counter), text)
    seen.add(message.signature_counter)


def _verify(
    name: str,
    message: LogMessage,
    keys: dict[bytes, PublicKey],
    check: ExportCheck,
) -> None:
    key = keys.get(message.protocolled.serial)
    if key is None:
        text = f"No certificate for TSE {message.serial[:16]}... is in the export."
        check.note(FindingKind.NO_KEY, name, text)
        return
    if not message.verifies(key):
        text = "The signature does not match: the message was changed or forged."
        check.note(FindingKind.BAD_SIGNATURE, name, text)
        return
    check.verified += 1
    check.serials.add(message.serial)
    said = message.certified
    if said is None:
        return
    if said.operation == Operation.START:
        check.started.add(said.transaction_number)
    if said.operation == Operation.FINISH:
        check.transactions[said.transaction_number] = FinishedTransaction(
            said.transaction_number,
            said.client_id,
            said.process_type,
            said.process_data,
            message.signature_counter,
            message.log_time,
            message.signature,
            message.serial,
        )


def _find_holes(counters: dict[str, set[int]], check: ExportCheck) -> None:
    """Note gaps; a first counter above 1 is normal (filtered or deleted before)."""
    for serial, seen in counters.items():
        ordered = sorted(seen)
        for before, after in itertools.pairwise(ordered):
            if after > before + 1:
                text = f"Signature counters {before + 1} to {after - 1} are missing."
                check.note(FindingKind.COUNTER_HOLE, serial, text)
