"""The till's own configuration: one TOML file, overridden by the environment.

Everything else a till needs to know comes from the hub. `[hub] broker_port` is
overridden by KASSENBAND_HUB_BROKER_PORT. Paths are relative to the file.
"""

from __future__ import annotations

import dataclasses
import difflib
import enum
import re
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, get_type_hints
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from contract.hosts import HOST_FORM, PORT_MAX, is_host
from contract.ids import IDENTITY_FORM, IDENTITY_PATTERN, EventId, TillId
from contract.sheet_words import SheetLanguage
from edge.core.errors import CallTheTechnician

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ENVIRONMENT_PREFIX: Final = "KASSENBAND"
DIGITS_MAX: Final = 9
PAPER_MM: Final = (58, 80)
BAUDS: Final = (0, 9_600, 19_200, 38_400, 57_600, 115_200)  # 0: leave the port as is


class SettingsWrong(CallTheTechnician):
    """The till's configuration can't be used."""


@dataclass(frozen=True, slots=True)
class TillSection:
    """Who this till is; CN of its certificate and client id at the TSE alike."""

    id: str = ""
    event: str = ""


@dataclass(frozen=True, slots=True)
class HubSection:
    """Where the hub is, and the files to trust and be trusted with."""

    broker_host: str = ""
    broker_port: int = 8883
    edge_url: str = ""
    ca: Path = Path("tls/ca.pem")
    certificate: Path = Path("tls/till.pem")
    key: Path = Path("tls/till.key")


@dataclass(frozen=True, slots=True)
class JournalSection:
    """Where orders are kept; `require_disk` refuses places that forget."""

    directory: Path = Path("journal")
    require_disk: bool = True


@dataclass(frozen=True, slots=True)
class ReaderSection:
    """Which PC/SC reader reads wristbands: the first whose name begins so."""

    name_prefix: str = ""


@dataclass(frozen=True, slots=True)
class TseSection:
    """Where the TSE is; PINs lie in files of their own, else the factory's hold.

    `clock` is "confirmed": it is given a time that somebody vouches for; or "trusted":
    this machine's, whatever it is. `bsi_id` (nnnn-yyyy) is read off it when empty.
    """

    port: Path = Path("/dev/kb-tse")
    admin_pin_file: Path | None = None
    time_admin_pin_file: Path | None = None
    clock: str = "confirmed"
    bsi_id: str = ""


@dataclass(frozen=True, slots=True)
class DeviceSection:
    """What the till is made of; a Raspberry Pi says so itself where this is empty."""

    brand: str = ""
    model: str = ""
    serial: str = ""


class PrintPolicy(enum.Enum):
    """When a till prints receipts."""

    ALWAYS = "always"
    ON_REQUEST = "on_request"
    STAND_IN = "stand_in"
    """Offered for orders that the hub has not booked: no phone can open them yet."""


@dataclass(frozen=True, slots=True)
class PrinterSection:
    """The receipt printer: none unless `device` is a path or tcp:ADDRESS:PORT.

    `profile` is one of python-escpos' names. `code_page` and `qr` are found out from
    it when empty; `qr` is "printer" or "image". `answers`: it can tell its status.
    """

    device: str = ""
    profile: str = "default"
    paper_mm: int = 80
    policy: str = PrintPolicy.ON_REQUEST.value
    language: str = SheetLanguage.DE.value
    zone: str = "Europe/Berlin"
    code_page: str = ""
    qr: str = ""
    cuts: bool = True
    answers: bool = True
    baud: int = 0


@dataclass(frozen=True, slots=True)
class LogSection:
    """Where the log goes while the screen has the terminal."""

    file: Path = Path("till.log")
    level: str = "INFO"


@dataclass(frozen=True, slots=True)
class Settings:
    """A till's whole configuration."""

    till: TillSection = field(default_factory=TillSection)
    hub: HubSection = field(default_factory=HubSection)
    journal: JournalSection = field(default_factory=JournalSection)
    reader: ReaderSection = field(default_factory=ReaderSection)
    tse: TseSection = field(default_factory=TseSection)
    device: DeviceSection = field(default_factory=DeviceSection)
    printer: PrinterSection = field(default_factory=PrinterSection)
    log: LogSection = field(default_factory=LogSection)

    @property
    def till_id(self) -> TillId:
        """Who this till is."""
        return TillId(self.till.id)

    @property
    def event(self) -> EventId:
        """Which event it sells for."""
        return EventId(self.till.event)

    @property
    def prints(self) -> PrintPolicy | None:
        """When it prints receipts; None without a printer."""
        return PrintPolicy(self.printer.policy) if self.printer.device else None


@dataclass(frozen=True, slots=True)
class Loaded:
    """Settings, and where each value came from."""

    settings: Settings
    origins: Mapping[str, str]

    def lines(self) -> Iterator[str]:
        """List every value with its origin, for --show-config."""
        for section in dataclasses.fields(Settings):
            part = getattr(self.settings, section.name)
            for key in dataclasses.fields(part):
                name = f"{section.name}.{key.name}"
                value = getattr(part, key.name)
                shown = "" if value is None else value
                yield f"{name} = {shown}  # {self.origins[name]}"


def load_settings(text: str, environment: Mapping[str, str], *, source: Path) -> Loaded:
    """Read a till's configuration; raises SettingsWrong naming the key."""
    try:
        document = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # of TOML, and of long numbers
        raise SettingsWrong(f"{source} is not TOML: {error}.") from error
    sections = {each.name: each for each in dataclasses.fields(Settings)}
    _refuse_unknown(document, sections, source, "section")
    parts: dict[str, Any] = {}
    origins: dict[str, str] = {}
    for name in sections:
        given = document.get(name, {})
        if not isinstance(given, dict):
            raise SettingsWrong(f"{source}: {name} must be a section, [{name}].")
        values = _section(name, given, environment, source, origins)
        parts[name] = _SECTIONS[name](**values)
    settings = Settings(**parts)
    _check(settings, source)
    return Loaded(settings, origins)


_SECTIONS: Final[dict[str, type]] = get_type_hints(Settings)


def _section(
    name: str,
    given: Mapping[str, object],
    environment: Mapping[str, str],
    source: Path,
    origins: dict[str, str],
) -> dict[str, object]:
    kind = _SECTIONS[name]
    hints = get_type_hints(kind)
    _refuse_unknown(given, hints, source, f"key in [{name}]")
    values: dict[str, object] = {}
    for key, wanted in hints.items():
        place = f"{name}.{key}"
        variable = f"{ENVIRONMENT_PREFIX}_{name}_{key}".upper()
        if variable in environment:
            origins[place] = f"environment {variable}"
            values[key] = _from_text(environment[variable], wanted, variable)
        elif key in given:
            origins[place] = str(source)
            values[key] = _checked(given[key], wanted, f"{place} in {source}")
        else:
            origins[place] = "default"
            values[key] = getattr(kind(), key)
        if isinstance(values[key], Path):
            values[key] = source.parent / str(values[key])
    return values


def _refuse_unknown(
    given: Mapping[str, object], known: Mapping[str, object], source: Path, what: str
) -> None:
    for key in given:
        if key in known:
            continue
        nearest = difflib.get_close_matches(key, known, 1, 0)[0]
        raise SettingsWrong(
            f"{source} has an unknown {what}: {key!r}. Did you mean {nearest!r}?"
        )


def _checked(value: object, wanted: object, place: str) -> object:
    if isinstance(value, str) and not value.isprintable():
        raise SettingsWrong(
            f"{place} has signs that nobody can see: {value!a}. Write it anew."
        )
    if wanted in {Path, Path | None} and isinstance(value, str):
        return Path(value)
    if isinstance(wanted, type) and type(value) is wanted:
        return value
    name = "text" if wanted is not int and wanted is not bool else wanted.__name__
    raise SettingsWrong(f"{place} must be {name}, not {value!r}.")


def _from_text(text: str, wanted: object, variable: str) -> object:
    if wanted is bool:
        if text.lower() not in {"true", "false"}:
            raise SettingsWrong(f"{variable} must be true or false, not {text!r}.")
        return text.lower() == "true"
    if wanted is int:
        if not text.isdecimal() or len(text) > DIGITS_MAX:
            raise SettingsWrong(f"{variable} must be a number, not {text!r}.")
        return int(text)
    return _checked(text, wanted, variable)


def _check(settings: Settings, source: Path) -> None:
    for name, value in (
        ("till.id", settings.till.id),
        ("till.event", settings.till.event),
    ):
        if not re.fullmatch(IDENTITY_PATTERN, value):
            raise SettingsWrong(
                f"{name} in {source} must be {IDENTITY_FORM}, not {value!r}."
            )
    for name, text in (
        ("hub.broker_host", settings.hub.broker_host),
        ("hub.edge_url", settings.hub.edge_url),
    ):
        if not text:
            raise SettingsWrong(f"{name} is missing in {source}.")
    if not is_host(settings.hub.broker_host):
        raise SettingsWrong(
            f"hub.broker_host in {source} must be {HOST_FORM},"
            f" not {settings.hub.broker_host!r}."
        )
    if not _is_address(settings.hub.edge_url):
        raise SettingsWrong(
            f"hub.edge_url in {source} must begin with https:// and go on with a host,"
            f" such as https://hub.lan:8443, not {settings.hub.edge_url!r}."
        )
    if not 0 < settings.hub.broker_port <= PORT_MAX:
        raise SettingsWrong(
            f"hub.broker_port in {source} must be 1 to {PORT_MAX},"
            f" not {settings.hub.broker_port}."
        )
    _check_printer(settings.printer, source)
    _check_tse(settings.tse, source)
    if settings.log.level not in {"DEBUG", "INFO", "WARNING", "ERROR"}:
        raise SettingsWrong(
            f"log.level in {source} must be DEBUG, INFO, WARNING or ERROR,"
            f" not {settings.log.level!r}."
        )


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        port = parts.port  # which it reads only now
    except ValueError:
        return False
    return parts.scheme == "https" and is_host(parts.hostname or "") and port != 0


def _check_printer(printer: PrinterSection, source: Path) -> None:
    choices: tuple[tuple[str, object, tuple[object, ...]], ...] = (
        ("policy", printer.policy, tuple(each.value for each in PrintPolicy)),
        ("language", printer.language, tuple(each.value for each in SheetLanguage)),
        ("paper_mm", printer.paper_mm, PAPER_MM),
        ("qr", printer.qr, ("", "printer", "image")),
        ("baud", printer.baud, BAUDS),
    )
    for name, value, allowed in choices:
        if value not in allowed:
            listed = ", ".join(repr(each) for each in allowed)
            raise SettingsWrong(
                f"printer.{name} in {source} must be one of {listed}, not {value!r}."
            )
    try:
        ZoneInfo(printer.zone)
    except (OSError, ValueError, ZoneInfoNotFoundError) as error:
        raise SettingsWrong(
            f"printer.zone in {source} must be a time zone such as 'Europe/Berlin',"
            f" not {printer.zone!r}."
        ) from error


def _check_tse(tse: TseSection, source: Path) -> None:
    if tse.clock not in {"confirmed", "trusted"}:
        raise SettingsWrong(
            f"tse.clock in {source} must be confirmed or trusted, not {tse.clock!r}."
        )
    if tse.bsi_id and not re.fullmatch(r"[0-9]{4}-[0-9]{4}", tse.bsi_id):
        raise SettingsWrong(
            f"tse.bsi_id in {source} must be like 0362-2019, not {tse.bsi_id!r}."
        )
