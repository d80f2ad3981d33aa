"""Whether a web-hook is PayPal's: its RSA signature under PayPal's certificate.

SHA-256 with RSA (PKCS 1 v1.5) over transmission id, time, web-hook id and the CRC-32 of
the body, joined by bars; PayPal developer documentation, "Verify webhook signatures".
"""

from __future__ import annotations

import base64
import binascii
import zlib
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from hub.payments.errors import Forged

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from hub.payments.method import Incoming

_DOMAIN = ".paypal.com"
_ALGORITHM = "SHA256withRSA"
_CERTIFICATE_BYTES_MAX = 64 * 1024


class SignatureCheck:
    """Checks certificates against trusted roots, and web-hooks against certificates."""

    def __init__(
        self, roots: Iterable[x509.Certificate], now: Callable[[], datetime]
    ) -> None:
        self._store = Store(list(roots))
        self._now = now

    def check_chain(self, pem: bytes) -> None:
        """Raise Forged unless a certificate is PayPal's, by a trusted authority."""
        leaf, *between = _certificates(pem)
        ours = [host for host in _hosts(leaf) if _is_paypals(host)]
        if not ours:
            raise Forged("The certificate is not one of PayPal's.")
        builder = PolicyBuilder().store(self._store).time(self._now())
        try:
            builder.build_server_verifier(x509.DNSName(ours[0])).verify(leaf, between)
        except VerificationError as error:
            raise Forged(f"The certificate is not trusted: {error}") from None

    def check(self, incoming: Incoming, pem: bytes, web_hook_id: str) -> None:
        """Raise Forged unless the web-hook was signed with that certificate's key."""
        if incoming.header("PAYPAL-AUTH-ALGO") != _ALGORITHM:
            raise Forged("The web-hook is not signed as PayPal signs.")
        key = _certificates(pem)[0].public_key()
        if not isinstance(key, rsa.RSAPublicKey):
            raise Forged("The certificate has no RSA key.")
        try:
            signature = base64.b64decode(
                incoming.header("PAYPAL-TRANSMISSION-SIG"), validate=True
            )
            key.verify(
                signature, signed_text(incoming, web_hook_id), PKCS1v15(), SHA256()
            )
        except (binascii.Error, ValueError, InvalidSignature):
            raise Forged("The signature does not match the web-hook.") from None


def signed_text(incoming: Incoming, web_hook_id: str) -> bytes:
    """Put together what PayPal signed."""
    parts = (
        incoming.header("PAYPAL-TRANSMISSION-ID"),
        incoming.header("PAYPAL-TRANSMISSION-TIME"),
        web_hook_id,
        str(zlib.crc32(incoming.body)),
    )
    return "|".join(parts).encode()


def certificate_url(incoming: Incoming) -> str:
    """Return the address of the certificate; raises Forged unless it is at PayPal."""
    url = incoming.header("PAYPAL-CERT-URL")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        host, port = "", None
    is_plain = port in {None, 443} and "@" not in parts.netloc if host else False
    if not (is_plain and parts.scheme == "https" and _is_paypals(host)):
        raise Forged(
            f"The certificate is to be fetched from {url[:100]!r}, not PayPal."
        )
    return url


def _hosts(certificate: x509.Certificate) -> list[str]:
    extensions = certificate.extensions
    try:
        names = extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return []
    return names.value.get_values_for_type(x509.DNSName)


def _is_paypals(host: str) -> bool:
    return host.casefold().endswith(_DOMAIN)


def _certificates(pem: bytes) -> list[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(pem[:_CERTIFICATE_BYTES_MAX])
    except ValueError:
        raise Forged("The certificate can't be read.") from None
