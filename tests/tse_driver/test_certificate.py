from __future__ import annotations

import base64
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from tests.tse_driver.bench import log_messages
from tse_driver.certificate import key_of, read_certificate
from tse_driver.errors import Unreadable
from tse_driver.simulator import keys


def test_certificates_are_read_in_both_forms() -> None:
    own = keys.create(datetime(2026, 6, 1, tzinfo=UTC)).chain[0]
    for encoding in (Encoding.DER, Encoding.PEM):
        assert read_certificate(own.public_bytes(encoding)) == own


@pytest.mark.parametrize("data", [b"", b"-----BEGIN CERTIFICATE-----", b"\x30\x00"])
def test_what_is_no_certificate_is_unreadable(data: bytes) -> None:
    with pytest.raises(Unreadable, match="The certificate can't be read"):
        read_certificate(data)


def test_the_key_of_a_real_certificate_names_its_tse() -> None:
    vectors = log_messages()
    certificate = read_certificate(base64.b64decode(vectors["certificate"]))
    assert key_of(certificate).serial.hex() == vectors["messages"][0]["serial"]
    assert key_of(certificate).curve == "secp256r1"
