"""What is wrong with an export, and where: file, line and column."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

FINDINGS_SHOWN = 200
FINDINGS_PER_KIND = 25
"""So many of one kind are listed; all are counted."""


class UnreadableExport(Exception):
    """What was named is no export that could be judged; the text says why."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found; a note is worth knowing, but breaks no rule.

    `line` counts from 1, the heading included; 0 and '' stand for the whole.
    """

    kind: str
    text: str
    file: str = ""
    line: int = 0
    column: str = ""
    is_note: bool = False

    def __str__(self) -> str:
        place = self.file
        if self.line:
            place += f" line {self.line}"
        if self.column:
            place += f", {self.column}"
        word = "Note: " if self.is_note else ""
        return f"{word}{place}: {self.text}" if place else f"{word}{self.text}"

    def figures(self) -> dict[str, Any]:
        """Return it as a JSON object."""
        return {
            "kind": self.kind,
            "file": self.file,
            "line": self.line,
            "column": self.column,
            "text": self.text,
            "note": self.is_note,
        }


class Findings:
    """Collects findings in bounded memory."""

    def __init__(self) -> None:
        self.shown: list[Finding] = []
        self.counts: Counter[str] = Counter()
        self.errors = 0
        """How many are more than notes."""
        self.all = 0

    def add(self, finding: Finding) -> None:
        """Keep a finding, or at least count it."""
        self.all += 1
        self.errors += not finding.is_note
        self.counts[finding.kind] += 1
        if (
            len(self.shown) < FINDINGS_SHOWN
            and self.counts[finding.kind] <= FINDINGS_PER_KIND
        ):
            self.shown.append(finding)

    def error(
        self, kind: str, text: str, file: str = "", line: int = 0, column: str = ""
    ) -> None:
        """Keep a broken rule."""
        self.add(Finding(kind, text, file, line, column))

    def note(
        self, kind: str, text: str, file: str = "", line: int = 0, column: str = ""
    ) -> None:
        """Keep something worth knowing."""
        self.add(Finding(kind, text, file, line, column, is_note=True))
