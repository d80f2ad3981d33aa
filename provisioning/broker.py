"""Mosquitto: its configuration and access list, and a private one as a child."""

from __future__ import annotations

import shutil
import signal
import socket
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from contract.ids import EventId, TillId
from contract.topics import HUB_CLIENT, MESSAGE_BYTES_MAX, Topics
from provisioning.processes import (
    Child,
    StartError,
    find_program,
    free_port,
    hand_over,
    place_for,
    read_text,
    remove_directory,
    spawn,
    unprivileged_user,
)

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

PACKET_BYTES_MAX = MESSAGE_BYTES_MAX + 2048  # topic, properties and header on top
QUEUED_BYTES_MAX = 64 * 1024 * 1024  # per client; the count alone has no limit
START_TRIES = 3
LOOPBACK = "127.0.0.1"

# Nothing relies on the broker's storage, hence no persistence. The defaults of 20 in
# flight and 1000 queued would throttle the hub and then drop QoS 1 messages in silence;
# the bytes bound them instead. max_queued_messages must not be 0: Mosquitto 2.0.11 then
# ends the connection of everyone who publishes outside of the access list.
# Without set_tcp_nodelay every hop waits some 40 ms.
GENERAL = """\
per_listener_settings true
persistence false
max_inflight_messages 0
max_queued_messages 1000000
max_queued_bytes {queued}
max_packet_size {packet}
set_tcp_nodelay true
sys_interval 10
log_dest stderr
log_type error
log_type warning
log_type notice
log_timestamp_format %Y-%m-%dT%H:%M:%S
"""
TLS_LISTENER = """\

listener {port} {address}
cafile {directory}/ca.pem
certfile {directory}/server.pem
keyfile {directory}/server.key
crlfile {directory}/crl.pem
require_certificate true
use_identity_as_username true
tls_version tlsv1.3
allow_anonymous false
acl_file {directory}/acl
"""
# For benches on loopback only: no identity, no access list.
PLAIN_LISTENER = """\

listener {port} 127.0.0.1
allow_anonymous true
"""


@dataclass(frozen=True, slots=True)
class BrokerFiles:
    """What the TLS listener needs, as the authority made it."""

    ca: Path
    certificate: Path
    key: Path
    revocations: Path

    def copy_to(self, directory: Path, user: str | None) -> None:
        """Put them where the broker's user can read them, under the fixed names."""
        for source, name in (
            (self.ca, "ca.pem"),
            (self.certificate, "server.pem"),
            (self.key, "server.key"),
            (self.revocations, "crl.pem"),
        ):
            target = directory / name
            target.unlink(missing_ok=True)
            shutil.copyfile(source, target)
            target.chmod(0o600)
            hand_over(target, user)


def render_configuration(
    directory: Path | str, *, port: int, address: str, plain_port: int | None = None
) -> str:
    """Return the text of mosquitto.conf; the certificates lie in `directory`."""
    general = GENERAL.format(queued=QUEUED_BYTES_MAX, packet=PACKET_BYTES_MAX)
    text = general + TLS_LISTENER.format(
        port=port, address=address, directory=directory
    )
    if plain_port is not None:
        text += PLAIN_LISTENER.format(port=plain_port)
    return text


def render_access_list(event: str, tills: Iterable[str]) -> str:
    """Return who may say and hear what; event and till ids are literal in it."""
    topics = Topics(EventId(event))
    hub = [
        *(f"read {topic('+')}" for topic in (topics.up, topics.online, topics.status)),
        f"write {topics.down(_ANY)}",
        f"write {topics.config(_ANY)}",
        f"write {topics.wallets}",
        f"write {topics.hub_status}",
    ]
    blocks = [_block(HUB_CLIENT, hub)]
    blocks += [_block(till, _till_rules(topics, TillId(till))) for till in tills]
    return "\n".join(blocks)


class PrivateBroker:
    """A Mosquitto of our own on loopback ports, as a child process.

    A context manager; `port` is the TLS listener, `plain_port` the one for benches.
    """

    def __init__(
        self,
        directory: Path,
        files: BrokerFiles,
        *,
        event: str,
        tills: Iterable[str],
        plain: bool = False,
    ) -> None:
        self.wanted_directory = directory
        self.files = files
        self.event = event
        self.tills = list(tills)
        self.plain = plain
        self.host = LOOPBACK
        self.port = 0
        self.plain_port: int | None = None
        self.user = unprivileged_user("mosquitto")
        self._program = find_program("mosquitto", "mosquitto")
        self._child: Child | None = None

    def __enter__(self) -> Self:
        self.directory = place_for(self.wanted_directory, self.user)
        self.log = self.wanted_directory / "mosquitto.log"
        try:
            self.files.copy_to(self.directory, self.user)
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        if self.directory != self.wanted_directory:
            remove_directory(self.directory)

    def start(self) -> None:
        """Start it, again on the same ports; return when it takes connections."""
        for attempt in range(1, START_TRIES + 1):
            fresh = self.port == 0
            self._write_files()
            self._child = spawn(
                [self._program, "-c", self.directory / "mosquitto.conf"],
                log=self.log,
                name="Mosquitto",
                user=self.user,
                cwd=self.directory,
            )
            try:
                self._child.await_ready(self._is_ready)
            except StartError:
                self._child.stop()
                taken = "Address already in use" in read_text(self.log)
                if attempt == START_TRIES or not (taken and fresh):
                    raise
                self.port = 0
            else:
                return

    def stop(self) -> None:
        """End it; clients see their connection close."""
        if self._child is not None:
            self._child.stop()
            self._child = None

    def kill(self) -> None:
        """End it as a power cut would."""
        if self._child is not None:
            self._child.kill()
            self._child = None

    def allow(self, tills: Iterable[str]) -> None:
        """Let these tills in, too, without ending a connection."""
        self.tills += [till for till in tills if till not in self.tills]
        self._write_access_list()
        self.reload()

    def reload(self) -> None:
        """Read access list and revocation list again; open connections stay."""
        self.files.copy_to(self.directory, self.user)
        if self._child is not None:
            self._child.popen.send_signal(signal.SIGHUP)

    @property
    def pid(self) -> int:
        """The broker's process id."""
        assert self._child is not None
        return self._child.pid

    def _write_files(self) -> None:
        if self.port == 0:
            self.port = free_port()
            self.plain_port = free_port() if self.plain else None
        self._write_access_list()
        text = render_configuration(
            self.directory.resolve(),
            port=self.port,
            address=self.host,
            plain_port=self.plain_port,
        )
        configuration = self.directory / "mosquitto.conf"
        configuration.write_text(text)
        hand_over(configuration, self.user)

    def _write_access_list(self) -> None:
        path = self.directory / "acl"
        path.touch(mode=0o600)
        path.write_text(render_access_list(self.event, self.tills))
        hand_over(path, self.user)

    def _is_ready(self) -> bool:
        ports = [self.port, *([self.plain_port] if self.plain_port else [])]
        return all(_answers(self.host, port) for port in ports)


_ANY = TillId("+")


def _till_rules(topics: Topics, till: TillId) -> list[str]:
    return [
        f"write {topics.up(till)}",
        f"write {topics.online(till)}",
        f"write {topics.status(till)}",
        f"read {topics.down(till)}",
        f"read {topics.config(till)}",
        f"read {topics.wallets}",
        f"read {topics.hub_status}",
    ]


def _block(user: str, rules: list[str]) -> str:
    return "".join([f"user {user}\n", *(f"topic {rule}\n" for rule in rules)])


def _answers(host: str, port: int) -> bool:
    with suppress(OSError), socket.create_connection((host, port), timeout=1.0):
        return True
    return False
