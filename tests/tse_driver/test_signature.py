from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tse_driver.errors import AlgorithmUnknown, KeyOnNoCurve
from tse_driver.signature import (
    PublicKey,
    algorithm_named,
    algorithm_with_oid,
)

CURVES: list[ec.EllipticCurve] = [
    ec.SECP256R1(),
    ec.BrainpoolP256R1(),
    ec.BrainpoolP384R1(),
    ec.SECP384R1(),
    ec.BrainpoolP512R1(),
    ec.SECP521R1(),
]
HASHES = ["SHA224", "SHA256", "SHA384", "SHA512"]
NAMES = [f"ecdsa-plain-{name}" for name in HASHES]
NAMES += [name.replace("SHA", "SHA3-") for name in NAMES]


@pytest.mark.parametrize("curve", CURVES, ids=lambda curve: curve.name)
def test_the_curve_is_found_and_verifies(curve: ec.EllipticCurve) -> None:
    private = ec.generate_private_key(curve)
    public = private.public_key()
    point = public.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    info = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    key = PublicKey.from_bytes(point)
    assert key.curve == curve.name
    assert PublicKey.from_bytes(info) == key
    algorithm = algorithm_named("ecdsa-plain-SHA512")
    r, s = decode_dss_signature(private.sign(b"text", algorithm.ecdsa))
    half = key.signature_size // 2
    plain = r.to_bytes(half, "big") + s.to_bytes(half, "big")
    assert key.verify(plain, algorithm, b"text")
    assert not key.verify(plain, algorithm, b"Text")
    assert not key.verify(plain[:-1], algorithm, b"text")
    assert not key.verify(bytes(len(plain)), algorithm, b"text")


def test_a_key_on_no_curve_has_an_error_of_its_own() -> None:
    with pytest.raises(KeyOnNoCurve, match="on no known curve"):
        PublicKey.from_bytes(b"\x04" + bytes(96))


@pytest.mark.parametrize("name", NAMES)
def test_algorithms_are_found_by_name_and_oid(name: str) -> None:
    algorithm = algorithm_named(name)
    assert algorithm_with_oid(algorithm.oid) == algorithm
    assert algorithm.encoded.hex().startswith("300c060a04007f000701010401")


def test_unknown_algorithms_have_an_error_of_their_own() -> None:
    with pytest.raises(AlgorithmUnknown):
        algorithm_named("rsa")
    with pytest.raises(AlgorithmUnknown):
        algorithm_with_oid("1.2.3")
