"""What all set-up steps share: their error, their voice, their child programs."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

LOG_TAIL_LINES = 3
# setpriv is part of every Debian; with it a child ends when the launcher is killed.
TIED_TO_US = ("setpriv", "--pdeathsig", "KILL", "--")


class SetUpError(Exception):
    """Set-up cannot go on; the text names the culprit and the remedy."""


def say(sentence: str) -> None:
    """Tell the user what happens; stdout stays free for the command's own output."""
    sys.stderr.write(sentence + "\n")
    sys.stderr.flush()


def run_logged(
    argv: Sequence[str | Path],
    log: Path,
    *,
    env: Mapping[str, str] | None = None,
    tied: bool = True,
) -> int:
    """Run a program, its output at the end of the log; its exit code."""
    command = [*(TIED_TO_US if tied else ()), *map(str, argv)]
    with log.open("ab") as output:
        output.write(f"$ {' '.join(map(str, argv))}\n".encode())
        output.flush()
        return subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=None if env is None else dict(env),
            check=False,
        ).returncode


def last_words(log: Path) -> str:
    """The end of what the last program in a log said, on one line."""
    told: list[str] = []
    for line in log.read_text(errors="replace").splitlines():
        if line.startswith("$ "):
            told.clear()
        else:
            told.append(line.strip())
    return " | ".join(list(filter(None, told))[-LOG_TAIL_LINES:])


def require_space(place: Path, needed_mb: int) -> None:
    """Raise unless the file system of `place` has that much room."""
    existing = next(one for one in (place, *place.parents) if one.exists())
    free_mb = shutil.disk_usage(existing).free // 1_000_000
    if free_mb < needed_mb:
        raise SetUpError(
            f"The disk is too full: {place} has {free_mb} MB left and set-up needs"
            f" {needed_mb} MB. Remove something, then start again."
        )


@contextlib.contextmanager
def only_one(lock: Path) -> Iterator[None]:
    """Wait until no other launcher sets up the same checkout."""
    lock.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(lock, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("Another launcher sets up this checkout; waiting for it ...")
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def explain(error: OSError) -> str:
    """One sentence and a remedy for an error of the operating system."""
    where = f" at {error.filename}" if error.filename else ""
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return f"The disk is full{where}. Remove something, then start again."
    if error.errno in {errno.EACCES, errno.EPERM, errno.EROFS}:
        return (
            f"No permission{where} ({error.strerror}). Was it made by root? Correct"
            " its owner or use a checkout of your own, then start again."
        )
    return f"The operating system refused{where}: {error.strerror}."
