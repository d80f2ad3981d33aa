"""Says what is in a TSE's archive: `python -m hub.service.archive_check FILE`.

A process of its own, last in line for the processor: the ledger's writer goes first.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from hub.core.tse_log import FISCAL_STEP
from tse_driver.errors import TseError
from tse_driver.export_reader import FinishedTransaction, check_export

if TYPE_CHECKING:
    from tse_driver.log_message import LogMessage

LAST_IN_LINE = 19
FINDINGS_MAX = 50
CLIENTS_MAX = 200
SPANS_MAX = 2_000
NAME_LENGTH_MAX = 40


class ArchiveReport(msgspec.Struct, frozen=True, kw_only=True):
    """What our own reader found in an archive; `findings` are [kind, subject, text].

    `log` says what the signatures were for: [first counter, last, what], as the archive
    has them; the steps of fiscal transactions count as one sort.
    """

    digest: str
    valid: bool
    messages: int
    verified: int
    finished: int
    serials: tuple[str, ...]
    clients: tuple[str, ...]
    numbers: tuple[int, int] | None
    findings: tuple[tuple[str, str, str], ...] = ()
    log: tuple[tuple[int, int, str], ...] = ()


def report_on(path: Path) -> ArchiveReport:
    """Read an archive from end to end; raises TseError when it is none."""
    clients: set[str] = set()
    numbers: list[int] = []

    def note(finished: FinishedTransaction) -> None:
        if len(clients) < CLIENTS_MAX:
            clients.add(finished.client_id)
        numbers[:] = (
            min(finished.number, *numbers[:1] or (finished.number,)),
            max(finished.number, *numbers[1:] or (finished.number,)),
        )

    log = Log()
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        check = check_export(file, note, see=log.see)
    return ArchiveReport(
        digest=digest,
        valid=check.valid,
        messages=check.messages,
        verified=check.verified,
        finished=check.finished,
        serials=tuple(sorted(check.serials)),
        clients=tuple(sorted(clients)),
        numbers=(numbers[0], numbers[1]) if numbers else None,
        findings=tuple(
            (str(each.kind), each.subject, each.text)
            for each in check.findings[:FINDINGS_MAX]
        ),
        log=tuple(log.spans),
    )


class Log:
    """Gathers what the signatures of an archive were for, in bounded memory."""

    def __init__(self) -> None:
        self.spans: list[tuple[int, int, str]] = []

    def see(self, message: LogMessage) -> None:
        """Take in the next message."""
        counter, what = message.signature_counter, _what(message)
        if self.spans:
            first, last, before = self.spans[-1]
            if (last + 1, before) == (counter, what):
                self.spans[-1] = (first, counter, what)
                return
        if len(self.spans) < SPANS_MAX:
            self.spans.append((counter, counter, what))


def _what(message: LogMessage) -> str:
    if message.certified is not None:
        return FISCAL_STEP
    return message.operation[:NAME_LENGTH_MAX] or message.kind.name.lower()


def main(arguments: list[str]) -> int:
    """Print the report as JSON; returns 2, after a sentence, when it is no archive."""
    with contextlib.suppress(OSError):  # the unit's system calls may forbid it
        os.nice(LAST_IN_LINE)
    try:
        found = report_on(Path(arguments[0]))
    except (TseError, OSError) as error:
        sys.stdout.write(f"{error}\n")
        return 2
    sys.stdout.write(msgspec.json.encode(found).decode() + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
