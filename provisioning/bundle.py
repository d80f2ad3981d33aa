"""What a technician carries to each machine: certificates, secrets and settings.

One directory per event holds it all: ca/ (stays with the technician), hub/, broker/
and tills/NAME/, each with the file names that units and configurations expect.
"""

from __future__ import annotations

import ipaddress
import shutil
from typing import TYPE_CHECKING

from cryptography import x509

from contract.hosts import HOST_FORM, is_host
from contract.ids import IDENTITY_FORM
from contract.topics import HUB_CLIENT
from provisioning.broker import BrokerFiles, render_access_list, render_configuration
from provisioning.ca import TILL_ID, EventCa, Leaf, load_certificate
from provisioning.configuration import BROKER_PORT, hub_settings, till_settings
from provisioning.processes import ProvisioningError, write_private
from provisioning.token_key import TokenKey, new_uid_secret

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Collection, Sequence
    from pathlib import Path

BROKER_DIRECTORY = "/etc/mosquitto/kassenband"
LOOPBACK = "127.0.0.1"  # the hub's own way to a broker beside it


def make_authority(directory: Path, event: str) -> EventCa:
    """Begin an event: its authority and its name; never twice."""
    if TILL_ID.fullmatch(event) is None:
        raise ProvisioningError(f"{event!r} is no event id. Use {IDENTITY_FORM}.")
    authority = EventCa.create(directory / "ca", event)
    (directory / "event").write_text(event + "\n")
    return authority


def make_hub(directory: Path, addresses: Sequence[str]) -> Path:
    """Certificates and settings for the hub and its broker, and the hub's secrets.

    Settings and secrets are kept when they are there already: wristbands may have been
    issued. Raises ProvisioningError when no address can be reached by tills.
    """
    for address in addresses:
        if not is_host(address):
            raise ProvisioningError(f"--address must be {HOST_FORM}, not {address!r}.")
    if not _reachable(addresses):
        raise ProvisioningError(
            "No --address leads tills to the hub. Name the host or IP address that the"
            " hub has on the event's network."
        )
    authority = EventCa.load(directory / "ca")
    hub = _emptied(directory / "hub", keep=("token.key", "uid.secret", "hub.toml"))
    _copy(authority, authority.issue_client("hub"), hub, "hub")
    _copy(authority, authority.issue_server("edge", addresses), hub, "edge")
    token_key = hub / "token.key"
    if not token_key.exists():
        TokenKey.create(token_key)
    uid_secret = hub / "uid.secret"
    if not uid_secret.exists():
        write_private(uid_secret, new_uid_secret())
    _write_once(hub / "hub.toml", hub_settings(_event(directory)))
    broker = _emptied(directory / "broker")
    server = authority.issue_server("broker", dict.fromkeys([*addresses, LOOPBACK]))
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
    """Certificate and settings for a till, and its place in the access list.

    Made again for the same till, the certificate before it is revoked, and the
    settings are kept.
    """
    authority = EventCa.load(directory / "ca")
    _refuse_without_hub(directory)
    if till == HUB_CLIENT:  # its certificate would speak for the hub
        raise ProvisioningError(
            f"{till!r} is the hub's own name. Give the till another one, say bar-1."
        )
    place = directory / "tills" / till
    leaf = authority.issue_client(till)
    if (place / "till.pem").exists():
        authority.revoke(place / "till.pem")
        _copy_revocations(authority, directory)
    _copy(authority, leaf, _emptied(place, keep=("till.toml",)), "till")
    address = _hub_address(directory / "broker" / "server.pem")
    settings = till_settings(_event(directory), till, address)
    _write_once(place / "till.toml", settings)
    _write_access_list(directory)
    return place


def revoke_till(directory: Path, till: str) -> None:
    """Let a till's certificate in no more, nor its name into the access list."""
    authority = EventCa.load(directory / "ca")
    _refuse_without_hub(directory)
    certificate = directory / "tills" / till / "till.pem"
    if not certificate.exists():
        made = sorted(path.parent.name for path in _till_certificates(directory))
        raise ProvisioningError(
            f"There is no certificate of a till {till!r} in {directory}."
            f" Name one of: {', '.join(made) or 'none was made yet'}."
        )
    authority.revoke(certificate)
    _copy_revocations(authority, directory)
    _write_access_list(directory)


def renew_revocations(directory: Path) -> dt.datetime:
    """Sign the revocation list anew, for the broker, too; return until when it holds.

    After that the broker refuses everybody.
    """
    authority = EventCa.load(directory / "ca")
    _refuse_without_hub(directory)
    authority.renew_revocations()
    _copy_revocations(authority, directory)
    until = _revocations(authority).next_update_utc
    assert until is not None, "the authority always sets it"
    return until


def _refuse_without_hub(directory: Path) -> None:
    if not (directory / "broker" / "acl").exists():  # what a hub gets last
        raise ProvisioningError(
            f"{directory} has no hub yet. Run 'kassenband-provision hub' first."
        )


def _event(directory: Path) -> str:
    return (directory / "event").read_text().strip()


def _hub_address(server: Path) -> str:
    """Return the first address in the broker's certificate that tills can reach."""
    extensions = load_certificate(server).extensions
    try:
        names = extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        return _reachable([str(name.value) for name in names])[0]
    except (x509.ExtensionNotFound, IndexError):
        raise ProvisioningError(
            f"{server} names no address that leads tills to the hub. Make it anew with"
            " 'kassenband-provision hub'."
        ) from None


def _reachable(addresses: Sequence[str]) -> list[str]:
    return [each for each in addresses if not _is_loopback(each)]


def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return address == "localhost"


def _write_once(path: Path, text: str) -> None:
    if not path.exists():
        path.write_text(text)


def _write_access_list(directory: Path) -> None:
    revoked = _revocations(EventCa.load(directory / "ca"))
    tills = sorted(
        path.parent.name
        for path in _till_certificates(directory)
        if revoked.get_revoked_certificate_by_serial_number(_serial(path)) is None
    )
    path = directory / "broker" / "acl"
    path.touch(mode=0o600)
    path.write_text(render_access_list(_event(directory), tills))


def _till_certificates(directory: Path) -> list[Path]:
    return list((directory / "tills").glob("*/till.pem"))


def _serial(certificate: Path) -> int:
    return load_certificate(certificate).serial_number


def _revocations(authority: EventCa) -> x509.CertificateRevocationList:
    try:
        return x509.load_pem_x509_crl(authority.revocations.read_bytes())
    except ValueError as error:
        raise ProvisioningError(
            f"{authority.revocations} is no revocation list ({error}). Renew it with"
            " 'kassenband-provision crl'."
        ) from error


def _copy_revocations(authority: EventCa, directory: Path) -> None:
    shutil.copyfile(authority.revocations, directory / "broker" / "crl.pem")


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
