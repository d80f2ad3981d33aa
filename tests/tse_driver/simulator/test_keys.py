from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tse_driver.certificate import key_of, read_certificate
from tse_driver.simulator import keys

if TYPE_CHECKING:
    from pathlib import Path

NOW = datetime(2026, 6, 1, tzinfo=UTC)


def test_an_identity_is_kept_and_its_key_is_private(tmp_path: Path) -> None:
    assert keys.load(tmp_path) is None
    identity = keys.create(NOW)
    identity.save(tmp_path)
    again = keys.load(tmp_path)
    assert again is not None
    assert (again.chain, again.public_key) == (identity.chain, identity.public_key)
    assert (tmp_path / keys.KEY_FILE).stat().st_mode & 0o077 == 0
    signature = again.sign(b"text")
    assert identity.public_key.verify(signature, keys.ALGORITHM, b"text")


def test_the_chain_holds_and_says_demo() -> None:
    chain = keys.create(NOW).chain
    for certificate, issuer in zip(chain, (*chain[1:], chain[-1]), strict=True):
        certificate.verify_directly_issued_by(issuer)
        assert "DEMO" in certificate.subject.rfc4514_string()
    assert key_of(chain[0]).curve == "brainpoolP384r1"


def test_exported_certificates_are_named_by_their_keys() -> None:
    for name, der in keys.create(NOW).files():
        serial = key_of(read_certificate(der)).serial
        assert name == f"{serial.hex()}_X509.crt"


def test_an_expired_identity_can_be_made() -> None:
    assert keys.create(NOW, -1).expiry < NOW
