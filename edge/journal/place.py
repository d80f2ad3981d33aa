"""Where a journal may lie: on a real disk, and in the hands of one process."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

from edge.core.errors import JournalBroken

if TYPE_CHECKING:
    from collections.abc import Iterable

FLEETING: Final = frozenset({"tmpfs", "ramfs", "overlay", "aufs", "squashfs"})
MOUNTS: Final = Path("/proc/self/mountinfo")


def take(directory: Path, lock: str, *, require_disk: bool) -> Lock:
    """Make the directory if needed and hold it for this process."""
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    if require_disk:
        check_disk(directory)
    return Lock(directory / lock)


def check_disk(directory: Path, mounts: Iterable[str] | None = None) -> None:
    """Refuse a place that forgets at a power cut; raises JournalBroken."""
    if mounts is None:
        try:
            mounts = MOUNTS.read_text("utf-8").splitlines()
        except OSError:
            return
    kind = filesystem(directory.resolve(), mounts)
    if kind in FLEETING:
        raise JournalBroken(
            f"The journal's directory {directory} lies on {kind}, which forgets at a"
            " power cut. Put it on a real disk (journal.directory), or set"
            " journal.require_disk = false where nothing is at stake."
        )


def filesystem(path: Path, mounts: Iterable[str]) -> str:
    """Name the file system of a path, by the lines of /proc/self/mountinfo."""
    best, kind = -1, ""
    for line in mounts:
        fields = line.split(" ")
        mounted = Path(fields[4].replace("\\040", " "))
        if path.is_relative_to(mounted) and len(mounted.parts) >= best:
            best = len(mounted.parts)
            kind = fields[fields.index("-") + 1]
    return kind


class Lock:
    """Holds a journal for this process alone until it ends."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._file)
            raise JournalBroken(
                f"Another till process is using the journal in {path.parent}."
                " Stop it first; two tills must never share one journal."
            ) from None

    def release(self) -> None:
        """Let another process have it."""
        os.close(self._file)
