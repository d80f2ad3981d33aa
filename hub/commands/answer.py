"""What a command answers: figures for programs, sentences for people."""

from __future__ import annotations

import sys
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


OWN_FAULT = (
    "The hub stopped because of a fault of its own ({}). What is in its ledger stays."
    " Start it again; if it stops again, do so with KASSENBAND_LOG_LEVEL=debug, and"
    " send what it says to whoever maintains it."
)


@dataclass(frozen=True, slots=True)
class Answer:
    """What was done or found; `good` is False where something is to be looked at.

    `readable` is False where something that was named could not be read at all.
    """

    figures: Mapping[str, Any]
    lines: Sequence[str]
    good: bool = True
    readable: bool = True

    def as_text(self, *, as_json: bool) -> str:
        """Write it for a person, or as one JSON object on a line."""
        if as_json:
            return msgspec.json.encode(self.figures).decode()
        return "\n".join(self.lines)


class WrongUsage(Exception):
    """What was typed makes no sense; the text says what would."""


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Set rows in columns, each as wide as its longest cell."""
    lines = [heads, *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(heads))]
    return [
        "  ".join(
            cell.ljust(width) for cell, width in zip(line, widths, strict=True)
        ).rstrip()
        for line in lines
    ]


def refuse(sentence: str, *, as_json: bool) -> None:
    """Say why not: to a person beside the output, to a program on it."""
    if as_json:
        sys.stdout.write(msgspec.json.encode({"refused": sentence}).decode() + "\n")
    else:
        sys.stderr.write(sentence + "\n")


def own_fault(error: Exception) -> str:
    """Say as much of a fault of ours as fits into a sentence: what, and where."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    what = " ".join(f"{type(error).__name__}: {error}".split())
    return OWN_FAULT.format(f"{what}; {Path(last.filename).name}, line {last.lineno}")
