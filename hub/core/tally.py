"""What a verification has seen so far: findings and counts, to be added up."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable

FINDINGS_MAX = 1000


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is wrong: what was checked, where, and in which way."""

    check: str
    where: str
    text: str


class Tally(msgspec.Struct):
    """Findings, at most 1000 of them, and counts by name."""

    findings: list[Finding] = []
    counts: Counter[str] = msgspec.field(default_factory=Counter)

    def find(self, check: str, where: object, text: str) -> None:
        """Add what is wrong."""
        self.take([Finding(check=check, where=str(where), text=text)])

    def take(self, findings: Iterable[Finding]) -> None:
        """Add several findings."""
        for each in findings:
            self.counts["findings"] += 1
            if len(self.findings) < FINDINGS_MAX:
                self.findings.append(each)

    def add(self, other: Tally) -> None:
        """Add what another part of the verification has seen."""
        left = FINDINGS_MAX - len(self.findings)
        self.findings.extend(other.findings[:left])
        self.counts.update(other.counts)
