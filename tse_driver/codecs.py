"""How single values travel as parameters of a frame, both directions side by side."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from functools import cache
from typing import Any, ClassVar, Protocol, Self

from tse_driver.errors import ProtocolError

TIME_LAYOUT = "%d.%m.%Y %H:%M:%S"  # UTC

_DECIMAL = re.compile(rb"[0-9]{1,20}")
_HEX = re.compile(rb"[0-9A-Fa-f]{1,8}")
_TIME = re.compile(
    rb"([0-9]{2})\.([0-9]{2})\.([0-9]{4}) ([0-9]{2}):([0-9]{2}):([0-9]{2})"
)


class Codec(Protocol):
    """Writes a value as a parameter and reads it back."""

    def write(self, value: Any) -> bytes:
        """Write the value."""

    def read(self, parameter: bytes) -> Any:
        """Read the value; raise ValueError."""


class Record:
    """A row of typed parameters; subclasses are dataclasses with one codec a field.

    `OPTIONAL` fields at the end may be absent. With `MANY` the last field is a tuple
    that takes all remaining parameters.
    """

    CODECS: ClassVar[tuple[Codec, ...]] = ()
    OPTIONAL: ClassVar[int] = 0
    MANY: ClassVar[bool] = False

    def to_parameters(self) -> tuple[bytes, ...]:
        """Write the fields in order."""
        if not self.CODECS:
            return ()
        values = [getattr(self, name) for name in self._names()]
        codecs = self.CODECS
        if self.MANY:
            many = values.pop()
            values += many
            codecs += codecs[-1:] * (len(many) - 1)
        write = zip(codecs, values, strict=False)
        return tuple([codec.write(value) for codec, value in write])

    @classmethod
    def from_parameters(cls, parameters: tuple[bytes, ...]) -> Self:
        """Read the fields; raise ProtocolError when they don't fit."""
        least = len(cls.CODECS) - cls.OPTIONAL - cls.MANY
        if len(parameters) < least:
            raise ProtocolError(detail=f"{len(parameters)} values, not {least}")
        if not cls.MANY and len(parameters) > len(cls.CODECS):
            raise ProtocolError(detail=f"{len(parameters)} values, too many")
        try:
            return cls(*cls._read(parameters))
        except ValueError as error:
            raise ProtocolError(detail=f"a value that is none: {error}") from error

    @classmethod
    def _read(cls, parameters: tuple[bytes, ...]) -> list[Any]:
        codecs = cls.CODECS
        if not cls.MANY:
            read = zip(codecs, parameters, strict=False)
            return [codec.read(parameter) for codec, parameter in read]
        fixed = len(codecs) - 1
        values = [codecs[i].read(parameters[i]) for i in range(fixed)]
        values.append(tuple(codecs[-1].read(p) for p in parameters[fixed:]))
        return values

    @classmethod
    @cache
    def _names(cls) -> tuple[str, ...]:
        # Every subclass is a dataclass; this base alone is none.
        return tuple(field.name for field in fields(cls))  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class Decimal:
    """A number in ASCII digits, zero-padded to width."""

    width: int = 1

    def write(self, value: int) -> bytes:
        """Write the digits."""
        if value < 0:
            raise ProtocolError(detail=f"the number {value}")
        return f"{value:0{self.width}d}".encode()

    def read(self, parameter: bytes) -> int:
        """Read the digits."""
        if not _DECIMAL.fullmatch(parameter):
            raise ValueError(repr(parameter[:40]))
        return int(parameter)


@dataclass(frozen=True, slots=True)
class MaybeDecimal:
    """A number, or nothing on old firmware."""

    def write(self, value: int | None) -> bytes:
        """Write the digits or nothing."""
        return b"" if value is None else DECIMAL.write(value)

    def read(self, parameter: bytes) -> int | None:
        """Read the digits or nothing."""
        return DECIMAL.read(parameter) if parameter else None


@dataclass(frozen=True, slots=True)
class Hex:
    """A number in a fixed count of hex digits."""

    width: int

    def write(self, value: int) -> bytes:
        """Write the hex digits."""
        return f"{value:0{self.width}X}".encode()

    def read(self, parameter: bytes) -> int:
        """Read the hex digits."""
        if not _HEX.fullmatch(parameter):
            raise ValueError(repr(parameter[:40]))
        return int(parameter, 16)


@dataclass(frozen=True, slots=True)
class Text:
    """Printable ASCII text."""

    def write(self, value: str) -> bytes:
        """Write the text."""
        if not value.isascii() or not value.isprintable():
            raise ProtocolError(detail=f"the text {value[:40]!r}")
        return value.encode("ascii")

    def read(self, parameter: bytes) -> str:
        """Read the text."""
        text = parameter.decode("ascii")
        if not text.isprintable():
            raise ValueError(repr(parameter[:40]))
        return text


@dataclass(frozen=True, slots=True)
class Base64:
    """Any bytes, as Base64."""

    def write(self, value: bytes) -> bytes:
        """Encode."""
        return base64.b64encode(value)

    def read(self, parameter: bytes) -> bytes:
        """Decode strictly."""
        try:
            return base64.b64decode(parameter, validate=True)
        except binascii.Error as error:
            raise ValueError(str(error)) from error


@dataclass(frozen=True, slots=True)
class Time:
    """A moment in UTC, whole seconds."""

    def write(self, value: datetime) -> bytes:
        """Write dd.MM.yyyy HH:mm:ss."""
        return value.astimezone(UTC).strftime(TIME_LAYOUT).encode()

    def read(self, parameter: bytes) -> datetime:
        """Read dd.MM.yyyy HH:mm:ss."""
        # Not strptime: it reads a time that lost a digit as another one.
        match = _TIME.fullmatch(parameter)
        if match is None:
            raise ValueError(repr(parameter[:40]))
        day, month, year, hour, minute, second = map(int, match.groups())
        return datetime(year, month, day, hour, minute, second, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Raw:
    """Bytes as they are (the data of a 004 answer)."""

    def write(self, value: bytes) -> bytes:
        """Keep the bytes."""
        return value

    def read(self, parameter: bytes) -> bytes:
        """Keep the bytes."""
        return parameter


DECIMAL = Decimal()
MAYBE_DECIMAL = MaybeDecimal()
NUMBER_10 = Decimal(10)
HEX_2 = Hex(2)
HEX_4 = Hex(4)
TEXT = Text()
BASE64 = Base64()
TIME = Time()
RAW = Raw()
