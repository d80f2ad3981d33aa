"""Child processes that end with their parent, and places and ports for them."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import pwd
import random
import re
import shutil
import signal
import socket
import subprocess
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

# What ends early is named at once; this is for a busy machine whose disk is slow.
START_TIMEOUT_S = 120.0
STOP_TIMEOUT_S = 30.0
LOOK_INTERVAL_S = 0.02
LOG_TAIL_LINES = 5
# Below Linux's ephemeral range (32768 and up), so that no outgoing connection
# takes the port between our look and the server's bind.
PORT_MIN, PORT_MAX = 20_000, 32_700
PORTS_PER_PROCESS = 100
SOCKET_PATH_BYTES_MAX = 100  # sun_path holds 108
AWAY_FROM_HOME = Path("/var/tmp")
# A parent that died before the death signal was set would never cause it.
ONLY_WITH_PARENT = '[ "$PPID" = "$1" ] || exit 1; shift; exec "$@"'
SYSTEM_DIRECTORIES = ("/usr/sbin", "/sbin", "/usr/bin", "/bin")


class ProvisioningError(Exception):
    """Something on this machine stands in the way; the text names the remedy."""


class StartError(ProvisioningError):
    """A program did not come up."""


@dataclass
class Child:
    """A running program of ours; its output goes to a log file, line by line."""

    name: str
    log: Path
    popen: subprocess.Popen[bytes] = field(repr=False)
    stop_signal: signal.Signals = signal.SIGTERM

    @property
    def pid(self) -> int:
        """The program's own process id."""
        return self.popen.pid

    @property
    def running(self) -> bool:
        """Whether it has not ended yet."""
        return self.popen.poll() is None

    def await_line(
        self, pattern: str, *, timeout_s: float = START_TIMEOUT_S
    ) -> re.Match[str]:
        """Return the first match in the program's output, or raise StartError."""
        wanted = re.compile(pattern, re.MULTILINE)
        found: list[re.Match[str]] = []

        def look() -> bool:
            match = wanted.search(read_text(self.log))
            found.extend([match] if match else [])
            return bool(found)

        self.await_ready(look, timeout_s=timeout_s)
        return found[0]

    def await_ready(
        self, ready: Callable[[], bool], *, timeout_s: float = START_TIMEOUT_S
    ) -> None:
        """Return once `ready()` holds; raise StartError if the program ends first."""
        deadline = time.monotonic() + timeout_s
        while not ready():
            if not self.running:
                raise StartError(self._ended_early())
            if time.monotonic() > deadline:
                raise StartError(
                    f"{self.name} was not ready within {timeout_s:.0f} s."
                    f" See {self.log}.{self._last_words()}"
                )
            time.sleep(LOOK_INTERVAL_S)
        if not self.running:  # somebody else answered in its place
            raise StartError(self._ended_early())

    def stop(self, *, timeout_s: float = STOP_TIMEOUT_S) -> int:
        """Ask it to end, kill it if it does not within the time; its exit code."""
        if self.running:
            self.popen.send_signal(self.stop_signal)
            try:
                self.popen.wait(timeout_s)
            except subprocess.TimeoutExpired:
                self.kill()
        return self.popen.wait()

    def kill(self) -> None:
        """End it at once, as a power cut would."""
        with contextlib.suppress(ProcessLookupError):
            self.popen.kill()
        self.popen.wait()

    def _ended_early(self) -> str:
        return (
            f"{self.name} ended at once with code {self.popen.returncode}."
            f" See {self.log}.{self._last_words()}"
        )

    def _last_words(self) -> str:
        lines = read_text(self.log).strip().splitlines()[-LOG_TAIL_LINES:]
        return " It said: " + " | ".join(lines) if lines else ""


def spawn(  # noqa: PLR0913 - a process is all of these
    argv: Sequence[str | Path],
    *,
    log: Path,
    name: str | None = None,
    user: str | None = None,
    env: Mapping[str, str] | None = None,
    stop_signal: signal.Signals = signal.SIGTERM,
    stdin: int = subprocess.DEVNULL,
    cwd: Path | None = None,
) -> Child:
    """Start a program that gets `stop_signal` when this process dies, however it dies.

    `user` needs root. The signal is tied to the calling *thread*, hence only the main
    thread may spawn. A session of its own keeps Ctrl-C from reaching the child, so
    that the parent can end its children in order. The log is begun anew.
    """
    assert threading.current_thread() is threading.main_thread()
    command = [*with_user(user), "--pdeathsig", stop_signal.name[3:], "--"]
    command += ["/bin/sh", "-c", ONLY_WITH_PARENT, "sh", str(os.getpid())]
    with log.open("wb") as output:
        popen = subprocess.Popen(
            [*command, *map(str, argv)],
            stdin=stdin,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=dict(os.environ if env is None else env),
            start_new_session=True,
            cwd=cwd,
        )
    return Child(name or Path(argv[0]).name, log, popen, stop_signal)


def with_user(user: str | None) -> list[str]:
    """The command prefix that becomes `user`, or changes nothing for None."""
    if user is None:
        return ["setpriv"]
    group = pwd.getpwnam(user).pw_gid
    return ["setpriv", f"--reuid={user}", f"--regid={group}", "--init-groups"]


def unprivileged_user(*preferred: str) -> str | None:
    """Who a service shall run as: None when we are no root ourselves."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return next((name for name in preferred if name in known), "nobody")


def hand_over(path: Path, user: str | None) -> None:
    """Give a file or directory to the service's user."""
    if user is not None:
        entry = pwd.getpwnam(user)
        os.chown(path, entry.pw_uid, entry.pw_gid)


def write_private(path: Path, data: bytes) -> None:
    """Write a secret anew, to a file that only its owner can read."""
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)


def can_reach(path: Path, user: str | None, test: str = "-r") -> bool:
    """Whether that user passes `test FLAG path`, all parents included."""
    if user is None:
        return os.access(path, {"-r": os.R_OK, "-x": os.X_OK, "-w": os.W_OK}[test])
    asked = [*with_user(user), "--", "/usr/bin/test", test, str(path)]
    return subprocess.run(asked, check=False).returncode == 0


def place_for(directory: Path, user: str | None) -> Path:
    """A directory that `user` can enter: the wanted one, else one under /var/tmp.

    A checkout below root's home, say, is out of reach for the user of a database.
    """
    make_directory(directory)
    if can_reach(directory, user, "-x"):
        return directory
    digest = hashlib.sha256(str(directory.resolve()).encode()).hexdigest()[:12]
    away = AWAY_FROM_HOME / f"kassenband-{digest}"
    make_directory(away)
    if away.is_symlink() or away.stat().st_uid != os.geteuid():
        raise ProvisioningError(
            f"{away} belongs to somebody else. Remove it, then start again."
        )
    away.chmod(0o755)
    return away


def make_directory(directory: Path) -> None:
    """Make a directory and its parents, or say why it can't be made."""
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ProvisioningError(
            f"The directory {directory} cannot be made ({error.strerror})."
            " Make room or correct its owner, then start again."
        ) from error


def remove_directory(directory: Path) -> None:
    """Remove a directory with all that is in it; one that is not there is fine."""
    if directory.exists():
        shutil.rmtree(directory)


@contextlib.contextmanager
def claimed_directory(parent: Path, prefix: str) -> Iterator[Path]:
    """An empty directory `<prefix>-<n>` that no other running process uses.

    The claim is a lock, so a crashed owner's directory is free again at once.
    """
    make_directory(parent)
    for number in range(1, 100):
        claim = _Claim.attempt(parent / f"{prefix}-{number}.lock")
        if claim is None:
            continue
        directory = parent / f"{prefix}-{number}"
        try:
            remove_directory(directory)
            directory.mkdir()
            yield directory
        finally:
            claim.release()
        return
    raise ProvisioningError(f"{parent} holds 99 running ones already. End some first.")


@dataclass(frozen=True, slots=True)
class _Claim:
    descriptor: int

    @classmethod
    def attempt(cls, path: Path) -> Self | None:
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise ProvisioningError(
                f"{path} cannot be opened ({error.strerror})."
                f" Correct the owner of {path.parent}, then start again."
            ) from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return None
        return cls(descriptor)

    def release(self) -> None:
        os.close(self.descriptor)


def free_port() -> int:
    """A loopback port nobody listens on just now."""
    return free_ports(1)[0]


def free_ports(adjacent: int) -> list[int]:
    """The numbers of that many free ports in a row; the next call gives others.

    No other process of ours gives them, so that a server may take its time to bind.
    """
    return _PORTS.take(adjacent)


class _Ports:
    """The ports that are this process's to give, one after the other."""

    def __init__(self) -> None:
        self._owner = 0
        self._first = self._next = 0

    def take(self, adjacent: int) -> list[int]:
        if self._owner != os.getpid():  # or a fork would give what its parent gives
            self._owner = os.getpid()
            self._first = self._next = _claim_ports()
        end = self._first + PORTS_PER_PROCESS
        for _ in range(PORTS_PER_PROCESS):
            if self._next + adjacent > end:
                self._next = self._first
            ports = list(range(self._next, self._next + adjacent))
            self._next += 1
            if all(map(_is_free, ports)):
                self._next = ports[-1] + 1
                return ports
        raise ProvisioningError(
            f"No free port between {self._first} and {end}. End what listens there."
        )


_PORTS = _Ports()


def _claim_ports() -> int:
    """Claim some ports until this process ends; the first of them.

    The claim is an address that the kernel frees with its owner, however that ends.
    """
    count = (PORT_MAX - PORT_MIN) // PORTS_PER_PROCESS
    order = random.SystemRandom().sample(range(count), count)
    for number in order:
        first = PORT_MIN + number * PORTS_PER_PROCESS
        claim = socket.socket(socket.AF_UNIX)
        try:
            claim.bind(f"\0kassenband-ports-{first}")
        except OSError:
            claim.close()
        else:
            claim.detach()  # it stays open as long as the process
            return first
    raise ProvisioningError(
        f"All ports between {PORT_MIN} and {PORT_MAX} are spoken for. End what runs."
    )


def _is_free(port: int) -> bool:
    # 0.0.0.0 rather than loopback: vpcd listens on all addresses.
    with socket.socket() as probe:
        try:
            probe.bind(("0.0.0.0", port))
        except OSError:
            return False
    return True


def short_directory(directory: Path, longest_name: str) -> Path:
    """A directory whose unix sockets fit into a socket address: this or one in /tmp."""
    if len(os.fsencode(directory.resolve() / longest_name)) <= SOCKET_PATH_BYTES_MAX:
        return directory.resolve()
    digest = hashlib.sha256(str(directory.resolve()).encode()).hexdigest()[:12]
    short = Path("/tmp") / f"kb-{os.geteuid()}-{digest}"
    short.mkdir(mode=0o755, exist_ok=True)
    if short.is_symlink() or short.stat().st_uid != os.geteuid():
        raise ProvisioningError(f"{short} belongs to somebody else. Remove it.")
    return short


def find_program(name: str, package: str) -> Path:
    """The program's path, also in /usr/sbin, which is not on everybody's PATH."""
    path = os.pathsep.join([os.environ.get("PATH", ""), *SYSTEM_DIRECTORIES])
    found = shutil.which(name, path=path)
    if found is None:
        raise ProvisioningError(
            f"{name} is not installed. Install the Debian package {package}."
        )
    return Path(found)


def read_text(path: Path) -> str:
    """A file's text; empty if there is none yet."""
    try:
        return path.read_text(errors="replace")
    except FileNotFoundError:
        return ""
