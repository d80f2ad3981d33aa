"""The real hub process, as `kassenband-hub serve --role writer` runs it."""

from __future__ import annotations

import secrets
import sys
from typing import TYPE_CHECKING, Self

from provisioning.demo_event import EVENT
from provisioning.processes import Child, spawn

if TYPE_CHECKING:
    from pathlib import Path

    from provisioning.broker import PrivateBroker
    from provisioning.ca import EventCa
    from provisioning.token_key import TokenKey

SETTINGS = """\
event = "{event}"
database = "{dsn}"
broker_host = "{host}"
broker_port = {port}
ca = "{ca}"
broker_certificate = "{certificate}"
broker_key = "{certificate_key}"
token_key = "{token_key}"
token_key_id = {token_key_id}
uid_secret = "{uid_secret}"
portal_port = 0
edge_port = {edge_port}
edge_certificate = "{edge_certificate}"
edge_key = "{edge_key}"
log_level = "warning"
"""


class HubProcess:
    """Runs the hub's writer on a private broker; a context manager.

    With an `edge_port` it also serves what tills download.
    """

    def __init__(
        self,
        directory: Path,
        dsn: str,
        key: TokenKey,
        ca: EventCa,
        broker: PrivateBroker,
        *,
        edge_port: int = 0,
    ) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        leaf = ca.issue_client("hub")
        edge = ca.issue_server("edge", [broker.host])
        self._role = "all" if edge_port else "writer"
        secret = directory / "uid.secret"
        secret.write_bytes(secrets.token_bytes(32))
        self._settings = directory / "hub.toml"
        self._log = directory / "hub.log"
        self._settings.write_text(
            SETTINGS.format(
                event=EVENT,
                dsn=dsn,
                host=broker.host,
                port=broker.port,
                ca=ca.certificate.resolve(),
                certificate=leaf.certificate.resolve(),
                certificate_key=leaf.key.resolve(),
                token_key=key.private.resolve(),
                token_key_id=key.key_id,
                uid_secret=secret.resolve(),
                edge_port=edge_port,
                edge_certificate=edge.certificate.resolve(),
                edge_key=edge.key.resolve(),
            )
        )
        self._child: Child | None = None

    def __enter__(self) -> Self:
        self._child = spawn(
            [
                *(sys.executable, "-m", "hub", "--config", self._settings),
                *("serve", "--role", self._role),
            ],
            log=self._log,
            name="The hub",
        )
        self._child.await_line("^The hub is ready")
        return self

    def __exit__(self, *_: object) -> None:
        assert self._child is not None
        self._child.stop()

    @property
    def pid(self) -> int:
        """The hub's process id."""
        assert self._child is not None
        return self._child.pid
