"""The closings of an export, and whether what is said of each is there and agrees."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from hub.export.check.amounts import ROUNDED, amount, whole, written
from hub.export.closed_lists import CASH, OWN_CODES_FROM, TAX_KEYS
from hub.export.tables import BY_FILE, CERTIFICATE_COLUMNS, TAXONOMY_VERSION
from tse_driver.errors import TseError
from tse_driver.signature import PublicKey, point_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from hub.export.check.finding import Findings

    Rows = Callable[[str, tuple[str, ...]], Iterator[tuple[int, list[str]]]]
    """Reads a table by its file name: the cells of these columns of each row."""

KEYS = ("Z_KASSE_ID", "Z_NR", "Z_ERSTELLUNG")
OWN_AGENCY = ("", "0")


@dataclass(slots=True)
class SaidTse:
    """A TSE of a closing: `key` is None where it can't be used."""

    algorithm: str
    time_format: str
    key: PublicKey | None


@dataclass(slots=True, kw_only=True)
class SaidClosing:
    """A closing as its own tables tell it, and what its receipts came to."""

    index: int
    register: str
    number: int
    created: str
    line: int
    ends: tuple[str, str]
    paid: int
    paid_cash: int
    serial: str = ""
    places: int = 0
    terminals: dict[str, str] = field(default_factory=dict)
    agencies: set[str] = field(default_factory=set)
    taxes: set[str] = field(default_factory=set)
    tses: dict[str, SaidTse] = field(default_factory=dict)
    cases: dict[tuple[str, ...], tuple[int, int, int, int]] = field(
        default_factory=dict
    )
    payments: dict[tuple[str, ...], tuple[int, int]] = field(default_factory=dict)
    cash: dict[str, tuple[int, int]] = field(default_factory=dict)
    found_cases: defaultdict[tuple[str, ...], list[int]] = field(
        default_factory=lambda: defaultdict(lambda: [0, 0, 0])
    )
    found_payments: Counter[tuple[str, ...]] = field(default_factory=Counter)
    found_cash: Counter[str] = field(default_factory=Counter)
    ends_found: set[str] = field(default_factory=set)

    def __str__(self) -> str:
        return f"Z {self.number} of {self.register}"


class Closings:
    """All closings of an export."""

    def __init__(self, rows: Rows, findings: Findings) -> None:
        self._rows = rows
        self._findings = findings
        self._keys: dict[bytes, PublicKey] = {}
        self._certificates: set[bytes] = set()
        self.all: list[SaidClosing] = []
        self.by_key: dict[tuple[str, str], SaidClosing] = {}
        """By Z_KASSE_ID and Z_NR."""

    def read(self) -> None:
        """Read what there is to say of closings, but not their receipts."""
        self._read_closings()
        self._read_places()
        for file, column, target in (
            ("vat.csv", "UST_SCHLUESSEL", "taxes"),
            ("pa.csv", "AGENTUR_ID", "agencies"),
        ):
            for line, closing, cells in self.of(file, (column,)):
                known: set[str] = getattr(closing, target)
                if cells[0] in known:
                    self._findings.error(
                        "twice", f"{closing} has it twice.", file, line
                    )
                known.add(cells[0])
                if target == "taxes":
                    self._look_at_key(cells[0], line)
        self._read_tses()
        self._read_sums()

    def of(
        self, file: str, names: tuple[str, ...]
    ) -> Iterator[tuple[int, SaidClosing, list[str]]]:
        """Yield a table's rows with the closings they belong to."""
        strangers: set[tuple[str, str]] = set()
        for line, cells in self._rows(file, (*KEYS, *names)):
            register, number, created, *rest = cells
            closing = self.by_key.get((register, number))
            if closing is not None:
                if created != closing.created:
                    text = f"{closing} was made at {closing.created}."
                    self._findings.error("closing", text, file, line, "Z_ERSTELLUNG")
                yield line, closing, rest
            elif (register, number) not in strangers and len(strangers) < 1000:
                strangers.add((register, number))
                text = f"Z {number} of {register} is not in cashpointclosing.csv."
                self._findings.error("closing", text, file, line)

    def compare(self) -> None:
        """Compare what closings say with what their receipts came to."""
        for closing in self.all:
            self._compare(closing)
        self._gaps()

    def _read_closings(self) -> None:
        file = "cashpointclosing.csv"
        names = ("TAXONOMIE_VERSION", "Z_START_ID", "Z_ENDE_ID", "STNR", "USTID")
        sums = ("Z_SE_ZAHLUNGEN", "Z_SE_BARZAHLUNGEN")
        for line, cells in self._rows(file, (*KEYS, *names, *sums)):
            register, number, created, version, start, end, *rest = cells
            stnr, ustid, paid, cash = rest
            if version != TAXONOMY_VERSION:
                text = f"{version!r} is judged by the rules of {TAXONOMY_VERSION}."
                self._findings.note("version", text, file, line, "TAXONOMIE_VERSION")
            if (register, number) in self.by_key:
                text = f"Z {number} of {register} is there twice."
                self._findings.error("twice", text, file, line, "Z_NR")
                continue
            z_number = whole(number)
            if z_number is None:
                continue  # told with the cell
            if not (stnr or ustid):
                text = "Neither STNR nor USTID is given."
                self._findings.error("cell", text, file, line, "STNR")
            closing = SaidClosing(
                index=len(self.all),
                register=register,
                number=z_number,
                created=created,
                line=line,
                ends=(start, end),
                paid=amount(paid),
                paid_cash=amount(cash),
            )
            self.all.append(closing)
            self.by_key[register, number] = closing

    def _read_places(self) -> None:
        for _, closing, _ in self.of("location.csv", ()):
            closing.places += 1
        for line, closing, (serial,) in self.of(
            "cashregister.csv", ("KASSE_SERIENNR",)
        ):
            if closing.serial:
                text = f"{closing} has two registers."
                self._findings.error("twice", text, "cashregister.csv", line)
            closing.serial = serial
        for _, closing, (name, serial) in self.of(
            "slaves.csv", ("TERMINAL_ID", "TERMINAL_SERIENNR")
        ):
            closing.terminals[name] = serial
        for closing in self.all:
            if closing.places != 1:
                text = f"{closing} has {closing.places} rows, not one."
                self._findings.error("closing", text, "location.csv")
            if not closing.serial:
                text = f"{closing} has no register."
                self._findings.error("closing", text, "cashregister.csv")

    def _look_at_key(self, key: str, line: int) -> None:
        """Look whether a key of tax is the standard's, or of one's own range."""
        code = whole(key)
        if code is not None and code not in TAX_KEYS and code < OWN_CODES_FROM:
            text = f"The standard has no key {key}; keys of one's own begin at 1000."
            self._findings.error("cell", text, "vat.csv", line, "UST_SCHLUESSEL")

    def _read_tses(self) -> None:
        file = "tse.csv"
        certificates = tuple(
            name for name in self._columns(file) if name.startswith(CERTIFICATE_COLUMNS)
        )
        names = ("TSE_ID", "TSE_SERIAL", "TSE_SIG_ALGO", "TSE_ZEITFORMAT")
        for line, closing, cells in self.of(
            file, (*names, "TSE_PUBLIC_KEY", *certificates)
        ):
            number, serial, algorithm, time_format, key, *pieces = cells
            if number in closing.tses:
                self._findings.error("twice", f"{closing} has it twice.", file, line)
            closing.tses[number] = SaidTse(
                algorithm, time_format, self._key(key, serial, line)
            )
            if any(pieces):
                self._look_at_certificate("".join(pieces), key, line)

    def _columns(self, file: str) -> tuple[str, ...]:
        own = tuple(column.name for column in BY_FILE[file].columns)
        return own + tuple(
            f"{CERTIFICATE_COLUMNS}{n}" for n in ("III", "IV", "V", "VI", "VII")
        )

    def _key(self, text: str, serial: str, line: int) -> PublicKey | None:
        """Read a TSE's key, and compare its serial number, which follows from it."""
        try:
            data = base64.b64decode(text, validate=True)
            if data not in self._keys:
                self._keys[data] = PublicKey.from_bytes(data)
            key = self._keys[data]
        except (binascii.Error, ValueError, TseError) as error:
            said = f"The key can't be used: {error}"
            self._findings.error("tse", said, "tse.csv", line, "TSE_PUBLIC_KEY")
            return None
        if key.serial.hex() != serial.lower():
            said = "It is not the SHA-256 of the public key."
            self._findings.error("tse", said, "tse.csv", line, "TSE_SERIAL")
        return key

    def _look_at_certificate(self, text: str, key: str, line: int) -> None:
        digest = hashlib.sha256(f"{text}\0{key}".encode()).digest()
        if digest in self._certificates:
            return
        self._certificates.add(digest)
        said = _certificate_fault(text, key)
        if said:
            self._findings.error("tse", said, "tse.csv", line, "TSE_ZERTIFIKAT_I")

    def _read_sums(self) -> None:
        names = ("GV_TYP", "GV_NAME", "AGENTUR_ID", "UST_SCHLUESSEL")
        sums = ("Z_UMS_BRUTTO", "Z_UMS_NETTO", "Z_UST")
        for line, closing, cells in self.of("businesscases.csv", (*names, *sums)):
            key = (cells[0], cells[1], cells[2] or "0", cells[3])
            gross, net, tax = map(amount, cells[4:])
            if key in closing.cases:
                self._findings.error(
                    "twice", f"{closing} has it twice.", "businesscases.csv", line
                )
            if abs(gross - net - tax) > ROUNDED:
                text = f"{written(gross)} is not {written(net)} + {written(tax)}."
                self._findings.error("sum", text, "businesscases.csv", line)
            closing.cases[key] = (gross, net, tax, line)
            if cells[3] not in closing.taxes:
                text = f"vat.csv has no key {cells[3]} for {closing}."
                self._findings.error("reference", text, "businesscases.csv", line)
        for line, closing, (kind, name, paid) in self.of(
            "payment.csv", ("ZAHLART_TYP", "ZAHLART_NAME", "Z_ZAHLART_BETRAG")
        ):
            if (kind, name) in closing.payments:
                self._findings.error(
                    "twice", f"{closing} has it twice.", "payment.csv", line
                )
            closing.payments[kind, name] = (amount(paid), line)
        for line, closing, (currency, paid) in self.of(
            "cash_per_currency.csv", ("ZAHLART_WAEH", "ZAHLART_BETRAG_WAEH")
        ):
            closing.cash[currency] = (amount(paid), line)

    def _compare(self, closing: SaidClosing) -> None:
        for key in sorted(closing.cases.keys() | closing.found_cases.keys()):
            said = closing.cases.get(key, (0, 0, 0, 0))
            found = tuple(closing.found_cases.get(key, (0, 0, 0)))
            self._differ(
                "businesscases.csv",
                said[3],
                f"{closing}: {' '.join(filter(None, key))}",
                zip(("gross", "net", "tax"), said[:3], found, strict=True),
            )
        for name, said_all, found_all in (
            ("payment.csv", closing.payments, closing.found_payments),
            ("cash_per_currency.csv", closing.cash, closing.found_cash),
        ):
            self._compare_sums(closing, name, said_all, found_all)
        paid = sum(closing.found_payments.values())
        cash = sum(
            value for key, value in closing.found_payments.items() if key[0] == CASH
        )
        self._differ(
            "cashpointclosing.csv",
            closing.line,
            str(closing),
            (
                ("Z_SE_ZAHLUNGEN", closing.paid, paid),
                ("Z_SE_BARZAHLUNGEN", closing.paid_cash, cash),
            ),
        )
        for end in closing.ends:
            if end and end not in closing.ends_found:
                text = f"{closing} has no receipt {end}."
                self._findings.error(
                    "reference", text, "cashpointclosing.csv", closing.line
                )

    def _compare_sums(
        self,
        closing: SaidClosing,
        file: str,
        said_all: Mapping[Any, tuple[int, int]],
        found_all: Mapping[Any, int],
    ) -> None:
        for key in sorted(said_all.keys() | found_all.keys()):
            said, line = said_all.get(key, (0, 0))
            words = key if isinstance(key, str) else " ".join(filter(None, key))
            self._differ(
                file, line, str(closing), ((words, said, found_all.get(key, 0)),)
            )

    def _differ(
        self, file: str, line: int, what: str, sums: Iterable[tuple[str, int, int]]
    ) -> None:
        for name, said, found in sums:
            # Each line was rounded on its own to five digits.
            if abs(said - found) > _ROUNDING_MAX:
                text = (
                    f"{what}: {name} is {written(said)}; the receipts add up to "
                    f"{written(found)}."
                )
                self._findings.error("sum", text, file, line)

    def _gaps(self) -> None:
        numbers: defaultdict[str, list[int]] = defaultdict(list)
        for closing in self.all:
            numbers[closing.register].append(closing.number)
        for register, found in numbers.items():
            found.sort()
            for earlier, later in pairwise(found):
                if later > earlier + 1:
                    text = f"{register}: after Z {earlier} comes Z {later}."
                    self._findings.error("gap", text, "cashpointclosing.csv", 0, "Z_NR")


_ROUNDING_MAX = 500
"""Half a cent: what thousands of lines may lose by the fifth digit."""


def _certificate_fault(text: str, key: str) -> str:
    """Say what is wrong with a TSE's certificate, '' if nothing is."""
    try:
        data = base64.b64decode(text, validate=True)
        if data.startswith(b"-----BEGIN"):
            certificate = x509.load_pem_x509_certificate(data)
        else:
            certificate = x509.load_der_x509_certificate(data)
        said = certificate.public_key().public_bytes(
            Encoding.DER, PublicFormat.SubjectPublicKeyInfo
        )
        point = point_of(base64.b64decode(key))
        return (
            "" if point_of(said) == point else "It is the certificate of another key."
        )
    except (ValueError, UnsupportedAlgorithm, TseError) as error:
        return f"The certificate can't be read: {str(error)[:100]}"
