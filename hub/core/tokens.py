"""Tokens and portal codes of wristbands: made here, checked here and at the tills."""

from __future__ import annotations

import hashlib
import secrets
from functools import lru_cache
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
)

from contract.ids import WristbandUid
from contract.token import (
    CODE_BITS,
    CODE_LENGTH,
    Credential,
    TokenBody,
    TokenKey,
    signed_bytes,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

# Guests come back: one check of 0.1-0.3 ms each, then some 300 bytes of memory.
_REMEMBERED_MAX = 16_384


class TokenKeyUnusable(ValueError):
    """The event's token key can't be used; the text names the remedy."""


class TokenSigner:
    """Signs tokens with the event's private key, which never leaves the hub."""

    def __init__(self, private_key_pem: bytes, key_id: int) -> None:
        try:
            key = load_pem_private_key(private_key_pem, None)
        except (ValueError, TypeError) as error:
            raise TokenKeyUnusable(
                "The token key is no unencrypted private key in PEM."
                " Make one with 'kassenband-provision hub'."
            ) from error
        if not isinstance(key, Ed25519PrivateKey):
            raise TokenKeyUnusable(
                "The token key is of another kind than Ed25519."
                " Make one with 'kassenband-provision hub'."
            )
        self._key = key
        self.key_id = key_id

    @property
    def public(self) -> TokenKey:
        """The public half, as tills hold it."""
        octets = self._key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        return TokenKey(key_id=self.key_id, public_key=octets)

    def issue(
        self, uid: WristbandUid, event_number: int, variant: int, serial: int
    ) -> tuple[bytes, bytes]:
        """Sign a token for the chip with this UID; returns body and signature."""
        body = TokenBody(
            key_id=self.key_id, event=event_number, variant=variant, serial=serial
        ).to_bytes()
        return body, self._key.sign(signed_bytes(uid, body))


def new_code() -> str:
    """Make a portal code: 96 random bits as 16 base64url characters."""
    code = secrets.token_urlsafe(CODE_BITS // 8)
    assert len(code) == CODE_LENGTH
    return code


def hash_code(code: str) -> bytes:
    """Return what the hub keeps of a portal code: its SHA-256, 32 bytes.

    A plain hash is enough: nobody can try 2**96 codes.
    """
    return hashlib.sha256(code.encode()).digest()


def verify(
    credential: Credential, keys: Iterable[TokenKey], event: int
) -> TokenBody | None:
    """Return what a genuine token of this event says, None for any other."""
    return _verified(credential, tuple(keys), event)


@lru_cache(maxsize=_REMEMBERED_MAX)
def _verified(
    credential: Credential, keys: tuple[TokenKey, ...], event: int
) -> TokenBody | None:
    try:
        uid = WristbandUid(credential.uid)
        body = TokenBody.from_bytes(credential.body)
    except ValueError:
        return None
    key = next((each for each in keys if each.key_id == body.key_id), None)
    if key is None or body.event != event:
        return None
    signed = signed_bytes(uid, credential.body)
    return body if _is_signed(key.public_key, signed, credential.signature) else None


def _is_signed(public_key: bytes, signed: bytes, signature: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, signed)
    except (InvalidSignature, ValueError):
        return False
    return True
