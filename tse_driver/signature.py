"""Public keys, curves and plain ECDSA signatures as TR-03111 and TR-03151 use them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from tse_driver import tlv
from tse_driver.errors import AlgorithmUnknown, KeyOnNoCurve, Unreadable

OID_ECDSA_PLAIN = "0.4.0.127.0.7.1.1.4.1"  # TR-03111 5.2.1.1

_HASHES: dict[str, tuple[int, hashes.HashAlgorithm]] = {
    "SHA224": (2, hashes.SHA224()),
    "SHA256": (3, hashes.SHA256()),
    "SHA384": (4, hashes.SHA384()),
    "SHA512": (5, hashes.SHA512()),
    "SHA3-224": (8, hashes.SHA3_224()),
    "SHA3-256": (9, hashes.SHA3_256()),
    "SHA3-384": (10, hashes.SHA3_384()),
    "SHA3-512": (11, hashes.SHA3_512()),
}

# Neither a receipt nor a log message names the curve: the size of a coordinate does,
# and where two curves share a size, the one on which the point lies.
_CURVES: dict[int, tuple[ec.EllipticCurve, ...]] = {
    32: (ec.SECP256R1(), ec.BrainpoolP256R1()),
    48: (ec.BrainpoolP384R1(), ec.SECP384R1()),
    64: (ec.BrainpoolP512R1(),),
    66: (ec.SECP521R1(),),
}


@dataclass(frozen=True, slots=True)
class Algorithm:
    """A signature algorithm by its DSFinV-K name, such as ecdsa-plain-SHA384."""

    name: str
    oid: str
    ecdsa: ec.ECDSA = field(compare=False, repr=False)
    """What `cryptography` signs and verifies with."""

    @property
    def encoded(self) -> bytes:
        """Return the AlgorithmIdentifier; real messages carry no parameters."""
        return tlv.write(tlv.SEQUENCE, tlv.write_oid(self.oid))


_ALGORITHMS = {
    f"ecdsa-plain-{name}": Algorithm(
        f"ecdsa-plain-{name}", f"{OID_ECDSA_PLAIN}.{number}", ec.ECDSA(hashing)
    )
    for name, (number, hashing) in _HASHES.items()
}
_BY_OID = {algorithm.oid: algorithm for algorithm in _ALGORITHMS.values()}


def algorithm_named(name: str, where: str = "The receipt") -> Algorithm:
    """Return the algorithm of a DSFinV-K name; raise AlgorithmUnknown of its user."""
    try:
        return _ALGORITHMS[name]
    except KeyError:
        raise AlgorithmUnknown(where, name[:40]) from None


def algorithm_with_oid(oid: str) -> Algorithm:
    """Return the algorithm of an object identifier; raise AlgorithmUnknown."""
    try:
        return _BY_OID[oid]
    except KeyError:
        raise AlgorithmUnknown("The message", oid[:60]) from None


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A point on a known curve: the key of one TSE."""

    point: bytes
    serial: bytes = field(compare=False)
    """The TSE's serial number: SHA-256 of the uncompressed point."""
    signature_size: int = field(compare=False, repr=False)
    """Bytes of a plain r||s signature."""
    _key: ec.EllipticCurvePublicKey = field(compare=False, repr=False)

    @classmethod
    def from_bytes(cls, data: bytes) -> PublicKey:
        """Read an uncompressed point or a SubjectPublicKeyInfo; find its curve."""
        point = point_of(data)
        for curve in _CURVES.get((len(point) - 1) // 2, ()):
            try:
                key = ec.EllipticCurvePublicKey.from_encoded_point(curve, point)
            except (ValueError, UnsupportedAlgorithm):
                continue
            serial = hashlib.sha256(point).digest()
            return cls(point, serial, 2 * ((curve.key_size + 7) // 8), key)
        raise KeyOnNoCurve("The TSE", f"{len(point)} bytes")

    @property
    def curve(self) -> str:
        """Name the curve."""
        return self._key.curve.name

    def verify(self, signature: bytes, algorithm: Algorithm, signed: bytes) -> bool:
        """Say whether the plain signature r||s over the signed bytes is this key's."""
        if len(signature) != self.signature_size:
            return False
        half = len(signature) // 2
        r = int.from_bytes(signature[:half], "big")
        s = int.from_bytes(signature[half:], "big")
        try:
            self._key.verify(encode_dss_signature(r, s), signed, algorithm.ecdsa)
        except (InvalidSignature, ValueError, UnsupportedAlgorithm):
            return False
        return True


def point_of(data: bytes) -> bytes:
    """Return the uncompressed point, taken out of a SubjectPublicKeyInfo if need be."""
    if data[:1] == b"\x30":
        parts = tlv.read_all(tlv.read_one(data).content)
        if len(parts) != 2 or parts[1].tag != tlv.BIT_STRING:
            raise Unreadable("The key", "it is no SubjectPublicKeyInfo")
        data = parts[1].content[1:]
    if data[:1] != b"\x04":
        raise KeyOnNoCurve("The TSE", f"{len(data)} bytes, no uncompressed point")
    return data
