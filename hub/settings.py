"""The hub's settings: one TOML file, overridden by the environment."""

from __future__ import annotations

import difflib
import logging
import os
import re
import tomllib
from dataclasses import MISSING, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, get_type_hints
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from contract.hosts import HOST_FORM, PORT_MAX, is_host
from contract.ids import IDENTITY_FORM, IDENTITY_PATTERN, EventId
from hub.contracts import (
    NO_CONTRACTS,
    Contracts,
    ContractUnusable,
    load_contracts,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

PREFIX = "KASSENBAND_"
PAYMENTS = "payments"
DIGITS_MAX = 9
NUMBERS: Final = {
    "broker_port": (1, PORT_MAX),
    "token_key_id": (0, 255),
    "portal_port": (0, PORT_MAX),
    "edge_port": (0, PORT_MAX),
    "mail_port": (1, PORT_MAX),
    "office_port": (0, PORT_MAX),
}


class SettingsError(Exception):
    """The settings can't be used; the text names the key and the remedy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What a hub process needs to know before it asks the database.

    `database` is a DSN without a password: that comes from a passfile (named in the
    DSN) or from PGPASSWORD. Paths are relative to the settings file. A port of 0
    leaves a listener out. `mail_security` is starttls, tls, or none for a mail server
    on this machine; `mail_password` names a file, read if there is a `mail_user`.
    """

    event: EventId
    database: str
    broker_host: str = "127.0.0.1"
    broker_port: int = 8883
    ca: Path = Path("ca.pem")
    broker_certificate: Path = Path("hub.client.pem")
    broker_key: Path = Path("hub.client.key")
    token_key: Path = Path("token.key")
    token_key_id: int = 1
    uid_secret: Path = Path("uid.secret")
    portal_host: str = "127.0.0.1"
    portal_port: int = 8080
    edge_host: str = "127.0.0.1"
    edge_port: int = 8443
    edge_certificate: Path = Path("edge.server.pem")
    edge_key: Path = Path("edge.server.key")
    zone: str = "Europe/Berlin"
    log_level: str = "info"
    # Without a mail server the portal has no accounts, and so neither teams nor bills.
    mail_host: str = ""
    mail_port: int = 587
    mail_security: str = "starttls"
    mail_ca: str = ""
    mail_user: str = ""
    mail_password: Path = Path("mail.password")
    mail_sender: str = ""
    mail_sender_name: str = "Kassenband"
    # The office is for staff, on the event's own network: nothing proxies it.
    office_host: str = "127.0.0.1"
    office_port: int = 0
    # Where banks' files are put to be taken in, if there is such a folder.
    bank_folder: Path = Path("bank")
    # Where archives of the tills' TSEs are kept: for years, so have them backed up.
    archive_folder: Path = Path("tse-archives")
    # From tables of their own, [payments.postfinance] and so on.
    payments: Contracts = NO_CONTRACTS


@dataclass(frozen=True, slots=True)
class Loaded:
    """Settings, and where each value came from."""

    settings: Settings
    origins: Mapping[str, str]

    def show(self) -> str:
        """Write every setting with its value and origin, a line each."""
        lines = []
        for name, origin in self.origins.items():
            value = getattr(self.settings, name)
            lines.append(f"{name} = {value!s}  ({origin})")
        return "\n".join(lines)


def load_settings(
    path: Path | None,
    environment: Mapping[str, str] = os.environ,
    *,
    with_contracts: bool = True,
) -> Loaded:
    """Read the file and the environment; raises SettingsError.

    Without contracts no secret of a payment provider is read: the database's owner and
    whoever gives a command may not be allowed to.
    """
    values = _read(path) if path is not None else {}
    hints = get_type_hints(Settings)
    _refuse_unknown(values, hints, path)
    folder = path.parent.resolve() if path is not None else Path.cwd()
    chosen: dict[str, Any] = {}
    origins: dict[str, str] = {}
    for field in fields(Settings):
        if field.name == PAYMENTS:
            continue
        variable = PREFIX + field.name.upper()
        if variable in environment:
            chosen[field.name], origin = environment[variable], variable
        elif field.name in values:
            chosen[field.name], origin = values[field.name], str(path)
        elif field.default is MISSING:
            raise SettingsError(
                f"The setting {field.name!r} is missing. Write it into "
                f"{path or 'a settings file, named with --config'}, or set {variable}."
            )
        else:
            chosen[field.name], origin = field.default, "default"
        if chosen[field.name] != "" or field.default != "":
            chosen[field.name] = _convert(
                field.name, chosen[field.name], hints[field.name], folder
            )
        origins[field.name] = origin
    if with_contracts:
        chosen[PAYMENTS] = _contracts(values.get(PAYMENTS, {}), environment, folder)
    origins[PAYMENTS] = "default" if path is None else str(path)
    return Loaded(Settings(**chosen), origins)


def _contracts(
    tables: object, environment: Mapping[str, str], folder: Path
) -> Contracts:
    try:
        return load_contracts(tables, environment, folder)
    except ContractUnusable as error:
        raise SettingsError(str(error)) from None


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise SettingsError(
            f"The settings file {path} can't be read ({error.strerror}). "
            "Name another one with --config."
        ) from error
    except (ValueError, RecursionError) as error:  # of TOML, of UTF-8, of long numbers
        raise SettingsError(f"The settings file {path} is no TOML: {error}.") from error


def _refuse_unknown(
    values: Mapping[str, Any], known: Mapping[str, Any], path: Path | None
) -> None:
    for name in values:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1, cutoff=0)
            raise SettingsError(
                f"The settings file {path} has an unknown key {name!r}. "
                f"Did you mean {near[0]!r}?"
            )


def _convert(name: str, value: Any, kind: Any, folder: Path) -> Any:
    if kind is int:
        return _number(name, str(value))
    if isinstance(value, Path):  # a default
        return folder / value
    if not isinstance(value, str) or not value:
        raise SettingsError(f"The setting {name!r} is {value!r}, not a text.")
    if not value.isprintable():
        raise SettingsError(
            f"The setting {name!r} is {value!a}, with signs that nobody can see. "
            "Write it anew."
        )
    if kind is Path:
        return folder / Path(value)
    form = _form(name, value)
    if form:
        raise SettingsError(f"The setting {name!r} must be {form}, not {value!r}.")
    return value


def _number(name: str, text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise SettingsError(f"The setting {name!r} is {text!r}, not a number.")
    lowest, highest = NUMBERS[name]
    number = int(text[:DIGITS_MAX])  # what is longer is too large anyway
    if not lowest <= number <= highest:
        raise SettingsError(
            f"The setting {name!r} must be a number from {lowest} to {highest}, not "
            f"{text[:DIGITS_MAX]}."
        )
    return number


def _form(name: str, value: str) -> str:
    """Say what a setting has to be, if it isn't."""
    if name == "event" and re.fullmatch(IDENTITY_PATTERN, value) is None:
        return IDENTITY_FORM
    if name.endswith("_host") and not is_host(value):
        return HOST_FORM
    if name == "zone" and not _is_zone(value):
        return "a time zone such as 'Europe/Berlin'"
    return ""


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (OSError, ValueError, ZoneInfoNotFoundError):
        return not available_timezones()  # nothing to look it up in: pages name UTC
    return True


def log_at(level: str) -> None:
    """Tell the log of a process from a level on; raises SettingsError."""
    number = logging.getLevelNamesMapping().get(level.upper())
    if number is None:
        raise SettingsError(
            f"The setting 'log_level' is {level!r}. Use debug, info, warning or error."
        )
    logging.basicConfig(
        level=number, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    if number > logging.DEBUG:
        # It tells every request; the payment log does that, and for good.
        logging.getLogger("httpx").setLevel(logging.WARNING)
