"""A private pcscd with virtual readers, on a socket of its own.

pcscd's socket path is compiled in, but it takes over a listening socket by systemd's
socket activation; only the client honors PCSCLITE_CSOCK_NAME (pcsc-lite's sources).
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from provisioning.processes import (
    Child,
    ProvisioningError,
    StartError,
    find_program,
    free_ports,
    place_for,
    remove_directory,
    short_directory,
    spawn,
    unprivileged_user,
)

VPCD_LIBRARY = Path("/usr/lib/pcsc/drivers/serial/libifdvpcd.so")
RUN_DIRECTORY = Path("/run/pcscd")  # compiled in; pcscd wants it to exist
SLOTS_PER_ENTRY = 2  # vpcd opens PORT and PORT+1
SLOTS_MAX = 16  # pcscd before 2.5.0 handles no more readers
SOCKET_NAME = "pcscd.comm"
START_TIMEOUT_S = 60.0
START_TRIES = 3
LISTENING = "0A"  # TCP state in /proc/net/tcp

# The socket comes as standard input and goes where activation wants it. LISTEN_PID must
# be pcscd's own pid, and $$ stays the same across exec.
ACTIVATE = """\
exec 3<&0 0</dev/null
export LISTEN_PID=$$ LISTEN_FDS=1
exec "$@"
"""
READER_ENTRY = """\
FRIENDLYNAME "{name}"
DEVICENAME /dev/null:{port:#06x}
LIBPATH {library}
CHANNELID {port:#06x}
"""


@dataclass(frozen=True, slots=True)
class Slot:
    """One virtual reader: its PC/SC name and the port a wristband connects to."""

    reader: str
    port: int


class PrivatePcscd:
    """A pcscd of our own with `slots` virtual readers (made in pairs), as a child.

    A context manager. A client must have PCSCLITE_CSOCK_NAME (see `environment`)
    before its first PC/SC call. `fast_poll` is for tests: 4 instead of 0-400 ms from
    tap to event.
    """

    def __init__(
        self, directory: Path, *, slots: int = 2, fast_poll: bool = False
    ) -> None:
        if not 0 <= slots <= SLOTS_MAX:
            raise ProvisioningError(
                f"A pcscd handles at most {SLOTS_MAX} readers, {slots} were asked for."
                " Start another one for the rest."
            )
        self.wanted_directory = directory
        self.fast_poll = fast_poll
        self.slots: tuple[Slot, ...] = ()
        self.user = unprivileged_user("nobody")
        self._slot_count = slots
        self._program = find_program("pcscd", "pcscd")
        self._child: Child | None = None

    def __enter__(self) -> Self:
        check_prerequisites()
        self.directory = place_for(self.wanted_directory, self.user).resolve()
        self.log = self.wanted_directory / "pcscd.log"
        self.socket = short_directory(self.directory, SOCKET_NAME) / SOCKET_NAME
        self._preload = self._build_preload() if self.fast_poll else None
        try:
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self.socket.unlink(missing_ok=True)
        if self.socket.parent != self.directory:
            with suppress(OSError):
                self.socket.parent.rmdir()
        if self.directory != self.wanted_directory.resolve():
            remove_directory(self.directory)

    @property
    def environment(self) -> dict[str, str]:
        """What a PC/SC client needs in its environment."""
        return {"PCSCLITE_CSOCK_NAME": str(self.socket)}

    @property
    def pid(self) -> int:
        """The daemon's process id."""
        assert self._child is not None
        return self._child.pid

    def start(self, *, slots: int | None = None) -> None:
        """Start it on the same socket; return when every virtual reader listens.

        Fewer slots than before (0 for none) stand for unplugged readers; the ports
        of those that stay are kept.
        """
        self._slot_count = self._slot_count if slots is None else slots
        for attempt in range(1, START_TRIES + 1):
            self._configure()
            self._child = self._spawn()
            try:
                self._child.await_ready(self._is_ready, timeout_s=START_TIMEOUT_S)
            except StartError:
                self._child.stop()
                if attempt == START_TRIES:
                    raise
                self.slots = ()  # perhaps a port was taken: choose others
            else:
                return

    def stop(self) -> None:
        """End it; clients get NO_SERVICE until it is started again."""
        if self._child is not None:
            self._child.stop(timeout_s=5.0)
            self._child = None

    def kill(self) -> None:
        """End it as a crash would."""
        if self._child is not None:
            self._child.kill()
            self._child = None

    def _configure(self) -> None:
        readers = self.directory / "reader.conf.d"
        remove_directory(readers)
        readers.mkdir(mode=0o755)
        (self.directory / "drivers").mkdir(mode=0o755, exist_ok=True)
        ports = [slot.port for slot in self.slots]
        slots: list[Slot] = []
        for entry in range(-(-self._slot_count // SLOTS_PER_ENTRY)):
            known = ports[entry * SLOTS_PER_ENTRY : (entry + 1) * SLOTS_PER_ENTRY]
            port = known[0] if known else free_ports(SLOTS_PER_ENTRY)[0]
            name = f"Kassenband {entry + 1}"
            # A second entry on the same library file would take over the first's.
            library = self.directory / f"vpcd-{entry + 1}.so"
            shutil.copyfile(VPCD_LIBRARY, library)
            (readers / f"vpcd-{entry + 1}").write_text(
                READER_ENTRY.format(name=name, port=port, library=library)
            )
            slots += [
                Slot(f"{name} 00 {n:02X}", port + n) for n in range(SLOTS_PER_ENTRY)
            ]
        self.slots = tuple(slots)

    def _spawn(self) -> Child:
        with _listening_socket(self.socket) as listening:
            return spawn(
                [
                    *("/bin/sh", "-c", ACTIVATE, "sh"),
                    *(self._program, "-f", "-c", self.directory / "reader.conf.d"),
                    *_extra_options(self._program),
                ],
                log=self.log,
                name="pcscd",
                user=self.user,
                env=self._daemon_environment(),
                stdin=listening.fileno(),
            )

    def _daemon_environment(self) -> dict[str, str]:
        return {
            **os.environ,
            # From 2.x on this switches USB drivers off: only our readers exist.
            "PCSCLITE_HP_DROPDIR": str(self.directory / "drivers"),
            **({"LD_PRELOAD": str(self._preload)} if self._preload else {}),
        }

    def _is_ready(self) -> bool:
        # Never connect to look: a connection IS a card on the reader.
        listening = _listening_ports()
        return all(slot.port in listening for slot in self.slots)

    def _build_preload(self) -> Path:
        library = self.directory / "fast_poll.so"
        source = Path(__file__).with_name("fast_poll.c")
        compiler = find_program("gcc", "gcc")
        build = ["-shared", "-fPIC", "-O2", "-o", str(library), str(source), "-ldl"]
        done = subprocess.run(
            [compiler, *build], capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            raise ProvisioningError(f"{source} cannot be built: {done.stderr.strip()}")
        return library


def check_prerequisites() -> None:
    """Raise ProvisioningError, naming the remedy, where the machine lacks something."""
    if not VPCD_LIBRARY.exists():
        raise ProvisioningError(
            f"{VPCD_LIBRARY} is missing. Install the Debian package vsmartcard-vpcd."
        )
    if RUN_DIRECTORY.exists():
        return
    try:
        RUN_DIRECTORY.mkdir(mode=0o755)
    except OSError as error:
        raise ProvisioningError(
            f"pcscd needs the directory {RUN_DIRECTORY}, which is made anew at each"
            f" boot ({error.strerror}). Run: sudo mkdir -m 755 {RUN_DIRECTORY}"
        ) from error


def _extra_options(pcscd: Path) -> list[str]:
    """Switch polkit off where it is built in: without D-Bus it refuses everybody."""
    asked = subprocess.run(
        [pcscd, "--help"], capture_output=True, text=True, check=False
    )
    text = asked.stdout + asked.stderr
    return ["--disable-polkit"] if "--disable-polkit" in text else []


def _listening_socket(path: Path) -> socket.socket:
    path.unlink(missing_ok=True)  # so that the same path serves again
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listening.bind(str(path))
    path.chmod(0o777)
    listening.listen(32)
    return listening


def _listening_ports() -> set[int]:
    lines = Path("/proc/net/tcp").read_text().splitlines()[1:]
    fields = [line.split() for line in lines]
    return {int(one[1][-4:], 16) for one in fields if one[3] == LISTENING}
