"""X.509 certificates of TSEs.

Apart from signature.py, since importing cryptography.x509 pulls in sockets, and judging
a receipt needs none.
"""

from __future__ import annotations

from cryptography import x509

from tse_driver import tlv
from tse_driver.errors import Unreadable
from tse_driver.signature import PublicKey


def read_certificate(data: bytes) -> x509.Certificate:
    """Read a certificate in DER or PEM; raise Unreadable."""
    try:
        if data.lstrip()[:11] == b"-----BEGIN ":
            return x509.load_pem_x509_certificate(data)
        return x509.load_der_x509_certificate(data)
    except ValueError as error:
        raise Unreadable("The certificate", str(error)[:80]) from error


def key_of(certificate: x509.Certificate) -> PublicKey:
    """Return the certificate's key, of whatever curve; raise KeyOnNoCurve."""
    # SubjectPublicKeyInfo is the only SEQUENCE that holds a BIT STRING directly.
    for element in tlv.read_all(
        tlv.read_one(certificate.tbs_certificate_bytes).content
    ):
        if element.tag == tlv.SEQUENCE:
            inner = tlv.read_all(element.content)
            if len(inner) == 2 and inner[1].tag == tlv.BIT_STRING:
                return PublicKey.from_bytes(element.raw)
    raise Unreadable("The certificate", "it holds no key")
