"""Operators' files: TOML and JSON, read and checked to the last key; what is made."""

from __future__ import annotations

import difflib
import json
import tomllib
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from hub.settings import SettingsError
from hub.store.errors import Refused

if TYPE_CHECKING:
    from pathlib import Path

Kind = TypeVar("Kind")


def read_file(path: Path, kind: type[Kind]) -> Kind:
    """Read a file by its ending; raises Refused with the key that is wrong.

    Raises SettingsError where it can't be read at all.
    """
    raw = _parse(path)
    try:
        found = msgspec.convert(raw, kind)
    except msgspec.ValidationError as error:
        raise Refused(f"{path} can't be used: {error}. Correct it there.") from None
    _refuse_unknown(path, raw, msgspec.to_builtins(found), "")
    return found


def read_text(path: Path) -> str:
    """Read a text as it is, without the mark some programs put first.

    Raises SettingsError where there is no such file, Refused where it is no text.
    """
    try:
        return path.read_text("utf-8-sig")
    except OSError as error:
        raise SettingsError(
            f"The file {path} can't be read ({error.strerror}). Name another one."
        ) from None
    except UnicodeDecodeError:
        raise Refused(f"The file {path} is no text (UTF-8).") from None


def write_file(path: Path, data: bytes) -> None:
    """Write a file; raises SettingsError where it can't be."""
    try:
        path.write_bytes(data)
    except OSError as error:
        raise SettingsError(
            f"{path} can't be written ({error.strerror}). Name another place."
        ) from None


def _parse(path: Path) -> Any:
    text = read_text(path)
    try:
        return json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        form = "JSON" if path.suffix == ".json" else "TOML"
        raise Refused(f"The file {path} is no {form}: {error}.") from None


def _refuse_unknown(path: Path, raw: Any, known: Any, where: str) -> None:
    """Refuse keys that meant nothing: a slip of the pen must not be a default."""
    if isinstance(raw, list) and isinstance(known, list):
        for number, (each, kept) in enumerate(zip(raw, known, strict=True)):
            _refuse_unknown(path, each, kept, f"{where}[{number}]")
    if not (isinstance(raw, dict) and isinstance(known, dict)):
        return
    for key, value in raw.items():
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1, cutoff=0)
            place = f" in {where.strip('.')}" if where else ""
            hint = f" Did you mean {near[0]!r}?" if near else ""
            raise Refused(f"{path} has an unknown key {key!r}{place}.{hint}")
        _refuse_unknown(path, value, known[key], f"{where}.{key}")
