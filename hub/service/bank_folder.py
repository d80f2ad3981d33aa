"""A folder into which banks' files are put: each is taken in and moved on.

What was taken in goes to `done`, what was refused to `refused`, each with a report of
the same name beside it. A file is left alone until it has stopped growing.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from hub.payments.camt import FILE_BYTES_MAX
from hub.service.bank_report import (
    Refused,
    TakenFiles,
    note_files,
    sentences,
    take_files,
)
from hub.store.errors import DatabaseGone

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from hub.service.payment_log import PaymentLog
    from hub.store.store import Store

log = logging.getLogger(__name__)

LOOK_INTERVAL_S = 5
BY = "folder"
_UNFINISHED = frozenset({".part", ".tmp", ".crdownload", ".filepart"})


class BankFolder:
    """Looks into a folder now and then, while this process is the one that books."""

    def __init__(
        self,
        store: Store,
        event: int,
        folder: Path,
        log: PaymentLog,
        *,
        is_due: Callable[[], bool],
    ) -> None:
        self._store = store
        self._log = log
        self._event = event
        self._folder = folder
        self._is_due = is_due
        self._seen: dict[Path, tuple[int, int]] = {}

    async def run(self) -> None:
        """Take in what comes, until canceled."""
        while True:
            await asyncio.sleep(LOOK_INTERVAL_S)
            if not self._is_due():
                continue
            try:
                await self.look()
            except DatabaseGone as error:
                log.warning("Bank files wait in %s: %s", self._folder, error)
            except OSError as error:
                log.warning(
                    "Bank files wait in %s (%s). Let the hub's user read it, and "
                    "write in it: files that are done are moved on.",
                    self._folder,
                    error.strerror,
                )

    async def look(self) -> None:
        """Take in each file that has not changed since the last look."""
        found = await asyncio.to_thread(self._sizes)
        ready = [path for path, size in found.items() if self._seen.get(path) == size]
        self._seen = found
        for path in sorted(ready):
            await self._take(path)
            del self._seen[path]

    def _sizes(self) -> dict[Path, tuple[int, int]]:
        sizes = {}
        for path in self._folder.iterdir() if self._folder.is_dir() else ():
            hidden = path.name.startswith(".") or path.suffix in _UNFINISHED
            if not hidden and path.is_file():
                status = path.stat()
                sizes[path] = (status.st_size, status.st_mtime_ns)
        return sizes

    async def _take(self, path: Path) -> None:
        if self._seen[path][0] > FILE_BYTES_MAX:
            reason = f"It is larger than {FILE_BYTES_MAX // 2**20} MiB."
            taken = TakenFiles(files=(Refused(file=path.name, reason=reason),))
        else:
            data = await asyncio.to_thread(path.read_bytes)
            taken = await take_files(
                self._store, self._event, [(path.name, data)], by=BY
            )
        await asyncio.to_thread(_move_on, path, taken)
        await note_files(self._log, taken, by=BY)
        for line in sentences(taken):
            log.info("%s", line)


def _move_on(path: Path, taken: TakenFiles) -> None:
    target = path.parent / ("refused" if taken.refused else "done")
    target.mkdir(exist_ok=True)
    place = _free(target / path.name)
    report = "".join(f"{line}\n" for line in sentences(taken))
    place.with_name(f"{place.name}.txt").write_text(report, "utf-8")
    path.rename(place)


def _free(place: Path) -> Path:
    """Find a name that no earlier file of the same name has."""
    number, free = 1, place
    while free.exists() or free.with_name(f"{free.name}.txt").exists():
        number += 1
        free = place.with_name(f"{place.stem}-{number}{place.suffix}")
    return free
