"""What a technician carries to each machine: certificates and the broker's files.

One directory per event holds it all: ca/ (stays with the technician), hub/, broker/
and tills/NAME/, each with the file names that units and configurations expect.
"""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from contract.topics import HUB_CLIENT
from provisioning.broker import BrokerFiles, render_access_list, render_configuration
from provisioning.ca import TILL_ID, EventCa, Leaf
from provisioning.processes import ProvisioningError, write_private
from provisioning.token_key import TokenKey, new_uid_secret

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from pathlib import Path

BROKER_PORT = 8883
BROKER_DIRECTORY = "/etc/mosquitto/kassenband"


def make_authority(directory: Path, event: str) -> EventCa:
    """Begin an event: its authority and its name; never twice."""
    if TILL_ID.fullmatch(event) is None:
        raise ProvisioningError(
            f"{event!r} is no event id. Use 1 to 30 of a-z, 0-9, dot and hyphen."
        )
    authority = EventCa.create(directory / "ca", event)
    (directory / "event").write_text(event + "\n")
    return authority


def make_hub(directory: Path, addresses: Sequence[str]) -> Path:
    """Certificates for the hub and its broker, and the hub's secrets about wristbands.

    Those are kept when they are there already: wristbands may have been issued.
    """
    authority = EventCa.load(directory / "ca")
    hub = _emptied(directory / "hub", keep=("token.key", "uid.secret"))
    _copy(authority, authority.issue_client("hub"), hub, "hub")
    _copy(authority, authority.issue_server("edge", addresses), hub, "edge")
    token_key = hub / "token.key"
    if not token_key.exists():
        TokenKey.create(token_key)
    uid_secret = hub / "uid.secret"
    if not uid_secret.exists():
        write_private(uid_secret, new_uid_secret())
    broker = _emptied(directory / "broker")
    server = authority.issue_server("broker", addresses)
    files = BrokerFiles(
        authority.certificate, server.certificate, server.key, authority.revocations
    )
    files.copy_to(broker, None)
    (broker / "kassenband.conf").write_text(
        render_configuration(
            BROKER_DIRECTORY, port=BROKER_PORT, address="0.0.0.0", plain_port=None
        )
    )
    _write_access_list(directory)
    return hub


def make_till(directory: Path, till: str) -> Path:
    """Certificate for a till, and its place in the access list.

    Made again for the same till, the certificate before it is revoked.
    """
    authority = EventCa.load(directory / "ca")
    if not (directory / "broker" / "acl").exists():  # what a hub gets last
        raise ProvisioningError(
            f"{directory} has no hub yet. Run 'kassenband-provision hub' first."
        )
    if till == HUB_CLIENT:  # its certificate would speak for the hub
        raise ProvisioningError(
            f"{till!r} is the hub's own name. Give the till another one, say bar-1."
        )
    place = directory / "tills" / till
    leaf = authority.issue_client(till)
    if (place / "till.pem").exists():
        authority.revoke(place / "till.pem")
        shutil.copyfile(authority.revocations, directory / "broker" / "crl.pem")
    _copy(authority, leaf, _emptied(place), "till")
    _write_access_list(directory)
    return place


def _write_access_list(directory: Path) -> None:
    event = (directory / "event").read_text().strip()
    tills = sorted(path.name for path in (directory / "tills").glob("*"))
    path = directory / "broker" / "acl"
    path.touch(mode=0o600)
    path.write_text(render_access_list(event, tills))


def _copy(authority: EventCa, leaf: Leaf, place: Path, name: str) -> None:
    shutil.copyfile(authority.certificate, place / "ca.pem")
    leaf.certificate.replace(place / f"{name}.pem")
    leaf.key.replace(place / f"{name}.key")


def _emptied(place: Path, *, keep: Collection[str] = ()) -> Path:
    place.mkdir(parents=True, exist_ok=True)
    place.chmod(0o700)
    for path in place.iterdir():
        if path.name not in keep:
            path.unlink()
    return place
