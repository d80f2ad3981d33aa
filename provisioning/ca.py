"""The event's own certificate authority: every TLS connection rests on it."""

from __future__ import annotations

import datetime as dt
import ipaddress
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from contract.ids import IDENTITY_FORM, IDENTITY_PATTERN
from provisioning.processes import ProvisioningError, write_private

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

CA_LIFETIME = dt.timedelta(days=3650)
LEAF_LIFETIME = dt.timedelta(days=90)
CRL_LIFETIME = dt.timedelta(days=30)
BACK_DATED = dt.timedelta(days=1)  # a till's clock may be behind before NTP answers
TILL_ID = re.compile(IDENTITY_PATTERN)  # CN = client id = Z_KASSE_ID


@dataclass(frozen=True, slots=True)
class Leaf:
    """A certificate and its key, as files."""

    certificate: Path
    key: Path


class EventCa:
    """Issues and revokes the certificates of one event; its state is a directory."""

    def __init__(
        self,
        directory: Path,
        key: ec.EllipticCurvePrivateKey,
        certificate: x509.Certificate,
    ) -> None:
        self.directory = directory
        self._key = key
        self._certificate = certificate

    @classmethod
    def create(cls, directory: Path, event: str) -> Self:
        """Make the key, the root certificate (10 years) and an empty revocation list.

        An authority that is there already is never overwritten.
        """
        if (directory / "ca.key").exists():
            raise ProvisioningError(
                f"{directory} holds an authority already. Choose another directory,"
                " or remove it if no till trusts it any more."
            )
        directory.mkdir(parents=True, exist_ok=True)
        key = ec.generate_private_key(ec.SECP256R1())
        name = _name(f"Kassenband {event}")
        certificate = _sign_root(name, key)
        write_key(directory / "ca.key", key)
        (directory / "ca.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
        authority = cls(directory, key, certificate)
        authority._write_revocations({})
        return authority

    @classmethod
    def load(cls, directory: Path) -> Self:
        """Open the authority that `create` made."""
        try:
            key = load_pem_private_key((directory / "ca.key").read_bytes(), None)
            pem = (directory / "ca.pem").read_bytes()
            certificate = x509.load_pem_x509_certificate(pem)
        except (OSError, ValueError, TypeError) as error:  # the last: it has a password
            raise ProvisioningError(
                f"No certificate authority can be read in {directory} ({error})."
                " Make one with 'kassenband-provision ca', or correct the path."
            ) from error
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        return cls(directory, key, certificate)

    @property
    def certificate(self) -> Path:
        """The root certificate, for everyone who verifies."""
        return self.directory / "ca.pem"

    @property
    def revocations(self) -> Path:
        """The revocation list, for the broker; it expires after 30 days."""
        return self.directory / "crl.pem"

    @property
    def fingerprint(self) -> str:
        """SHA-256 over the root certificate, as 64 hex digits."""
        return self._certificate.fingerprint(hashes.SHA256()).hex()

    def issue_server(self, name: str, addresses: Iterable[str]) -> Leaf:
        """A certificate for a listener reached by these host names and IP addresses."""
        names = x509.SubjectAlternativeName([_address(one) for one in addresses])
        return self._issue(name, ExtendedKeyUsageOID.SERVER_AUTH, names, "server")

    def issue_client(self, name: str) -> Leaf:
        """A certificate for a till (by its id) or the hub; the CN is its identity."""
        if TILL_ID.fullmatch(name) is None:
            raise ProvisioningError(f"{name!r} is no till id. Use {IDENTITY_FORM}.")
        return self._issue(name, ExtendedKeyUsageOID.CLIENT_AUTH, None, "client")

    def revoke(self, certificate: Path) -> None:
        """Put a certificate on the revocation list.

        The broker must be told (SIGHUP), and ends only new connections.
        """
        leaf = load_certificate(certificate)
        revoked = self._read_revocations()
        revoked.setdefault(str(leaf.serial_number), _now().isoformat())
        self._write_revocations(revoked)

    def renew_revocations(self) -> None:
        """Sign the revocation list anew, before it expires."""
        self._write_revocations(self._read_revocations())

    def _issue(
        self,
        name: str,
        purpose: x509.ObjectIdentifier,
        addresses: x509.SubjectAlternativeName | None,
        kind: str,
    ) -> Leaf:
        key = ec.generate_private_key(ec.SECP256R1())
        builder = _builder(_name(name), self._certificate.subject, key, LEAF_LIFETIME)
        builder = builder.add_extension(
            x509.BasicConstraints(ca=False, path_length=None), critical=True
        )
        builder = builder.add_extension(_key_usage(authority=False), critical=True)
        builder = builder.add_extension(
            x509.ExtendedKeyUsage([purpose]), critical=False
        )
        # OpenSSL 3 in Python's strict mode (3.13) refuses a leaf without this one.
        builder = builder.add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()),
            critical=False,
        )
        if addresses is not None:
            builder = builder.add_extension(addresses, critical=False)
        certificate = builder.sign(self._key, hashes.SHA256())
        leaf = Leaf(
            self.directory / f"{name}.{kind}.pem", self.directory / f"{name}.{kind}.key"
        )
        write_key(leaf.key, key)
        leaf.certificate.write_bytes(certificate.public_bytes(Encoding.PEM))
        return leaf

    def _read_revocations(self) -> dict[str, str]:
        path = self.directory / "revoked.json"
        try:
            revoked = json.loads(path.read_text())
        except ValueError as error:
            raise ProvisioningError(
                f"{path} is damaged ({error}). Restore it from a backup: it says which"
                " certificates must be let in no more."
            ) from error
        assert isinstance(revoked, dict)
        return revoked

    def _write_revocations(self, revoked: dict[str, str]) -> None:
        now = _now()
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self._certificate.subject)
            .last_update(now - BACK_DATED)
            .next_update(now + CRL_LIFETIME)
        )
        for serial, since in revoked.items():
            builder = builder.add_revoked_certificate(
                x509.RevokedCertificateBuilder()
                .serial_number(int(serial))
                .revocation_date(dt.datetime.fromisoformat(since))
                .build()
            )
        crl = builder.sign(self._key, hashes.SHA256())
        (self.directory / "revoked.json").write_text(json.dumps(revoked, indent=1))
        self.revocations.write_bytes(crl.public_bytes(Encoding.PEM))


def load_certificate(path: Path) -> x509.Certificate:
    """Read a certificate that this program made."""
    try:
        return x509.load_pem_x509_certificate(path.read_bytes())
    except ValueError as error:
        raise ProvisioningError(
            f"{path} holds no certificate ({error}). Restore it from a backup. Without"
            " one, make the hub's files anew with 'kassenband-provision hub', or remove"
            " the till's folder and give the till another name."
        ) from error


def write_key(path: Path, key: PrivateKeyTypes) -> None:
    """Write a private key as PKCS#8 PEM that only its owner can read."""
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    write_private(path, pem)


def _sign_root(name: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    builder = _builder(name, name, key, CA_LIFETIME)
    builder = builder.add_extension(
        x509.BasicConstraints(ca=True, path_length=0), critical=True
    )
    builder = builder.add_extension(_key_usage(authority=True), critical=True)
    return builder.sign(key, hashes.SHA256())


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    lifetime: dt.timedelta,
) -> x509.CertificateBuilder:
    now = _now()
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - BACK_DATED)
        .not_valid_after(now + lifetime)
        .add_extension(
            x509.SubjectKeyIdentifier.from_public_key(key.public_key()),
            critical=False,
        )
    )


def _key_usage(*, authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=authority,
        crl_sign=authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _address(text: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(text))
    except ValueError:
        return x509.DNSName(text)


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC).replace(microsecond=0)
