"""Log messages of TR-03151 and receipts of DSFinV-K: read, rebuild, verify.

The signature covers the raw TLV encodings of every element before signatureValue,
without the outer SEQUENCE header. Nothing here re-encodes or normalizes signed text.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from tse_driver import tlv
from tse_driver.errors import KeyOnNoCurve, Rejected, TseError, Unreadable
from tse_driver.signature import (
    Algorithm,
    PublicKey,
    algorithm_named,
    algorithm_with_oid,
    point_of,
)

VERSION = 2
LOG_MESSAGE_BYTES_MAX = 1 << 20  # a basket of 99 lines needs some 8 KiB
RECEIPT_FIELDS_LEFT = 3  # V0, client, type
RECEIPT_FIELDS_RIGHT = 8  # number, counter, 2 times, algorithm, format, signature, key

TAG_OPERATION = 0x80
TAG_CLIENT = 0x81
TAG_PROCESS_DATA = 0x82
TAG_PROCESS_TYPE = 0x83
TAG_NUMBER = 0x85


class Kind(StrEnum):
    """certifiedDataType: what a log message is about (TR-03151)."""

    TRANSACTION = "0.4.0.127.0.7.3.7.1.1"
    SYSTEM = "0.4.0.127.0.7.3.7.1.2"
    AUDIT = "0.4.0.127.0.7.3.7.1.3"


class Operation(StrEnum):
    """operationType of a log message about a fiscal transaction."""

    START = "StartTransaction"
    UPDATE = "UpdateTransaction"
    FINISH = "FinishTransaction"


class TimeFormat(StrEnum):
    """How a TSE writes its log times (DSFinV-K TSE_ZEITFORMAT)."""

    UNIX = "unixTime"
    UTC = "utcTime"
    UTC_SECONDS = "utcTimeWithSeconds"
    GENERALIZED = "generalizedTime"
    GENERALIZED_MS = "generalizedTimeWithMilliseconds"


@dataclass(frozen=True, slots=True)
class Certified:
    """What a fiscal transaction's log message says; process data is the exact bytes."""

    operation: str
    client_id: str
    process_data: bytes
    process_type: str
    transaction_number: int

    def to_bytes(self) -> bytes:
        """Write the elements in the order of TR-03151 (data before type)."""
        return b"".join(
            (
                tlv.write(TAG_OPERATION, self.operation.encode()),
                tlv.write(TAG_CLIENT, self.client_id.encode()),
                tlv.write(TAG_PROCESS_DATA, self.process_data),
                tlv.write(TAG_PROCESS_TYPE, self.process_type.encode()),
                tlv.write_integer(self.transaction_number, TAG_NUMBER),
            )
        )

    @classmethod
    def from_elements(cls, elements: tuple[tlv.Element, ...]) -> Certified:
        """Read the elements; process type and data may be absent on a start."""
        by_kind = {element.kind: element.value for element in elements}
        number = by_kind.get(TAG_NUMBER)
        if number is None or TAG_OPERATION not in by_kind or TAG_CLIENT not in by_kind:
            raise Unreadable("The log message", "an element is missing")
        return cls(
            operation=_text(by_kind[TAG_OPERATION]),
            client_id=_text(by_kind[TAG_CLIENT]),
            process_data=by_kind.get(TAG_PROCESS_DATA, b""),
            process_type=_text(by_kind.get(TAG_PROCESS_TYPE, b"")),
            transaction_number=tlv.read_integer(number),
        )


@dataclass(frozen=True, slots=True)
class Protocolled:
    """What the TSE adds to every log message before it signs."""

    serial: bytes
    algorithm: Algorithm
    signature_counter: int
    log_time: datetime
    time_format: TimeFormat = TimeFormat.UNIX

    def to_bytes(self) -> bytes:
        """Write serial number, algorithm, counter and log time."""
        return b"".join(
            (
                tlv.write(tlv.OCTET_STRING, self.serial),
                self.algorithm.encoded,
                tlv.write_integer(self.signature_counter),
                write_time(self.log_time, self.time_format),
            )
        )


@dataclass(frozen=True, slots=True)
class LogMessage:
    """One log message as read; signed and raw are slices of the original bytes."""

    kind: Kind
    operation: str
    certified: Certified | None
    system_data: bytes
    protocolled: Protocolled
    signature: bytes
    signed: bytes
    raw: bytes

    @property
    def serial(self) -> str:
        """Return the TSE's serial number as hex digits."""
        return self.protocolled.serial.hex()

    @property
    def signature_counter(self) -> int:
        """Return the signature counter."""
        return self.protocolled.signature_counter

    @property
    def log_time(self) -> datetime:
        """Return the log time (UTC)."""
        return self.protocolled.log_time

    def verifies(self, key: PublicKey) -> bool:
        """Say whether the signature is this key's and the serial number names it."""
        return key.serial == self.protocolled.serial and key.verify(
            self.signature, self.protocolled.algorithm, self.signed
        )


@dataclass(frozen=True, slots=True)
class Receipt:
    """The twelve fields of a receipt's QR text (DSFinV-K annex I)."""

    client_id: str
    process_type: str
    process_data: str
    transaction_number: int
    signature_counter: int
    start: datetime
    finish: datetime
    algorithm: str
    time_format: str
    signature: str
    public_key: str

    @classmethod
    def from_text(cls, text: str) -> Receipt:
        """Cut the text from both ends (process data may contain ';')."""
        if not _is_text(text):
            raise Unreadable("The receipt", "its text is not valid UTF-8")
        fields = text.strip().split(";")
        if fields[0] != "V0":
            raise Unreadable("The receipt", "its text does not begin with 'V0;'")
        if len(fields) < RECEIPT_FIELDS_LEFT + 1 + RECEIPT_FIELDS_RIGHT:
            raise Unreadable("The receipt", f"it has {len(fields)} fields, not 12")
        right = fields[-RECEIPT_FIELDS_RIGHT:]
        return cls(
            client_id=fields[1],
            process_type=fields[2],
            process_data=";".join(fields[RECEIPT_FIELDS_LEFT:-RECEIPT_FIELDS_RIGHT]),
            transaction_number=_receipt_number(right[0]),
            signature_counter=_receipt_number(right[1]),
            start=_receipt_time(right[2]),
            finish=_receipt_time(right[3]),
            algorithm=right[4],
            time_format=right[5],
            signature=right[6],
            public_key=right[7],
        )

    def to_text(self) -> str:
        """Write the twelve fields; process data stays exactly as it is."""
        return ";".join(
            (
                "V0",
                self.client_id,
                self.process_type,
                self.process_data,
                str(self.transaction_number),
                str(self.signature_counter),
                _iso(self.start),
                _iso(self.finish),
                self.algorithm,
                self.time_format,
                self.signature,
                self.public_key,
            )
        )

    def signed_bytes(self, key: PublicKey) -> bytes:
        """Rebuild what the TSE signed: the Finish message up to its signature."""
        try:
            time_format = TimeFormat(self.time_format)
        except ValueError:
            raise Rejected("The receipt", "its time format is unknown") from None
        certified = Certified(
            Operation.FINISH,
            self.client_id,
            self.process_data.encode(),
            self.process_type,
            self.transaction_number,
        )
        protocolled = Protocolled(
            key.serial,
            algorithm_named(self.algorithm),
            self.signature_counter,
            self.finish,
            time_format,
        )
        return signed_bytes(Kind.TRANSACTION, certified.to_bytes(), protocolled)


@dataclass(frozen=True, slots=True)
class ReceiptCheck:
    """What a receipt was found to be; its start is not signed, so not judged."""

    valid: bool
    client: str
    transaction: int
    signature_counter: int
    tse_serial: str
    reason: str


def parse(raw: bytes) -> LogMessage:
    """Read one log message; raise Unreadable (or AlgorithmUnknown) on anything else."""
    if len(raw) > LOG_MESSAGE_BYTES_MAX:
        raise Unreadable("The log message", f"it has {len(raw)} bytes")
    outer = tlv.read_one(raw)
    elements = tlv.read_all(outer.content)
    if outer.tag != tlv.SEQUENCE or len(elements) < 7:
        raise Unreadable("The log message", "it is no sequence of seven elements")
    if elements[0].tag != tlv.INTEGER or elements[1].tag != tlv.OBJECT_IDENTIFIER:
        raise Unreadable("The log message", "version or data type is missing")
    try:
        kind = Kind(tlv.read_oid(elements[1].value))
    except ValueError:
        raise Unreadable("The log message", "its data type is unknown") from None
    at = _index_of(elements, tlv.OCTET_STRING, 2)
    body = elements[2:at]
    certified = Certified.from_elements(body) if kind is Kind.TRANSACTION else None
    system = {e.kind: e for e in body} if kind is Kind.SYSTEM else {}
    operation = certified.operation if certified else ""
    if TAG_OPERATION in system:
        operation = _text(system[TAG_OPERATION].value)
    return LogMessage(
        kind=kind,
        operation=operation,
        certified=certified,
        system_data=system[TAG_CLIENT].content if TAG_CLIENT in system else b"",
        protocolled=_read_protocolled(elements, at),
        signature=elements[-1].value,
        signed=b"".join(element.raw for element in elements[:-1]),
        raw=raw,
    )


def signed_bytes(kind: Kind, certified: bytes, protocolled: Protocolled) -> bytes:
    """Concatenate what is signed: everything before signatureValue, no outer header."""
    return b"".join(
        (
            tlv.write_integer(VERSION),
            tlv.write_oid(kind),
            certified,
            protocolled.to_bytes(),
        )
    )


def write_message(signed: bytes, signature: bytes) -> bytes:
    """Wrap signed bytes and their plain signature into a log message."""
    return tlv.write(tlv.SEQUENCE, signed + tlv.write(tlv.OCTET_STRING, signature))


def verify_receipt(text: str) -> ReceiptCheck:
    """Judge a receipt's QR text; raise Unreadable when it is none at all."""
    receipt = Receipt.from_text(text)
    serial, reason = "", ""
    try:
        point = point_of(_decode(receipt.public_key, "key"))
        key = PublicKey.from_bytes(point)
        serial = key.serial.hex()
        reason = _why_invalid(receipt, key)
    except KeyOnNoCurve:
        reason = "The key is on no known curve: it was copied wrongly or forged."
    except TseError as error:
        reason = str(error)
    return ReceiptCheck(
        valid=not reason,
        client=receipt.client_id,
        transaction=receipt.transaction_number,
        signature_counter=receipt.signature_counter,
        tse_serial=serial,
        reason=reason or "The signature matches the receipt.",
    )


def _why_invalid(receipt: Receipt, key: PublicKey) -> str:
    signature = _decode(receipt.signature, "signature")
    if len(signature) != key.signature_size:
        return (
            f"The signature has {len(signature)} bytes; plain r||s on {key.curve} "
            f"has {key.signature_size}."
        )
    algorithm = algorithm_named(receipt.algorithm)
    if key.verify(signature, algorithm, receipt.signed_bytes(key)):
        return ""
    return "The signature does not match: the receipt was changed, or is another's."


def write_time(moment: datetime, time_format: TimeFormat) -> bytes:
    """Write a log time as the TSE's time format says."""
    moment = moment.astimezone(UTC)
    if time_format is TimeFormat.UNIX:
        return tlv.write_integer(int(moment.timestamp() // 1))
    if time_format in {TimeFormat.UTC, TimeFormat.UTC_SECONDS}:
        return tlv.write(tlv.UTC_TIME, moment.strftime("%y%m%d%H%M%SZ").encode())
    text = moment.strftime("%Y%m%d%H%M%S")
    if time_format is TimeFormat.GENERALIZED_MS:
        text += f".{moment.microsecond // 1000:03d}"
    return tlv.write(tlv.GENERALIZED_TIME, f"{text}Z".encode())


def read_time(element: tlv.Element) -> tuple[datetime, TimeFormat]:
    """Read a log time of any of the three tags."""
    try:
        if element.kind == tlv.INTEGER:
            seconds = tlv.read_integer(element.value)
            return datetime.fromtimestamp(seconds, UTC), TimeFormat.UNIX
        text = element.value.decode("ascii")
        if element.kind == tlv.UTC_TIME:
            layout = "%y%m%d%H%M%SZ" if len(text) == 13 else "%y%m%d%H%MZ"
            return _utc(text, layout), TimeFormat.UTC
        if element.kind == tlv.GENERALIZED_TIME and "." in text:
            return _utc(text, "%Y%m%d%H%M%S.%fZ"), TimeFormat.GENERALIZED_MS
        if element.kind == tlv.GENERALIZED_TIME:
            return _utc(text, "%Y%m%d%H%M%SZ"), TimeFormat.GENERALIZED
    except (ValueError, OverflowError, OSError) as error:
        raise Unreadable("The log message", "its log time is broken") from error
    raise Unreadable("The log message", f"no log time in tag {element.tag:02X}")


def _read_protocolled(elements: tuple[tlv.Element, ...], at: int) -> Protocolled:
    counter, moment, signature = elements[-3:]
    sequence = elements[_index_of(elements, tlv.SEQUENCE, at + 1)]
    oid = tlv.read_all(sequence.content)
    if counter.tag != tlv.INTEGER or signature.kind != tlv.OCTET_STRING or not oid:
        raise Unreadable("The log message", "its last elements are not in order")
    log_time, time_format = read_time(moment)
    return Protocolled(
        serial=elements[at].value,
        algorithm=algorithm_with_oid(tlv.read_oid(oid[0].value)),
        signature_counter=tlv.read_integer(counter.value),
        log_time=log_time,
        time_format=time_format,
    )


def _index_of(elements: tuple[tlv.Element, ...], kind: int, start: int) -> int:
    for index in range(start, len(elements) - 3):
        if elements[index].kind == kind:
            return index
    raise Unreadable("The log message", f"no element with tag {kind:02X}")


def _utc(text: str, layout: str) -> datetime:
    return datetime.strptime(text, layout).replace(tzinfo=UTC)


def _text(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError as error:
        raise Unreadable("The log message", "a text in it is no UTF-8") from error


def _is_text(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _decode(text: str, what: str) -> bytes:
    """Decode Base64, or hex as the vendor's web service delivers it."""
    if len(text) % 2 == 0 and re.fullmatch(r"[0-9A-Fa-f]{96,}", text):
        return bytes.fromhex(text)
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise Unreadable("The receipt", f"its {what} is no Base64") from error


def _iso(moment: datetime) -> str:
    text = moment.astimezone(UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")


def _receipt_number(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,20}", text):
        raise Unreadable("The receipt", f"'{text[:40]}' is no number")
    return int(text)


def _receipt_time(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        return moment.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise Unreadable("The receipt", f"'{text[:40]}' is no time") from error
