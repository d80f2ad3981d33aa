"""What can fall while tills sell: the writing hub, its session, PostgreSQL."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
import time
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import asyncpg

from hub.store.queries import load_queries
from provisioning.processes import ProvisioningError, read_text, spawn

if TYPE_CHECKING:
    from collections.abc import Sequence

    from provisioning.postgres import PrivatePostgres
    from provisioning.processes import Child

QUERIES = load_queries(Path(__file__).parent / "witness.sql")
ELECTION_TIMEOUT_S = 120.0
RESTART_TIMEOUT_S = 120.0
LOOK_INTERVAL_S = 0.005
ESTABLISHED = "01"  # /proc/net/tcp, column "st"


class Fault(StrEnum):
    """One thing that goes wrong."""

    HUB = "kill -9 of the writing hub"
    SESSION = "pg_terminate_backend of its session"
    BACKEND = "kill -9 of its PostgreSQL backend"
    POSTGRES = "immediate restart of PostgreSQL"


class Hub:
    """A hub process that can be killed and started again."""

    def __init__(self, directory: Path) -> None:
        self._settings = directory / "hub.toml"
        self._log = directory / "hub.log"
        self._child: Child | None = None
        # An installed hub has its bytecode; started dozens of times, this one needs it.
        self._environment = {
            **os.environ,
            "PYTHONDONTWRITEBYTECODE": "",
            "PYTHONPYCACHEPREFIX": str(directory.parent / "bytecode"),
        }

    def begin(self) -> None:
        """Start it, without waiting until it is ready; it writes a log of its own."""
        if self._log.exists():
            kept = len(list(self._log.parent.glob("hub-*.log"))) + 1
            self._log.rename(self._log.with_name(f"hub-{kept}.log"))
        self._child = spawn(
            [
                *(sys.executable, "-m", "hub", "--config", self._settings),
                *("serve", "--role", "writer"),
            ],
            log=self._log,
            name="The hub",
            env=self._environment,
        )

    def await_ready(self) -> None:
        """Wait until it serves or stands by."""
        assert self._child is not None
        self._child.await_line("^The hub is ready")

    def kill(self) -> None:
        """End it as a power cut would."""
        assert self._child is not None
        self._child.kill()

    def end(self) -> None:
        """Ask it to end."""
        if self._child is not None:
            self._child.stop()

    def is_connected(self, port: int) -> bool:
        """Whether it talks to that port of this machine."""
        assert self._child is not None
        return is_connected(self._child.pid, port)


class HubPair:
    """Two hubs on one ledger: one writes, the other one stands by."""

    def __init__(self, directories: tuple[Path, Path], broker_port: int) -> None:
        self._hubs = [Hub(directory) for directory in directories]
        self._port = broker_port

    def __enter__(self) -> Self:
        self._start_both()
        return self

    def __exit__(self, *_: object) -> None:
        for hub in self._hubs:
            hub.end()

    def writer(self) -> Hub:
        """Find the hub that is connected with the broker, which only the writer is."""
        deadline_s = time.monotonic() + ELECTION_TIMEOUT_S
        while time.monotonic() < deadline_s:
            writing = [hub for hub in self._hubs if hub.is_connected(self._port)]
            if len(writing) == 1:
                return writing[0]
            time.sleep(LOOK_INTERVAL_S)
        raise ProvisioningError(
            f"After {ELECTION_TIMEOUT_S:.0f} s not exactly one hub talks to the broker."
            " See both hub.log of this run."
        )

    def await_both(self) -> None:
        """Wait until one writes and the other one stands by."""
        for hub in self._hubs:
            hub.await_ready()

    def kill_writer(self) -> Hub:
        """Kill the hub that writes; the dead one."""
        writer = self.writer()
        writer.kill()
        return writer

    def restart_both(self) -> None:
        """Start both anew, so that neither remembers anything."""
        for hub in self._hubs:
            hub.end()
        self._start_both()

    def _start_both(self) -> None:
        for hub in self._hubs:
            hub.begin()
        self.await_both()


class Database:
    """The server, and how it falls and returns; a context manager ends its returns."""

    def __init__(self, cluster: PrivatePostgres, name: str) -> None:
        self._cluster = cluster
        self._dsn = cluster.dsn(name)
        self._restarted: Child | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._restarted is not None:
            self._restarted.stop()

    def ask(self, query: str, *values: object) -> Sequence[asyncpg.Record]:
        """Ask one of our own questions, as the database's owner."""

        async def asked() -> Any:
            connection = await asyncpg.connect(self._dsn)
            try:
                return await connection.fetch(QUERIES[query], *values)
            finally:
                await connection.close()

        rows: Sequence[asyncpg.Record] = asyncio.run(asked())
        return rows

    def end_writers_session(self) -> None:
        """End the server process that books, as an administrator would."""
        self.ask("end_backend", self._writer_backend())

    def kill_backend(self) -> None:
        """Kill it; the server then ends all others, recovers and goes on."""
        os.kill(self._writer_backend(), signal.SIGKILL)

    def restart_at_once(self) -> None:
        """Do as `pg_ctl restart -m immediate` does; return when it takes connections.

        The port stays, as it would in a festival's hub.
        """
        if self._restarted is None:
            os.kill(self._cluster.pid, signal.SIGQUIT)
            self._cluster.stop()
        else:
            self._restarted.popen.send_signal(signal.SIGQUIT)
            self._restarted.stop()
        self._restarted = spawn(
            [self._cluster.binaries.program("postgres"), "-D", self._cluster.data],
            log=self._cluster.log.with_name("postgres-again.log"),
            name="PostgreSQL",
            user=self._cluster.user,
            stop_signal=signal.SIGINT,
            cwd=self._cluster.data,
        )
        self._restarted.await_line(
            "ready to accept connections", timeout_s=RESTART_TIMEOUT_S
        )

    def _writer_backend(self) -> int:
        deadline_s = time.monotonic() + ELECTION_TIMEOUT_S
        while time.monotonic() < deadline_s:
            rows = self.ask("writer_backend")
            if len(rows) == 1:
                backend: int = rows[0]["pid"]
                return backend
        raise ProvisioningError("Nobody holds the writer's lock. See both hub.log.")


def is_connected(pid: int, port: int) -> bool:
    """Whether a process has a TCP connection to that port of this machine."""
    sockets = set()
    for line in read_text(Path("/proc/net/tcp")).splitlines()[1:]:
        fields = line.split()
        remote_port, state = fields[2].rpartition(":")[2], fields[3]
        if state == ESTABLISHED and int(remote_port, 16) == port:
            sockets.add(fields[9])
    return not sockets.isdisjoint(_sockets_of(pid))


def _sockets_of(pid: int) -> set[str]:
    found = set()
    try:
        for descriptor in Path(f"/proc/{pid}/fd").iterdir():
            match = re.fullmatch(r"socket:\[(\d+)\]", str(descriptor.readlink()))
            if match:
                found.add(match[1])
    except OSError:  # the process has ended, or closed a file meanwhile
        pass
    return found
