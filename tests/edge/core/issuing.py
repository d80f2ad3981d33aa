"""What the issuing desk does, for tests: an event's key and wristbands signed by it."""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from contract.ids import WristbandUid
from edge.core.wristband import write_message
from hub.core.tokens import TokenSigner

EVENT = 4711
UID = WristbandUid.parse("04A2B3C4D5E6F7")
OTHER_UID = WristbandUid.parse("04112233445566")
CODE = "AbCdEfGhIjKl-_01"
URL = f"https://kb.example.org/w/{CODE}"


def make_signer(seed: int = 1, *, key_id: int = 1) -> TokenSigner:
    key = Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return TokenSigner(pem, key_id)


SIGNER = make_signer()
KEYS = (SIGNER.public,)


def issue(
    *,
    uid: WristbandUid = UID,
    event: int = EVENT,
    variant: int = 2,
    serial: int = 123456,
    signer: TokenSigner = SIGNER,
    url: str = URL,
) -> bytes:
    """Return the NDEF message of a wristband."""
    return write_message(url, *signer.issue(uid, event, variant, serial))
