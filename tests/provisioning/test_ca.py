from __future__ import annotations

import datetime as dt
import socket
import ssl
import threading
from typing import TYPE_CHECKING

import pytest
from cryptography import x509

from provisioning.ca import EventCa, Leaf
from provisioning.processes import ProvisioningError

if TYPE_CHECKING:
    from pathlib import Path


def handshake(ca: EventCa, server: Leaf, client: Leaf | None) -> str:
    """Who the server sees, over a real TLS 1.3 connection checked in strict mode."""
    theirs = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    theirs.load_cert_chain(server.certificate, server.key)
    ours = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if client is not None:
        ours.load_cert_chain(client.certificate, client.key)
    for context in (theirs, ours):
        context.load_verify_locations(ca.certificate)
        context.verify_flags |= ssl.VERIFY_X509_STRICT
        context.minimum_version = ssl.TLSVersion.TLSv1_3
    theirs.verify_mode = ssl.CERT_REQUIRED
    left, right = socket.socketpair()
    left.settimeout(60)
    right.settimeout(60)
    seen: list[str] = []

    def serve() -> None:
        try:
            with theirs.wrap_socket(left, server_side=True) as connection:
                peer = connection.getpeercert()
                assert peer is not None
                seen.append(str(peer["subject"][0][0][1]))
                connection.sendall(b"x")
        except ssl.SSLError as error:
            seen.append(error.reason)
            left.close()

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        with ours.wrap_socket(right, server_hostname="127.0.0.1") as connection:
            connection.recv(1)
    except OSError:
        right.close()
    thread.join()
    return seen[0]


@pytest.fixture
def ca(tmp_path: Path) -> EventCa:
    return EventCa.create(tmp_path / "ca", "sommerfest")


def test_hub_and_till_know_each_other_by_name(ca: EventCa) -> None:
    server = ca.issue_server("localhost", ["localhost", "127.0.0.1"])
    assert handshake(ca, server, ca.issue_client("bar-3.2")) == "bar-3.2"


def test_a_client_without_certificate_or_of_another_event_is_refused(
    ca: EventCa, tmp_path: Path
) -> None:
    server = ca.issue_server("localhost", ["127.0.0.1"])
    assert handshake(ca, server, None) == "PEER_DID_NOT_RETURN_A_CERTIFICATE"
    foreign = EventCa.create(tmp_path / "other", "winterfest").issue_client("bar-3")
    assert handshake(ca, server, foreign) == "CERTIFICATE_VERIFY_FAILED"


def test_a_servers_certificate_does_not_serve_as_a_tills(ca: EventCa) -> None:
    server = ca.issue_server("localhost", ["127.0.0.1"])
    assert handshake(ca, server, server) == "CERTIFICATE_VERIFY_FAILED"


def test_a_till_with_a_slow_clock_accepts_a_new_certificate(ca: EventCa) -> None:
    pem = ca.issue_client("bar-1").certificate.read_bytes()
    leaf = x509.load_pem_x509_certificate(pem)
    slow = dt.datetime.now(dt.UTC) - dt.timedelta(hours=20)
    assert leaf.not_valid_before_utc < slow
    assert leaf.not_valid_after_utc - slow > dt.timedelta(days=90)


def test_keys_are_readable_by_their_owner_only(ca: EventCa) -> None:
    leaf = ca.issue_client("bar-1")
    for key in (leaf.key, ca.directory / "ca.key"):
        assert key.stat().st_mode & 0o777 == 0o600


def test_revocations_are_remembered_by_a_reopened_authority(ca: EventCa) -> None:
    leaf = ca.issue_client("bar-1")
    ca.revoke(leaf.certificate)
    again = EventCa.load(ca.directory)
    again.revoke(again.issue_client("bar-2").certificate)
    again.renew_revocations()
    crl = x509.load_pem_x509_crl(ca.revocations.read_bytes())
    revoked = x509.load_pem_x509_certificate(leaf.certificate.read_bytes())
    assert crl.get_revoked_certificate_by_serial_number(revoked.serial_number)
    assert len(list(crl)) == 2
    assert again.fingerprint == ca.fingerprint


def test_an_authority_is_never_overwritten(ca: EventCa) -> None:
    with pytest.raises(ProvisioningError, match="holds an authority already"):
        EventCa.create(ca.directory, "again")


def test_a_missing_authority_and_a_bad_till_id_are_named(
    ca: EventCa, tmp_path: Path
) -> None:
    with pytest.raises(ProvisioningError, match="kassenband-provision ca"):
        EventCa.load(tmp_path)
    with pytest.raises(ProvisioningError, match="'Bar 1' is no till id"):
        ca.issue_client("Bar 1")
