"""Reads ESC/POS as a printer does, and keeps what would be on the paper.

The commands are those of Epson's ESC/POS reference that receipts are printed with; what
is not understood is counted, so that a test can see it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ESC, GS, DLE, LF = 0x1B, 0x1D, 0x10, 0x0A
CODE_PAGES: Final = {0: "cp437", 2: "cp850", 16: "cp1252", 18: "cp852", 19: "cp858"}
_ALIGNMENTS: Final = {0: "left", 1: "center", 2: "right"}
_WIDE, _HIGH = 0x20, 0x10
_QR_CONTENT, _QR_PRINT = 80, 81


@dataclass(frozen=True, slots=True)
class PaperText:
    """A printed line."""

    text: str
    bold: bool = False
    big: bool = False
    align: str = "left"


@dataclass(frozen=True, slots=True)
class PaperCode:
    """A QR code that the printer drew itself."""

    text: str
    module_dots: int
    align: str


@dataclass(frozen=True, slots=True)
class PaperImage:
    """A raster image; `rows` hold one bit per dot, most significant first."""

    width: int
    rows: tuple[bytes, ...]
    align: str


PaperRow = PaperText | PaperCode | PaperImage


@dataclass(frozen=True, slots=True)
class Slip:
    """What was cut off."""

    rows: tuple[PaperRow, ...]

    def text(self) -> str:
        """Tell what a person reads; codes as their content."""
        return "".join(f"{_told(row)}\n" for row in self.rows)


@dataclass(frozen=True, slots=True)
class _Type:
    page: str = CODE_PAGES[0]
    bold: bool = False
    big: bool = False
    align: str = "left"


@dataclass
class PaperReader:
    """Takes a printer's bytes in any pieces; hands out slips, and what was asked."""

    unknown: int = 0
    asked: int = 0
    """How often the printer was asked (GS r) whether everything is printed."""

    _left: bytes = b""
    _type: _Type = field(default_factory=_Type)
    _line: bytes = b""
    _text: str = ""
    _rows: list[PaperRow] = field(default_factory=list)
    _module_dots: int = 3
    _code: str = ""

    def feed(self, data: bytes) -> Iterator[Slip]:
        """Print these bytes; yields each slip as it is cut off.

        Where there is no cutter, it is torn off when all of it is printed.
        """
        self._left += data
        while self._left:
            taken = self._take(self._left)
            if taken == 0:
                return  # the rest of a command is still to come
            ends = self._left[:2] in {b"\x1dV", b"\x1dr"}
            self._left = self._left[taken:]
            if ends and self._rows:
                yield Slip(tuple(self._rows))
                self._rows = []

    def _take(self, data: bytes) -> int:
        first = data[0]
        if first == ESC:
            return self._escape(data)
        if first == GS:
            return self._group(data)
        if first == DLE:
            return 3 if len(data) >= 3 else 0
        if first == LF:
            self._end_line()
        elif first >= 0x20:
            self._line += data[:1]
        return 1

    def _escape(self, data: bytes) -> int:
        if len(data) < 2:
            return 0
        command = chr(data[1])
        if command == "@":
            self._type = _Type()
            return 2
        if len(data) < 3:
            return 0
        self._end_run(command)
        set_type: dict[str, Callable[[int], _Type]] = {
            "t": lambda n: replace(self._type, page=CODE_PAGES.get(n, "cp437")),
            "a": lambda n: replace(self._type, align=_ALIGNMENTS.get(n, "left")),
            "E": lambda n: replace(self._type, bold=bool(n & 1)),
            "!": lambda n: replace(self._type, big=n & _WIDE == _WIDE, bold=False),
        }
        if command in set_type:
            self._type = set_type[command](data[2])
        elif command == "d":
            self._end_line()
        elif command not in "M-{JG":
            self.unknown += 1
        return 3

    def _end_run(self, command: str) -> None:
        # A change of code page inside a line: what came before is of the old one.
        if command == "t" and self._line:
            self._text += self._line.decode(self._type.page, "replace")
            self._line = b""

    def _group(self, data: bytes) -> int:
        if len(data) < 3:
            return 0
        command = chr(data[1])
        if command == "V":
            if self._line or self._text:
                self._end_line()
            return 3 if data[2] < 65 else _whole(data, 4)
        if command == "r":
            self.asked += 1
            return 3
        if command == "(":
            return self._function(data)
        if command == "v":
            return self._raster(data)
        if command == "!":
            self._type = replace(self._type, big=bool(data[2] & _WIDE))
        elif command not in "Bb":
            self.unknown += 1
        return 3

    def _function(self, data: bytes) -> int:
        if len(data) < 5:
            return 0
        length = 5 + int.from_bytes(data[3:5], "little")
        if len(data) < length:
            return 0
        body = data[5:length]
        if data[2:3] != b"k" or len(body) < 2:
            self.unknown += 1
        elif body[1] == 67:
            self._module_dots = body[2]
        elif body[1] == _QR_CONTENT:
            self._code = body[3:].decode("utf-8", "replace")
        elif body[1] == _QR_PRINT:
            self._rows.append(
                PaperCode(self._code, self._module_dots, self._type.align)
            )
        return length

    def _raster(self, data: bytes) -> int:
        if len(data) < 8:
            return 0
        octets = int.from_bytes(data[4:6], "little")
        height = int.from_bytes(data[6:8], "little")
        length = 8 + octets * height
        if len(data) < length:
            return 0
        rows = tuple(data[start : start + octets] for start in range(8, length, octets))
        self._rows.append(PaperImage(octets * 8, rows, self._type.align))
        return length

    def _end_line(self) -> None:
        kind = self._type
        text = self._text + self._line.decode(kind.page, "replace")
        self._rows.append(PaperText(text, kind.bold, kind.big, kind.align))
        self._line, self._text = b"", ""


def _whole(data: bytes, length: int) -> int:
    return length if len(data) >= length else 0


def _told(row: PaperRow) -> str:
    match row:
        case PaperText(text=text):
            return text
        case PaperCode(text=text):
            return f"[QR code: {text}]"
        case PaperImage(width=width, rows=rows):
            return f"[image, {width} x {len(rows)} dots]"
