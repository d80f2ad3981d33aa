"""Certificates as PayPal's, of an authority made for these tests."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from hub.payments.method import Incoming
from hub.payments.paypal_signature import SignatureCheck, signed_text

NOW = datetime(2026, 5, 4, tzinfo=UTC)
URL = "https://api.paypal.com/v1/notifications/certs/CERT-1"
_USAGE = x509.KeyUsage(
    digital_signature=True,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=True,
    crl_sign=True,
    encipher_only=False,
    decipher_only=False,
)


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _new_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def _certificate(
    host: str | None, key: rsa.RSAPrivateKey, issuer: tuple[str, rsa.RSAPrivateKey]
) -> x509.Certificate:
    issuer_name, issuer_key = issuer
    is_authority = host is None
    builder = (
        x509.CertificateBuilder()
        .subject_name(_name(host or issuer_name))
        .issuer_name(_name(issuer_name))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - timedelta(days=30))
        .not_valid_after(NOW + timedelta(days=30))
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), True)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()),
            False,
        )
    )
    if host is None:
        builder = builder.add_extension(_USAGE, True).add_extension(
            x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False
        )
    else:
        builder = builder.add_extension(
            x509.SubjectAlternativeName([x509.DNSName(host)]), False
        ).add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False)
    return builder.sign(issuer_key, SHA256())


ROOT_KEY, KEY = _new_key(), _new_key()
ROOT = _certificate(None, ROOT_KEY, ("Test root", ROOT_KEY))
HOST = "messageverificationcerts.paypal.com"
CERTIFICATES = _certificate(HOST, KEY, ("Test root", ROOT_KEY)).public_bytes(
    Encoding.PEM
)
OTHERS_HOST = _certificate(
    "paypal.com.example.org", KEY, ("Test root", ROOT_KEY)
).public_bytes(Encoding.PEM)
SELF_MADE = _certificate(HOST, KEY, ("Test root", KEY)).public_bytes(Encoding.PEM)


def check(now: datetime = NOW) -> SignatureCheck:
    return SignatureCheck([ROOT], now=lambda: now)


def signed(body: bytes, **changed: str) -> Incoming:
    headers = {
        "PAYPAL-TRANSMISSION-ID": "t-1",
        "PAYPAL-TRANSMISSION-TIME": "2026-05-04T00:00:00Z",
        "PAYPAL-CERT-URL": URL,
        "PAYPAL-AUTH-ALGO": "SHA256withRSA",
    }
    plain = Incoming(action="web_hook", headers=tuple(headers.items()), body=body)
    signature = KEY.sign(signed_text(plain, "WH1"), PKCS1v15(), SHA256())
    headers["PAYPAL-TRANSMISSION-SIG"] = base64.b64encode(signature).decode()
    headers |= {name.replace("_", "-"): value for name, value in changed.items()}
    return Incoming(action="web_hook", headers=tuple(headers.items()), body=body)
