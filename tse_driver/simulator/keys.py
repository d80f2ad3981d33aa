"""The simulator's keys: a genuine brainpoolP384r1 key under a small CA of its own.

Every certificate says DEMO, so that its signatures can't be taken for real ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import NameOID

from tse_driver.certificate import key_of, read_certificate
from tse_driver.errors import Unreadable
from tse_driver.signature import Algorithm, PublicKey, algorithm_named

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from pathlib import Path

DEFAULT_CURVE = "brainpoolP384r1"  # Diebold Nixdorf's
CURVES: dict[str, ec.EllipticCurve] = {
    curve.name: curve
    for curve in (ec.BrainpoolP384R1(), ec.SECP384R1(), ec.SECP256R1())
}
_ALGORITHMS = {32: "ecdsa-plain-SHA256", 48: "ecdsa-plain-SHA384"}
ALGORITHM = algorithm_named("ecdsa-plain-SHA384")
"""What signs on the default curve."""
VALID_DAYS = 7 * 365  # Diebold Nixdorf: 7 years
KEY_FILE = "tse_key.pem"
CERTIFICATE_FILES = ("tse.crt", "sub_ca.crt", "root_ca.crt")


@dataclass(frozen=True, slots=True)
class Identity:
    """The signing key and its chain, own certificate first, root last."""

    key: ec.EllipticCurvePrivateKey
    chain: tuple[x509.Certificate, ...]
    public_key: PublicKey

    @property
    def algorithm(self) -> Algorithm:
        """Return the algorithm that goes with the curve's size."""
        return algorithm_named(_ALGORITHMS[self.public_key.signature_size // 2])

    @property
    def expiry(self) -> datetime:
        """Return the end of the certificate's validity (UTC)."""
        return self.chain[0].not_valid_after_utc

    def sign(self, data: bytes) -> bytes:
        """Sign as TR-03111 does: r and s side by side."""
        r, s = decode_dss_signature(self.key.sign(data, self.algorithm.ecdsa))
        half = self.public_key.signature_size // 2
        return r.to_bytes(half, "big") + s.to_bytes(half, "big")

    def files(self) -> tuple[tuple[str, bytes], ...]:
        """Return the certificates as an export names them."""
        return tuple(
            (f"{key_of(one).serial.hex()}_X509.crt", _der(one)) for one in self.chain
        )

    def save(self, directory: Path) -> None:
        """Keep the identity in a directory."""
        key = self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        path = directory / KEY_FILE
        path.touch(mode=0o600)
        path.write_bytes(key)
        for name, certificate in zip(CERTIFICATE_FILES, self.chain, strict=True):
            (directory / name).write_bytes(_der(certificate))


def load(directory: Path) -> Identity | None:
    """Read an identity kept earlier, or None; raise Unreadable when it is damaged."""
    path = directory / KEY_FILE
    if not path.exists():
        return None
    try:
        key = load_pem_private_key(path.read_bytes(), None)
        chain = tuple(
            read_certificate((directory / name).read_bytes())
            for name in CERTIFICATE_FILES
        )
    except (ValueError, OSError) as error:
        raise Unreadable(f"The simulator's state in {directory}", str(error)) from error
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise Unreadable(f"The simulator's state in {directory}", "no EC key in it")
    return Identity(key, chain, key_of(chain[0]))


def create(
    now: datetime, valid_days: int = VALID_DAYS, curve_name: str = DEFAULT_CURVE
) -> Identity:
    """Make a new key and its chain; negative days make an expired certificate."""
    curve = CURVES[curve_name]
    root, sub, own = (ec.generate_private_key(curve) for _ in range(3))
    root_name, sub_name = _name("DEMO TSE Root CA"), _name("DEMO TSE Sub CA")
    public = PublicKey.from_bytes(_point(own))
    own_name = _name(f"DEMO TSE {public.serial.hex()[:16]}")
    year = timedelta(days=365)
    ca = (now - year, now + 20 * year)
    mine = (now - year, now + timedelta(days=valid_days))
    chain = (
        _certificate((own_name, own), (sub_name, sub), mine, is_ca=False),
        _certificate((sub_name, sub), (root_name, root), ca, is_ca=True),
        _certificate((root_name, root), (root_name, root), ca, is_ca=True),
    )
    return Identity(own, chain, public)


_Named = tuple[x509.Name, ec.EllipticCurvePrivateKey]


def _certificate(
    subject: _Named, issuer: _Named, valid: Sequence[datetime], *, is_ca: bool
) -> x509.Certificate:
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject[0])
        .issuer_name(issuer[0])
        .public_key(subject[1].public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(valid[0])
        .not_valid_after(valid[1])
        .add_extension(x509.BasicConstraints(ca=is_ca, path_length=None), critical=True)
    )
    return builder.sign(issuer[1], hashes.SHA384())


def _name(common_name: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "DE"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "DEMO, not for real use"),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )


def _point(key: ec.EllipticCurvePrivateKey) -> bytes:
    numbers = key.public_key().public_numbers()
    size = (key.key_size + 7) // 8
    return b"\x04" + numbers.x.to_bytes(size, "big") + numbers.y.to_bytes(size, "big")


def _der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.DER)
